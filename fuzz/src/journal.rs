//! Laws of journals.

use cabincrew_protocol::digest::Hasher;
use cabincrew_reference::journal::{Journal, Memory, Replayed, first_link, replay};
use cabincrew_reference::projection::state_bytes;

use crate::waiting::{ID, journal};

/// A journal is refused or replayed, never half; what follows its last complete line changes
/// nothing, and whatever can be replayed can be opened.
///
/// The bytes are taken as they are, and once more with a good link before each line, so that what
/// lies behind the link is reached.
pub fn journal_replay(bytes: &[u8]) {
    check(bytes);
    check(&sealed(bytes));
    // After the lines of a workflow that waits.
    let (_, memory) = journal();
    let mut lines = bodies(&memory.bytes());
    lines.extend_from_slice(bytes);
    check(&sealed(&lines));
}

fn check(bytes: &[u8]) {
    let Ok(replayed) = replay(bytes, ID) else {
        return;
    };
    assert_eq!(replayed.torn, replayed.complete < bytes.len());
    let whole = &bytes[..replayed.complete];
    let again = replay(whole, ID).expect("the complete lines were good");
    same(&replayed, &again);
    assert!(!again.torn);
    let mut torn = whole.to_vec();
    torn.extend_from_slice(b"0123 {");
    let cut = replay(&torn, ID).expect("an incomplete last line is forgiven");
    same(&replayed, &cut);
    assert!(cut.torn);
    let memory = Memory::new(torn);
    let (open, _) = Journal::open(memory.clone(), None, ID).expect("what is replayed is opened");
    assert_eq!(state_bytes(open.record()), state_bytes(&replayed.record));
    assert_eq!(
        memory.bytes(),
        whole,
        "opening cuts the torn line and no more"
    );
}

fn same(one: &Replayed, other: &Replayed) {
    assert_eq!(state_bytes(&one.record), state_bytes(&other.record));
    assert_eq!(one.entries, other.entries);
    assert_eq!(one.events, other.events);
    assert_eq!((one.lines, &one.link), (other.lines, &other.link));
}

/// The lines without their links.
fn bodies(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines
        .flat_map(|line| line.get(65..).unwrap_or_default())
        .copied()
        .collect()
}

/// Every line with the link that it must have.
fn sealed(bodies: &[u8]) -> Vec<u8> {
    let mut link = first_link(ID);
    let mut bytes = Vec::new();
    for line in bodies.split(|byte| *byte == b'\n') {
        let mut hasher = Hasher::new();
        hasher.update(link.as_str().as_bytes());
        hasher.update(b"\n");
        hasher.update(line);
        link = hasher.finish();
        bytes.extend_from_slice(link.as_str().as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
    }
    // The last one ends only where the input has ended it.
    bytes.truncate(bytes.len() - usize::from(!bodies.ends_with(b"\n")));
    if bodies.ends_with(b"\n") {
        bytes.truncate(bytes.len() - 66);
    }
    bytes
}
