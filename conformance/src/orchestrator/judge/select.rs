//! Which steps a check is about, and what they rest on.

use cabincrew_protocol::workflow::State;

use super::view::{View, Views, group};
use crate::observe::End;
use crate::orchestrator::observe::{ActSeen, Done};
use crate::orchestrator::select::Selector;

/// The steps that a selector names, in order; see [`Selector`].
pub(super) fn select<'v, 'a>(views: &'v Views<'a>, own: &str, selector: &str) -> Vec<&'v View<'a>> {
    let selector = Selector::parse(selector, own);
    let fits = |view: &&View<'_>| {
        selector.matches(&view.run.drill, view.run.case.as_deref(), &view.step.name)
    };
    views.steps.iter().filter(fits).collect()
}

/// True if the selector means every run there is: such checks look for what no run may show.
pub(super) fn is_everywhere(selector: &str) -> bool {
    selector.starts_with("*:")
}

/// Why a step says nothing about this subject: damage before it found nothing to damage, or the subject
/// does one thing after the other where the drill asks for two at once.
pub(super) fn inapplicable(views: &Views<'_>, view: &View<'_>) -> Option<String> {
    if view.step.waited {
        return Some("it is not over before the call that is held has gone on".to_owned());
    }
    if is_turned_away(views, view) {
        return Some("it is refused while another workflow is worked on".to_owned());
    }
    let of_run = |other: &&View<'_>| other.run_at == view.run_at && counts(other, view);
    views
        .steps
        .iter()
        .filter(of_run)
        .find_map(|other| match (&other.step.act, &other.step.done) {
            (ActSeen::Tamper, Some(Done::NothingFound(why))) => {
                Some(format!("{} damaged nothing: {why}", other.step.name))
            }
            _ => None,
        })
}

/// Whether a call was refused for another workflow that was being worked on: nothing asks for two at once.
fn is_turned_away(views: &Views<'_>, view: &View<'_>) -> bool {
    let around = |other: &&View<'_>| {
        other.run_at == view.run_at && view.step.within.as_deref() == Some(&other.step.name)
    };
    let mut held = views.steps.iter().filter(around);
    let of_another = held.any(|it| it.step.workflow != view.step.workflow);
    of_another && view.step.programs.is_empty() && view.step.end == Some(End::Exited(4))
}

/// What a step rests on: acts before it that found nothing to do, points that were not reached,
/// and the premises of the check, `STEP is WORD`.
pub(super) fn unfounded(views: &Views<'_>, view: &View<'_>, premises: &[&str]) -> Option<String> {
    let of_run = |other: &&View<'_>| other.run_at == view.run_at && counts(other, view);
    for other in views.steps.iter().filter(of_run) {
        if let Some(Done::NothingFound(why)) = &other.step.done {
            return Some(format!("{} changed nothing: {why}", other.step.name));
        }
        if let (Some(point), None) = (&other.step.point, &other.step.reached) {
            return Some(format!("{} never came to {point}", other.step.name));
        }
    }
    premises
        .iter()
        .filter_map(|premise| premise.split_once(" is "))
        .find_map(|(step, word)| {
            let mut named = views.steps.iter().filter(of_run);
            match named.find(|other| other.step.name == step) {
                Some(other) => is(other, word).err(),
                None => Some(format!("the step {step} was not taken")),
            }
        })
}

/// Whether a step ended as a word says.
pub(super) fn is(view: &View<'_>, word: &str) -> Result<(), String> {
    let state = |wanted: State| match &view.docs {
        Some(docs) => match (&docs.state, docs.state()) {
            (_, Some(found)) if found == wanted => Ok(()),
            (_, Some(found)) => Err(format!("{} ended in {found}", view.name())),
            (Err(why), _) => Err(format!("no state after {}: {why}", view.name())),
            (Ok(_), None) => Err(format!("no known state after {}", view.name())),
        },
        None => Err(format!("nothing was exported after {}", view.name())),
    };
    let holds = |held: bool, why: &str| {
        if held {
            Ok(())
        } else {
            Err(format!("{} {why}", view.name()))
        }
    };
    match word {
        "approved" => state(State::Approved),
        "completed" => state(State::Completed),
        "failed" => state(State::Failed),
        "waiting" => state(State::AwaitingApproval),
        "ended" => holds(
            matches!(view.step.end, Some(End::Exited(_))),
            "did not end by itself",
        ),
        "reached" => holds(view.step.reached.is_some(), "did not come to its point"),
        "changed" => holds(
            matches!(view.step.done, Some(Done::Changed(_))),
            "changed nothing",
        ),
        "exported" => holds(
            view.docs.as_ref().is_some_and(|it| it.state.is_ok()),
            "was followed by no readable state",
        ),
        "planned" => holds(
            view.engines("flight-plan").next().is_some(),
            "launched no engine",
        ),
        _ => Err(format!("the premise {word:?} is none")),
    }
}

/// Whether a step comes before another one and was not undone again.
fn counts(other: &View<'_>, view: &View<'_>) -> bool {
    let theirs = group(&other.step.name);
    other.at <= view.at && (theirs.is_none() || theirs == group(&view.step.name))
}
