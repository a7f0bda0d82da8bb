//! What a faulty program says wrongly in the state document and in both logs.

use std::borrow::Cow;

use cabincrew_protocol::digest;
use cabincrew_protocol::record::WorkflowStateRecord;
use cabincrew_protocol::wal;
use cabincrew_protocol::workflow::State;
use serde_json::Value;

use super::{Fault, on};

/// Changes the state document; leaves it as it is.
pub(crate) fn restate(state: &mut WorkflowStateRecord) {
    state.current_state = match state.current_state {
        State::PlanRunning if on(Fault::PlanGeneratedAtLaunch) => State::PlanGenerated,
        State::TakeoffRunning if on(Fault::ExecutionCompleteAtLaunch) => State::ExecutionComplete,
        State::PlanRunning if on(Fault::TakeOffRunningWhilePlanning) => State::TakeoffRunning,
        other if !other.is_final() && on(Fault::StateOnlyAtTheEnd) => State::Init,
        other => other,
    };
    let approved = state.approvals.iter().any(|approval| approval.approved);
    if !approved && !state.current_state.is_final() && on(Fault::TokenHashOnlyWhenApproved) {
        state.plan_token_hash.clear();
    }
    if on(Fault::ApprovalsNotKept) {
        state.approvals.clear();
    }
    for approval in &mut state.approvals {
        if on(Fault::ApprovalDatedAtCreation) {
            approval.approved_at.clone_from(&state.created_at);
        }
        if on(Fault::ApprovalKeptWithoutToken) {
            approval.plan_token_hash.clear();
        }
    }
    if on(Fault::ArtifactsNotKept) {
        state.artifacts.clear();
    }
    if on(Fault::EvaluationsNotKept) {
        state.policy_evaluations.clear();
    }
    if on(Fault::StepsNeverCompleted) {
        let done = std::mem::take(&mut state.steps_completed);
        state.steps_pending.splice(0..0, done);
    }
    if let Some(metadata) = state.metadata.as_mut() {
        if on(Fault::NoSummary) {
            metadata.remove("summary");
        }
        if on(Fault::AuditPositionNotKept)
            && let Some(offset) = metadata.get_mut("audit_offset")
        {
            *offset = serde_json::json!({"count": 0, "last_hash": ""});
        }
    }
}

/// Changes the write-ahead log; leaves it as it is.
pub(crate) fn relog(entries: &mut Vec<Value>) {
    let is = |entry: &Value, start: &str| {
        let kind = entry.get("entry_type").and_then(Value::as_str);
        kind.is_some_and(|kind| kind.starts_with(start))
    };
    if on(Fault::ApprovalsNotLogged) {
        entries.retain(|entry| !is(entry, "approval_"));
    }
    if on(Fault::ArtifactsNotLogged) {
        entries.retain(|entry| !is(entry, "artifact_"));
    }
    if on(Fault::EvaluationsNotLogged) {
        entries.retain(|entry| !is(entry, "policy_"));
    }
    if on(Fault::StepsNotLogged) {
        entries.retain(|entry| !is(entry, "step_completed"));
    }
    if on(Fault::EndNotLogged) {
        entries.retain(|entry| !is(entry, "workflow_completed") && !is(entry, "workflow_failed"));
    }
    let ended = entries
        .last()
        .is_some_and(|last| is(last, "workflow_completed") || is(last, "workflow_failed"));
    if ended && on(Fault::LogCompactedAtTheEnd) {
        entries.drain(1..entries.len() - 1);
    }
    if on(Fault::EntriesOutOfOrder) && entries.len() > 4 {
        entries.swap(3, 4);
    }
    misname(entries);
    for (index, entry) in entries.iter_mut().enumerate() {
        if on(Fault::EntryNumbersRepeat)
            && let Some(members) = entry.as_object_mut()
        {
            members.insert("sequence".to_owned(), Value::from(index / 2));
            let sum = wal::checksum(entry).map(|sum| Value::from(sum.to_string()));
            set(entry, "checksum", sum.unwrap_or_default());
        }
        if on(Fault::ChecksumOfDataAlone) {
            let data = entry.get("data").cloned().unwrap_or_default();
            let sum = digest::of_json(&data).map(|sum| Value::from(sum.to_string()));
            set(entry, "checksum", sum.unwrap_or_default());
        }
    }
}

/// Names another role or step than the true one in entries, and sums them up anew.
fn misname(entries: &mut [Value]) {
    let first = entries
        .iter()
        .find_map(|entry| entry.pointer("/data/step_id"));
    let first = first.cloned().unwrap_or_default();
    for entry in entries {
        let kind = entry.get("entry_type").and_then(Value::as_str);
        let change = match kind {
            Some("approval_requested") if on(Fault::RequestsLoggedForDefaultRole) => {
                ("required_role", Value::from("approver"))
            }
            Some("workflow_failed") if on(Fault::FailureOfFirstStepLogged) => {
                ("failed_step", first.clone())
            }
            _ => continue,
        };
        if let Some(data) = entry.get_mut("data") {
            set(data, change.0, change.1);
        }
        let sum = wal::checksum(entry).map(|sum| Value::from(sum.to_string()));
        set(entry, "checksum", sum.unwrap_or_default());
    }
}

/// The audit log as it is shown: as it is.
pub(crate) fn republished(events: &[Value]) -> Cow<'_, [Value]> {
    let mut shown = Cow::Borrowed(events);
    let resumed = |event: &Value| event.get("event_type") == Some(&"workflow_resumed".into());
    if on(Fault::AuditLogReplacedOnRestart)
        && let Some(restart) = events.iter().rposition(resumed)
    {
        shown.to_mut().drain(..restart);
    }
    if on(Fault::ChainBeginsAnewOnRestart) {
        let first = events.first().and_then(|event| event.get("chain_hash"));
        for event in shown.to_mut().iter_mut().filter(|event| resumed(event)) {
            set(event, "chain_hash", first.cloned().unwrap_or_default());
        }
    }
    if on(Fault::ChainOverEventIds) {
        for (event, before) in shown.to_mut().iter_mut().skip(1).zip(events) {
            let id = before.get("event_id").cloned().unwrap_or_default();
            let chained = digest::sha256(id.to_string().as_bytes());
            set(event, "chain_hash", Value::from(chained.to_string()));
        }
    }
    if on(Fault::ConstantSignature) {
        for event in shown.to_mut() {
            if event.get("signature").is_some() {
                set(event, "signature", Value::from("A".repeat(86) + "=="));
            }
        }
    }
    shown
}

fn set(document: &mut Value, member: &str, value: Value) {
    if let Some(members) = document.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
}
