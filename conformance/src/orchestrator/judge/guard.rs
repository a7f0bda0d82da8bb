//! Expectations on what the orchestrator keeps from happening, or at least notices.

use cabincrew_protocol::workflow::State;
use serde_json::Value;

use super::course::{kinds, written_before};
use super::effects;
use super::look::{Problems, problem, unless};
use super::outcome::{Judged, state_words, stopped, twin};
use super::take_off;
use super::view::{Docs, Event, View, Views};
use super::wal;
use crate::judge::words;
use crate::orchestrator::observe::{ActSeen, Done};

/// An event of severity warning or higher, with a message, was written in the step. What a policy permits
/// or asks for tells of nothing that has gone wrong.
pub(super) fn graver_event(view: &View<'_>, views: &Views<'_>) -> Judged {
    let docs = view.docs.as_ref().ok_or("nothing was exported")?;
    let log = docs.events.as_ref().map_err(Clone::clone)?;
    let new = &log[written_before(view, views).min(log.len())..];
    let grave = |event: &Event| {
        let severity = event.text("/severity");
        let message = event.text("/message").unwrap_or_default().trim();
        let decision = event.text("/policy/decision");
        matches!(severity, Some("warning" | "error" | "critical"))
            && !message.is_empty()
            && decision.is_none_or(|it| it == "deny")
    };
    Ok(unless(
        new.iter().any(grave),
        "a new event of severity warning or higher that says what is wrong",
        kinds(new),
    ))
}

/// FAILED, or an event that artifacts do not match; the planned bytes are kept.
pub(super) fn integrity_finding(view: &View<'_>, views: &Views<'_>) -> Judged {
    let docs = view.docs.as_ref().ok_or("nothing was exported")?;
    let mismatch = |event: &Event| {
        event.value.pointer("/integrity_check/artifacts_match") == Some(&Value::Bool(false))
    };
    let noticed = docs.state() == Some(State::Failed) || docs.log().iter().any(mismatch);
    let mut problems = unless(
        noticed,
        "FAILED, or an event with artifacts_match = false",
        format!("{}, {}", state_words(view), kinds(docs.log())),
    );
    if effects::is_legible(views) {
        problems.extend(effects::store_kept(view).unwrap_or_default());
    }
    Ok(problems)
}

/// No take-off that the audit log does not tell of.
pub(super) fn take_offs_logged(view: &View<'_>, views: &Views<'_>) -> Problems {
    let launched = views.launches(view, "take-off").len();
    let log = view
        .docs
        .as_ref()
        .and_then(|docs| docs.events.as_ref().ok());
    let starts = log.into_iter().flatten().filter(|event| {
        let mode = event.text("/workflow/mode");
        event.kind == "engine_start" && mode.is_none_or(|mode| mode == "take-off")
    });
    let told = starts.count();
    unless(
        told >= launched,
        format!("an engine_start in the audit log for each of {launched} take-off(s)"),
        format!("{told}"),
    )
}

/// COMPLETED only with the temp directories gone.
pub(super) fn temp_gone_or_failed(view: &View<'_>, views: &Views<'_>) -> Judged {
    let docs = view.docs.as_ref().ok_or("nothing was exported")?;
    let left = effects::temp_left(view, views);
    Ok(unless(
        left.is_empty() || docs.state() != Some(State::Completed),
        "FAILED, since a temp directory cannot be removed",
        format!("COMPLETED, and there is still: {}", left.join(", ")),
    ))
}

/// No take-off, and neither COMPLETED nor waiting.
pub(super) fn not_permitted(view: &View<'_>, views: &Views<'_>) -> Problems {
    let launched = views.launches(view, "take-off").len();
    let mut problems = unless(
        launched == 0,
        "no take-off",
        format!("{launched} take-off(s)"),
    );
    let went_on = matches!(
        view.state(),
        Some(
            State::Completed
                | State::AwaitingApproval
                | State::PreflightComplete
                | State::ReadyForTakeoff
        )
    );
    problems.extend(unless(!went_on, "an error, or FAILED", state_words(view)));
    problems
}

/// The workspace cannot be written in planning, or the workflow failed and the original is intact.
pub(super) fn planning(view: &View<'_>) -> Judged {
    let mut planned = view.engines("flight-plan").peekable();
    if planned.peek().is_none() {
        return Err("no engine was launched to plan".to_owned());
    }
    if planned.all(|it| it.writable.get("workspace") == Some(&false)) {
        return Ok(Vec::new());
    }
    let mut problems = unless(
        view.state() == Some(State::Failed),
        "FAILED, for planning changed the workspace",
        state_words(view),
    );
    let changes: Vec<_> = view.step.workspace_changes.iter().collect();
    if view.engines("take-off").next().is_none() && !changes.is_empty() {
        problems.extend(problem("the original as before", words::list(&changes)));
    }
    Ok(problems)
}

/// Take-off with the planned bytes, or a halt without one.
pub(super) fn take_off_as_planned(view: &View<'_>, views: &Views<'_>) -> Judged {
    if view.engines("take-off").next().is_none() {
        return Ok(stopped(view));
    }
    let unseen = || "what was planned was not seen as a whole".to_owned();
    let mut problems = take_off::bytes(view, views).ok_or_else(unseen)?;
    problems.extend(take_off::no_log(view, views).ok_or_else(unseen)?);
    Ok(problems)
}

/// It ended as another step did, or was halted.
pub(super) fn same_or_stopped(
    view: &View<'_>,
    views: &Views<'_>,
    own: &str,
    (selector, keeps_logs): (&str, bool),
) -> Judged {
    if stopped(view).is_empty() {
        return Ok(Vec::new());
    }
    let twin = twin(views, own, selector)?;
    let wanted = twin
        .state()
        .ok_or_else(|| format!("no state after {}", twin.name()))?;
    let count = |of: &View<'_>| views.launches(of, "take-off").len();
    let ended_the_same = view.state() == Some(wanted) && count(view) == count(twin);
    let mut problems = unless(
        ended_the_same,
        format!("{wanted} after {} take-off(s), or a halt", count(twin)),
        format!(
            "{} after {} take-off(s), {}",
            state_words(view),
            count(view),
            words::end(view.step.end.as_ref())
        ),
    );
    if keeps_logs {
        problems.extend(logs_kept(view, views));
    }
    // Of many files that are damaged one after the other, a reader wants to know which it was.
    let damaged = damaged(view, views);
    for (_, observed) in &mut problems {
        *observed = format!("{damaged}{observed}");
    }
    Ok(problems)
}

/// What the kit had changed last, ready to stand before what was observed.
fn damaged(view: &View<'_>, views: &Views<'_>) -> String {
    let tampered = views.up_to(view).filter_map(|it| match &it.step.done {
        Some(Done::Changed(paths)) if it.step.act == ActSeen::Tamper => Some(paths.join(", ")),
        _ => None,
    });
    tampered.last().map_or_else(String::new, |paths| {
        format!("{paths} was damaged, and then: ")
    })
}

/// What had been exported of both logs before anything was damaged is still their beginning.
fn logs_kept(view: &View<'_>, views: &Views<'_>) -> Problems {
    let whole = |other: &&View<'_>| !other.tampered && other.docs.is_some();
    let before = views.up_to(view).filter(whole).last();
    let Some((old, new)) = before
        .and_then(|it| it.docs.as_ref())
        .zip(view.docs.as_ref())
    else {
        return Problems::new();
    };
    let values = |docs: &Docs| -> Result<Vec<Value>, String> {
        let events = docs.events.as_ref().map_err(Clone::clone)?;
        Ok(events.iter().map(|event| event.value.clone()).collect())
    };
    let logs = [
        ("write-ahead log", old.wal.clone(), new.wal.clone()),
        ("audit log", values(old), values(new)),
    ];
    let mut problems = Problems::new();
    for (name, old, new) in logs {
        let Ok(old) = old else { continue };
        let told = match new {
            Ok(new) if new.starts_with(&old) => continue,
            Ok(new) => wal::difference(&old, &new),
            Err(why) => why,
        };
        problems.extend(problem(
            format!("a halt, or the {name} as before the damage, then more of it"),
            told,
        ));
    }
    problems
}

/// No copy of a planned file with any content is kept.
pub(super) fn store_deleted(view: &View<'_>) -> Judged {
    if view.step.stored.is_empty() {
        return Err("what was planned was not seen".to_owned());
    }
    let kept = view.step.stored.iter().filter(|(_, copies)| **copies > 0);
    let kept: Vec<&str> = kept.map(|(path, _)| path.as_str()).collect();
    Ok(unless(
        kept.is_empty(),
        "no planned file kept",
        format!("copies of {}", kept.join(", ")),
    ))
}

/// No engine could make a file outside its directories.
pub(super) fn confined(view: &View<'_>) -> Judged {
    let mut tried = 0;
    let mut reached = 0;
    for mode in ["flight-plan", "take-off"] {
        let seen = view
            .engines(mode)
            .filter_map(|it| it.writable.get("elsewhere"));
        for writable in seen {
            tried += 1;
            reached += usize::from(*writable);
        }
    }
    if tried == 0 {
        return Err("no engine tried to write outside".to_owned());
    }
    Ok(unless(
        reached == 0,
        "no file made outside the given directories",
        format!("{reached} of {tried} engine(s) made one"),
    ))
}

/// No engine reached the harness over the network while it planned.
pub(super) fn offline(view: &View<'_>) -> Judged {
    let tried = view.engines("flight-plan").filter_map(|it| it.connected);
    let tried: Vec<bool> = tried.collect();
    if tried.is_empty() {
        return Err("no engine tried to reach the network while it planned".to_owned());
    }
    Ok(unless(
        !tried.contains(&true),
        "no network while it plans",
        "the engine reached a listener of the kit over TCP".to_owned(),
    ))
}
