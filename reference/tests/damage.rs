//! Damage that no crash leaves behind is always seen, wherever it is (I19).

use cabincrew_protocol::decision::Decision;
use cabincrew_reference::decide;
use cabincrew_reference::journal::{CrashImage, Damage, Journal, replay};
use cabincrew_reference::run::{Outside as _, drive};

use crate::world::{ID, World, creation};

fn journal() -> Vec<u8> {
    let mut world = World::new(Decision::Allow);
    let at = world.now();
    let mut book =
        Journal::<CrashImage>::create(world.image.clone(), None, &creation(1), &at).unwrap();
    let first = decide::next(book.record());
    drive(&mut book, &mut world, first).unwrap();
    world.image.written()
}

#[test]
fn a_flipped_bit_anywhere_is_seen() {
    let bytes = journal();
    for at in (0..bytes.len()).step_by(11) {
        for bit in [0, 3, 7] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert!(replay(&damaged, ID).is_err(), "byte {at}");
        }
    }
}

#[test]
fn a_last_line_feed_that_has_rotted_is_no_torn_line() {
    let mut bytes = journal();
    let last = bytes.len() - 1;
    for byte in (0..=u8::MAX).filter(|byte| *byte != b'\n') {
        bytes[last] = byte;
        assert!(matches!(replay(&bytes, ID), Err(Damage::End { .. })));
    }
    // Without it, a crash may have come in the middle of the line.
    assert!(replay(&bytes[..last], ID).is_ok_and(|replayed| replayed.torn));
}

#[test]
fn lines_that_are_removed_repeated_swapped_or_of_another_workflow_are_seen() {
    let bytes = journal();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for index in 0..lines.len() {
        let mut repeated = lines.clone();
        repeated.insert(index, lines[index]);
        assert!(replay(&repeated.concat(), ID).is_err());
        if index + 1 < lines.len() {
            let mut removed = lines.clone();
            removed.remove(index);
            assert!(replay(&removed.concat(), ID).is_err());
            let mut swapped = lines.clone();
            swapped.swap(index, index + 1);
            assert!(replay(&swapped.concat(), ID).is_err());
        }
    }
    assert!(matches!(
        replay(&bytes, "wf-2"),
        Err(Damage::Link { line: 0 })
    ));
    assert!(matches!(replay(b"", ID), Err(Damage::Empty)));
    assert!(matches!(
        replay(b"short\n", ID),
        Err(Damage::Form { line: 0 })
    ));
}
