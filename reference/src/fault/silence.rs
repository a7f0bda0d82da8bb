//! Audit events that a faulty program keeps to itself, tells twice, or tells in another order.

use cabincrew_protocol::audit::{AuditEvent, Severity};
use cabincrew_protocol::decision::Decision;

use super::{Fault, on};

/// The events of one line that reach the log, in their order: all of them, as they are.
pub(crate) fn told(events: &[AuditEvent]) -> Vec<&AuditEvent> {
    let mut told = Vec::with_capacity(events.len());
    for event in events.iter().filter(|event| !is_kept_back(event)) {
        told.push(event);
        if event.event_type == "state_transition" && on(Fault::TransitionsToldTwice) {
            told.push(event);
        }
        if event.event_type == "workflow_complete" && on(Fault::CompletionToldTwice) {
            told.push(event);
        }
    }
    if on(Fault::EventsOfAMomentReversed) {
        told.reverse();
    }
    told
}

fn is_kept_back(event: &AuditEvent) -> bool {
    let workflow = event.workflow.as_ref();
    let mode = workflow.and_then(|workflow| workflow.mode.as_deref());
    let takes_off = mode == Some("take-off");
    let went_wrong = event.severity == Some(Severity::Error);
    let state = event.workflow_state.as_str();
    match event.event_type.as_str() {
        "approval_mismatch" => on(Fault::BadResponseNotAudited),
        "approval_request" => on(Fault::RequestNotAudited),
        "approval_response" => on(Fault::ResponseNotAudited),
        "artifact_validation" if went_wrong => on(Fault::DefectsNotAudited),
        "artifact_validation" => on(Fault::ValidationNotAudited) && !takes_off,
        "engine_complete" if went_wrong => on(Fault::FailedRunNotAudited),
        "engine_complete" if takes_off => on(Fault::TakeOffEndNotAudited),
        "engine_complete" => on(Fault::PlanningEndNotAudited),
        "engine_start" if takes_off => on(Fault::TakeOffStartNotAudited),
        "engine_start" => on(Fault::PlanningStartNotAudited),
        "environment_prepared" => on(Fault::PreparationNotAudited),
        "error" => on(Fault::ErrorsNotAudited),
        "incomplete_entry" => on(Fault::TornTailNotAudited),
        "model_result" => {
            on(Fault::ModelResultsNotAudited)
                || on(Fault::OnlyAggregateAudited)
                || is_decision_kept_back(event)
        }
        "plan_token_created" => on(Fault::TokenCreationNotAudited),
        "plan_token_verified" if went_wrong => false,
        "plan_token_verified" => on(Fault::VerificationNotAudited),
        "policy_result" => {
            on(Fault::PolicyResultsNotAudited)
                || on(Fault::OnlyAggregateAudited)
                || is_decision_kept_back(event)
        }
        "post_execution" => on(Fault::PostExecutionNotAudited),
        "preflight_decision" => on(Fault::AggregateNotAudited) || is_decision_kept_back(event),
        "record_rebuilt" => on(Fault::RebuiltRecordNotAudited),
        "state_transition" if state == "READY_FOR_TAKEOFF" => on(Fault::ReadinessNotAudited),
        "state_transition" if state == "AWAITING_APPROVAL" => on(Fault::PauseNotAudited),
        "takeoff_outcome_unknown" => on(Fault::DoubtNotAudited),
        "workflow_complete" => on(Fault::CompletionNotAudited),
        "workflow_failure" => on(Fault::FailureNotAudited),
        "workflow_resumed" => on(Fault::RestartNotAudited),
        "workflow_started" => on(Fault::CreationNotAudited),
        "workspace_changed" => on(Fault::WorkspaceChangeNotAudited),
        _ => false,
    }
}

fn is_decision_kept_back(event: &AuditEvent) -> bool {
    match event.policy.as_ref().map(|policy| policy.decision) {
        Some(Decision::Allow) => on(Fault::AllowNotAudited),
        Some(Decision::Warn) => on(Fault::WarnNotAudited),
        Some(Decision::Deny | Decision::RequireApproval) | None => false,
    }
}
