//! What a faulty program says wrongly in audit events and requests for approval.

use cabincrew_protocol::approval::ApprovalRequest;
use cabincrew_protocol::audit::{AuditEvent, Severity};
use cabincrew_protocol::decision::{Decision, DecisionSeverity};
use serde_json::Value;

use super::{Fault, on};
use crate::fact::Stored;

/// Changes an event before it is numbered and sealed; leaves it as it is.
pub(crate) fn retell(event: &mut AuditEvent) {
    retell_workflow(event);
    retell_policy(event);
    if event.event_type == "plan_token_created" && on(Fault::TokenNotInItsEvent) {
        event.plan_token = None;
    }
    if event.event_type == "artifact_validation" && on(Fault::DigestsNotAudited) {
        event.artifacts = None;
    }
    if let Some(approval) = event.approval.as_mut() {
        if on(Fault::ApproverNotAudited) {
            approval.approver.clear();
        }
        if on(Fault::ApprovalAuditedWithoutTime) {
            "1970-01-01T00:00:00Z".clone_into(&mut approval.timestamp);
        }
        if on(Fault::ApprovalAuditedWithoutToken) {
            approval.plan_token_hash.clear();
        }
    }
    let critical = event.severity == Some(Severity::Critical);
    if critical && on(Fault::NothingIsCritical) {
        event.severity = Some(Severity::Error);
    }
    if event.integrity_check.is_some() && critical && on(Fault::MismatchAtWarning) {
        event.severity = Some(Severity::Warning);
    }
    let told = ["workspace_changed", "workflow_failure"].contains(&event.event_type.as_str());
    if told && on(Fault::WorkspaceChangeAtInfo) {
        event.severity = Some(Severity::Info);
    }
    if let Some(integrity) = event.integrity_check.as_mut() {
        if on(Fault::ActualTokenNotAudited) {
            integrity.actual_plan_token = None;
        }
        if on(Fault::ActualTokenCopied) {
            let expected = integrity.expected_plan_token.clone();
            integrity.actual_plan_token = expected;
        }
    }
    if event.event_type == "engine_complete" && on(Fault::ReceiptNotAudited) {
        event.engine = None;
    }
}

fn retell_workflow(event: &mut AuditEvent) {
    if event.policy.is_some() && on(Fault::PolicyEventsOfNoWorkflow) {
        event.workflow = None;
    }
    if let Some(workflow) = event.workflow.as_mut() {
        if on(Fault::EventsOfNoStep) {
            workflow.step_id = None;
        }
        if workflow.mode.is_some() && on(Fault::TakeOffToldAsPlanning) {
            workflow.mode = Some("flight-plan".to_owned());
        }
    }
    if on(Fault::StateAlwaysRunning) {
        "RUNNING".clone_into(&mut event.workflow_state);
    }
    if on(Fault::StateAlwaysInit) {
        "INIT".clone_into(&mut event.workflow_state);
    }
    if event.workflow_state == "APPROVED" && on(Fault::ApprovedToldAsAwaiting) {
        "AWAITING_APPROVAL".clone_into(&mut event.workflow_state);
    }
}

fn retell_policy(event: &mut AuditEvent) {
    let Some(policy) = event.policy.as_mut() else {
        return;
    };
    if policy.decision == Decision::Deny && on(Fault::DenyAtInfo) {
        event.severity = Some(Severity::Info);
    }
    if policy.decision == Decision::Warn && on(Fault::WarnAtInfo) {
        event.severity = Some(Severity::Info);
        policy.warnings = None;
    }
    if on(Fault::OnlyAggregateAudited) {
        policy.policy_evaluations = None;
    }
    if on(Fault::ReasonsNotAudited) {
        policy.policy_evaluations = None;
        policy.violations = None;
        policy.warnings = None;
    }
    if on(Fault::ViolationsNotAudited) {
        policy.violations = None;
        policy.warnings = None;
        for evaluation in policy.policy_evaluations.iter_mut().flatten() {
            evaluation.reason = None;
            let evidence = evaluation.evidence.iter_mut();
            evidence.for_each(|it| it.retain(|name, _| name == "evaluation_id"));
        }
    }
    if on(Fault::AggregationNotExplained) {
        policy.aggregation_method = None;
    }
    for evaluation in policy.policy_evaluations.iter_mut().flatten() {
        if on(Fault::EvaluationsAtSeverityZero) {
            evaluation.severity = DecisionSeverity::Allow;
        }
        if on(Fault::EvaluationIdsNotAudited)
            && let Some(evidence) = evaluation.evidence.as_mut()
        {
            evidence.remove("evaluation_id");
        }
        if on(Fault::ScoresNotAudited) {
            evaluation.evidence = None;
        }
    }
}

/// Changes an event that is complete but for its signature.
pub(crate) fn seal_wrongly(event: &mut Value, place_in_line: u64) {
    let Some(members) = event.as_object_mut() else {
        return;
    };
    if on(Fault::MemberAddedToEvents) {
        members.insert("source".to_owned(), Value::from("orchestrator"));
    }
    if on(Fault::EventIdsRepeat) {
        members.insert(
            "event_id".to_owned(),
            Value::from(format!("event-{place_in_line:08}")),
        );
    }
    if on(Fault::LocalTimes)
        && let Some(Value::String(timestamp)) = members.get_mut("timestamp")
    {
        timestamp.truncate(timestamp.trim_end_matches('Z').len());
    }
}

/// Changes a request for approval before it is made; leaves it as it is.
pub(crate) fn reask(request: &mut ApprovalRequest, plan: &[Stored], default_role: &str) {
    if on(Fault::RequestWithoutEvidence) {
        request.evidence = None;
    }
    if on(Fault::ApprovalIdIsStepId) {
        request.approval_id.clone_from(&request.step_id);
    }
    if on(Fault::RequestWithoutReason) {
        request.reason.clear();
    }
    if on(Fault::RequestNamesNoPolicy) {
        "policy requires approval".clone_into(&mut request.reason);
    }
    if on(Fault::RequestForFirstArtifact)
        && let Some(first) = plan.first()
    {
        request.plan_token_hash = first.descriptor().to_string();
    }
    if on(Fault::RequestOfNoWorkflow) {
        request.workflow_id.clear();
    }
    if on(Fault::RequestWithoutContext) {
        request.engine_output = None;
    }
    if on(Fault::RoleOfPolicyIgnored) {
        default_role.clone_into(&mut request.required_role);
    }
    explain_less(request);
}

/// Leaves out parts of what the reviewer is told; leaves all of it in.
fn explain_less(request: &mut ApprovalRequest) {
    // An evaluation is told as `source/policy: reason`, one after the other.
    let parts = request.reason.split("; ");
    let parts: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once(": ")).collect();
    let pick = |wanted: fn(&(&str, &str)) -> String| -> String {
        let picked: Vec<String> = parts.iter().map(wanted).collect();
        picked.join("; ")
    };
    let (no_policies, no_reasons) = (
        on(Fault::PoliciesNotNamedToReviewer),
        on(Fault::ReasonsNotToldToReviewer),
    );
    let reason = match (no_policies, no_reasons) {
        (true, _) => Some(pick(|(_, reason)| (*reason).to_owned())),
        (_, true) => Some(pick(|(policy, _)| (*policy).to_owned())),
        (false, false) => None,
    };
    request.reason = reason.unwrap_or_else(|| request.reason.clone());
    let context = request.engine_output.as_mut();
    let context = context.and_then(|told| told.get_mut("approval_context"));
    let Some(Value::Object(context)) = context else {
        return;
    };
    if on(Fault::RequesterNotNamed) {
        context.remove("requester");
        context.remove("requested_at");
    }
    if no_policies {
        context.remove("triggered_policies");
    }
    if no_policies || no_reasons {
        context.remove("risk");
    }
}
