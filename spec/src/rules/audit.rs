//! Rules of audit events.

use super::Finding;
use crate::audit::{AuditEvent, AuditPolicy, NO_STATE, PolicyEvaluation};
use crate::decision::AggregationMethod;
use crate::workflow::State;

/// C-38: an event states the workflow's state, and so does its policy block (CC-AUD-005).
#[must_use]
pub fn workflow_state(event: &AuditEvent) -> Vec<Finding> {
    let mut findings = Vec::new();
    let state = &event.workflow_state;
    let in_workflow = event
        .workflow
        .as_ref()
        .is_some_and(|workflow| workflow.workflow_id.is_some());
    if state == NO_STATE {
        if in_workflow {
            findings.push(Finding::StateNone);
        }
    } else if State::from_wire(state).is_none() {
        findings.push(Finding::StateUnknown {
            found: state.clone(),
        });
    }
    if let Some(policy) = event
        .policy
        .as_ref()
        .filter(|policy| policy.workflow_state != *state)
    {
        findings.push(Finding::StateDiffers {
            event: state.clone(),
            policy: policy.workflow_state.clone(),
        });
    }
    findings
}

/// C-46: the severity is that of the decision (CC-SCH-007).
#[must_use]
pub fn severity_fits(evaluation: &PolicyEvaluation) -> Option<Finding> {
    let (severity, decision) = (evaluation.severity, evaluation.decision);
    (severity != decision.severity()).then_some(Finding::Severity {
        severity: severity.as_u8(),
        decision,
    })
}

/// CC-SCH-010 and C-08: several evaluations state how they were combined, it is the one
/// conforming way, and the outcome is not weaker than the strictest of them.
#[must_use]
pub fn aggregation(policy: &AuditPolicy) -> Vec<Finding> {
    let mut findings = Vec::new();
    let evaluations = policy.policy_evaluations.as_deref().unwrap_or_default();
    match policy.aggregation_method {
        None if evaluations.len() > 1 => findings.push(Finding::AggregationMissing),
        None | Some(AggregationMethod::MostRestrictive) => {}
        Some(_) => findings.push(Finding::AggregationMethod),
    }
    let strictest = evaluations
        .iter()
        .map(|evaluation| evaluation.decision)
        .max();
    if let Some(strictest) = strictest.filter(|strictest| *strictest > policy.decision) {
        findings.push(Finding::AggregateWeaker {
            aggregated: policy.decision,
            strictest,
        });
    }
    findings
}
