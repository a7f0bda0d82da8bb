//! From words to what is done.

use std::path::{Path, PathBuf};

use cabincrew_protocol::audit::SigningKey;

use super::args::{Args, Verb};
use super::{
    Surroundings, approve, audit, capabilities, create, export, init, man, out, people, plan,
};
use crate::exit::Exit;
use crate::key;
use crate::service::{Answer, Retry, Service, ServiceError};

/// Longest response that is read.
const RESPONSE_MAX: u64 = 16 * 1024 * 1024;

/// Does what the command line says.
pub(super) fn run(surroundings: &Surroundings, args: Args) -> Exit {
    let audit_key = audit_key(surroundings, args.audit_key.as_deref());
    let Ok(audit_key) = audit_key.inspect_err(|text| out::problem(text)) else {
        return Exit::Usage;
    };
    let service = |state_dir: PathBuf| {
        Service::new(state_dir, surroundings.launcher(), surroundings.workers())
            .with_environment(surroundings.environment.clone())
            .with_audit_key(audit_key)
            .with_watch(surroundings.terminal.then_some(out::progress))
    };
    let json = args.json;
    match args.verb {
        Verb::Run(run) => {
            let service = service(run.state.state_dir.clone());
            create::run(&service, run, json)
        }
        Verb::Resume {
            state,
            id,
            retry_take_off,
            by,
            reason,
        } => {
            let wish = by.zip(reason).filter(|_| retry_take_off);
            let retry = wish.map(|(by, reason)| Retry { by, reason });
            let service = service(state.state_dir);
            let outcome = service.resume(&id, retry.as_ref());
            rest(&service, &id, outcome, json)
        }
        Verb::Respond {
            state,
            id,
            response,
            signature,
        } => {
            let service = service(state.state_dir);
            respond(&service, &id, (&response, signature.as_deref()), json)
        }
        Verb::Sign { key, response } => approve::sign(&key, &response),
        Verb::Export {
            state,
            id,
            document,
        } => export::print(&service(state.state_dir), &id, document),
        Verb::List { state } => people::list(&service(state.state_dir), json),
        Verb::Status { state, id } => people::status(&service(state.state_dir), &id, json),
        Verb::Review { state, id } => people::review(&service(state.state_dir), &id, json),
        Verb::Approve(decide) => {
            let service = service(decide.state.state_dir.clone());
            approve::decide(&service, &decide, true, json)
        }
        Verb::Reject(decide) => {
            let service = service(decide.state.state_dir.clone());
            approve::decide(&service, &decide, false, json)
        }
        Verb::Audit(verb) => audit::run(verb, service, json),
        Verb::Plan(verb) => plan::run(&verb, json),
        Verb::Capabilities => capabilities::print(surroundings.launcher().means(), json),
        Verb::Man { folder } => man::write(&folder),
        Verb::Init { folder } => init::run(&folder),
        Verb::Cancel(cancel) => {
            let service = service(cancel.state.state_dir.clone());
            let outcome = service.cancel(&cancel.id, &cancel.by, cancel.reason.as_deref());
            rest(&service, &cancel.id, outcome, json)
        }
    }
}

fn respond(
    service: &Service,
    id: &str,
    (response, signature): (&Path, Option<&Path>),
    json: bool,
) -> Exit {
    let read = |path: &Path| {
        read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let files = read(response).and_then(|bytes| Ok((bytes, signature.map(read).transpose()?)));
    match files {
        Ok((bytes, note)) => {
            let note = note.map(|note| String::from_utf8_lossy(&note).into_owned());
            let answer = Answer {
                bytes: &bytes,
                signature: note.as_deref(),
            };
            rest(service, id, service.respond(id, &answer), json)
        }
        Err(text) => {
            out::problem(&text);
            Exit::Usage
        }
    }
}

/// Says where a workflow rests, or why it was refused.
fn rest(
    service: &Service,
    id: &str,
    outcome: Result<cabincrew_protocol::workflow::State, ServiceError>,
    json: bool,
) -> Exit {
    match outcome {
        Ok(state) => people::rest(service, id, state, json),
        Err(error) => out::refused(&error),
    }
}

pub(super) fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, RESPONSE_MAX + 1), &mut bytes)?;
    Ok(bytes)
}

fn audit_key(
    surroundings: &Surroundings,
    option: Option<&Path>,
) -> Result<Option<SigningKey>, String> {
    let variable = surroundings.environment.get("CABINCREW_AUDIT_KEY");
    let path = option
        .map(Path::to_owned)
        .or_else(|| variable.map(PathBuf::from));
    path.map(|path| key::read(&path).map_err(|error| crate::perform::chain(&error)))
        .transpose()
}
