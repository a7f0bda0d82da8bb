//! Lines about decisions: preflight, post-execution, and the look at both after a restart.

use std::collections::BTreeMap;

use cabincrew_protocol::approval::{ApprovalRequest, Id};
use cabincrew_protocol::audit::{AuditEvent, AuditIntegrity, Severity};
use cabincrew_protocol::decision::{Decision, PolicySource};
use cabincrew_protocol::digest::{self, Sha256Hex};
use cabincrew_protocol::engine::Mode;
use cabincrew_protocol::preflight::PreflightEvidence;
use cabincrew_protocol::replay::Phase;
use cabincrew_protocol::rules;
use cabincrew_protocol::wal::{ApprovalReceivedData, ApprovalRequestedData, WalEntryData};
use cabincrew_protocol::workflow::Event;
use serde_json::{Map, Value, json};

use super::combine::combined;
use super::draft::{Drafter, artifact_created, noted, policy_evaluated};
use super::events::{Teller, is_governed};
use super::failure::Failure;
use super::next::Outcome;
use crate::fact::{Evaluated, Fact, Request, Response, Stored};
use crate::fault::{self, Fault};
use crate::journal::Draft;
use crate::record::{Record, Sealed, Stage};
use crate::workflow::{DefaultDecision, OnDeny};

/// The line of a preflight: permitted, escalated or refused, by the most restrictive evaluation.
pub(super) fn preflight(drafter: &Drafter<'_>, outcome: Outcome, at: &str) -> Draft {
    let Outcome::Governed {
        mut evaluations,
        nonce,
        roster_sha256,
        integrity,
    } = outcome
    else {
        return drafter.failed(Failure::new("no preflight"));
    };
    add_configured(drafter.record, &mut evaluations, at);
    let decision = combined(drafter.record, &evaluations);
    let teller = &drafter.teller;
    let verified = teller.verified(&integrity, "artifacts and token are as they were minted");
    match decision {
        Decision::Deny => {
            let mut failure = Failure::new(denial(&evaluations));
            failure.severity = Severity::Critical;
            failure.evaluations = evaluations;
            drafter.failed(failure)
        }
        Decision::Allow | Decision::Warn => {
            let (mut entries, mut events) = told(teller, &evaluations);
            events.insert(0, verified);
            entries.push(drafter.complete(None));
            events.push(teller.decision("preflight_decision", &evaluations));
            let event = if decision == Decision::Allow {
                Event::Allowed
            } else {
                Event::Warned
            };
            drafter.moved(event, Fact::Permitted { evaluations }, entries, events)
        }
        Decision::RequireApproval => {
            let made = requests(
                drafter.record,
                &evaluations,
                &nonce,
                at,
                roster_sha256.as_ref(),
            );
            let Some(requests) = made else {
                return drafter.failed(Failure::new("no request for approval can be made"));
            };
            let (mut entries, mut events) = told(teller, &evaluations);
            events.insert(0, verified);
            events.push(teller.decision("preflight_decision", &evaluations));
            for request in &requests {
                let role = &request.request.required_role;
                let triggers = triggers(drafter.record, &evaluations, role);
                entries.push(WalEntryData::ApprovalRequested(ApprovalRequestedData {
                    approval_id: request.request.approval_id.clone(),
                    step_id: request.request.step_id.clone(),
                    required_role: role.clone(),
                }));
                events.push(teller.request(request, &triggers));
            }
            let fact = Fact::ApprovalRequested {
                evaluations,
                requests,
            };
            drafter.moved(Event::ApprovalRequired, fact, entries, events)
        }
    }
}

/// The line of post-execution governance (C-35, CC-PST-003).
pub(super) fn inspected(
    drafter: &Drafter<'_>,
    artifacts: Vec<Stored>,
    evaluations: Vec<Evaluated>,
    integrity: &AuditIntegrity,
) -> Draft {
    let teller = &drafter.teller;
    let mut decisions = evaluations.iter().map(|found| found.decision);
    let counted = if fault::on(Fault::LastResultCountsAfterTakeOff) {
        decisions.next_back()
    } else {
        decisions.max()
    };
    let denied = counted.is_some_and(|decision| match decision {
        Decision::Allow => false,
        Decision::Warn => fault::on(Fault::WarnAfterTakeOffFails),
        Decision::RequireApproval | Decision::Deny => !fault::on(Fault::DenyAfterTakeOffIgnored),
    });
    let on_deny = drafter
        .record
        .created
        .workflow
        .governance
        .post_execution
        .on_deny;
    if denied && (on_deny == OnDeny::Fail || fault::on(Fault::OnDenyIgnored)) {
        let mut failure = Failure::new(format!("after take-off: {}", denial(&evaluations)));
        failure.severity = Severity::Critical;
        failure.evaluations = evaluations;
        return drafter.failed(failure);
    }
    let mut entries = vec![drafter.start(Phase::PostExecution)];
    entries.extend(artifacts.iter().map(artifact_created));
    let mut events = vec![
        teller.verified(integrity, "restored artifacts are as they were restored"),
        teller.artifacts(Mode::TakeOff, &artifacts),
    ];
    let (evaluated, told) = told(teller, &evaluations);
    entries.extend(evaluated);
    events.extend(told);
    if evaluations.is_empty() {
        let message = "no policy is configured for after take-off";
        events.push(teller.event("post_execution", Severity::Info, message));
    } else {
        let mut event = teller.decision("post_execution", &evaluations);
        if denied {
            event.severity = Some(Severity::Warning);
        }
        events.push(event);
    }
    entries.push(drafter.complete(None));
    Draft {
        fact: Fact::Inspected {
            artifacts,
            evaluations,
        },
        entries,
        events,
    }
}

/// The line of a look after restart: events only, so that a further restart sees the same
/// (DESIGN 8.8). A decision that became stricter ends the workflow (C-54).
pub(super) fn rechecked(
    drafter: &Drafter<'_>,
    integrity: Option<&AuditIntegrity>,
    evaluations: &[Evaluated],
) -> Draft {
    let teller = &drafter.teller;
    let before = drafter.record.last_decision();
    let after = evaluations.iter().map(|found| found.decision).max();
    let mut events: Vec<AuditEvent> = Vec::new();
    events.extend(integrity.map(|found| teller.verified(found, "intact after the restart")));
    events.extend(evaluations.iter().map(|found| teller.evaluation(found)));
    let stricter = after > before && after.is_some();
    if stricter && !fault::on(Fault::StricterRecheckIgnored) {
        let text = "governance is stricter after the restart than before";
        let mut failure = Failure::new(text);
        failure.severity = Severity::Critical;
        let mut draft = drafter.failed(failure);
        events.append(&mut draft.events);
        draft.events = events;
        return draft;
    }
    if !evaluations.is_empty() {
        events.push(teller.decision("preflight_decision", evaluations));
    }
    if after < before
        && after.is_some()
        && let Some(draft) = released(drafter)
    {
        return draft;
    }
    if let Some(open) = drafter.record.open_requests().first()
        && fault::on(Fault::RecheckAsksAgain)
    {
        events.push(teller.request(open, evaluations));
    }
    noted(events)
}

/// The approval that a milder decision is taken for: never.
fn released(drafter: &Drafter<'_>) -> Option<Draft> {
    let release = fault::on(Fault::MilderResultReleases) || fault::on(Fault::MilderPolicyReleases);
    let open = drafter.record.open_requests();
    let request = open.first().filter(|_| release)?;
    let response = Response {
        approval_id: request.request.approval_id.clone(),
        approved: true,
        approver: "governance".to_owned(),
        reason: None,
        timestamp: request.requested_at.clone(),
        sha256: digest::sha256(b"governance"),
        signed_by: None,
    };
    let (entry, events) = answered(&drafter.teller, drafter.record, &response);
    let fact = Fact::Responded { response };
    Some(drafter.moved(Event::Granted, fact, vec![entry], events))
}

/// Entry and events of a valid answer.
pub(super) fn answered(
    teller: &Teller,
    record: &Record,
    response: &Response,
) -> (WalEntryData, Vec<AuditEvent>) {
    let entry = WalEntryData::ApprovalReceived(ApprovalReceivedData {
        approval_id: response.approval_id.clone(),
        approved: response.approved,
        approver: response.approver.clone(),
    });
    let asked = record.requests.iter();
    let mut asked = asked.filter(|request| request.request.approval_id == response.approval_id);
    let event = asked
        .next()
        .map(|request| teller.response(response, request));
    (entry, event.into_iter().collect())
}

/// Decisions that the workflow file itself makes: for an empty set (C-09), and always (CC-PRE-034).
fn add_configured(record: &Record, evaluations: &mut Vec<Evaluated>, at: &str) {
    let workflow = &record.created.workflow;
    if evaluations.is_empty() {
        let (decision, reason) = match workflow.governance.default_decision {
            DefaultDecision::Deny if fault::on(Fault::EmptySetAllows) => {
                (Decision::Allow, "there is no policy against it")
            }
            DefaultDecision::Allow => (Decision::Allow, "default_decision is allow"),
            DefaultDecision::Deny => (Decision::Deny, "there is no policy that could permit it"),
        };
        evaluations.push(configured(record, "default", decision, reason, at));
    }
    if workflow.approval.always && !fault::on(Fault::ConfiguredApprovalIgnored) {
        if fault::on(Fault::ConfiguredApprovalReplaces) {
            evaluations.clear();
        }
        let reason = "the workflow file asks for approval in any case";
        let decision = Decision::RequireApproval;
        evaluations.push(configured(record, "approval.always", decision, reason, at));
    }
}

fn configured(
    record: &Record,
    policy_id: &str,
    decision: Decision,
    reason: &str,
    at: &str,
) -> Evaluated {
    Evaluated {
        evaluation_id: format!("{}-pre-{policy_id}", record.step().step_id),
        source: PolicySource::Custom,
        policy_id: policy_id.to_owned(),
        decision,
        reason: Some(reason.to_owned()),
        remarks: Vec::new(),
        role: None,
        evidence: Map::new(),
        evaluated_at: at.to_owned(),
    }
}

fn told(teller: &Teller, evaluations: &[Evaluated]) -> (Vec<WalEntryData>, Vec<AuditEvent>) {
    let entries = evaluations.iter().map(policy_evaluated).collect();
    let events = evaluations
        .iter()
        .map(|found| teller.evaluation(found))
        .collect();
    (entries, events)
}

fn denial(evaluations: &[Evaluated]) -> String {
    let denied: Vec<String> = evaluations
        .iter()
        .filter(|found| found.decision > Decision::Warn)
        .map(explained)
        .collect();
    format!("governance denies: {}", denied.join("; "))
}

fn explained(evaluated: &Evaluated) -> String {
    let name = format!("{}/{}", evaluated.source.as_str(), evaluated.policy_id);
    let reason = evaluated.reason.as_deref().unwrap_or_default();
    // Evaluators that give no reason of their own have their remarks for one.
    let remarks: Vec<&str> = evaluated.remarks.iter().map(String::as_str).collect();
    let more = remarks.iter().any(|remark| !reason.contains(remark));
    let remarks = if more {
        remarks.join(", ")
    } else {
        String::new()
    };
    match (reason.is_empty(), remarks.is_empty()) {
        (true, true) => name,
        (false, true) => format!("{name}: {reason}"),
        (true, false) => format!("{name}: {remarks}"),
        (false, false) => format!("{name}: {reason} ({remarks})"),
    }
}

fn triggers(record: &Record, evaluations: &[Evaluated], role: &str) -> Vec<Evaluated> {
    let default_role = &record.created.workflow.approval.default_role;
    evaluations
        .iter()
        .filter(|found| found.decision == Decision::RequireApproval)
        .filter(|found| found.role.as_ref().unwrap_or(default_role) == role)
        .cloned()
        .collect()
}

/// One request for each distinct role, in the order of their names (C-57).
fn requests(
    record: &Record,
    evaluations: &[Evaluated],
    nonce: &str,
    at: &str,
    roster_sha256: Option<&Sha256Hex>,
) -> Option<Vec<Request>> {
    let Stage::Governing(sealed) = &record.stage else {
        return None;
    };
    let usual = "approver".to_owned();
    let default_role = if fault::on(Fault::DefaultRoleIgnored) {
        &usual
    } else {
        &record.created.workflow.approval.default_role
    };
    let mut by_role: BTreeMap<&String, Vec<&Evaluated>> = BTreeMap::new();
    for found in evaluations {
        if found.decision == Decision::RequireApproval {
            let role = found.role.as_ref().unwrap_or(default_role);
            by_role.entry(role).or_default().push(found);
        }
    }
    let token: Sha256Hex = sealed.token.token.parse().ok()?;
    let made = by_role
        .into_iter()
        .enumerate()
        .map(|(index, (role, found))| {
            let id = Id::new(&format!("{nonce}{index:02}"), token.clone()).ok()?;
            let reasons: Vec<String> = found.iter().map(|found| explained(found)).collect();
            let mut request = ApprovalRequest {
                approval_id: id.to_string(),
                workflow_id: record.workflow_id().to_owned(),
                step_id: record.step().step_id.clone(),
                reason: reasons.join("; "),
                required_role: role.clone(),
                engine_output: Some(context(record, sealed, &found, at)),
                evidence: Some(evidence(&sealed.plan.artifacts)),
                plan_token_hash: token.to_string(),
            };
            fault::reask(&mut request, &sealed.plan.artifacts, default_role);
            Some(Request {
                request,
                requested_at: at.to_owned(),
                roster_sha256: roster_sha256.cloned(),
            })
        });
    made.collect()
}

/// What a reviewer sees beside the artifacts (C-37).
fn context(record: &Record, sealed: &Sealed, found: &[&Evaluated], at: &str) -> Map<String, Value> {
    let artifacts: Vec<Value> = sealed
        .plan
        .artifacts
        .iter()
        .map(|stored| {
            json!({
                "name": stored.name, "role": stored.role, "type": stored.artifact.artifact_type,
                "action": stored.artifact.action, "target": stored.artifact.target,
                "hash": stored.descriptor(), "size": stored.hashed_file().size,
            })
        })
        .collect();
    let risk: Vec<Value> = found
        .iter()
        .map(|found| json!({"policy": found.policy_id, "reason": found.reason, "evidence": found.evidence}))
        .collect();
    let policies: Vec<&String> = found.iter().map(|found| &found.policy_id).collect();
    let receipt = serde_json::to_value(&sealed.plan.receipt).expect("a receipt is JSON");
    let context = json!({
        "requested_at": at, "requester": record.created.workflow.trigger.by,
        "triggered_policies": policies, "artifacts": artifacts, "risk": risk,
    });
    Map::from_iter([
        ("receipt".to_owned(), receipt),
        ("approval_context".to_owned(), context),
    ])
}

/// The governed artifacts as files (CC-PRE-007, CC-APR-005).
pub(crate) fn evidence(artifacts: &[Stored]) -> Vec<PreflightEvidence> {
    artifacts
        .iter()
        .filter(|stored| is_governed(&stored.role))
        .map(|stored| PreflightEvidence {
            name: stored.name.clone(),
            path: rules::expected_path(&stored.name, stored.body.is_some()),
            hash: stored.hashed_file().sha256.to_string(),
        })
        .collect()
}
