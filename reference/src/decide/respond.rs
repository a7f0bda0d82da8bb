//! What an answer to a request for approval does (C-23, DESIGN 8.7). Only the store, the roster and
//! the clock are asked beforehand; the judgement itself is pure.

use cabincrew_protocol::approval::{ApprovalResponse, Id};
use cabincrew_protocol::audit::Severity;
use cabincrew_protocol::digest::{self, Sha256Hex};
use cabincrew_protocol::json::{self, Limits};
use cabincrew_protocol::rules;
use cabincrew_protocol::workflow::Event;

use super::draft::{Drafter, noted};
use super::failure::Failure;
use super::governed::answered;
use crate::clock;
use crate::fact::{self, Fact, Request};
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
    if record.responses.iter().any(|answer| known(&answer)) {
        let text = "an answer that was taken before has arrived again";
        let event = drafter
            .teller
            .event("approval_repeated", Severity::Warning, text);
        return ignored(noted(vec![event]));
    }
    match read(response.bytes) {
        Err(text) => malformed(&drafter, response.bytes, &text),
        Ok(document) => match find(record, &document.approval_id) {
            Found::Pending(request) => match refuse(record, request, &document, response) {
                Err(error) => refused(&drafter, &error),
                Ok(signed_by) => accept(&drafter, &document, sha256, signed_by),
            },
            Found::Answered if matches!(record.stage, Stage::Waiting(_)) => {
                refused(&drafter, "another answer to a request that is answered")
            }
            Found::Answered => unknown(&drafter, "another answer to a request that is answered"),
            Found::Unknown => {
                let id: String = document.approval_id.escape_default().take(120).collect();
                unknown(
                    &drafter,
                    &format!("an answer to {id:?}, which is not pending"),
                )
            }
        },
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
    let pending = record.open_requests();
    match pending.into_iter().find(|request| asked(request)) {
        Some(request) if waiting => Found::Pending(request),
        Some(_) => Found::Unknown,
        None if record.requests.iter().any(|request| asked(&request)) => Found::Answered,
        None => Found::Unknown,
    }
}

fn read(bytes: &[u8]) -> Result<ApprovalResponse, String> {
    let value = json::parse(bytes, &Limits::RECEIPT).map_err(|error| error.to_string())?;
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
    if waiting && names_open {
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
    let findings = rules::response_complete(document);
    if let Some(finding) = findings.first() {
        return Err(format!("malformed answer: {finding}"));
    }
    let bound = document.approval_id.parse::<Id>().ok();
    let bound = bound.map(|id| id.plan_token_hash().to_string());
    let current = record
        .stage
        .sealed()
        .map(|sealed| sealed.token.token.clone());
    if bound.is_none()
        || bound != current
        || bound.as_ref() != Some(&request.request.plan_token_hash)
    {
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
    let role = &request.request.required_role;
    match response.roster {
        Err(why) => Err(format!("nobody can approve: {why}")),
        Ok(roster) if !roster.holds(approver, role) => {
            Err(format!("{approver:?} does not hold the role {role:?}"))
        }
        Ok(roster)
            if roster.requester_may_not_approve
                && document.approved
                && approver == record.created.workflow.trigger.by =>
        {
            Err(format!(
                "{approver:?} has asked for the plan and may not approve it"
            ))
        }
        Ok(roster) => roster
            .signature(approver, response.bytes, response.signature)
            .map_err(|error| match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            }),
    }
}

fn accept(
    drafter: &Drafter<'_>,
    document: &ApprovalResponse,
    sha256: Sha256Hex,
    signed_by: Option<String>,
) -> Judged {
    let response = fact::Response {
        approval_id: document.approval_id.clone(),
        approved: document.approved,
        approver: document.approver.clone().unwrap_or_default(),
        reason: document.reason.clone(),
        timestamp: document.timestamp.clone().unwrap_or_default(),
        sha256,
        signed_by,
    };
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
    let last = drafter.record.open_requests().len() == 1;
    let fact = Fact::Responded { response };
    let draft = if last {
        drafter.moved(Event::Granted, fact, vec![entry], events)
    } else {
        Draft {
            fact,
            entries: vec![entry],
            events,
        }
    };
    Judged {
        draft,
        accepted: true,
    }
}

fn refused(drafter: &Drafter<'_>, error: &str) -> Judged {
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
