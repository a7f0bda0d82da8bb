//! Whether take-off applies the plan that it is given, and not one that it makes itself.

use std::collections::BTreeSet;

use super::declared::Declared;
use super::takeoff::{is_folder_of_others, real};
use super::{Look, words};
use crate::observe::{Launch, Observation};
use crate::receipt;
use crate::tree::Change;

/// CC-ENG-034: on a workspace with more files, the plan of the smaller one changes nothing that only
/// the plan of the larger one names. To refuse such a workspace is right as well.
pub(super) fn applies_given(look: &mut Look, launch: &Launch, of: &str, seen: &Observation) {
    let (Some(other), Some(usual), Some(plan)) = (
        seen.named(of, launch.worker),
        seen.named("takeoff", launch.worker),
        seen.named("baseline", launch.worker),
    ) else {
        look.unproven(launch, "there is no other take-off to compare with");
        return;
    };
    if let Err(why) = receipt::worked(usual) {
        look.unproven(launch, &format!("the usual take-off did not work: {why}"));
        return;
    }
    if let Err(why) = receipt::worked(other) {
        look.inapplicable(
            launch,
            &format!("the larger workspace is not planned on: {why}"),
        );
        return;
    }
    let (before, more) = (paths(usual), paths(other));
    let only_other: BTreeSet<&str> = more.difference(&before).copied().collect();
    if only_other.is_empty() {
        let why = "more files in the workspace give the same plan";
        look.inapplicable(launch, why);
        return;
    }
    let declared = Declared::by(plan);
    let stray: Vec<&Change> = real(launch)
        .into_iter()
        .filter(|change| only_other.contains(change.path.as_str()))
        .filter(|change| !declared.covers(&change.path))
        .collect();
    // A plan that gives a rule for the whole workspace instead of a list of paths covers what is new.
    let is_list = before.iter().all(|path| declared.covers(path));
    if !stray.is_empty() && !is_list {
        look.inapplicable(launch, "the plan does not name what it changes");
        return;
    }
    let problem = (!stray.is_empty()).then(|| {
        (
            "changes that the given plan names, or a refusal".to_owned(),
            format!("{}, as only a new plan would", words::list(&stray)),
        )
    });
    look.judged(launch, problem.into_iter().collect());
}

/// What a take-off changed.
fn paths(launch: &Launch) -> BTreeSet<&str> {
    real(launch)
        .into_iter()
        .filter(|change| !is_folder_of_others(change, launch))
        .map(|change| change.path.as_str())
        .collect()
}
