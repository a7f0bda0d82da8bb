//! Laws of strict reading and of the canonical form.

use cabincrew_protocol::canonical;
use cabincrew_protocol::json::{self, JsonError, Limits};
use serde_json::Value;

/// What the strict reader accepts, every reader accepts, as the same value.
pub fn strict_json(bytes: &[u8]) {
    let Ok(value) = json::parse(bytes, &Limits::RECEIPT) else {
        return;
    };
    let lenient: Value = serde_json::from_slice(bytes).expect("strict is narrower than lenient");
    assert_eq!(value, lenient, "two readers saw two values");
    let written = serde_json::to_vec(&value).expect("a value can be written");
    let again = json::parse(&written, &Limits::RECEIPT).expect("what was written can be read");
    assert_eq!(value, again, "writing changed the value");
}

/// The canonical form is one line, is its own canonical form, and keeps the value.
pub fn canonical_json(bytes: &[u8]) {
    let Ok(value) = json::parse(bytes, &Limits::DOCUMENT) else {
        return;
    };
    let form = canonical::to_vec(&value).expect("every strict document has a canonical form");
    assert!(!form.contains(&b'\n'), "the form spans lines");
    match json::parse(&form, &Limits::DOCUMENT) {
        Ok(again) => {
            let second = canonical::to_vec(&again).expect("it had one before");
            assert_eq!(form, second, "the form is not its own form");
        }
        // RFC 8785 writes 1e20 with all its digits, which a strict reader does not take for a float.
        Err(JsonError::IntegerRange { .. }) => {}
        Err(error) => panic!("the form cannot be read: {error}"),
    }
}
