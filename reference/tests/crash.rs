//! A crash at every journal write: before it, at every length of it, after it, and with everything
//! lost that was not synced. Whatever the crash, recovery ends where the model says.

use cabincrew_protocol::decision::Decision;
use cabincrew_protocol::workflow::State;
use cabincrew_reference::decide::{self, Response, judge};
use cabincrew_reference::journal::{Crash, CrashImage, Journal, replay};
use cabincrew_reference::roster::Roster;
use cabincrew_reference::run::{Outside as _, drive};

use crate::world::{ID, World, check, creation, in_doubt, states};

type Book = Journal<CrashImage>;

/// The roster of the approval runs.
fn roster() -> Roster {
    let roster = serde_json::json!({"approvers": [{"approver": "bob", "roles": ["approver"]}]});
    serde_json::from_value(roster).unwrap()
}

/// Runs a workflow to its rest; the same command a user would give first.
fn run(world: &mut World, steps: usize) -> Option<State> {
    let at = world.now();
    let book = Book::create(world.image.clone(), None, &creation(steps), &at);
    let mut book = book.ok()?;
    let first = decide::next(book.record());
    go_on(world, &mut book, first, steps)
}

/// Resumes it from what is there; runs it anew if its creation never became durable.
fn resume(world: &mut World, steps: usize) -> Option<State> {
    if !world.image.written().contains(&b'\n') {
        world.image = CrashImage::new(Vec::new(), None);
        return run(world, steps);
    }
    let (mut book, _) = Book::open(world.image.clone(), None, ID).ok()?;
    let first = decide::after_restart(book.record(), false);
    go_on(world, &mut book, first, steps)
}

/// Drives on; whenever people are asked, they agree.
fn go_on(world: &mut World, book: &mut Book, first: decide::Next, steps: usize) -> Option<State> {
    let mut state = drive(book, world, first).ok()?;
    for _ in 0..steps {
        if state != State::AwaitingApproval {
            break;
        }
        let id = book.record().open_requests()[0].request.approval_id.clone();
        let answer = serde_json::json!({
            "approval_id": id, "approved": true, "approver": "bob",
            "timestamp": "2026-01-01T00:00:00Z",
        });
        let bytes = answer.to_string().into_bytes();
        let roster = roster();
        let now = world.now();
        let response = Response {
            bytes: &bytes,
            signature: None,
            roster: Ok(&roster),
            now: &now,
        };
        let judged = judge(book.record(), &response);
        assert!(judged.accepted);
        book.append(&judged.draft, &now).ok()?;
        let next = decide::next(book.record());
        state = drive(book, world, next).ok()?;
    }
    Some(state)
}

/// Lengths of all writes of an undisturbed run.
fn appends(decision: Decision, steps: usize) -> Vec<usize> {
    let mut world = World::new(decision);
    let state = run(&mut world, steps).unwrap();
    let expected = if decision == Decision::Deny {
        State::Failed
    } else {
        State::Completed
    };
    assert_eq!(state, expected);
    check(&world.image.written());
    world.image.appends()
}

/// Both images that a crash can leave, least and most.
fn images(crashed: &World) -> Vec<Vec<u8>> {
    let mut images = vec![crashed.image.written(), crashed.image.durable()];
    images.dedup();
    images
}

/// What must hold at the end of every recovery.
fn judge_end(world: &World, state: Option<State>, before: &[u8], decision: Decision) {
    let after = check(&world.image.written());
    let state = state.expect("recovery on a healthy disk ends");
    assert!(state.is_final(), "{state}");
    // What was complete before is unchanged and comes first (I13, I15).
    let complete = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    assert!(world.image.written().starts_with(&before[..complete]));
    let deeds = world.deeds();
    let steps = after.record.created.workflow.steps.len();
    assert!(deeds.take_offs <= steps, "a plan was executed twice");
    if in_doubt(&after) {
        assert_eq!(state, State::Failed);
    } else if decision == Decision::Deny {
        assert_eq!((state, deeds.take_offs), (State::Failed, 0));
    } else {
        assert_eq!((state, deeds.take_offs), (State::Completed, steps));
    }
    let told = states(&after);
    for pair in told.windows(2) {
        let fits = cabincrew_protocol::workflow::may_follow(pair[0], pair[1]);
        assert!(fits, "{} to {} in {told:?}", pair[0], pair[1]);
    }
}

fn sweep(decision: Decision, steps: usize) {
    for (append, length) in appends(decision, steps).into_iter().enumerate() {
        for written in [0, 1, 64, 65, length / 2, length - 1, length] {
            let mut crashed = World::new(decision);
            crashed.image = CrashImage::new(Vec::new(), Some(Crash { append, written }));
            assert_eq!(run(&mut crashed, steps), None, "the crash has come");
            for image in images(&crashed) {
                let mut world = crashed.clone();
                world.deeds = std::sync::Arc::new(std::sync::Mutex::new(crashed.deeds().clone()));
                world.image = CrashImage::new(image.clone(), None);
                let state = resume(&mut world, steps);
                judge_end(&world, state, &image, decision);
                // Recovering once more changes nothing (I21, I30).
                let settled = world.image.written();
                assert_eq!(resume(&mut world, steps), state);
                assert_eq!(world.image.written(), settled);
            }
        }
    }
}

#[test]
fn every_write_of_an_allowed_workflow_may_be_the_last() {
    sweep(Decision::Allow, 1);
}

#[test]
fn every_write_of_an_approved_workflow_of_two_steps_may_be_the_last() {
    sweep(Decision::RequireApproval, 2);
}

#[test]
fn every_write_of_a_denied_workflow_may_be_the_last() {
    sweep(Decision::Deny, 1);
}

#[test]
fn recovery_may_crash_at_every_write_too() {
    let decision = Decision::Warn;
    for (append, length) in appends(decision, 1).into_iter().enumerate() {
        let written = length / 2;
        let mut first = World::new(decision);
        first.image = CrashImage::new(Vec::new(), Some(Crash { append, written }));
        assert_eq!(run(&mut first, 1), None);
        let image = first.image.written();
        for again in 0.. {
            let mut second = first.clone();
            second.deeds = std::sync::Arc::new(std::sync::Mutex::new(first.deeds().clone()));
            let crash = Crash {
                append: again,
                written: 100,
            };
            second.image = CrashImage::new(image.clone(), Some(crash));
            // A creation that never became durable starts over without the crash.
            let done = resume(&mut second, 1);
            if done.is_some() {
                judge_end(&second, done, &image, decision);
                break;
            }
            for image in images(&second) {
                let mut third = second.clone();
                third.deeds = std::sync::Arc::new(std::sync::Mutex::new(second.deeds().clone()));
                third.image = CrashImage::new(image.clone(), None);
                let state = resume(&mut third, 1);
                judge_end(&third, state, &image, decision);
            }
        }
    }
}

#[test]
fn a_journal_torn_at_every_length_is_the_lines_before() {
    let mut world = World::new(Decision::RequireApproval);
    assert_eq!(run(&mut world, 1), Some(State::Completed));
    let bytes = world.image.written();
    let mut ends = Vec::new();
    ends.extend(
        (0..bytes.len())
            .filter(|at| bytes[*at] == b'\n')
            .map(|at| at + 1),
    );
    let full = check(&bytes);
    // Replaying every one of several thousand prefixes is slow and says nothing new inside a
    // line: the lengths around each end and a stride between them are enough to see the rule.
    let near = |length: usize| ends.iter().any(|end| end.abs_diff(length) <= 2);
    for length in (0..bytes.len()).filter(|length| near(*length) || length % 37 == 0) {
        let complete = ends.iter().rev().find(|end| **end <= length);
        let replayed = replay(&bytes[..length], ID);
        match complete {
            None => assert!(replayed.is_err()),
            Some(complete) => {
                let replayed = replayed.unwrap();
                assert_eq!(replayed.complete, *complete);
                assert_eq!(replayed.torn, *complete != length);
                assert_eq!(replayed.events, full.events[..replayed.events.len()]);
                assert_eq!(replayed.entries, full.entries[..replayed.entries.len()]);
            }
        }
    }
}
