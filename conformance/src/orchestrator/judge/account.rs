//! What the audit log has to tell: launches, decisions, artifacts, the end.

use cabincrew_protocol::audit::vocabulary;
use cabincrew_protocol::workflow::State;
use serde_json::Value;

use super::course::{self, kinds};
use super::look::{Problems, Told, problem, unless};
use super::planned::planned;
use super::token;
use super::view::{Event, View, Views, items, parse, text};
use crate::judge::words;
use crate::orchestrator::observe::ProgramSeen;

fn log<'v>(view: &'v View<'_>) -> Option<&'v [Event]> {
    Some(view.settled()?.log()).filter(|it| !it.is_empty())
}

/// The first event is the workflow's creation, in INIT.
pub(super) fn start(view: &View<'_>) -> Told {
    let docs = view.whole()?;
    let first = docs.log().first()?;
    Some(unless(
        first.state() == Some(State::Init) && !first.kind.starts_with("engine"),
        "the workflow's creation in INIT as the first event",
        first.value.to_string(),
    ))
}

/// The last event of the workflow carries the record's state.
pub(super) fn state(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let wanted = docs.state()?;
    let last = docs.log().iter().rev().find_map(Event::state)?;
    Some(unless(
        last == wanted,
        format!("the last event in {wanted}, as the record says"),
        last.as_str(),
    ))
}

/// A final state has one closing event, and no other state has one.
pub(super) fn closing(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let state = docs.state()?;
    let closing = |event: &&Event| {
        matches!(
            event.kind.as_str(),
            "workflow_complete" | "workflow_failure"
        )
    };
    let found: Vec<&Event> = docs.log().iter().filter(closing).collect();
    let wanted = match state {
        State::Completed => Some("workflow_complete"),
        State::Failed => Some("workflow_failure"),
        _ => None,
    };
    let held = match (wanted, found.as_slice()) {
        (None, []) => true,
        (Some(kind), [one]) => one.kind == kind && one.state() == Some(state),
        _ => false,
    };
    let kinds: Vec<&str> = found.iter().map(|event| event.kind.as_str()).collect();
    Some(unless(
        held,
        wanted.map_or_else(
            || format!("no closing event in {state}"),
            |kind| format!("one closing event, {kind} with {state}"),
        ),
        words::names(&kinds),
    ))
}

/// A failure is preceded by, or is itself, an event of severity error or critical that says why.
pub(super) fn error(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    if docs.state()? != State::Failed {
        return None;
    }
    let grave = |event: &Event| {
        matches!(event.text("/severity"), Some("error" | "critical"))
            && event
                .text("/message")
                .is_some_and(|it| !it.trim().is_empty())
    };
    Some(unless(
        docs.log().iter().any(grave),
        "an event of severity error or critical that says why the workflow failed",
        kinds(docs.log()),
    ))
}

/// Each launch that was seen has its start and its completion, in this order, with the receipt's id.
pub(super) fn launches(view: &View<'_>, views: &Views<'_>) -> Told {
    let log = log(view)?;
    let mut problems = Problems::new();
    let mut any = false;
    for mode in ["flight-plan", "take-off"] {
        let launched = views.launches(view, mode);
        let of = |kind: &'static str| {
            log.iter().filter(move |event| {
                event.kind == kind && event.text("/workflow/mode").is_none_or(|it| it == mode)
            })
        };
        any |= !launched.is_empty();
        problems.extend(unless(
            of("engine_start").count() >= launched.len(),
            format!(
                "an engine_start for each of {} launch(es) for {mode}",
                launched.len()
            ),
            format!("{}", of("engine_start").count()),
        ));
        for program in launched.iter().filter(|it| it.ended) {
            problems.extend(completion(program, log, view, views));
        }
    }
    any.then_some(problems)
}

fn completion(
    program: &ProgramSeen,
    log: &[Event],
    view: &View<'_>,
    views: &Views<'_>,
) -> Problems {
    // A launch that a kill cut off may never have been read to its end.
    let killed = views
        .up_to(view)
        .any(|step| !matches!(step.step.end, Some(crate::observe::End::Exited(_)) | None));
    let Ok(receipt) = parse(&program.stdout.kept) else {
        return Vec::new();
    };
    let (Some(id), Some(status)) = (text(&receipt, "/receipt_id"), text(&receipt, "/status"))
    else {
        return Vec::new();
    };
    if killed || !super::documents::against_schema("EngineOutput", &receipt).is_empty() {
        return Vec::new();
    }
    let start = log.iter().position(|event| event.kind == "engine_start");
    // An engine that failed, or whose receipt was refused, may be told of by its failure alone:
    // nothing rests on its receipt.
    let failed = view
        .settled()
        .is_some_and(|docs| docs.state() == Some(State::Failed));
    let told = |event: &Event| {
        let found = event.text("/engine/receipt_id");
        let of_mode = event
            .text("/workflow/mode")
            .is_none_or(|mode| mode == program.mode);
        let as_it_says = found == Some(id) && event.text("/engine/status") == Some(status);
        // Who refuses a receipt need not quote it, if the event says what was wrong with it.
        let unquoted = failed && status == "success" && event.text("/engine/error").is_some();
        let as_failure = (failed || status == "failure")
            && (unquoted || found.is_none_or(|found| found == id))
            && event.text("/engine/status") == Some("failure");
        of_mode && (as_it_says || as_failure)
    };
    let end = log
        .iter()
        .position(|event| event.kind == "engine_complete" && told(event));
    let held = matches!((start, end), (Some(start), Some(end)) if start < end);
    unless(
        held,
        format!("engine_start, then engine_complete with receipt {id} and status {status}"),
        kinds(log),
    )
}

/// Preparation stands before each engine start.
pub(super) fn prepared(view: &View<'_>) -> Told {
    let mut ready = 0_usize;
    let mut any = false;
    for event in log(view)? {
        match event.kind.as_str() {
            "environment_prepared" => ready += 1,
            "engine_start" => {
                any = true;
                if ready == 0 {
                    return Some(problem(
                        "environment_prepared before each engine_start",
                        event.value.to_string(),
                    ));
                }
                ready = 0;
            }
            _ => {}
        }
    }
    any.then(Vec::new)
}

/// Effects stand after their causes.
pub(super) fn causality(view: &View<'_>) -> Told {
    const PAIRS: &[(&str, &str)] = &[
        ("workflow_started", "environment_prepared"),
        ("engine_start", "engine_complete"),
        ("engine_complete", "plan_token_created"),
        ("plan_token_created", "plan_token_verified"),
        ("plan_token_created", "policy_result"),
        ("policy_result", "preflight_decision"),
        ("preflight_decision", "approval_request"),
        ("approval_request", "approval_response"),
    ];
    let log = log(view)?;
    let first = |kind: &str| log.iter().position(|event| event.kind == kind);
    let mut problems = Problems::new();
    for (cause, effect) in PAIRS {
        if let (Some(cause_at), Some(effect_at)) = (first(cause), first(effect)) {
            problems.extend(unless(
                cause_at < effect_at,
                format!("{cause} before {effect}"),
                kinds(&log[..=cause_at.max(effect_at)]),
            ));
        }
    }
    Some(problems)
}

/// Every known type of event carries a state that it can occur in (C-15, C-40).
pub(super) fn components(view: &View<'_>) -> Told {
    let docs = view.whole()?;
    let mut known = 0_usize;
    for event in docs.log() {
        let Some(row) = vocabulary::event_type(&event.kind) else {
            continue;
        };
        known += 1;
        let found = event.text("/workflow_state").unwrap_or_default();
        if !row.states.allows(found) {
            return Some(problem(
                format!("{} in a state that it can occur in", event.kind),
                found,
            ));
        }
    }
    let any = !docs.log().is_empty();
    any.then(|| unless(known > 0, "events of known types", kinds(docs.log())))
}

/// A decision stands with the evaluations that it was made from, a comparison with both values.
pub(super) fn decisions(view: &View<'_>) -> Told {
    let mut any = false;
    for event in log(view)? {
        let basis = match event.kind.as_str() {
            "preflight_decision" => {
                let evaluations = items(&event.value, "/policy/policy_evaluations");
                let explained =
                    |it: &Value| it.get("reason").is_some() || it.get("evidence").is_some();
                let denied_by_default =
                    evaluations.is_empty() && event.text("/policy/decision") == Some("deny");
                (evaluations.iter().all(explained) && !evaluations.is_empty()) || denied_by_default
            }
            "plan_token_verified" => {
                let same = token::same(event);
                let told = token::compared(event, "plan_token_match") == Some(&Value::Bool(true));
                (same.is_some() || !items(&event.value, "/integrity_check/differences").is_empty())
                    && !(told && same == Some(false))
            }
            "approval_response" => event.value.get("approval").is_some(),
            _ => continue,
        };
        any = true;
        if !basis {
            return Some(problem(
                format!("{} with what it rests on", event.kind),
                event.value.to_string(),
            ));
        }
    }
    any.then(Vec::new)
}

/// Names, roles and digests of the plan stand in an event before the token's.
pub(super) fn artifacts(view: &View<'_>, views: &Views<'_>) -> Told {
    let log = log(view)?;
    let created = log
        .iter()
        .position(|event| event.kind == "plan_token_created")?;
    let listed: Vec<&Value> = log[..=created]
        .iter()
        .flat_map(|event| items(&event.value, "/artifacts"))
        .collect();
    let first = planned(view, views)?;
    let step = log[created].text("/workflow/step_id");
    let mut problems = Problems::new();
    for artifact in first.iter().filter(|it| Some(it.step.as_str()) == step) {
        let hash = |it: &Value| match text(it, "/path") {
            Some(path) => artifact.file(path),
            None => Some(artifact.descriptor.as_str()),
        };
        let found = listed.iter().any(|it| {
            text(it, "/name") == Some(&artifact.name)
                && text(it, "/role") == Some(&artifact.role)
                && text(it, "/hash") == hash(it)
        });
        problems.extend(unless(
            found,
            format!(
                "{} ({}) with its digest {} before the token is made",
                artifact.name, artifact.role, artifact.descriptor
            ),
            format!("{} artifact(s) listed, that one not", listed.len()),
        ));
    }
    Some(problems)
}

/// Token, artifacts, evaluations and approvals of the record are in the log.
pub(super) fn rebuilds(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let state = docs.state.as_ref().ok()?;
    let log = log(view)?;
    let mut problems = Problems::new();
    let token = text(state, "/plan_token_hash").filter(|it| !it.is_empty());
    if let Some(token) = token {
        problems.extend(unless(
            log.iter()
                .any(|it| it.text("/plan_token/token") == Some(token)),
            format!("the token {token} in some event"),
            "it is in none",
        ));
    }
    for record in items(state, "/artifacts") {
        let name = text(record, "/artifact_id");
        let named = |it: &Event| {
            items(&it.value, "/artifacts")
                .iter()
                .any(|it| text(it, "/name") == name)
        };
        problems.extend(unless(
            log.iter().any(named),
            format!("the artifact {name:?} in some event"),
            "it is in none",
        ));
    }
    for record in items(state, "/policy_evaluations") {
        let (name, decision) = (text(record, "/policy_name")?, text(record, "/decision"));
        let told = course::evaluations(docs).any(|it| {
            let id = text(it, "/policy_id").unwrap_or("?");
            let source = text(it, "/source").unwrap_or("?");
            (name == format!("{source}/{id}") || name == id) && text(it, "/decision") == decision
        });
        problems.extend(unless(
            told,
            format!("the evaluation {name} in some event"),
            "it is in none",
        ));
    }
    for record in items(state, "/approvals") {
        let same = |it: &Event| {
            it.text("/approval/approval_id") == text(record, "/approval_id")
                && it.text("/approval/approver") == text(record, "/approver")
                && it.value.pointer("/approval/approved") == record.get("approved")
        };
        problems.extend(unless(
            log.iter().any(same),
            "the approval with its approver in some event",
            record.to_string(),
        ));
    }
    Some(problems)
}

/// Whether two documents tell of the same decision; after execution a question may be called a denial
/// (C-35).
pub(super) fn same_decision(one: Option<&str>, other: Option<&str>) -> bool {
    let asked = |word: Option<&str>| matches!(word, Some("deny" | "require_approval"));
    one == other || (asked(one) && asked(other))
}

/// Each evaluation of the record has `SOURCE/POLICY` for a name, and one in the audit log has its id.
pub(super) fn joins(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let records = items(docs.state.as_ref().ok()?, "/policy_evaluations");
    let mut problems = Problems::new();
    for record in records {
        let (id, name) = (text(record, "/evaluation_id"), text(record, "/policy_name"));
        let joined = course::evaluations(docs).any(|it| {
            let source = text(it, "/source").unwrap_or("?");
            let policy = text(it, "/policy_id").unwrap_or("?");
            text(it, "/evidence/evaluation_id") == id
                && same_decision(text(record, "/decision"), text(it, "/decision"))
                && name == Some(format!("{source}/{policy}").as_str())
        });
        problems.extend(unless(
            joined,
            "an evaluation of this decision in the audit log, with this evaluation_id in its evidence, and SOURCE/POLICY for policy_name",
            record.to_string(),
        ));
    }
    problems.truncate(2);
    (!records.is_empty()).then_some(problems)
}
