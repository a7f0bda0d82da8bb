//! What a step leaves behind: exit status, processes, directories, secrets, the workspace.

use cabincrew_protocol::workflow::State;

use super::look::{Told, problem, unless};
use super::outcome::state_words;
use super::view::{View, Views, text};
use crate::judge::words;
use crate::observe::End;
use crate::orchestrator::observe::{ActSeen, StepSeen, TELLING};

fn is_verb(view: &View<'_>) -> bool {
    matches!(
        view.step.act,
        ActSeen::Run | ActSeen::Resume | ActSeen::Respond
    )
}

/// 0 COMPLETED, 3 AWAITING_APPROVAL, 1 FAILED; 2 and 4 say nothing of the state.
pub(super) fn exit_fits_state(view: &View<'_>) -> Told {
    let Some(End::Exited(status)) = view.step.end else {
        return None;
    };
    if view.step.within.is_some() || view.tampered || !is_verb(view) {
        return None;
    }
    let wanted = match status {
        0 => State::Completed,
        1 => State::Failed,
        3 => State::AwaitingApproval,
        2 | 4 => return None,
        _ => return Some(problem("an exit status from 0 to 4", format!("{status}"))),
    };
    Some(unless(
        view.state() == Some(wanted),
        format!("{wanted} after exit status {status}"),
        state_words(view),
    ))
}

/// The orchestrator ends by itself within its limits.
pub(super) fn runs_to_its_end(view: &View<'_>) -> Told {
    let end = view.step.end.as_ref()?;
    if view.step.point.is_some() {
        return None;
    }
    match end {
        End::NotStarted(_) | End::NotLaunched(_) => None,
        End::Exited(_) => Some(Vec::new()),
        other => Some(problem("an exit status", words::end(Some(other)))),
    }
}

/// In a final state nothing is launched, and state and journal stay.
pub(super) fn final_stays(view: &View<'_>, views: &Views<'_>) -> Told {
    let before = views.before(view).filter(|_| is_verb(view))?;
    let old = before.docs.as_ref()?;
    let state = old.state().filter(|state| state.is_final())?;
    let engines = ["flight-plan", "take-off"];
    let launched = engines
        .iter()
        .map(|mode| view.engines(mode).count())
        .sum::<usize>();
    let mut problems = unless(
        launched == 0,
        format!("nothing launched in {state}"),
        format!("{launched} launch(es)"),
    );
    if let Some(new) = view.whole().filter(|it| it.state.is_ok()) {
        problems.extend(unless(
            new.state() == Some(state),
            state.as_str(),
            state_words(view),
        ));
        problems.extend(unless(
            new.wal == old.wal,
            "the write-ahead log as before",
            "it differs",
        ));
    }
    Some(problems)
}

/// No secret at places that `of_place` picks.
pub(super) fn no_secret(view: &View<'_>, of_place: impl Fn(&str) -> bool) -> Told {
    view.step.end.as_ref()?;
    let secret = |name: &str| !name.starts_with("mark.");
    let leak = view
        .step
        .leaks
        .iter()
        .find(|leak| secret(&leak.canary) && of_place(&leak.place));
    Some(leak.map_or_else(Vec::new, |leak| {
        problem(
            format!("{} nowhere in what is kept or printed", leak.canary),
            format!("it is in {} ({})", leak.place, leak.encoding),
        )
    }))
}

/// No program outlives the orchestrator.
pub(super) fn no_process_left(view: &View<'_>) -> Told {
    if !matches!(view.step.end, Some(End::Exited(_))) {
        return None;
    }
    Some(unless(
        view.step.left_alive.is_empty(),
        "every program ended with the orchestrator",
        view.step.left_alive.join(", "),
    ))
}

/// In a final state the temp directories that engines were given are gone.
pub(super) fn temp_gone(view: &View<'_>, views: &Views<'_>) -> Told {
    let docs = view.settled()?;
    docs.state().filter(|state| state.is_final())?;
    let left = temp_left(view, views);
    Some(unless(
        left.is_empty(),
        "no temp directory left",
        left.join(", "),
    ))
}

/// The temp directories of the run's engines that are still there.
pub(super) fn temp_left<'v>(view: &'v View<'_>, views: &Views<'_>) -> Vec<&'v str> {
    let own: Vec<String> = ["flight-plan", "take-off"]
        .iter()
        .flat_map(|mode| views.launches(view, mode))
        .map(|program| format!("temp {}", program.pid))
        .collect();
    let left = view.step.dirs_left.iter().map(String::as_str);
    left.filter(|name| own.iter().any(|temp| temp == name))
        .collect()
}

/// What was planned is kept, byte for byte, unless the workflow says otherwise and has not failed (C-76).
pub(super) fn store_kept(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    docs.plan_token()?;
    let retention = text(&view.run.workflow, "/retention/artifacts");
    let deletes = retention == Some("delete") && docs.state() != Some(State::Failed);
    if deletes || view.step.stored.is_empty() {
        return None;
    }
    let lost: Vec<&str> = view
        .step
        .stored
        .iter()
        .filter(|(path, copies)| **copies == 0 && !view.step.stored_within.contains_key(*path))
        .map(|(path, _)| path.as_str())
        .collect();
    Some(unless(
        lost.is_empty(),
        "every planned file kept byte for byte",
        format!("no copy of {}", lost.join(", ")),
    ))
}

/// Whether the store can be read by others: who packs or encrypts planned files keeps them all the
/// same. What lies in a directory of an engine that has just been killed says nothing about the store;
/// while a workflow waits, that directory may be the store.
pub(super) fn is_legible(views: &Views<'_>) -> bool {
    let orderly = |view: &&View<'_>| {
        let step = view.step;
        // What a call leaves that was killed, hindered, or is still at work, may be on its way into the store.
        let whole = step.point.is_none() && step.within.is_none() && !view.tampered;
        whole && matches!(step.end, Some(End::Exited(_)))
    };
    views.steps.iter().filter(orderly).any(|view| {
        let step = view.step;
        let found = step.stored.values().any(|copies| *copies > 0);
        let left = step.dirs_left.iter().any(|it| it.starts_with("artifacts "));
        let waits = view.state() == Some(State::AwaitingApproval);
        (found || is_within(step)) && (waits || !left)
    })
}

/// Whether a planned file stands among other bytes, as in a database, and not by chance.
fn is_within(step: &StepSeen) -> bool {
    let mut lengths = step.stored_within.values();
    lengths.any(|length| *length >= TELLING)
}

/// Whether damage that was done while a call ran may have gone unseen for good reason: a database that is
/// open answers from its own memory, and take-off was given what was planned.
pub(super) fn is_held_open(view: &View<'_>, views: &Views<'_>) -> bool {
    let step = view.step;
    let damaged = view.run.steps.iter().any(|other| {
        other.act == ActSeen::Tamper && other.within.as_deref() == Some(step.name.as_str())
    });
    let left = step.dirs_left.iter().any(|it| it.starts_with("artifacts "));
    let as_files = !left && step.stored.values().any(|copies| *copies > 0);
    let as_planned = super::take_off::bytes(view, views).is_some_and(|told| told.is_empty());
    damaged && !as_files && is_within(step) && as_planned
}

/// Without a take-off the workspace stays as it was.
pub(super) fn workspace_kept(view: &View<'_>) -> Told {
    if !is_verb(view) || view.engines("take-off").next().is_some() {
        return None;
    }
    let meanwhile = view.run.steps.iter().any(|step| {
        step.within.as_deref() == Some(view.step.name.as_str()) && step.act == ActSeen::Edit
    });
    if meanwhile || view.step.within.is_some() {
        return None;
    }
    let changes: Vec<_> = view.step.workspace_changes.iter().collect();
    Some(unless(
        changes.is_empty(),
        "an unchanged workspace, for there was no take-off",
        words::list(&changes),
    ))
}
