//! The documents of a workflow, as DESIGN 5 and 8.1 have them.

use cabincrew_protocol::canonical;
use serde_json::Value;

use super::args::Document;
use super::out;
use crate::exit::Exit;
use crate::fault::{self, Fault};
use crate::journal::Replayed;
use crate::projection;
use crate::service::Service;
use crate::state;

/// Prints a document.
pub(super) fn print(service: &Service, id: &str, document: Document) -> Exit {
    match service.look(id) {
        Ok(replayed) => out::bytes(&bytes(&replayed, document)),
        Err(error) => out::refused(&error),
    }
}

/// The bytes of a document.
fn bytes(replayed: &Replayed, document: Document) -> Vec<u8> {
    let record = &replayed.record;
    match document {
        Document::State => projection::state_bytes(record),
        Document::Wal => projection::wal_bytes(&replayed.entries),
        Document::Audit => projection::audit_bytes(&replayed.events),
        Document::PlanToken => {
            let token = record.current().and_then(|step| step.token.as_ref());
            let mut token = token.cloned();
            if let Some(token) = &mut token
                && fault::on(Fault::TokenDatedAnewOnRestart)
            {
                token.created_at.clone_from(&replayed.last_at);
            }
            line(&serde_json::to_value(token).expect("a token is JSON"))
        }
        Document::Approvals => record
            .requests
            .iter()
            .map(|request| serde_json::to_value(&request.request).expect("a request is JSON"))
            .flat_map(|value| line(&value))
            .collect(),
        Document::Artifacts => {
            line(&serde_json::to_value(state::artifacts(record)).expect("artifacts are JSON"))
        }
    }
}

fn line(value: &Value) -> Vec<u8> {
    let mut bytes = canonical::to_vec(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
