//! The state record, the exported artifacts, ids and states in all documents.

use cabincrew_protocol::audit::leaf_hash;
use cabincrew_protocol::workflow::{State, TOLERATED, may_follow};
use cabincrew_protocol::{rules, schema};
use serde_json::Value;

use super::course::{line, states};
use super::look::{Problems, Told, problem, unless};
use super::plan;
use super::planned::{Planned, planned};
use super::time;
use super::view::{Docs, Event, View, Views, items, parse, text};
use crate::judge::words;
use crate::orchestrator::observe::Document;

/// What a schema says against a document, in words; the first two.
pub(super) fn against_schema(definition: &str, document: &Value) -> Problems {
    let violations = schema::violations(definition, document);
    violations
        .into_iter()
        .take(2)
        .map(|it| {
            let expected = format!("a valid {definition}");
            (expected, format!("{}: {}", it.instance_path, it.message))
        })
        .collect()
}

/// What the semantic rules say against a document, in words.
pub(super) fn against_rules(definition: &str, document: &Value) -> Problems {
    let findings = rules::findings(definition, document);
    findings
        .into_iter()
        .take(2)
        .map(|it| (format!("{definition} by {}", it.decision()), it.to_string()))
        .collect()
}

pub(super) fn state_valid(view: &View<'_>) -> Told {
    let state = view.whole()?.state.as_ref().ok()?;
    Some(against_schema("WorkflowStateRecord", state))
}

/// C-13, and constant from then on by [`super::token::stays`].
pub(super) fn state_token(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let state = docs.state.as_ref().ok()?;
    // With several steps the member is empty again while the next one plans.
    let mut problems = against_rules("WorkflowStateRecord", state);
    let hash = text(state, "/plan_token_hash")?;
    let token = docs.token.as_ref().ok()?;
    let minted = text(token, "/token").unwrap_or_default();
    problems.extend(unless(
        hash == minted,
        format!("plan_token_hash {minted:?}, as the token says"),
        format!("{hash:?}"),
    ));
    Some(problems)
}

/// `metadata.audit_offset` counts events that the log has (C-41); the log may have more.
pub(super) fn state_position(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let state = docs.state.as_ref().ok()?;
    let events = docs.log().len() as u64;
    let offset = state.pointer("/metadata/audit_offset");
    let count = offset.and_then(|it| it.get("count")?.as_u64());
    let held = count.is_some_and(|count| (1..=events).contains(&count))
        && offset.is_some_and(|it| text(it, "/last_hash").is_some_and(|hash| !hash.is_empty()));
    let mut problems = unless(
        held,
        format!("metadata.audit_offset with a count from 1 to {events}, and a last_hash"),
        offset.map_or_else(|| "there is none".to_owned(), ToString::to_string),
    );
    if let (Some(count), Some(of)) = (count.filter(|_| held), hashed(docs, offset)) {
        // The hash of the last event, or the chain value that stands in it.
        problems.extend(unless(
            of == count || of + 1 == count,
            format!("metadata.audit_offset with the last_hash of event {count}"),
            format!("that of event {of}"),
        ));
    }
    Some(problems)
}

/// The event whose hash `last_hash` is, counted from 1; none where it is another kind of hash.
fn hashed(docs: &Docs, offset: Option<&Value>) -> Option<u64> {
    let hash = text(offset?, "/last_hash")?;
    let is_its = |event: &Event| leaf_hash(&event.value).is_ok_and(|it| it.as_str() == hash);
    let at = docs.log().iter().position(is_its)?;
    u64::try_from(at + 1).ok()
}

/// `metadata.wal_sequence`, where there is one, is not ahead of the write-ahead log (C-43).
pub(super) fn wal_position(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let state = docs.state.as_ref().ok()?;
    let last = docs
        .wal
        .as_deref()
        .ok()?
        .last()?
        .get("sequence")?
        .as_u64()?;
    let found = state.pointer("/metadata/wal_sequence");
    Some(unless(
        found.is_none_or(|it| it.as_u64().is_none_or(|it| it <= last)),
        format!("metadata.wal_sequence of {last} at most, the last entry's"),
        found.map_or_else(String::new, ToString::to_string),
    ))
}

/// `updated_at` goes on where the state does.
pub(super) fn updated(view: &View<'_>, views: &Views<'_>) -> Told {
    let docs = view.settled()?;
    let old = views.before(view)?.docs.as_ref()?.state()?;
    let new = docs.state().filter(|it| *it != old)?;
    let written = text(docs.state.as_ref().ok()?, "/updated_at")?;
    let at = time::nanoseconds(written)?.div_euclid(1_000_000_000);
    Some(unless(
        at >= i128::from(view.step.started_s) - 1,
        format!("updated_at of the call in which {old} became {new}"),
        written,
    ))
}

/// Each document is one JSON value, or JSON values one a line, of the kind that the driver contract
/// says.
pub(super) fn readable(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    docs.state.as_ref().ok()?;
    let exports = view.step.exports.as_ref()?;
    let mut problems = Problems::new();
    let mut told = |name: &str, document: &Document, why: Option<String>| {
        if let Some(why) = why.filter(|_| document.text.is_whole()) {
            problems.extend(problem(format!("the document {name}"), why));
        }
    };
    let token = match &docs.token {
        Err(why) => Some(why.clone()),
        Ok(value) if value.is_object() || value.is_null() => None,
        Ok(value) => Some(value.to_string()),
    };
    told("plan-token, or null", &exports.plan_token, token);
    let requests = docs.requests.as_ref().err().cloned();
    told("approvals, one a line", &exports.approvals, requests);
    let artifacts = match &docs.artifacts {
        Err(why) => Some(why.clone()),
        Ok(value) if value.is_array() => None,
        Ok(value) => Some(value.to_string()),
    };
    told("artifacts, an array", &exports.artifacts, artifacts);
    Some(problems)
}

/// A completed workflow has steps completed, and none pending.
pub(super) fn state_steps(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let state = docs.state.as_ref().ok()?;
    docs.state().filter(|it| *it == State::Completed)?;
    let (completed, pending) = (
        items(state, "/steps_completed"),
        items(state, "/steps_pending"),
    );
    Some(unless(
        !completed.is_empty() && pending.is_empty(),
        "steps_completed with the steps, and steps_pending empty",
        format!("{completed:?} completed, {pending:?} pending"),
    ))
}

/// Every planned artifact stands in the record, once, with its step and role.
pub(super) fn state_artifacts(view: &View<'_>, views: &Views<'_>) -> Told {
    let docs = view.settled()?;
    let state = docs.state.as_ref().ok()?;
    docs.plan_token()?;
    let records = items(state, "/artifacts");
    let mut problems = Vec::new();
    for artifact in planned(view, views)? {
        let named = records
            .iter()
            .filter(|it| text(it, "/artifact_id") == Some(&artifact.name))
            .filter(|it| text(it, "/step_id") == Some(&artifact.step));
        let named: Vec<&Value> = named.collect();
        problems.extend(unless(
            named.len() == 1,
            format!("one record of the artifact {}", artifact.name),
            format!("{} record(s) in all, that one not once", records.len()),
        ));
        let kind = artifact.kind.as_deref();
        let other = named.iter().find(|it| text(it, "/artifact_type") != kind);
        if let (Some(other), Some(kind)) = (other, kind) {
            let expected = format!("artifact_type {kind:?} of the artifact {}", artifact.name);
            problems.extend(problem(expected, other.to_string()));
        }
    }
    Some(problems)
}

/// Every artifact that a take-off listed stands once in the record of what has completed.
pub(super) fn state_results(view: &View<'_>, views: &Views<'_>) -> Told {
    let docs = view.settled()?;
    let state = docs.state.as_ref().ok()?;
    let done = docs.state()? == State::Completed;
    let took_off = views.launches(view, "take-off");
    let mut problems = Problems::new();
    for program in took_off.iter().filter(|it| it.ended && done) {
        let step = plan::step_id(program)?;
        let receipt = parse(&program.stdout.kept).ok()?;
        for listed in items(&receipt, "/artifacts") {
            let name = text(listed, "/name");
            let is_it = |it: &&Value| {
                text(it, "/artifact_id") == name && text(it, "/step_id") == Some(&step)
            };
            let count = items(state, "/artifacts").iter().filter(is_it).count();
            problems.extend(unless(
                count == 1,
                format!("one record of {}, a result of take-off", words::found(name)),
                format!("{count}"),
            ));
        }
    }
    (done && !took_off.is_empty()).then_some(problems)
}

/// Digests in the record are descriptor digests (C-05), roles are in its metadata (C-11).
pub(super) fn state_digests(view: &View<'_>, views: &Views<'_>) -> Told {
    let docs = view.settled()?;
    let state = docs.state.as_ref().ok()?;
    docs.plan_token()?;
    let records = items(state, "/artifacts");
    let mut problems = Vec::new();
    for artifact in planned(view, views)? {
        let mut named = records.iter();
        let Some(record) = named.find(|it| {
            text(it, "/artifact_id") == Some(&artifact.name)
                && text(it, "/step_id") == Some(&artifact.step)
        }) else {
            continue;
        };
        let found = text(record, "/artifact_hash").unwrap_or_default();
        problems.extend(unless(
            found == artifact.descriptor,
            format!("artifact_hash {} of {}", artifact.descriptor, artifact.name),
            found,
        ));
        let role = text(record, "/metadata/role").unwrap_or_default();
        problems.extend(unless(
            role == artifact.role,
            format!("metadata.role {} of {}", artifact.role, artifact.name),
            role,
        ));
    }
    Some(problems)
}

/// `export artifacts` validates, and names what was planned.
pub(super) fn artifacts(view: &View<'_>, views: &Views<'_>) -> Told {
    let docs = view.settled()?;
    docs.plan_token()?;
    let deleted = text(&view.run.workflow, "/retention/artifacts") == Some("delete");
    if deleted && docs.state().is_some_and(State::is_final) {
        return None;
    }
    let list = docs.artifacts.as_ref().ok()?;
    let Some(list) = list.as_array() else {
        return Some(problem("one array of artifacts", list.to_string()));
    };
    let mut problems: Problems = list
        .iter()
        .flat_map(|it| against_schema("EngineArtifact", it))
        .collect();
    let planned = planned(view, views)?;
    let launches = views.launches(view, "flight-plan");
    let last = launches.iter().rev().find(|program| program.ended);
    let last = last.and_then(|program| plan::step_id(program));
    let is_last = |artifact: &Planned| Some(&artifact.step) == last.as_ref();
    let alike = |a: &Planned, b: &Planned| a.name == b.name && a.file_sha256 == b.file_sha256;
    let is_listed = |artifact: &Planned| {
        list.iter().any(|it| {
            text(it, "/name") == Some(&artifact.name)
                && text(it, "/hash") == Some(&artifact.file_sha256)
        })
    };
    // Nothing says that those of earlier steps are printed too; whoever prints one prints all.
    let is_shown = |step: &str| {
        let mut of_step = planned.iter().filter(|it| it.step == step);
        of_step.any(|it| {
            is_listed(it)
                && !planned
                    .iter()
                    .any(|other| is_last(other) && alike(it, other))
        })
    };
    let wanted = |artifact: &&Planned| is_last(artifact) || is_shown(&artifact.step);
    for artifact in planned.iter().filter(wanted) {
        problems.extend(unless(
            is_listed(artifact),
            format!("{} with the hash {}", artifact.name, artifact.file_sha256),
            "it is not among the exported artifacts",
        ));
    }
    Some(problems)
}

/// Every id in every document is the workflow's.
pub(super) fn ids(view: &View<'_>) -> Told {
    let docs = view.whole()?;
    let wanted = view.id();
    let state = docs.state.as_ref().ok()?;
    let mut named = vec![("state", text(state, "/workflow_id"))];
    for entry in docs.wal.as_deref().unwrap_or_default() {
        named.push(("wal", text(entry, "/workflow_id")));
    }
    for event in docs.log() {
        if let Some(id) = event.value.pointer("/workflow/workflow_id") {
            named.push(("audit", id.as_str()));
        }
    }
    for request in docs.asked() {
        named.push(("approvals", text(request, "/workflow_id")));
    }
    let steps = view.step_ids();
    let of_step = |it: &Value| text(it, "/step_id").map(str::to_owned);
    let mut strange = ["/artifacts", "/approvals", "/policy_evaluations"]
        .into_iter()
        .flat_map(|list| items(state, list))
        .filter_map(of_step)
        .filter(|id| !steps.is_empty() && !steps.contains(&id.as_str()));
    let mut problems = Problems::new();
    if let Some((place, found)) = named.iter().find(|(_, id)| *id != Some(wanted)) {
        problems.extend(problem(
            format!("workflow_id {wanted:?} everywhere"),
            format!("{found:?} in {place}"),
        ));
    }
    if let Some(id) = strange.next() {
        problems.extend(problem(
            "a step_id of the workflow",
            format!("{id:?} in state"),
        ));
    }
    Some(problems)
}

/// States in the record, the log and the journal are of the enumeration.
pub(super) fn states_known(view: &View<'_>) -> Told {
    let docs = view.whole()?;
    let state = docs.state.as_ref().ok()?;
    let mut words = vec![("state", text(state, "/current_state"))];
    for event in docs.log() {
        if event.value.pointer("/workflow/workflow_id").is_some() {
            words.push(("audit", event.text("/workflow_state")));
        }
    }
    for entry in docs.wal.as_deref().unwrap_or_default() {
        for member in ["/data/initial_state", "/data/final_state"] {
            if entry.pointer(member).is_some() {
                words.push(("wal", text(entry, member)));
            }
        }
    }
    let unknown = |word: &Option<&str>| word.and_then(State::from_wire).is_none();
    let strange = words.iter().find(|(_, word)| unknown(word));
    Some(strange.map_or_else(Vec::new, |(place, word)| {
        problem("a state of the enumeration", format!("{word:?} in {place}"))
    }))
}

/// Each pair of states in the log is an edge of the lifecycle, and it begins in INIT.
pub(super) fn path_legal(view: &View<'_>) -> Told {
    let docs: &Docs = view.whole()?;
    let passed = states(docs);
    let first = *passed.first()?;
    let mut problems = unless(
        first == State::Init,
        "a course that begins in INIT",
        line(&passed),
    );
    let legal =
        |pair: &[State]| may_follow(pair[0], pair[1]) || TOLERATED.contains(&(pair[0], pair[1]));
    if let Some(pair) = passed.windows(2).find(|pair| !legal(pair)) {
        let next: Vec<State> = pair[0].successors();
        problems.extend(problem(
            format!("after {} one of: {}", pair[0], line(&next)),
            format!("{}", pair[1]),
        ));
    }
    Some(problems)
}
