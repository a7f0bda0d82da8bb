#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cabincrew_fuzz::approval_response(bytes));
