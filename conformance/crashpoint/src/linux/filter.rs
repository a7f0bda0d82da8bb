//! The seccomp program: hands the calls of the table over to the tracer and lets all others pass at
//! full speed.

use libc::sock_filter;

use super::calls::{CALLS, Flags, What};

/// What is handed over with a call of the table.
pub(super) const A_CALL: u64 = 1;
/// What is handed over with a call of another architecture.
pub(super) const FOREIGN_CALL: u64 = 2;

/// `AUDIT_ARCH_X86_64` of the kernel's headers.
const ARCHITECTURE: u32 = 0xC000_003E;
/// Set in the numbers of the x32 calls.
const X32: u32 = 0x4000_0000;
/// Offsets in what the program looks at, `struct seccomp_data`.
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;
const ARGUMENTS_AT: u32 = 16;
/// `O_TMPFILE` without the flag for directories, which others use as well.
const TMPFILE: u32 = 0o20_000_000;

const LOAD: u16 = 0x20;
const EQUAL: u16 = 0x15;
const AT_LEAST: u16 = 0x35;
const ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;

const fn step(code: u16, yes: u8, no: u8, k: u32) -> sock_filter {
    sock_filter {
        code,
        jt: yes,
        jf: no,
        k,
    }
}

const fn trace(data: u64) -> sock_filter {
    // The data are one of the two constants above.
    let low = data.to_le_bytes()[0] as u32;
    step(RETURN, 0, 0, libc::SECCOMP_RET_TRACE | low)
}

const PASS: sock_filter = step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW);

/// The lower half of an argument; the flags that are looked at are all in there.
fn load_argument(number: usize) -> sock_filter {
    let number = u32::try_from(number).unwrap_or_default();
    step(LOAD, 0, 0, ARGUMENTS_AT + 8 * number)
}

fn bits(flags: libc::c_int) -> u32 {
    u32::try_from(flags).unwrap_or_default()
}

/// The program.
pub(super) fn program() -> Vec<sock_filter> {
    let mut program = vec![
        step(LOAD, 0, 0, ARCHITECTURE_AT),
        step(EQUAL, 1, 0, ARCHITECTURE),
        trace(FOREIGN_CALL),
        step(LOAD, 0, 0, NUMBER_AT),
        step(AT_LEAST, 0, 1, X32),
        trace(FOREIGN_CALL),
    ];
    for call in CALLS {
        let number = u32::try_from(call.number).unwrap_or(u32::MAX);
        match call.what {
            // Only what creates or empties a file changes anything.
            What::Open(_, Flags::Register(flags)) => program.extend([
                step(EQUAL, 0, 4, number),
                load_argument(flags),
                step(ANY_BIT, 0, 1, bits(libc::O_CREAT | libc::O_TRUNC) | TMPFILE),
                trace(A_CALL),
                PASS,
            ]),
            // Memory is mapped all the time, files shared and writable hardly ever.
            What::Map => program.extend([
                step(EQUAL, 0, 6, number),
                load_argument(2),
                step(ANY_BIT, 0, 3, bits(libc::PROT_WRITE)),
                load_argument(3),
                step(ANY_BIT, 0, 1, bits(libc::MAP_SHARED)),
                trace(A_CALL),
                PASS,
            ]),
            _ => program.extend([step(EQUAL, 0, 1, number), trace(A_CALL)]),
        }
    }
    program.push(PASS);
    program
}
