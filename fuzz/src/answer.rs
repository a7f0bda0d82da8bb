//! Laws of answers to requests for approval.

use cabincrew_protocol::approval::ApprovalResponse;
use cabincrew_protocol::json::{self, Limits};
use cabincrew_protocol::workflow::State;
use cabincrew_reference::decide::{Response, judge};
use cabincrew_reference::roster::{self, Roster};

use crate::file;
use crate::waiting::{NOW, journal};

const ROSTER: &[u8] =
    br#"{"approvers":[{"approver":"bob","roles":["approver"]},{"approver":"eve","roles":["guest"]}]}"#;

/// Whatever arrives as an answer leads to a line that the journal takes. It grants only if it is a
/// strict ApprovalResponse to the open request, says so, and comes from somebody with the role.
///
/// The three bytes `@ID` stand for the id of the request.
pub fn approval_response(bytes: &[u8]) {
    thread_local! {
        static KNOWN: Roster = known();
    }
    KNOWN.with(|roster| answered(bytes, roster));
}

fn known() -> Roster {
    let folder = file::folder();
    file::write(folder.path(), "roster.json", ROSTER);
    let (roster, _) = roster::load(&folder.path().join("roster.json")).expect("a roster");
    roster
}

fn answered(bytes: &[u8], roster: &Roster) {
    let (mut journal, _) = journal();
    let id = journal.record().requests[0].request.approval_id.clone();
    let bytes = with_id(bytes, id.as_bytes());
    let response = Response {
        bytes: &bytes,
        signature: None,
        roster: Ok(roster),
        now: NOW,
    };
    let judged = judge(journal.record(), &response);
    journal
        .append(&judged.draft, NOW)
        .expect("every answer has a line");
    let state = journal.record().state();
    match state {
        State::Approved => {
            assert!(judged.accepted, "a step forward that was not accepted");
            let value = json::parse(&bytes, &Limits::RECEIPT).expect("only strict JSON grants");
            let read: ApprovalResponse = serde_json::from_value(value).expect("of this shape");
            assert!(
                read.approved && read.approval_id == id && read.approver.as_deref() == Some("bob")
            );
        }
        State::AwaitingApproval | State::Failed => {}
        other => panic!("an answer has led to {other}"),
    }
}

fn with_id(bytes: &[u8], id: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(3).position(|part| part == b"@ID") {
        all.extend_from_slice(&rest[..at]);
        all.extend_from_slice(id);
        rest = &rest[at + 3..];
    }
    all.extend_from_slice(rest);
    all
}
