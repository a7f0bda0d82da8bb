//! What must hold for the documents of every workflow.

use std::process::Output;

use cabincrew_protocol::replay::Replay;
use cabincrew_protocol::schema::violations;
use cabincrew_protocol::wal::WalEntry;
use serde_json::Value;

use crate::place::Place;

/// The exit code; none when a signal has ended the program.
pub(crate) fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// Every document fits its schema, and the state is that of the exported log.
pub(crate) fn check_documents(place: &Place, id: &str) {
    let fits = |definition: &str, value: &Value| {
        let found = violations(definition, value);
        assert!(found.is_empty(), "{definition}: {found:?} in {value}");
    };
    let state = place.export(id, "state").remove(0);
    fits("WorkflowStateRecord", &state);
    let mut replay = Replay::default();
    for entry in place.export(id, "wal") {
        fits("WALEntry", &entry);
        let entry: WalEntry = serde_json::from_value(entry).unwrap();
        assert_eq!(entry.computed_checksum().unwrap().as_str(), entry.checksum);
        replay.apply(&entry).unwrap();
    }
    assert_eq!(replay.state().unwrap().as_str(), state["current_state"]);
    let events = place.export(id, "audit");
    for event in &events {
        fits("AuditEvent", event);
        let kind = event["event_type"].as_str().unwrap();
        let known = cabincrew_protocol::audit::vocabulary::event_type(kind).unwrap();
        let told = event["workflow_state"].as_str().unwrap();
        assert!(known.states.allows(told), "{kind} in {told}");
    }
    cabincrew_protocol::audit::verify_chain(id, &events).unwrap();
    for token in place
        .export(id, "plan-token")
        .iter()
        .filter(|token| !token.is_null())
    {
        fits("PlanToken", token);
    }
    for request in place.export(id, "approvals") {
        fits("ApprovalRequest", &request);
    }
    for artifact in place.export(id, "artifacts")[0].as_array().unwrap() {
        fits("EngineArtifact", artifact);
    }
}
