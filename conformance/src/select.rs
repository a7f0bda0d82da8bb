//! From a selection to a plan: which checks count, and which drills must be driven for them.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::Kit;
use crate::drill::{Check, Class, Drill};
use crate::expect::Expect;
use crate::filter::Filter;
use crate::suite::CheckSet;

/// What was asked for on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The classes to run.
    pub classes: Vec<Class>,
    /// Filter expressions; a check runs when one of them matches, or when there is none.
    pub filters: Vec<String>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            classes: vec![Class::Draft, Class::Profile],
            filters: Vec::new(),
        }
    }
}

/// What will be driven and judged.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The selected checks.
    pub selected: BTreeSet<String>,
    /// Why each of the other checks is not run.
    pub not_run: BTreeMap<String, String>,
    /// The drills to drive, in order.
    pub drills: Vec<Drill>,
}

/// Why a selection is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// A word of a filter names nothing.
    #[error("the filter {filter:?} names {word:?}, which is no check, requirement, area, level, class or drill{}", hint(.near))]
    Unknown {
        /// The filter.
        filter: String,
        /// The word.
        word: String,
        /// Names that look like it.
        near: Vec<String>,
    },
    /// A filter cannot be parsed.
    #[error("the filter {filter:?} is not understood: {why}")]
    Syntax {
        /// The filter.
        filter: String,
        /// Why.
        why: &'static str,
    },
    /// Nothing is left to run.
    #[error("the selection is empty: no check of class {classes} matches {filters}")]
    Empty {
        /// The classes.
        classes: String,
        /// The filters.
        filters: String,
    },
}

fn hint(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; near: {}", names.join(", "))
    }
}

/// Which checks count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The selected checks.
    pub selected: BTreeSet<String>,
    /// Why each of the other checks is not run.
    pub not_run: BTreeMap<String, String>,
}

/// Resolves a selection against the engine kit.
///
/// # Errors
/// When a filter is malformed or names nothing, or when nothing is selected.
pub fn select(kit: &Kit, selection: &Selection) -> Result<Plan, SelectError> {
    let chosen = choose(kit, selection)?;
    let drills = drills_for(kit, &chosen.selected);
    Ok(Plan {
        selected: chosen.selected,
        not_run: chosen.not_run,
        drills,
    })
}

/// Resolves a selection against any suite.
///
/// # Errors
/// When a filter is malformed or names nothing, or when nothing is selected.
pub fn choose(suite: &dyn CheckSet, selection: &Selection) -> Result<Chosen, SelectError> {
    let mut filters = Vec::new();
    for text in &selection.filters {
        let filter = Filter::parse(text)?;
        filter.check_words(suite, text)?;
        filters.push(filter);
    }
    let mut chosen = Chosen {
        selected: BTreeSet::new(),
        not_run: BTreeMap::new(),
    };
    for card in suite.cards() {
        let id = card.id.to_owned();
        if !selection.classes.contains(&card.class) {
            let reason = format!("class {} was not selected", card.class.as_str());
            chosen.not_run.insert(id, reason);
        } else if !filters.is_empty() && !filters.iter().any(|f| f.matches(suite, &card)) {
            let reason = "left out by the filter".to_owned();
            chosen.not_run.insert(id, reason);
        } else {
            chosen.selected.insert(id);
        }
    }
    if chosen.selected.is_empty() {
        return Err(nothing_selected(selection));
    }
    Ok(chosen)
}

fn nothing_selected(selection: &Selection) -> SelectError {
    let classes: Vec<&str> = selection.classes.iter().map(|c| c.as_str()).collect();
    SelectError::Empty {
        classes: classes.join(", "),
        filters: if selection.filters.is_empty() {
            "anything".to_owned()
        } else {
            selection.filters.join(" or ")
        },
    }
}

/// The drills that the selected checks look at, directly or through their controls.
fn drills_for(kit: &Kit, selected: &BTreeSet<String>) -> Vec<Drill> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&Check> = kit.checks().filter(|c| selected.contains(&c.id)).collect();
    let mut seen: BTreeSet<&str> = open.iter().map(|c| c.id.as_str()).collect();
    while let Some(check) = open.pop() {
        names.extend(kit.drill_of(&check.id).map(|drill| drill.name.as_str()));
        let referred = referred(&check.expect);
        for selector in check
            .on
            .iter()
            .chain(&check.control)
            .map(String::as_str)
            .chain(referred)
        {
            if let Some(id) = selector.strip_prefix("check:") {
                open.extend(kit.check(id).filter(|other| seen.insert(&other.id)));
            } else {
                names.extend(
                    kit.drills
                        .iter()
                        .filter(|drill| concerns(drill, selector))
                        .map(|drill| drill.name.as_str()),
                );
            }
        }
    }
    kit.drills
        .iter()
        .filter(|drill| names.contains(drill.name.as_str()))
        .cloned()
        .collect()
}

/// Launches that an expectation compares with.
fn referred(expect: &Expect) -> Option<&str> {
    match expect {
        Expect::AppliesGivenPlan { of }
        | Expect::NoLeftoversNeeded { of }
        | Expect::RepeatIsHarmless { of } => Some(of),
        Expect::SamePlan { r#as, .. }
        | Expect::SameWorkspace { r#as, .. }
        | Expect::WholeOrRefused { r#as } => Some(r#as),
        _ => None,
    }
}

fn concerns(drill: &Drill, selector: &str) -> bool {
    if selector.starts_with('@') {
        return !drill.is_extra();
    }
    let stem = selector.strip_suffix(".*").unwrap_or(selector);
    drill.launches.iter().any(|launch| {
        launch.name == stem
            || launch
                .name
                .strip_prefix(stem)
                .is_some_and(|r| r.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(filters: &[&str]) -> Result<BTreeSet<String>, SelectError> {
        let kit = Kit::embedded().unwrap();
        let filters = filters.iter().map(|&f| f.to_owned()).collect();
        select(
            &kit,
            &Selection {
                filters,
                ..Selection::default()
            },
        )
        .map(|plan| plan.selected)
    }

    #[test]
    fn filters_combine() {
        assert_eq!(ids(&["CC-ENG-018"]).unwrap().len(), 3);
        assert_eq!(
            ids(&["CC-ENG-018 & !CC-ENG-018/read-only-workspace"])
                .unwrap()
                .len(),
            2
        );
        assert_eq!(
            ids(&["CC-ENG-018/*", "level:SHOULD & ENG & CC-ENG-004"])
                .unwrap()
                .len(),
            5
        );
        assert!(ids(&["drill:060_modes|(class:profile&ENG)"]).unwrap().len() > 4);
    }

    #[test]
    fn a_typo_is_refused_and_a_near_name_is_given() {
        let error = ids(&["CC-ENG-018/workspace-untuched"]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("near: CC-ENG-018/workspace-untouched"),
            "{error}"
        );
        assert!(matches!(ids(&["(ENG"]), Err(SelectError::Syntax { .. })));
        assert!(matches!(ids(&[""]), Err(SelectError::Syntax { .. })));
        assert!(matches!(
            ids(&["class:hardening"]),
            Err(SelectError::Empty { .. })
        ));
    }

    #[test]
    fn what_all_checks_look_at_does_not_depend_on_the_classes() {
        let kit = Kit::embedded().unwrap();
        let driven = |classes: &[Class]| -> BTreeSet<String> {
            let selection = Selection {
                classes: classes.to_vec(),
                filters: Vec::new(),
            };
            let plan = select(&kit, &selection).unwrap();
            let drills = plan.drills.into_iter();
            drills.filter(|d| !d.is_extra()).map(|d| d.name).collect()
        };
        let every = driven(&[Class::Draft, Class::Profile, Class::Hardening]);
        assert_eq!(driven(&[Class::Draft]), every);
        assert_eq!(driven(&[Class::Draft, Class::Profile]), every);
        assert!(kit.drills.iter().any(Drill::is_extra));
    }

    #[test]
    fn a_single_check_drives_only_what_it_needs() {
        let kit = Kit::embedded().unwrap();
        let filters = vec!["CC-ENG-022/time-zone".to_owned()];
        let plan = select(
            &kit,
            &Selection {
                filters,
                ..Selection::default()
            },
        )
        .unwrap();
        let names: Vec<_> = plan.drills.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names, ["010_baseline", "040_determinism", "042_clock"]);
        assert_eq!(
            plan.selected.len() + plan.not_run.len(),
            kit.checks().count()
        );
    }
}
