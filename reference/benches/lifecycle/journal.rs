//! Replay of a long journal: a workflow of thousands of steps, run in memory.

use cabincrew_protocol::decision::Decision;
use cabincrew_protocol::workflow::State;
use cabincrew_reference::clock;
use cabincrew_reference::decide;
use cabincrew_reference::journal::{Journal, Memory, replay};
use cabincrew_reference::run::{Outside as _, drive};

use crate::figures::{line, ms, rate};
use crate::world::{ID, World, creation};

/// Write-ahead entries that the journal must have at least.
const ENTRIES: usize = 100_000;
/// Steps that make so many.
const STEPS: usize = 6_700;

pub(crate) fn run() {
    let memory = Memory::default();
    let mut world = World::new(Decision::Allow);
    world.looks = false;
    let at = world.now();
    let begun = clock::tick();
    let mut journal = Journal::create(memory.clone(), None, &creation(STEPS), &at).unwrap();
    let first = decide::next(journal.record());
    let state = drive(&mut journal, &mut world, first).unwrap();
    let written = begun.elapsed();
    assert_eq!(state, State::Completed);
    let bytes = memory.bytes();
    let begun = clock::tick();
    let replayed = replay(&bytes, ID).unwrap();
    let took = begun.elapsed();
    let entries = replayed.entries.len();
    assert!(entries >= ENTRIES, "only {entries} entries");
    let mib = bytes.len() / (1024 * 1024);
    line(
        &format!(
            "replay of {entries} entries, {} audit events, {} lines, {mib} MiB",
            replayed.events.len(),
            replayed.lines,
        ),
        &format!("{}, {:.0} entries/s", ms(took), rate(entries, took)),
    );
    line("writing that journal, in memory", &ms(written));
}
