//! How a run with a crash in it has to end.

use cabincrew_protocol::replay::Replay;
use cabincrew_protocol::wal::WalEntry;
use cabincrew_protocol::workflow::State;

use super::crash::Broken;
use super::view::{View, Views, text};

/// How it ended: at an end, and at the right one.
pub(super) fn ends(
    last: &View<'_>,
    (how, step): (Broken<'_>, Option<&View<'_>>),
    views: &Views<'_>,
) -> Vec<(&'static str, String, String)> {
    let found = match last.docs.as_ref().map(|docs| (&docs.state, docs.state())) {
        Some((Ok(_), Some(state))) => state,
        Some((Err(why), _)) => {
            let expected = "documents that can be exported, and an end".to_owned();
            return vec![("recovery-ends", expected, why.clone())];
        }
        Some((Ok(_), None)) | None => {
            let expected = "a known state".to_owned();
            return vec![("recovery-ends", expected, "there is none".to_owned())];
        }
    };
    // An end that nothing led to is guessed, whatever the log says of its beginning.
    if how != Broken::Nowhere && found == State::Completed && took_off_never(views) {
        let expected = "a take-off before COMPLETED".to_owned();
        return vec![("doubt-is-not-guessed", expected, "no launch".to_owned())];
    }
    let broken = match (how, step) {
        (Broken::Killed(_) | Broken::Twice(..), Some(step)) => step,
        // What failed may have ended the workflow.
        (Broken::Failing(_), _) => return told(found.is_final(), State::Failed, found),
        (Broken::Nowhere | Broken::Killed(_) | Broken::Twice(..), _) => {
            return told(found == State::Completed, State::Completed, found);
        }
    };
    let mut took_off = broken.engines("take-off");
    match took_off.next() {
        // What it printed may have been heard before the end: only a cut off one is in doubt.
        Some(program) if !program.ended && !completed(broken) => {
            let guessed = matches!(found, State::Completed | State::ExecutionComplete);
            let mut problems = told(found.is_final(), State::Failed, found);
            if guessed {
                let expected = "FAILED, for nobody knows how far the take-off came".to_owned();
                problems.push(("doubt-is-not-guessed", expected, found.to_string()));
            }
            problems
        }
        Some(_) if completed(broken) => told(found == State::Completed, State::Completed, found),
        Some(_) => told(found.is_final(), State::Failed, found),
        // It was about to take off: whether it has is unknown to whoever reads the log.
        None if announced(broken) => told(found.is_final(), State::Failed, found),
        // A step that left no documents has lost nothing of what those before it had shown.
        None if planned(broken) || (broken.docs.is_none() && known(broken, views)) => {
            told(found == State::Completed, State::Completed, found)
        }
        None => told(found.is_final(), State::Completed, found),
    }
}

/// Of the steps that were cut off the one that the end hangs on: the first that had begun to take off, or
/// announced it, or else the last.
pub(super) fn decisive<'v, 'a>(cut: &[&'v View<'a>]) -> Option<&'v View<'a>> {
    let begun = |view: &&&View<'_>| view.engines("take-off").next().is_some() || announced(view);
    cut.iter().find(begun).or(cut.last()).copied()
}

fn told(held: bool, wanted: State, found: State) -> Vec<(&'static str, String, String)> {
    if held {
        Vec::new()
    } else {
        vec![("recovery-ends", wanted.to_string(), found.to_string())]
    }
}

/// Whether no engine was ever seen to take off.
fn took_off_never(views: &Views<'_>) -> bool {
    views
        .steps
        .iter()
        .all(|view| view.engines("take-off").next().is_none())
}

/// Whether planning had ended before the step, and nothing that was found later says that the take-off was
/// announced in it.
fn known(broken: &View<'_>, views: &Views<'_>) -> bool {
    views.before(broken).is_some_and(planned) && !views.steps.iter().any(announced)
}

/// Whether the log says that the take-off has ended.
fn completed(view: &View<'_>) -> bool {
    logged(view, "step_completed")
}

/// Whether the log says that the take-off is about to begin.
fn announced(view: &View<'_>) -> bool {
    logged(view, "step_started")
}

fn logged(view: &View<'_>, kind: &str) -> bool {
    let wal = view.docs.as_ref().and_then(|docs| docs.wal.as_ref().ok());
    wal.into_iter().flatten().any(|entry| {
        text(entry, "/entry_type") == Some(kind)
            && text(entry, "/data/step_type") == Some("take-off")
    })
}

/// Whether the log says that planning has ended.
fn planned(view: &View<'_>) -> bool {
    let Some(Ok(wal)) = view.docs.as_ref().map(|docs| &docs.wal) else {
        return false;
    };
    let mut replay = Replay::default();
    for entry in wal {
        let Ok(entry) = serde_json::from_value::<WalEntry>(entry.clone()) else {
            return false;
        };
        if replay.apply(&entry).is_err() {
            return false;
        }
    }
    let before = [State::Init, State::PlanRunning];
    replay.state().is_some_and(|state| !before.contains(&state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_end_is_told() {
        assert!(told(true, State::Completed, State::Completed).is_empty());
        assert_eq!(told(false, State::Completed, State::Failed).len(), 1);
    }
}
