//! Decisions of people: composed, signed if they have a key, and delivered.

use std::path::Path;

use cabincrew_protocol::approval::signed_text;
use cabincrew_protocol::audit::SigningKey;
use cabincrew_protocol::workflow::State;
use serde_json::json;

use super::args::Decide;
use super::{out, people, verbs};
use crate::clock;
use crate::exit::Exit;
use crate::key;
use crate::perform::chain;
use crate::record::Record;
use crate::roster::{self, Roster};
use crate::service::{Answer, Service};

/// Writes and delivers the answer to every request that this person can answer.
pub(super) fn decide(service: &Service, decide: &Decide, approved: bool, as_json: bool) -> Exit {
    let id = &decide.id;
    let record = match service.look(id) {
        Ok(replayed) => replayed.record,
        Err(error) => return out::refused(&error),
    };
    let key = decide.key.as_deref().map(signing_key).transpose();
    let prepared =
        key.and_then(|key| answerable(&record, &decide.by, key.as_ref()).map(|open| (open, key)));
    let (open, key) = match prepared {
        Ok(prepared) => prepared,
        Err(text) => {
            out::problem(&text);
            return Exit::Usage;
        }
    };
    let mut rests = record.state();
    for approval_id in open {
        let mut response = json!({
            "approval_id": approval_id, "approved": approved, "approver": decide.by,
            "timestamp": clock::now(),
        });
        if let Some(reason) = &decide.reason {
            response["reason"] = json!(reason);
        }
        let bytes = response.to_string().into_bytes();
        let note = key.as_ref().map(|key| signature(key, &bytes));
        let answer = Answer {
            bytes: &bytes,
            signature: note.as_deref(),
        };
        match service.respond(id, &answer) {
            Ok(state) => rests = state,
            Err(error) => return out::refused(&error),
        }
        if rests != State::AwaitingApproval {
            break;
        }
    }
    people::rest(service, id, rests, as_json)
}

/// The requests that somebody may answer. A slip of the hand is caught here: delivered, it would
/// end the workflow.
fn answerable(record: &Record, by: &str, key: Option<&SigningKey>) -> Result<Vec<String>, String> {
    if record.state() != State::AwaitingApproval {
        return Err(format!(
            "nobody is asked: the workflow is {}",
            record.state()
        ));
    }
    let approval = &record.created.workflow.approval;
    let path = approval
        .roster
        .as_ref()
        .ok_or("the workflow has no roster")?;
    let loaded = roster::load(&record.created.base.join(path));
    let (roster, _) = loaded.map_err(|error| chain(&error))?;
    check_key(&roster, by, key)?;
    let open = record.open_requests();
    let mine: Vec<String> = open
        .iter()
        .filter(|request| roster.holds(by, &request.request.required_role))
        .map(|request| request.request.approval_id.clone())
        .collect();
    if mine.is_empty() {
        let roles: Vec<&str> = open
            .iter()
            .map(|request| request.request.required_role.as_str())
            .collect();
        return Err(format!(
            "{by:?} holds none of the roles asked for: {}",
            roles.join(", ")
        ));
    }
    Ok(mine)
}

/// Whether the roster will take what this key signs, or takes answers without a signature.
fn check_key(roster: &Roster, by: &str, key: Option<&SigningKey>) -> Result<(), String> {
    let Some(key) = key else {
        return if roster.require_signatures {
            Err("the roster asks for signatures: give your key with --key".to_owned())
        } else {
            Ok(())
        };
    };
    let entry = roster.approvers.iter().find(|entry| entry.approver == by);
    let trusted = entry.and_then(|entry| entry.verifier().ok().flatten());
    if trusted.as_ref() == Some(key.verifier()) {
        return Ok(());
    }
    Err(format!(
        "the key {} is not the one that the roster has for {by:?}",
        key.verifier().key_ref()
    ))
}

/// Prints the signature of a response that is kept in a file.
pub(super) fn sign(key: &Path, response: &Path) -> Exit {
    let bytes = verbs::read(response)
        .map_err(|error| format!("cannot read {}: {error}", response.display()));
    let signed = signing_key(key).and_then(|key| Ok((key, bytes?)));
    match signed {
        Ok((key, bytes)) => out::bytes(signature(&key, &bytes).as_bytes()),
        Err(text) => {
            out::problem(&text);
            Exit::Usage
        }
    }
}

/// The signed note over the bytes of a response.
fn signature(key: &SigningKey, response: &[u8]) -> String {
    key.sign_note(&signed_text(response)).to_string()
}

fn signing_key(path: &Path) -> Result<SigningKey, String> {
    key::read(path).map_err(|error| chain(&error))
}
