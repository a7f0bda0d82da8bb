//! What take-off does to the workspace and to the restored artifacts.

use serde_json::Value;

use super::artifacts::document;
use super::declared::Declared;
use super::{Look, words};
use crate::observe::{Launch, Observation};
use crate::receipt;
use crate::tree::{Change, Kind, Tree, What};

/// Changes that are more than a touch.
pub(super) fn real(launch: &Launch) -> Vec<&Change> {
    launch
        .workspace_changes
        .iter()
        .filter(|change| change.what != What::Touched)
        .collect()
}

/// CC-ENG-032: the planned change is carried out.
pub(super) fn applies_plan(look: &mut Look, launch: &Launch, seen: &Observation) {
    if let Err(why) = receipt::worked(launch) {
        let expected = "a take-off that succeeds".to_owned();
        look.judged(launch, vec![(expected, why)]);
        return;
    }
    let changed = real(launch);
    let problem = match (&seen.scenario.after, &launch.workspace_after) {
        (Some(after), Some(now)) => differences(after, now).map(|observed| {
            (
                "the workspace as the scenario's after/ folder".to_owned(),
                observed,
            )
        }),
        _ if !seen.scenario.takeoff_changes => (!changed.is_empty()).then(|| {
            (
                "an unchanged workspace, as the scenario says".to_owned(),
                words::list(&changed),
            )
        }),
        _ if changed.is_empty() && !plans_nothing(seen.named("baseline", launch.worker)) => {
            let expected = "the planned change in the workspace".to_owned();
            Some((
                expected,
                "success is reported and nothing changed, and not every action of the plan is none"
                    .to_owned(),
            ))
        }
        _ => None,
    };
    look.judged(launch, problem.into_iter().collect());
}

/// True if every artifact of the plan says that nothing is to be done (C-126).
fn plans_nothing(plan: Option<&Launch>) -> bool {
    let Some(plan) = plan else { return false };
    receipt::artifact_names(plan).iter().all(|name| {
        document(plan, name)
            .and_then(|artifact| {
                artifact
                    .get("action")
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            })
            .is_some_and(|action| action == "none")
    })
}

/// How two workspaces differ, stamps and directory modes aside.
fn differences(wanted: &Tree, found: &Tree) -> Option<String> {
    let changes = crate::tree::changes(&plain(wanted), &plain(found));
    let changes: Vec<&Change> = changes.iter().collect();
    (!changes.is_empty()).then(|| words::list(&changes))
}

/// A tree without what directories and permissions of group and others contribute.
fn plain(tree: &Tree) -> Tree {
    tree.iter()
        .filter(|(path, _)| path.as_str() != ".")
        .map(|(path, entry)| {
            let mut entry = entry.clone();
            entry.mode = if entry.kind == Kind::File {
                entry.mode & 0o100
            } else {
                0
            };
            entry.links = 1;
            (path.clone(), entry)
        })
        .collect()
}

/// CC-ENG-033: every changed path is named by the plan.
pub(super) fn only_declared_effects(look: &mut Look, launch: &Launch, seen: &Observation) {
    if let Err(why) = receipt::worked(launch) {
        look.unproven(launch, &why);
        return;
    }
    let Some(plan) = seen.named("baseline", launch.worker) else {
        look.unproven(launch, "there is no plan to compare with");
        return;
    };
    let declared = Declared::by(plan);
    let changed = real(launch);
    let mine = |change: &&&Change| !is_folder_of_others(change, launch);
    let mine: Vec<&Change> = changed.iter().filter(mine).copied().collect();
    let (named, stray): (Vec<&Change>, Vec<&Change>) = mine
        .iter()
        .partition(|change| declared.covers_change(change, &launch.workspace_changes));
    let backups =
        |change: &&&Change| is_backup(&change.path, launch) && !declared.names(&change.path);
    let backups: Vec<&Change> = mine.iter().filter(backups).copied().collect();
    let why = declared.beyond_reading();
    // Where all others are named one by one, the plan is a list, and what is not on it is not planned.
    let is_list = named.len() >= 2 && stray.len() * 2 <= named.len();
    let wrong = match why {
        Some(why) if !is_list && !stray.is_empty() && backups.is_empty() => {
            look.inapplicable(
                launch,
                &format!("not every changed path is named, and {why}: a scenario with a folder after/ decides"),
            );
            return;
        }
        _ if stray.is_empty() => backups,
        _ => stray,
    };
    let problems = if wrong.is_empty() {
        Vec::new()
    } else {
        let expected = "only changes that an artifact's target, metadata or body names".to_owned();
        vec![(expected, words::list(&wrong))]
    };
    look.judged(launch, problems);
}

/// A file beside another changed one, named after it as editors and patch programs name their backups:
/// a folder as target does not declare it.
fn is_backup(path: &str, launch: &Launch) -> bool {
    let endings = [
        "~", ".bak", ".old", ".orig", ".rej", ".save", ".swp", ".tmp",
    ];
    endings
        .iter()
        .filter_map(|ending| path.strip_suffix(ending))
        .any(|stem| {
            launch
                .workspace_changes
                .iter()
                .any(|change| change.path == stem)
        })
}

/// A directory that was made or removed only to hold other changed entries.
pub(super) fn is_folder_of_others(change: &Change, launch: &Launch) -> bool {
    let prefix = format!("{}/", change.path);
    launch
        .workspace_changes
        .iter()
        .any(|other| other.path.starts_with(&prefix))
}

/// CC-ENG-035: restored artifacts are not rewritten, not even with the same bytes.
pub(super) fn artifacts_kept(look: &mut Look, launch: &Launch) {
    let changes: Vec<&Change> = launch.restored_changes.iter().collect();
    let problems = if changes.is_empty() {
        Vec::new()
    } else {
        vec![(
            "restored artifacts left as they are".to_owned(),
            words::list(&changes),
        )]
    };
    look.judged(launch, problems);
}

/// CC-ENG-034: if take-off works with planning's leftovers, it works without.
pub(super) fn no_leftovers_needed(look: &mut Look, launch: &Launch, of: &str, seen: &Observation) {
    let Some(bare) = seen.named(of, launch.worker) else {
        look.unproven(
            launch,
            "the take-off from restored state alone was not launched",
        );
        return;
    };
    match (receipt::worked(bare), receipt::worked(launch)) {
        (Ok(()), _) => look.judged(launch, Vec::new()),
        (Err(why), Ok(())) => look.judged(
            launch,
            vec![(
                "take-off from the restored state artifacts alone".to_owned(),
                format!("it works only with planning's leftovers; without: {why}"),
            )],
        ),
        (Err(why), Err(_)) => {
            look.unproven(launch, &format!("take-off does not work at all: {why}"))
        }
    }
}

/// CC-ENG-039: a second take-off leaves the workspace as the first one did.
pub(super) fn repeat_is_harmless(look: &mut Look, launch: &Launch, of: &str, seen: &Observation) {
    let first = seen.named(of, launch.worker);
    let (Some(first), Some(second)) = (
        first.and_then(|first| first.workspace_after.as_ref()),
        launch.workspace_after.as_ref(),
    ) else {
        look.unproven(launch, "there is no first take-off to compare with");
        return;
    };
    let problem = differences(first, second).map(|observed| {
        (
            "the workspace as the first take-off left it".to_owned(),
            observed,
        )
    });
    look.judged(launch, problem.into_iter().collect());
}

/// The same workspace afterwards as another take-off.
pub(super) fn same_workspace(
    look: &mut Look,
    launch: &Launch,
    (other, must_succeed): (&str, bool),
    seen: &Observation,
) {
    if let Err(why) = receipt::worked(launch) {
        if must_succeed {
            let expected = "a take-off that succeeds".to_owned();
            look.judged(launch, vec![(expected, why)]);
        } else {
            look.unproven(launch, &why);
        }
        return;
    }
    let other = seen.named(other, launch.worker);
    let (Some(wanted), Some(found)) = (
        other.and_then(|other| other.workspace_after.as_ref()),
        launch.workspace_after.as_ref(),
    ) else {
        look.unproven(launch, "there is no other take-off to compare with");
        return;
    };
    let problem = differences(wanted, found).map(|observed| {
        (
            "the same workspace after the same take-off".to_owned(),
            observed,
        )
    });
    look.judged(launch, problem.into_iter().collect());
}

/// Success means that everything was done; anything else stops with an error and touches nothing.
pub(super) fn whole_or_refused(look: &mut Look, launch: &Launch, other: &str, seen: &Observation) {
    if receipt::worked(launch).is_ok() {
        same_workspace(look, launch, (other, true), seen);
    } else {
        super::refusal::take_off_refused(look, launch);
    }
}
