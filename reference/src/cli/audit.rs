//! `audit show|verify|html|checkpoint|keygen`.

use std::path::{Path, PathBuf};

use cabincrew_protocol::audit::VerifierKey;
use serde_json::json;

use super::args::{AuditVerb, Judge};
use super::custody::{self, Verdict};
use super::{out, people};
use crate::audit::{self, Standing, Trust};
use crate::exit::Exit;
use crate::key;
use crate::perform::chain;
use crate::projection::audit_bytes;
use crate::service::Service;

/// Does what the command line says.
pub(super) fn run(
    verb: AuditVerb,
    service: impl FnOnce(PathBuf) -> Service,
    as_json: bool,
) -> Exit {
    match verb {
        AuditVerb::Show { state, id } => match service(state.state_dir).look(&id) {
            Err(error) => out::refused(&error),
            Ok(replayed) if as_json => out::bytes(&audit_bytes(&replayed.events)),
            Ok(replayed) => {
                let lines = people::told(&replayed, usize::MAX);
                let lines: Vec<String> = lines.iter().map(|line| out::shown(line)).collect();
                out::line(&lines.join("\n"))
            }
        },
        AuditVerb::Verify(args) => match Given::read(args, service) {
            Ok(given) => {
                let Judged {
                    exit,
                    standing,
                    text,
                } = given.judged();
                let printed = if as_json {
                    let id = &given.id;
                    out::value(&json!({"workflow_id": id, "standing": standing, "text": text}))
                } else {
                    out::line(&out::shown(&text))
                };
                if printed == Exit::Done { exit } else { printed }
            }
            Err(exit) => exit,
        },
        AuditVerb::Html(args) => match Given::read(args, service) {
            Ok(given) => given.page(),
            Err(exit) => exit,
        },
        AuditVerb::Checkpoint {
            state,
            id,
            out,
            origin,
        } => checkpoint(&service(state.state_dir), &id, out.as_deref(), origin),
        AuditVerb::Keygen { name, out } => match key::generate(&name, &out) {
            Ok(verifier) => out::line(&verifier.to_string()),
            Err(error) => {
                out::problem(&chain(&error));
                Exit::Usage
            }
        },
    }
}

/// A log and what it is judged with, read.
struct Given {
    id: String,
    bytes: Vec<u8>,
    trust: Trust,
}

/// What holds for a log: the exit status, a word, and a sentence.
struct Judged {
    exit: Exit,
    standing: &'static str,
    text: String,
}

impl Given {
    /// Reads what the command line names; what cannot be read is said here.
    fn read(args: Judge, service: impl FnOnce(PathBuf) -> Service) -> Result<Self, Exit> {
        let Judge {
            id,
            state_dir,
            log,
            key,
            checkpoint,
            origin,
        } = args;
        let bytes = match (log, state_dir) {
            (Some(log), _) => std::fs::read(&log).map_err(|error| unreadable(&log, &error)),
            (None, Some(state_dir)) => match service(state_dir).look(&id) {
                Ok(replayed) => Ok(audit_bytes(&replayed.events)),
                Err(error) => return Err(out::refused(&error)),
            },
            (None, None) => Err("no log is given".to_owned()),
        };
        let trust = trust(&id, key.as_deref(), &checkpoint, origin);
        match (bytes, trust) {
            (Ok(bytes), Ok(trust)) => Ok(Self { id, bytes, trust }),
            (Err(text), _) | (_, Err(text)) => {
                out::problem(&text);
                Err(Exit::Usage)
            }
        }
    }

    fn judged(&self) -> Judged {
        let (exit, standing, text) = match audit::verify(&self.id, &self.bytes, &self.trust) {
            Ok(Standing::Anchored { events }) => (
                Exit::Done,
                "anchored",
                format!("anchored: a checkpoint covers all {events} events"),
            ),
            Ok(Standing::AnchoredUpTo { covered, events }) => (
                Exit::Waiting,
                "partly-anchored",
                format!(
                    "anchored up to event {covered} of {events}; those after it are consistent but unanchored"
                ),
            ),
            Ok(Standing::Unanchored { events, signed }) => {
                let signed = if signed {
                    "signed"
                } else {
                    "signatures not checked"
                };
                let text =
                    format!("consistent but unanchored: {events} events, {signed}, no checkpoint");
                (Exit::Waiting, "unanchored", text)
            }
            Err(broken) => (
                Exit::Failed,
                "broken",
                format!("broken: {}", chain(&broken)),
            ),
        };
        Judged {
            exit,
            standing,
            text,
        }
    }

    fn page(&self) -> Exit {
        let Judged {
            exit,
            standing,
            text,
        } = self.judged();
        let verdict = Verdict {
            standing,
            text: &text,
        };
        let page = custody::page(&self.id, &self.bytes, self.trust.key.as_ref(), &verdict);
        let printed = out::bytes(page.as_bytes());
        if printed == Exit::Done { exit } else { printed }
    }
}

fn trust(
    id: &str,
    key: Option<&str>,
    checkpoints: &[PathBuf],
    origin: Option<String>,
) -> Result<Trust, String> {
    let key: Option<VerifierKey> = key
        .map(|text| {
            text.trim()
                .parse()
                .map_err(|error| format!("the key is {error}"))
        })
        .transpose()?;
    let named = key.as_ref().map(|key| audit::origin(key.name(), id));
    let read =
        |path: &PathBuf| std::fs::read_to_string(path).map_err(|error| unreadable(path, &error));
    Ok(Trust {
        key,
        checkpoints: checkpoints.iter().map(read).collect::<Result<_, _>>()?,
        origin: origin.or(named).unwrap_or_default(),
    })
}

fn checkpoint(service: &Service, id: &str, out: Option<&Path>, origin: Option<String>) -> Exit {
    let Some(signer) = &service.audit_key else {
        out::problem("a checkpoint needs --audit-key");
        return Exit::Usage;
    };
    let replayed = match service.look(id) {
        Ok(replayed) => replayed,
        Err(error) => return out::refused(&error),
    };
    let origin = origin.unwrap_or_else(|| audit::origin(signer.verifier().name(), id));
    let made = audit::checkpoint(&origin, id, &replayed.events);
    let note = match made {
        Ok(checkpoint) => signer.sign_checkpoint(&checkpoint).to_string(),
        Err(error) => {
            out::problem(&chain(&error));
            return Exit::Refused;
        }
    };
    let Some(path) = out else {
        return out::bytes(note.as_bytes());
    };
    // Whoever can change the log must not find the checkpoint beside it.
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let folder = std::fs::canonicalize(folder.unwrap_or(Path::new(".")));
    let state = std::fs::canonicalize(&service.state_dir);
    if let (Ok(folder), Ok(state)) = (folder, state)
        && folder.starts_with(&state)
    {
        out::problem("a checkpoint is kept outside the state directory");
        return Exit::Usage;
    }
    match std::fs::write(path, note) {
        Ok(()) => Exit::Done,
        Err(error) => {
            out::problem(&format!("cannot write {}: {error}", path.display()));
            Exit::Usage
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}
