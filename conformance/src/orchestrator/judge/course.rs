//! The course of a workflow as its audit log tells it: states, events, evaluations.

use std::collections::BTreeMap;

use cabincrew_protocol::decision::{Decision, PolicySource};
use cabincrew_protocol::workflow::{State, TOLERATED};
use serde_json::Value;

use super::look::{Problems, problem, unless};
use super::outcome::{Judged, twin};
use super::view::{Docs, Event, View, Views, items, text};

/// The states in the log, in order, repetitions left out.
pub(super) fn states(docs: &Docs) -> Vec<State> {
    let mut passed: Vec<State> = docs.log().iter().filter_map(Event::state).collect();
    passed.dedup();
    passed
}

/// As [`states`], without the optional ones.
pub(super) fn stations(docs: &Docs) -> Vec<State> {
    let mut passed = states(docs);
    passed.retain(|state| !state.is_marker());
    passed.dedup();
    passed
}

/// The first of these states that the log passed through, where none should be.
pub(super) fn entered(view: &View<'_>, never: &[State]) -> Problems {
    let passed = view.docs.as_ref().map(states).unwrap_or_default();
    let found = never.iter().find(|state| passed.contains(state));
    found.map_or_else(Vec::new, |state| {
        problem(
            format!("never {state}"),
            format!("{state} stands in the audit log"),
        )
    })
}

/// The state that is shown is none of these.
pub(super) fn not_yet(view: &View<'_>, states: &[State]) -> Problems {
    let early = view.state().filter(|state| states.contains(state));
    early.map_or_else(Vec::new, |state| {
        problem(
            format!("none of {} yet", line(states)),
            format!("{state}, while it still goes on"),
        )
    })
}

/// The states as one line.
pub(super) fn line(states: &[State]) -> String {
    let names: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    names.join(" > ")
}

fn docs<'v>(view: &'v View<'_>) -> Result<&'v Docs, String> {
    let docs = view.docs.as_ref().ok_or("nothing was exported")?;
    match &docs.events {
        Ok(_) => Ok(docs),
        Err(why) => Err(format!("no audit log: {why}")),
    }
}

/// The states passed through are exactly these, but for one between them that C-25 tolerates.
pub(super) fn path(view: &View<'_>, wanted: &[State]) -> Judged {
    let mut wanted = wanted.to_vec();
    wanted.retain(|state| !state.is_marker());
    let mut passed = stations(docs(view)?);
    for (through, to) in TOLERATED {
        if !wanted.contains(through) {
            let at = passed.windows(2).position(|pair| pair == [*through, *to]);
            at.map(|at| passed.remove(at));
        }
    }
    Ok(unless(passed == wanted, line(&wanted), line(&passed)))
}

/// An event of this type was written in the step, or stands nowhere.
pub(super) fn event(
    view: &View<'_>,
    views: &Views<'_>,
    kind: &str,
    with: &BTreeMap<String, toml::Value>,
    absent: bool,
) -> Judged {
    let log = docs(view)?.log();
    if absent {
        let found = log.iter().find(|event| is(event, kind, with));
        return Ok(found.map_or_else(Vec::new, |event| {
            problem(format!("no event {kind}"), event.value.to_string())
        }));
    }
    let new = &log[written_before(view, views).min(log.len())..];
    if new.iter().any(|event| is(event, kind, with)) {
        return Ok(Vec::new());
    }
    let near = new.iter().rfind(|event| event.kind == kind);
    let observed = near.map_or_else(
        || format!("events: {}", kinds(new)),
        |event| format!("only {}", event.value),
    );
    Ok(problem(wanted(kind, with), observed))
}

/// How many events there were before the step.
pub(super) fn written_before(view: &View<'_>, views: &Views<'_>) -> usize {
    let before = views.up_to(view).filter(|other| other.at < view.at);
    let counts = before.filter_map(|other| Some(other.docs.as_ref()?.events.as_ref().ok()?.len()));
    counts.last().unwrap_or(0)
}

/// What these events are, the last ones.
pub(super) fn kinds(events: &[Event]) -> String {
    let from = events.len().saturating_sub(10);
    let names: Vec<&str> = events[from..].iter().map(|it| it.kind.as_str()).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

fn wanted(kind: &str, with: &BTreeMap<String, toml::Value>) -> String {
    let members: Vec<String> = with
        .iter()
        .map(|(pointer, value)| format!(" {pointer} = {value}"))
        .collect();
    let kind = if kind == ANY { "of any type" } else { kind };
    format!("an event {kind}{}", members.join(","))
}

/// Stands for a type of events where the text does not say which one it is.
const ANY: &str = "*";

fn is(event: &Event, kind: &str, with: &BTreeMap<String, toml::Value>) -> bool {
    (event.kind == kind || kind == ANY)
        && with
            .iter()
            .all(|(pointer, wanted)| matches(event.value.pointer(pointer), wanted))
}

/// Whether a JSON value is the one that a drill asks for; a list means any of its items.
pub(super) fn matches(found: Option<&Value>, wanted: &toml::Value) -> bool {
    match (wanted, found) {
        (toml::Value::Array(any), found) => any.iter().any(|wanted| matches(found, wanted)),
        (toml::Value::String(wanted), Some(Value::String(found))) => wanted == found,
        (toml::Value::Boolean(wanted), Some(Value::Bool(found))) => wanted == found,
        (toml::Value::Integer(wanted), Some(found)) => found.as_i64() == Some(*wanted),
        (toml::Value::Float(wanted), Some(found)) => {
            found.as_f64().is_some_and(|it| (it - wanted).abs() < 1e-6)
        }
        (toml::Value::Table(wanted), Some(Value::Object(found))) => wanted
            .iter()
            .all(|(name, wanted)| matches(found.get(name), wanted)),
        _ => false,
    }
}

/// Events of these types stand in this order.
pub(super) fn order(view: &View<'_>, wanted: &[String]) -> Judged {
    let mut log = docs(view)?.log().iter();
    for (at, kind) in wanted.iter().enumerate() {
        if !log.any(|event| event.kind == *kind) {
            let after = at.checked_sub(1).and_then(|at| wanted.get(at));
            let where_ = after.map_or_else(String::new, |kind| format!(" after {kind}"));
            let all = docs(view)?.log();
            return Ok(problem(format!("an event {kind}{where_}"), kinds(all)));
        }
    }
    Ok(Vec::new())
}

/// All evaluations that stand in a log.
pub(super) fn evaluations(docs: &Docs) -> impl Iterator<Item = &Value> {
    docs.log()
        .iter()
        .flat_map(|event| items(&event.value, "/policy/policy_evaluations"))
}

/// An evaluation of this policy, by this source, with this decision stands in the log, and these texts
/// stand in it or in what its event says of policies.
pub(super) fn evaluation(
    view: &View<'_>,
    (policy, source, decision): (&str, PolicySource, Decision),
    mentions: &[String],
) -> Judged {
    let docs = docs(view)?;
    let is_it = |it: &Value| {
        text(it, "/policy_id") == Some(policy)
            && text(it, "/source") == Some(source.as_str())
            && text(it, "/decision") == Some(decision.as_str())
    };
    let told: Vec<&Value> = docs
        .log()
        .iter()
        .filter(|event| {
            items(&event.value, "/policy/policy_evaluations")
                .iter()
                .any(is_it)
        })
        .filter_map(|event| event.value.get("policy"))
        .collect();
    if told.is_empty() {
        let seen: Vec<String> = evaluations(docs).map(short).collect();
        return Ok(problem(
            format!("{}/{policy} says {decision}", source.as_str()),
            if seen.is_empty() {
                "no evaluation".to_owned()
            } else {
                seen.join(", ")
            },
        ));
    }
    let mut problems = Problems::new();
    for wanted in mentions {
        problems.extend(unless(
            told.iter()
                .any(|it| it.to_string().contains(wanted.as_str())),
            format!("{wanted:?} with the evaluation of {policy}"),
            told[0].to_string(),
        ));
    }
    Ok(problems)
}

fn short(evaluation: &Value) -> String {
    let member = |name: &str| text(evaluation, name).unwrap_or("?");
    format!(
        "{}/{} says {}",
        member("/source"),
        member("/policy_id"),
        member("/decision")
    )
}

/// The same stations and decisions as in another step.
pub(super) fn same(view: &View<'_>, views: &Views<'_>, own: &str, selector: &str) -> Judged {
    let other = twin(views, own, selector)?;
    let (this, that) = (docs(view)?, docs(other)?);
    let states = (stations(this), stations(that));
    let mut problems: Problems = unless(
        states.0 == states.1,
        format!("as in {}: {}", other.name(), line(&states.1)),
        line(&states.0),
    );
    let decided = |docs: &Docs| -> Vec<String> {
        let mut all: Vec<String> = evaluations(docs).map(short).collect();
        all.sort();
        all.dedup();
        all
    };
    let (mine, theirs) = (decided(this), decided(that));
    problems.extend(unless(
        mine == theirs,
        format!("as in {}: {}", other.name(), theirs.join(", ")),
        mine.join(", "),
    ));
    Ok(problems)
}

/// A number stands in the evidence of an evaluation by this policy.
pub(super) fn score(view: &View<'_>, policy: &str) -> Judged {
    let docs = docs(view)?;
    let mut of_policy = evaluations(docs).filter(|it| text(it, "/policy_id") == Some(policy));
    let scored = of_policy.any(|it| it.get("evidence").is_some_and(holds_number));
    Ok(unless(
        scored,
        format!("an evaluation by {policy} with its score in the evidence"),
        kinds(docs.log()),
    ))
}

fn holds_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::Array(items) => items.iter().any(holds_number),
        Value::Object(members) => members.values().any(holds_number),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}
