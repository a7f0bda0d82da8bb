//! Random histories of commands, crashes, faults and answers never break what must always hold.

use cabincrew_protocol::decision::Decision;
use cabincrew_protocol::workflow::State;
use cabincrew_reference::decide::{self, Response, Task, judge};
use cabincrew_reference::journal::{Crash, CrashImage, Journal};
use cabincrew_reference::roster::Roster;
use cabincrew_reference::run::{Outside as _, drive};
use proptest::prelude::*;

use crate::world::{ID, World, check, creation, in_doubt};

#[derive(Debug, Clone)]
enum Move {
    Resume,
    Answer {
        approved: bool,
        approver: &'static str,
        known: bool,
    },
    Garbage,
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        Just(Move::Resume),
        (
            any::<bool>(),
            prop_oneof![Just("bob"), Just("eve"), Just("")],
            any::<bool>()
        )
            .prop_map(|(approved, approver, known)| Move::Answer {
                approved,
                approver,
                known
            }),
        Just(Move::Garbage),
    ]
}

fn tasks() -> impl Strategy<Value = Option<Task>> {
    prop_oneof![
        4 => Just(None),
        1 => Just(Some(Task::Plan)),
        1 => Just(Some(Task::Govern)),
        1 => Just(Some(Task::Clear)),
        1 => Just(Some(Task::TakeOff)),
        1 => Just(Some(Task::Finalize)),
    ]
}

fn decisions() -> impl Strategy<Value = Decision> {
    prop_oneof![
        1 => Just(Decision::Allow),
        1 => Just(Decision::Warn),
        3 => Just(Decision::RequireApproval),
        1 => Just(Decision::Deny),
    ]
}

/// One command on what is there: it may crash anywhere, and then nothing of it counts.
fn command(world: &mut World, history: &Move) {
    if !world.image.written().contains(&b'\n') {
        let at = world.now();
        let book = Journal::create(world.image.clone(), None, &creation(1), &at);
        if let Ok(mut book) = book {
            let first = decide::next(book.record());
            let _ = drive(&mut book, world, first);
        }
        return;
    }
    let Ok((mut book, _)) = Journal::<CrashImage>::open(world.image.clone(), None, ID) else {
        return;
    };
    let bytes = match history {
        Move::Resume => None,
        Move::Garbage => Some(b"{\"approved\":true".to_vec()),
        Move::Answer {
            approved,
            approver,
            known,
        } => {
            let open = book.record().open_requests();
            let id = open
                .first()
                .map(|request| request.request.approval_id.clone());
            let id = id
                .filter(|_| *known)
                .unwrap_or_else(|| "apr-none".to_owned());
            let answer = serde_json::json!({
                "approval_id": id, "approved": approved, "approver": approver,
                "timestamp": "2026-01-01T00:00:00Z",
            });
            Some(answer.to_string().into_bytes())
        }
    };
    let roster = serde_json::json!({"approvers": [{"approver": "bob", "roles": ["approver"]}]});
    let roster: Roster = serde_json::from_value(roster).unwrap();
    let mut first = decide::after_restart(book.record(), false);
    if let Some(bytes) = bytes {
        let now = world.now();
        let waiting = book.record().state() == State::AwaitingApproval;
        let response = Response {
            bytes: &bytes,
            signature: None,
            roster: Ok(&roster),
            now: &now,
        };
        let judged = judge(book.record(), &response);
        if book.append(&judged.draft, &now).is_err() {
            return;
        }
        if waiting {
            first = decide::next(book.record());
        }
    }
    let _ = drive(&mut book, world, first);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_executes_twice_or_without_permission(
        decision in decisions(),
        fails in tasks(),
        history in prop::collection::vec((moves(), prop::option::of((0_usize..6, 0_usize..4000)), any::<bool>()), 1..8),
    ) {
        let mut world = World::new(decision);
        world.fails = fails;
        let mut bytes: Vec<u8> = Vec::new();
        let mut last: Option<State> = None;
        for (history, crash, power) in &history {
            let crash = crash.map(|(append, written)| Crash { append, written });
            let start = if bytes.contains(&b'\n') { bytes.clone() } else { Vec::new() };
            world.image = CrashImage::new(start, crash);
            command(&mut world, history);
            let after = if *power { world.image.durable() } else { world.image.written() };
            let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            prop_assert!(after.starts_with(&bytes[..complete]), "a complete line has changed");
            bytes = after;
            if !bytes.contains(&b'\n') {
                continue;
            }
            let replayed = check(&bytes);
            let state = replayed.record.state();
            // A final state is final (I30).
            if let Some(last) = last.filter(|last| last.is_final()) {
                prop_assert_eq!(state, last);
            }
            last = Some(state);
            let take_offs = world.deeds().take_offs;
            prop_assert!(take_offs <= 1);
            let granted = replayed.record.responses.iter().any(|answer| {
                answer.response.approved && answer.response.approver == "bob"
            });
            if take_offs > 0 {
                prop_assert!(matches!(decision, Decision::Allow | Decision::Warn) || granted);
            }
            if state == State::Completed {
                prop_assert!(take_offs == 1 && !in_doubt(&replayed));
            }
        }
    }
}
