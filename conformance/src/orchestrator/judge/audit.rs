//! The form of the audit log: lines, ids, times, chain, signatures, growth.

use std::collections::BTreeSet;

use cabincrew_protocol::audit::{NO_STATE, log, verify_chain};
use serde_json::Value;

use super::documents::{against_rules, against_schema};
use super::look::{Problems, Told, problem, unless};
use super::time;
use super::view::{Event, View, Views, items, text};
use super::wal::difference;
use crate::judge::words;

fn events<'v>(view: &'v View<'_>) -> Option<&'v [Event]> {
    let docs = view.whole()?;
    docs.events.as_deref().ok().filter(|it| !it.is_empty())
}

fn values(events: &[Event]) -> Vec<Value> {
    events.iter().map(|event| event.value.clone()).collect()
}

/// Each line is one JSON object.
pub(super) fn lines(view: &View<'_>) -> Told {
    let docs = view.whole()?;
    docs.state.as_ref().ok()?;
    Some(match &docs.events {
        Err(why) => problem("lines that are JSON objects", why.clone()),
        Ok(events) => {
            let off = events.iter().find(|event| !event.value.is_object());
            let mut problems = off.map_or_else(Vec::new, |event| {
                problem("lines that are JSON objects", event.value.to_string())
            });
            problems.extend(unless(!events.is_empty(), "events", "an empty audit log"));
            problems
        }
    })
}

fn each(view: &View<'_>, problems_of: impl Fn(&Event) -> Problems) -> Told {
    let events = events(view)?;
    let mut found = Problems::new();
    for (at, event) in events.iter().enumerate() {
        let numbered = |(expected, observed): (String, String)| {
            (expected, format!("event {at} ({}): {observed}", event.kind))
        };
        found.extend(problems_of(event).into_iter().map(numbered));
    }
    Some(found)
}

/// Each event satisfies the definition.
pub(super) fn valid(view: &View<'_>) -> Told {
    each(view, |event| against_schema("AuditEvent", &event.value))
}

/// Severities fit decisions, aggregation is the most restrictive, states are equal in both places.
pub(super) fn semantics(view: &View<'_>) -> Told {
    each(view, |event| {
        let mut problems = against_rules("AuditEvent", &event.value);
        problems.extend(from_the_future(event));
        problems
    })
}

/// No evaluation is from after the event that tells of it (CC-PRE-027). Some write whole seconds, and
/// round.
fn from_the_future(event: &Event) -> Problems {
    let told = event.text("/timestamp").and_then(time::nanoseconds);
    let evaluations = items(&event.value, "/policy/policy_evaluations").iter();
    let mut times = evaluations.filter_map(|it| text(it, "/evaluated_at"));
    let late = times.find(|said| {
        let said = time::nanoseconds(said);
        said.zip(told)
            .is_some_and(|(said, told)| said > told + 1_000_000_000)
    });
    late.map_or_else(Problems::new, |said| {
        problem("evaluated_at not after the event's own time", said)
    })
}

/// Each event of the workflow names it, and a step of it.
pub(super) fn workflow(view: &View<'_>) -> Told {
    let (id, steps) = (view.id(), view.step_ids());
    each(view, |event| {
        if event.text("/workflow_state") == Some(NO_STATE) {
            return Vec::new();
        }
        let found = event.text("/workflow/workflow_id");
        let mut problems = unless(
            found == Some(id),
            format!("workflow.workflow_id {id}"),
            words::found(found),
        );
        let step = event.text("/workflow/step_id");
        problems.extend(unless(
            steps.is_empty() || step.is_some_and(|step| steps.contains(&step)),
            format!("workflow.step_id among {}", words::names(&steps)),
            words::found(step),
        ));
        problems
    })
}

/// Each event has an id of its own.
pub(super) fn ids(view: &View<'_>) -> Told {
    let mut seen = BTreeSet::new();
    let events = events(view)?;
    let off = events.iter().find(|event| {
        let id = event.text("/event_id").unwrap_or_default();
        id.is_empty() || !seen.insert(id)
    });
    Some(off.map_or_else(Vec::new, |event| {
        problem(
            "event ids that are there and unique",
            event.value.to_string(),
        )
    }))
}

/// `<workflow id>-<8-digit counter>` from 0 (C-42).
pub(super) fn numbering(view: &View<'_>) -> Told {
    let events = events(view)?;
    let id = view.id();
    let off = events.iter().enumerate().find_map(|(at, event)| {
        let wanted = format!("{id}-{at:08}");
        let found = event.text("/event_id");
        (found != Some(wanted.as_str())).then(|| (wanted, words::found(found)))
    });
    Some(off.into_iter().collect())
}

/// Times are RFC 3339 and never go back.
pub(super) fn times(view: &View<'_>) -> Told {
    let mut last: Option<(i128, String)> = None;
    let mut problems = Problems::new();
    for event in events(view)? {
        let written = event.text("/timestamp").unwrap_or_default();
        let Some(at) = time::nanoseconds(written) else {
            problems.extend(problem("an RFC 3339 time with offset", written));
            continue;
        };
        if let Some((before, text)) = last.filter(|(before, _)| at < *before) {
            problems.extend(problem(format!("not before {text}"), written));
            last = Some((before, text));
            continue;
        }
        last = Some((at, written.to_owned()));
    }
    problems.truncate(1);
    Some(problems)
}

/// Times are in UTC, written with Z (C-87).
pub(super) fn utc(view: &View<'_>) -> Told {
    let mut written = events(view)?.iter().filter_map(|it| it.text("/timestamp"));
    let off = written.find(|it| time::nanoseconds(it).is_some() && !it.ends_with(['Z', 'z']));
    Some(off.map_or_else(Vec::new, |text| {
        problem("a time in UTC that ends in Z", text)
    }))
}

/// Each line is exactly the canonical form of its event, and a line feed.
pub(super) fn canonical(view: &View<'_>) -> Told {
    events(view)?;
    let exports = view.step.exports.as_ref()?;
    Some(match log::read(&exports.audit.text.kept) {
        Err(error) => problem("lines in canonical form", error.to_string()),
        Ok(log) => unless(
            log.torn_at.is_none(),
            "a line feed after each event",
            "the last line has none",
        ),
    })
}

/// Each event carries the chain value of its place (C-26).
pub(super) fn chain(view: &View<'_>) -> Told {
    let values = values(events(view)?);
    let off = verify_chain(view.id(), &values).err();
    Some(off.map_or_else(Vec::new, |error| {
        problem(
            "a chain over all events from the first one on",
            error.to_string(),
        )
    }))
}

/// Signatures are there where the adapter names a key, and are that key's.
pub(super) fn signatures(view: &View<'_>, views: &Views<'_>) -> Told {
    let events = events(view)?;
    let key = views.seen.audit_key.as_deref();
    let mut signed = 0;
    let mut problems = Problems::new();
    for event in events {
        let pair = (event.text("/signature"), event.text("/signature_key_ref"));
        match (pair, key) {
            ((None, None), None) => {}
            ((Some(_), Some(_)), None) => signed += 1,
            (_, None) => problems.extend(problem(
                "signature and signature_key_ref together",
                event.value.to_string(),
            )),
            (_, Some(key)) => {
                signed += 1;
                problems.extend(verified(event, key));
            }
        }
    }
    problems.truncate(1);
    (signed > 0 || !problems.is_empty()).then_some(problems)
}

fn verified(event: &Event, key: &str) -> Problems {
    let Ok(key) = key.parse::<cabincrew_protocol::audit::VerifierKey>() else {
        return problem("a key that the adapter spells as a vkey", key);
    };
    let off = key.verify_event(&event.value).err();
    off.map_or_else(Vec::new, |error| {
        problem(
            format!("a signature of {}", key.key_ref()),
            error.to_string(),
        )
    })
}

/// What was exported before is the beginning of what is exported now, byte for byte.
pub(super) fn grows(view: &View<'_>, views: &Views<'_>) -> Told {
    let new = events(view)?;
    let before = views.before(view)?;
    let old = events(before)?;
    let mut problems = unless(
        values(new).starts_with(&values(old)),
        format!("the {} events of before, then new ones", old.len()),
        difference(&values(old), &values(new)),
    );
    if let (true, Some(old), Some(new)) = (
        problems.is_empty(),
        before.step.exports.as_ref(),
        view.step.exports.as_ref(),
    ) {
        problems = unless(
            new.audit.text.kept.starts_with(&old.audit.text.kept),
            "the same bytes as before, then new ones",
            "earlier lines are spelled differently now",
        );
    }
    Some(problems)
}
