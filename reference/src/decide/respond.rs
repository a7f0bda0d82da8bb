//! What an answer to a request for approval does (C-23, DESIGN 8.7). Only the store, the roster and
//! the clock are asked beforehand; the judgement itself is pure.

use cabincrew_protocol::approval::{ApprovalResponse, Id};
use cabincrew_protocol::audit::Severity;
use cabincrew_protocol::digest::{self, Sha256Hex};
use cabincrew_protocol::json::{self, Limits};
use cabincrew_protocol::rules::{self, Finding};
use cabincrew_protocol::workflow::Event;

use super::draft::{Drafter, noted};
use super::failure::Failure;
use super::governed::answered;
use crate::clock;
use crate::fact::{self, Fact, Request};
use crate::fault::{self, Fault};
use crate::journal::Draft;
use crate::record::{Record, Stage};
use crate::roster::Roster;

/// An answer as it arrived.
#[derive(Debug)]
pub struct Response<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The signed note that came with it.
    pub signature: Option<&'a str>,
    /// The roster as it is now; why there is none.
    pub roster: Result<&'a Roster, &'a str>,
    /// The time of arrival, RFC 3339.
    pub now: &'a str,
}

/// The line that an answer leads to.
#[derive(Debug)]
pub struct Judged {
    /// The line.
    pub draft: Draft,
    /// Whether the workflow may go on.
    pub accepted: bool,
}

/// Judges an answer. An exact repeat changes nothing; one about no pending request is written
/// down and ignored; one about a pending request that is not good ends the workflow.
#[must_use]
pub fn judge(record: &Record, response: &Response<'_>) -> Judged {
    let drafter = Drafter::new(record);
    let sha256 = digest::sha256(response.bytes);
    let known = |answer: &&crate::record::Answered| answer.response.sha256 == sha256;
    let repeated = record.responses.iter().any(|answer| known(&answer));
    let unrecognised =
        fault::on(Fault::RepeatNotRecognised) || fault::on(Fault::ApprovalsMatchedByWorkflow);
    if repeated && !unrecognised {
        let text = "an answer that was taken before has arrived again";
        let event = drafter
            .teller
            .event("approval_repeated", Severity::Warning, text);
        return ignored(noted(vec![event]));
    }
    match read(response.bytes) {
        Err(text) => malformed(&drafter, response.bytes, &text),
        Ok(document) => judge_read(&drafter, document, sha256, response),
    }
}
/// The same for an answer that could be read.
fn judge_read(
    drafter: &Drafter<'_>,
    mut document: ApprovalResponse,
    sha256: Sha256Hex,
    response: &Response<'_>,
) -> Judged {
    readdress(drafter.record, &mut document);
    match find(drafter.record, &document.approval_id) {
        Found::Pending(request) => match refuse(drafter.record, request, &document, response) {
            Err(error) => refused(drafter, &error),
            Ok(signed_by) => accept(drafter, &document, sha256, signed_by),
        },
        Found::Answered if matches!(drafter.record.stage, Stage::Waiting(_)) => {
            refused(drafter, "another answer to a request that is answered")
        }
        Found::Answered => unknown(drafter, "another answer to a request that is answered"),
        Found::Unknown => {
            let id: String = document.approval_id.escape_default().take(120).collect();
            unknown(
                drafter,
                &format!("an answer to {id:?}, which is not pending"),
            )
        }
    }
}

enum Found<'a> {
    Pending(&'a Request),
    Answered,
    Unknown,
}

fn find<'a>(record: &'a Record, approval_id: &str) -> Found<'a> {
    let asked = |request: &&Request| request.request.approval_id == approval_id;
    let waiting = matches!(record.stage, Stage::Waiting(_));
    let mut pending = record.open_requests();
    if fault::on(Fault::SecondRequestNotAnswerable) {
        let first = record.requests.first();
        let is_first = |request: &&Request| first.is_some_and(|it| it.request == request.request);
        pending.retain(is_first);
    }
    match pending.into_iter().find(|request| asked(request)) {
        Some(request) if waiting => Found::Pending(request),
        Some(_) => Found::Unknown,
        None if record.requests.iter().any(|request| asked(&request)) => Found::Answered,
        None => Found::Unknown,
    }
}

fn read(bytes: &[u8]) -> Result<ApprovalResponse, String> {
    let mut value = if fault::on(Fault::LastResponseMemberCounts) {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?
    } else {
        json::parse(bytes, &Limits::RECEIPT).map_err(|error| error.to_string())?
    };
    if fault::on(Fault::ApprovedByTruthiness) {
        let approved = value["approved"].clone();
        let falsy = approved == "" || approved == 0 || approved == false || approved.is_null();
        value["approved"] = (!falsy).into();
    }
    if let Some(members) = value.as_object_mut()
        && fault::on(Fault::UnknownResponseMembersPass)
    {
        let known = ["approval_id", "approved", "approver", "reason", "timestamp"];
        members.retain(|name, _| known.contains(&name.as_str()));
    }
    let document: ApprovalResponse =
        serde_json::from_value(value).map_err(|error| error.to_string())?;
    Ok(document)
}

/// What cannot be read but names a pending request counts as an answer to it (DESIGN 8.7).
fn malformed(drafter: &Drafter<'_>, bytes: &[u8], text: &str) -> Judged {
    let names = |id: &str| {
        bytes
            .windows(id.len())
            .any(|window| window == id.as_bytes())
    };
    let waiting = matches!(drafter.record.stage, Stage::Waiting(_));
    let open = drafter.record.open_requests();
    let names_open = open
        .iter()
        .any(|request| names(&request.request.approval_id));
    let text: String = text.escape_default().take(300).collect();
    if waiting && names_open && !fault::on(Fault::MalformedResponseIgnored) {
        refused(drafter, &format!("malformed answer: {text}"))
    } else {
        unknown(drafter, &format!("an answer that cannot be read: {text}"))
    }
}

/// Why an answer to a pending request is not valid; the key that has signed one that is.
fn refuse(
    record: &Record,
    request: &Request,
    document: &ApprovalResponse,
    response: &Response<'_>,
) -> Result<Option<String>, String> {
    let mut findings = rules::response_complete(document);
    findings.retain(|finding| match finding {
        Finding::ApproverMissing => !fault::on(Fault::AnonymousApproval),
        Finding::ApprovalTime => !fault::on(Fault::UndatedApproval),
        _ => true,
    });
    if let Some(finding) = findings.first() {
        return Err(format!("malformed answer: {finding}"));
    }
    let bound = document.approval_id.parse::<Id>().ok();
    let bound = bound.map(|id| id.plan_token_hash().to_string());
    let current = record
        .stage
        .sealed()
        .map(|sealed| sealed.token.token.clone());
    let is_bound = bound.is_some()
        && bound == current
        && bound.as_ref() == Some(&request.request.plan_token_hash);
    if !is_bound && !fault::on(Fault::ApprovalIdIsStepId) {
        return Err("the answer is bound to another plan".to_owned());
    }
    let approval = &record.created.workflow.approval;
    if approval
        .expires_after_s
        .is_some_and(|limit| clock::is_over(&request.requested_at, limit, response.now))
    {
        return Err("the request has expired".to_owned());
    }
    let approver = document.approver.as_deref().unwrap_or_default();
    let role = if fault::on(Fault::DefaultRoleApproves) {
        &approval.default_role
    } else {
        &request.request.required_role
    };
    if approver.is_empty() && fault::on(Fault::AnonymousApproval) {
        return Ok(None);
    }
    match response.roster {
        Err(_) if fault::on(Fault::MissingRosterApproves) => Ok(None),
        Ok(roster) if believed(roster, approver) => Ok(None),
        Err(why) => Err(format!("nobody can approve: {why}")),
        Ok(roster) if !roster.holds(approver, role) => {
            Err(format!("{approver:?} does not hold the role {role:?}"))
        }
        Ok(roster)
            if roster.requester_may_not_approve
                && !fault::on(Fault::RequesterApprovesOwnPlan)
                && document.approved
                && approver == record.created.workflow.trigger.by =>
        {
            Err(format!(
                "{approver:?} has asked for the plan and may not approve it"
            ))
        }
        Ok(_) if fault::on(Fault::SignatureOfResponseNotChecked) => Ok(None),
        Ok(roster) => roster
            .signature(approver, response.bytes, response.signature)
            .map_err(|error| match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            }),
    }
}

/// Takes an answer for one to another request: never.
fn readdress(record: &Record, document: &mut ApprovalResponse) {
    let nonce = |id: &str| id.rsplit_once('-').map(|(start, _)| start.to_owned());
    let known = |request: &&Request| request.request.approval_id == document.approval_id;
    let earlier = fault::on(Fault::ApprovalsMatchedByWorkflow);
    if record.requests.iter().any(|request| known(&request)) && !earlier {
        return;
    }
    let meant = |request: &&Request| {
        fault::on(Fault::AnyApprovalIdAccepted)
            || earlier
            || (fault::on(Fault::TokenInApprovalIdIgnored)
                && nonce(&request.request.approval_id) == nonce(&document.approval_id))
    };
    let open = record.open_requests();
    if let Some(request) = open.into_iter().find(meant) {
        document
            .approval_id
            .clone_from(&request.request.approval_id);
    }
}

/// Whether an approver is believed to hold the role without the roster saying so: never.
fn believed(roster: &Roster, approver: &str) -> bool {
    let listed = roster
        .approvers
        .iter()
        .any(|entry| entry.approver == approver);
    (listed && fault::on(Fault::RoleOfApproverNotChecked))
        || (!listed && fault::on(Fault::UnknownApproverBelieved))
}

fn accept(
    drafter: &Drafter<'_>,
    document: &ApprovalResponse,
    sha256: Sha256Hex,
    signed_by: Option<String>,
) -> Judged {
    let response = fact::Response {
        approval_id: document.approval_id.clone(),
        approved: document.approved || fault::on(Fault::RejectionApproves),
        approver: document.approver.clone().unwrap_or_default(),
        reason: document.reason.clone(),
        timestamp: document.timestamp.clone().unwrap_or_default(),
        sha256,
        signed_by,
    };
    if !response.approved && fault::on(Fault::RejectionIgnored) {
        return unknown(drafter, "the plan still waits");
    }
    if !response.approved {
        let reason = response.reason.as_deref().unwrap_or("no reason given");
        let error = format!("{} has refused the plan: {reason}", response.approver);
        let mut failure = Failure::new(error);
        failure.response = Some(Box::new(response));
        return Judged {
            draft: drafter.failed(failure),
            accepted: true,
        };
    }
    let (entry, events) = answered(&drafter.teller, drafter.record, &response);
    let mut entries = vec![entry];
    let mut others = drafter.record.open_requests();
    others.retain(|request| request.request.approval_id != response.approval_id);
    if fault::on(Fault::FirstApprovalReleases) {
        let granted = others.drain(..).map(|request| fact::Response {
            approval_id: request.request.approval_id.clone(),
            ..response.clone()
        });
        entries.extend(granted.map(|grant| answered(&drafter.teller, drafter.record, &grant).0));
    }
    let last = others.is_empty();
    let fact = Fact::Responded { response };
    let draft = if last {
        drafter.moved(Event::Granted, fact, entries, events)
    } else {
        Draft {
            fact,
            entries,
            events,
        }
    };
    Judged {
        draft,
        accepted: true,
    }
}

fn refused(drafter: &Drafter<'_>, error: &str) -> Judged {
    if fault::on(Fault::BadResponseOnlyNoted) {
        return unknown(drafter, error);
    }
    let failure = Failure::new(error).told_as("approval_mismatch", Severity::Critical);
    Judged {
        draft: drafter.failed(failure),
        accepted: false,
    }
}

fn unknown(drafter: &Drafter<'_>, text: &str) -> Judged {
    let event = drafter
        .teller
        .event("approval_mismatch", Severity::Warning, text);
    ignored(noted(vec![event]))
}

fn ignored(draft: Draft) -> Judged {
    Judged {
        draft,
        accepted: false,
    }
}
