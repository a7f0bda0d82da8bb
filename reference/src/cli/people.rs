//! Verbs for people: where workflows stand, what a reviewer has to see, and a decision.

use std::fmt::Write as _;

use cabincrew_protocol::workflow::State;
use serde_json::{Value, json};

use super::out;
use crate::artifacts::ArtifactStore;
use crate::exit::Exit;
use crate::fact::{Request, Stored};
use crate::journal::Replayed;
use crate::record::{Record, Stage};
use crate::service::{Service, ServiceError};
use crate::store;

/// How much of a body is shown.
const SHOWN_MAX: usize = 16 * 1024;
/// How many of the last events a status shows.
const EVENTS_SHOWN: usize = 5;

/// All workflows, one line each.
pub(super) fn list(service: &Service, as_json: bool) -> Exit {
    let mut text = String::new();
    let mut rows = Vec::new();
    for id in store::list(&service.state_dir) {
        let (state, updated) = match service.look(&id) {
            Ok(replayed) => (
                replayed.record.state().as_str().to_owned(),
                replayed.record.updated_at,
            ),
            Err(ServiceError::Store(store::StoreError::Unknown { .. })) => continue,
            Err(_) => ("REFUSED".to_owned(), String::new()),
        };
        writeln!(text, "{id} {state} {updated}").expect("writing to a string succeeds");
        rows.push(json!({"workflow_id": id, "state": state, "updated_at": updated}));
    }
    if as_json {
        out::value(&Value::Array(rows))
    } else {
        out::bytes(text.as_bytes())
    }
}

/// Where a workflow stands, why, and what it waits for.
pub(super) fn status(service: &Service, id: &str, as_json: bool) -> Exit {
    let replayed = match service.look(id) {
        Ok(replayed) => replayed,
        Err(error) => return out::refused(&error),
    };
    let record = &replayed.record;
    let waits = waits_for(record);
    let events = told(&replayed, EVENTS_SHOWN);
    if as_json {
        return out::value(&json!({
            "workflow_id": id, "state": record.state(), "step_id": record.step().step_id,
            "steps_completed": record.steps_completed, "waits_for": waits, "events": events,
        }));
    }
    let mut text = format!(
        "{id} {} in step {}\n",
        record.state(),
        record.step().step_id
    );
    for line in &waits {
        writeln!(text, "  {}", out::shown(line)).expect("writing to a string succeeds");
    }
    text.push_str("last events:\n");
    for line in &events {
        writeln!(text, "  {}", out::shown(line)).expect("writing to a string succeeds");
    }
    out::bytes(text.as_bytes())
}

/// Says where a workflow rests, and on standard error why it failed or what it waits for.
pub(super) fn rest(service: &Service, id: &str, state: State, as_json: bool) -> Exit {
    if !as_json
        && state != State::Completed
        && let Ok(replayed) = service.look(id)
    {
        for line in waits_for(&replayed.record) {
            out::problem(&line);
        }
    }
    out::state(id, state, as_json)
}

/// What has to happen before it goes on.
fn waits_for(record: &Record) -> Vec<String> {
    match &record.stage {
        Stage::Waiting(_) => record
            .open_requests()
            .iter()
            .map(|request| {
                let request = &request.request;
                format!(
                    "waits for {}, asked as {}: {}",
                    request.required_role, request.approval_id, request.reason
                )
            })
            .collect(),
        Stage::Failed { error } => vec![format!("failed: {error}")],
        Stage::Completed => Vec::new(),
        Stage::Flying(..) => {
            vec!["take-off is running, or was cut short; `resume` says which".to_owned()]
        }
        _ => vec!["running, or was cut short; `resume` goes on".to_owned()],
    }
}

/// The last events as lines.
pub(super) fn told(replayed: &Replayed, most: usize) -> Vec<String> {
    let skipped = replayed.events.len().saturating_sub(most);
    let text = |event: &Value, name: &str| -> String {
        event
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let events = replayed.events.iter().skip(skipped);
    events
        .map(|event| {
            format!(
                "{} {} {} {}: {}",
                text(event, "timestamp"),
                text(event, "workflow_state"),
                text(event, "severity"),
                text(event, "event_type"),
                text(event, "message"),
            )
        })
        .collect()
}

/// Everything that a reviewer needs (CC-APR-032).
pub(super) fn review(service: &Service, id: &str, as_json: bool) -> Exit {
    let replayed = match service.look(id) {
        Ok(replayed) => replayed,
        Err(error) => return out::refused(&error),
    };
    let record = &replayed.record;
    let Some(step) = record.current().filter(|step| !step.plan.is_empty()) else {
        out::problem("there is no plan to review");
        return Exit::Failed;
    };
    let home = match service.home(id) {
        Ok(home) => home,
        Err(error) => return out::refused(&error),
    };
    let store = ArtifactStore::new(home.artifacts(record.step_index, &step.step_id));
    let artifacts: Vec<(&Stored, Result<String, String>)> = step
        .plan
        .iter()
        .map(|stored| (stored, content(&store, stored)))
        .collect();
    if as_json {
        let artifacts: Vec<Value> = artifacts
            .iter()
            .map(|(stored, content)| {
                json!({"name": stored.name, "role": stored.role, "artifact": stored.artifact,
                       "hash": stored.descriptor(), "content": content.as_ref().ok(),
                       "problem": content.as_ref().err()})
            })
            .collect();
        let open: Vec<_> = record
            .open_requests()
            .iter()
            .map(|open| &open.request)
            .collect();
        return out::value(&json!({
            "workflow_id": id, "state": record.state(), "requests": open,
            "evaluations": step.evaluations, "artifacts": artifacts,
        }));
    }
    let mut text = heading(record, id);
    for request in record.open_requests() {
        text.push_str(&asked(request));
    }
    text.push_str("\nwhat governance says:\n");
    for found in &step.evaluations {
        let reason = found.reason.as_deref().unwrap_or("no reason given");
        let line = format!(
            "{} {}: {} ({reason})",
            found.source.as_str(),
            found.policy_id,
            found.decision
        );
        writeln!(text, "  {}", out::shown(&line)).expect("writing to a string succeeds");
    }
    for (stored, content) in &artifacts {
        text.push_str(&shown(stored, content));
    }
    out::bytes(text.as_bytes())
}

fn heading(record: &Record, id: &str) -> String {
    let created = &record.created;
    let trigger = &created.workflow.trigger;
    let line = format!(
        "workflow {id} ({}) is {}; asked for by {} {}; workspace {}",
        created.workflow.workflow,
        record.state(),
        trigger.kind,
        trigger.by,
        created.workspace.display()
    );
    format!("{}\n", out::shown(&line))
}

fn asked(request: &Request) -> String {
    let document = &request.request;
    let lines = [
        format!("approval {}", document.approval_id),
        format!("  role needed: {}", document.required_role),
        format!("  asked at:    {}", request.requested_at),
        format!("  because:     {}", document.reason),
        format!("  plan token:  {}", document.plan_token_hash),
    ];
    let lines: Vec<String> = lines.iter().map(|line| out::shown(line)).collect();
    format!("\n{}\n", lines.join("\n"))
}

fn shown(stored: &Stored, content: &Result<String, String>) -> String {
    let artifact = &stored.artifact;
    let target = artifact.target.as_ref();
    let target = target.map(|target| format!(" on {target}"));
    let title = format!(
        "artifact {} ({}): {} {}{}, sha256 {}",
        stored.name,
        stored.role,
        artifact.action,
        artifact.artifact_type,
        target.unwrap_or_default(),
        stored.descriptor()
    );
    let mut text = format!("\n{}\n", out::shown(&title));
    match content {
        Err(problem) => {
            writeln!(text, "  ! {}", out::shown(problem)).expect("writing to a string succeeds");
        }
        Ok(content) => {
            for line in content.lines() {
                writeln!(text, "  | {}", out::shown(line)).expect("writing to a string succeeds");
            }
        }
    }
    text
}

/// The verified content of an artifact as text.
fn content(store: &ArtifactStore, stored: &Stored) -> Result<String, String> {
    let read = store.read(stored)?;
    let bytes = read.body.unwrap_or(read.metadata);
    let cut = bytes.len() > SHOWN_MAX;
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(format!(
            "{} bytes that are no text",
            stored.hashed_file().size
        ));
    };
    let mut end = text.len().min(SHOWN_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let more = if cut { "\n[more is not shown]" } else { "" };
    Ok(format!("{}{more}", &text[..end]))
}
