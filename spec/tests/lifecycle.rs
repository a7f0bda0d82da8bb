//! The transition table, its WAL encoding, and the fold over entries.

use std::collections::BTreeSet;

use cabincrew_protocol::replay::{ENCODING, Phase, Replay, ReplayError};
use cabincrew_protocol::wal::{WalEntry, WalEntryType};
use cabincrew_protocol::workflow::{Event, State, TABLE, TOLERATED, may_follow};
use serde_json::{Value, json};

#[test]
fn the_table_and_the_step_function_agree() {
    for &from in State::ALL {
        for &event in Event::ALL {
            let rows: Vec<_> = TABLE
                .iter()
                .filter(|row| row.from == from && row.event == event)
                .collect();
            assert!(rows.len() <= 1, "{from} {event} stands twice");
            assert_eq!(
                from.next(event),
                rows.first().map(|row| row.to),
                "{from} {event}"
            );
        }
    }
}

#[test]
fn final_states_are_final_and_all_others_can_fail() {
    for &state in State::ALL {
        assert_eq!(state.is_final(), state.successors().is_empty(), "{state}");
        assert_eq!(
            state.next(Event::Failed),
            (!state.is_final()).then_some(State::Failed)
        );
    }
}

#[test]
fn every_state_and_event_is_used() {
    let mut reached = BTreeSet::from([State::Init]);
    for _ in State::ALL {
        let next: Vec<_> = reached
            .iter()
            .flat_map(|state| state.successors())
            .collect();
        reached.extend(next);
    }
    assert!(
        State::ALL.iter().all(|state| reached.contains(state)),
        "{reached:?}"
    );
    for &event in Event::ALL {
        assert!(
            TABLE.iter().any(|row| row.event == event),
            "{event} moves nothing"
        );
    }
}

#[test]
fn markers_may_be_left_out_and_nothing_else() {
    use State::{
        Approved, ArtifactsValidated, AwaitingApproval, Completed, ExecutionComplete, Failed, Init,
        PlanGenerated, PreflightComplete, ReadyForTakeoff, TokenCreated,
    };
    // C-25 written out without the markers.
    let edges = BTreeSet::from([
        (Init, PlanGenerated),
        (PlanGenerated, ArtifactsValidated),
        (ArtifactsValidated, TokenCreated),
        (TokenCreated, PreflightComplete),
        (TokenCreated, AwaitingApproval),
        (AwaitingApproval, Approved),
        (PreflightComplete, ReadyForTakeoff),
        (Approved, ReadyForTakeoff),
        (ReadyForTakeoff, ExecutionComplete),
        (ExecutionComplete, Completed),
        (ExecutionComplete, PlanGenerated),
    ]);
    let plain: Vec<State> = State::ALL
        .iter()
        .copied()
        .filter(|it| !it.is_marker())
        .collect();
    for &from in &plain {
        for &to in &plain {
            let expected = edges.contains(&(from, to)) || (to == Failed && !from.is_final());
            assert_eq!(may_follow(from, to), expected, "{from} > {to}");
        }
    }
    assert!(TOLERATED.iter().all(|(from, to)| !may_follow(*from, *to)));
}

#[test]
fn the_encoding_covers_every_state_and_kind_of_entry() {
    for &state in State::ALL {
        assert!(
            ENCODING.iter().any(|row| row.state == Some(state)),
            "{state}"
        );
    }
    let phased = [WalEntryType::StepStarted, WalEntryType::StepCompleted];
    for row in ENCODING {
        assert_eq!(
            row.phase.is_some(),
            phased.contains(&row.entry_type),
            "{row:?}"
        );
        let same = |other: &&_| {
            let other: &cabincrew_protocol::replay::Meaning = other;
            (other.entry_type, other.phase) == (row.entry_type, row.phase)
        };
        assert_eq!(ENCODING.iter().filter(same).count(), 1, "{row:?}");
    }
    for phase in Phase::ALL {
        assert_eq!(
            ENCODING
                .iter()
                .filter(|row| row.phase == Some(phase))
                .count(),
            2
        );
        assert_eq!(Phase::from_wire(phase.as_str()), Some(phase));
    }
}

fn entry(entry_type: &str, data: &Value) -> WalEntry {
    let raw = json!({
        "sequence": 0, "timestamp": "2025-03-01T12:00:00Z", "workflow_id": "wf-1",
        "entry_type": entry_type, "data": data, "checksum": "",
    });
    serde_json::from_value(raw).unwrap()
}

fn start(phase: &str) -> WalEntry {
    entry(
        "step_started",
        &json!({"step_id": "edit", "step_type": phase}),
    )
}

fn end() -> WalEntry {
    entry("step_completed", &json!({"step_id": "edit"}))
}

fn request(id: &str) -> WalEntry {
    let data = json!({"approval_id": id, "step_id": "edit", "required_role": "approver"});
    entry("approval_requested", &data)
}

fn response(id: &str, approved: bool) -> WalEntry {
    let data = json!({"approval_id": id, "approved": approved, "approver": "alice"});
    entry("approval_received", &data)
}

fn started() -> WalEntry {
    entry(
        "workflow_started",
        &json!({"plan_token_hash": "", "initial_state": "INIT"}),
    )
}

fn until_token() -> Vec<WalEntry> {
    let mut entries = vec![started()];
    for phase in ["flight-plan", "artifact-validation", "plan-token"] {
        entries.extend([start(phase), end()]);
    }
    entries
}

fn states(entries: &[WalEntry]) -> Result<Vec<State>, ReplayError> {
    let mut replay = Replay::default();
    let mut states = Vec::new();
    for entry in entries {
        states.extend(replay.apply(entry)?);
    }
    assert_eq!(replay.state(), states.last().copied());
    Ok(states)
}

#[test]
fn a_workflow_without_approval_replays() {
    let mut entries = until_token();
    for phase in [
        "preflight",
        "take-off-prep",
        "take-off",
        "post-execution",
        "finalization",
    ] {
        entries.extend([start(phase), end()]);
    }
    let done = json!({"final_state": "COMPLETED", "artifacts": []});
    entries.push(entry("workflow_completed", &done));
    let waits = [State::AwaitingApproval, State::Approved, State::Failed];
    let expected: Vec<_> = State::ALL
        .iter()
        .copied()
        .filter(|state| !waits.contains(state))
        .collect();
    assert_eq!(states(&entries).unwrap(), expected);
    entries.push(start("flight-plan"));
    assert!(matches!(
        states(&entries),
        Err(ReplayError::IllegalMove { .. })
    ));
}

#[test]
fn the_last_of_several_approvals_approves() {
    let mut entries = until_token();
    entries.extend([start("preflight"), request("a"), request("b")]);
    let mut replay = Replay::default();
    for entry in &entries {
        replay.apply(entry).unwrap();
    }
    assert_eq!(replay.open_phase("edit"), None);
    assert_eq!(replay.apply(&response("b", true)), Ok(None));
    assert_eq!(replay.state(), Some(State::AwaitingApproval));
    assert_eq!(
        replay.apply(&response("a", true)),
        Ok(Some(State::Approved))
    );
    let again = replay.apply(&response("a", true));
    assert_eq!(
        again,
        Err(ReplayError::NotRequested {
            approval_id: "a".to_owned()
        })
    );
    assert_eq!(replay.state(), Some(State::Approved));
}

#[test]
fn governance_may_be_complete_before_it_asks() {
    let mut entries = until_token();
    entries.extend([start("preflight"), end(), request("a"), response("a", true)]);
    let waited = [
        State::PreflightComplete,
        State::AwaitingApproval,
        State::Approved,
    ];
    assert_eq!(states(&entries).unwrap()[6..], waited);
    let only = [until_token(), vec![request("a")]].concat();
    assert!(matches!(
        states(&only),
        Err(ReplayError::NothingOpen { .. })
    ));
}

#[test]
fn a_refusal_waits_for_the_failure_entry() {
    let mut entries = until_token();
    entries.extend([start("preflight"), request("a"), response("a", false)]);
    assert_eq!(
        states(&entries).unwrap().last(),
        Some(&State::AwaitingApproval)
    );
    let more = [entries.as_slice(), &[start("take-off-prep")]].concat();
    assert_eq!(states(&more), Err(ReplayError::AfterRefusal));
    entries.push(entry("workflow_failed", &json!({"error": "refused"})));
    assert_eq!(states(&entries).unwrap().last(), Some(&State::Failed));
}

#[test]
fn one_refusal_voids_the_other_requests() {
    let mut entries = until_token();
    entries.extend([
        start("preflight"),
        request("a"),
        request("b"),
        response("a", false),
    ]);
    entries.push(response("b", true));
    assert_eq!(states(&entries), Err(ReplayError::AfterRefusal));
}

#[test]
fn impossible_entries_are_named() {
    let step_id = "edit".to_owned();
    assert_eq!(states(&[end()]), Err(ReplayError::Misplaced));
    assert_eq!(states(&[started(), started()]), Err(ReplayError::Misplaced));
    assert_eq!(
        states(&[started(), end()]),
        Err(ReplayError::NothingOpen { step_id })
    );
    let step_type = "landing".to_owned();
    assert_eq!(
        states(&[started(), start("landing")]),
        Err(ReplayError::UnknownPhase { step_type })
    );
    let (from, to) = (State::Init, State::TakeoffRunning);
    let illegal = Err(ReplayError::IllegalMove { from, to });
    assert_eq!(states(&[started(), start("take-off")]), illegal);
}

#[test]
fn a_planning_run_that_was_cut_short_starts_anew() {
    let entries = [started(), start("flight-plan"), start("flight-plan"), end()];
    let expected = [
        State::Init,
        State::PlanRunning,
        State::PlanRunning,
        State::PlanGenerated,
    ];
    assert_eq!(states(&entries).unwrap(), expected);
}
