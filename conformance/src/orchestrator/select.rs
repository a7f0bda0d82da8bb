//! From a selection to a plan: which checks count, and which runs must be driven for them.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{self, Kit};
use super::drill::{Check, Drill};
use super::plan::RunPlan;
use crate::select::{Chosen, SelectError, Selection, choose};

/// What will be driven and judged.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The selected checks.
    pub selected: BTreeSet<String>,
    /// Why each of the other checks is not run.
    pub not_run: BTreeMap<String, String>,
    /// The runs to drive, in order.
    pub runs: Vec<RunPlan>,
}

/// A part of the kit, for machines that share the work: `1/4` is the first of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Which one, from 0.
    index: usize,
    /// Of how many.
    count: usize,
}

impl Part {
    /// The whole.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    fn has(self, position: usize) -> bool {
        position % self.count == self.index
    }
}

impl std::str::FromStr for Part {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').and_then(|(index, count)| {
            let index: usize = index.parse().ok()?;
            Some((index.checked_sub(1)?, count.parse::<usize>().ok()?))
        });
        match numbers {
            Some((index, count)) if index < count && count <= 1000 => Ok(Self { index, count }),
            Some(_) | None => Err("it is not K/N with K from 1 to N"),
        }
    }
}

/// Resolves a selection against the kit. Drills are dealt out to the parts in turn; checks on every
/// step of every drill belong to all of them.
///
/// # Errors
/// When a filter is malformed or names nothing, or when nothing is selected.
pub fn select(kit: &Kit, selection: &Selection, part: Part) -> Result<Plan, SelectError> {
    let Chosen {
        mut selected,
        mut not_run,
    } = choose(kit, selection)?;
    for (position, drill) in kit.drills.iter().enumerate() {
        for check in &drill.checks {
            let general = check
                .on
                .iter()
                .all(|word| Selector::parse(word, "").is_everything());
            if !general && !part.has(position) && selected.remove(&check.id) {
                not_run.insert(check.id.clone(), "another part has it".to_owned());
            }
        }
    }
    let names = drills_for(kit, &selected);
    let runs = kit
        .drills
        .iter()
        .filter(|drill| names.contains(drill.name.as_str()))
        .flat_map(Drill::runs)
        .collect();
    Ok(Plan {
        selected,
        not_run,
        runs,
    })
}

/// The drills that the selected checks look at or compare with, directly or through their controls. A
/// check on every step of every drill looks at those that are driven anyway, and at its own.
fn drills_for<'a>(kit: &'a Kit, selected: &BTreeSet<String>) -> BTreeSet<&'a str> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&Check> = kit.checks().filter(|c| selected.contains(&c.id)).collect();
    let mut seen: BTreeSet<&str> = open.iter().map(|c| c.id.as_str()).collect();
    while let Some(check) = open.pop() {
        let own = kit.drill_of(&check.id).map_or("", |drill| &drill.name);
        names.insert(own);
        let twin = check.expect.twin();
        for word in check.on.iter().map(String::as_str).chain(twin) {
            let selector = Selector::parse(word, own);
            if !selector.is_everything() {
                let found = kit.drills.iter().filter(|drill| selector.finds_in(drill));
                names.extend(found.map(|drill| drill.name.as_str()));
            }
        }
        let controls = catalogue::controls(check).filter_map(|id| kit.check(id));
        open.extend(controls.filter(|other| seen.insert(&other.id)));
    }
    names
}

/// Which steps: `STEP`, `CASE/STEP` of the check's own drill, `DRILL:STEP`, `DRILL:CASE/STEP`; a `*`
/// stands for any text: `each.*.resume`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    drill: String,
    case: Option<String>,
    step: String,
}

impl Selector {
    /// Reads a selector of a check in the drill `own`.
    pub fn parse(word: &str, own: &str) -> Self {
        let (drill, rest) = word.split_once(':').unwrap_or((own, word));
        let (case, step) = match rest.split_once('/') {
            Some((case, step)) => (Some(case.to_owned()), step),
            None => (None, rest),
        };
        Self {
            drill: drill.to_owned(),
            case,
            step: step.to_owned(),
        }
    }

    /// Whether it stands for every step there is.
    pub fn is_everything(&self) -> bool {
        self.drill == "*" && self.step == "*" && self.case.as_deref().is_none_or(|case| case == "*")
    }

    /// Whether it means this step. A selector without a case means the step in every case.
    pub fn matches(&self, drill: &str, case: Option<&str>, step: &str) -> bool {
        let case_fits = match (&self.case, case) {
            (None, _) => true,
            (Some(wanted), Some(name)) => fits(wanted, name),
            (Some(_), None) => false,
        };
        fits(&self.drill, drill) && case_fits && fits(&self.step, step)
    }

    /// Whether it means any step of the drill.
    pub fn finds_in(&self, drill: &Drill) -> bool {
        drill.runs().iter().any(|run| {
            let names = run.step_names();
            let mut names = names.iter();
            names.any(|step| self.matches(&drill.name, run.case.as_deref(), step))
        })
    }
}

/// Whether a name is the wanted one; each `*` stands for any text.
fn fits(wanted: &str, name: &str) -> bool {
    let Some((first, rest)) = wanted.split_once('*') else {
        return wanted == name;
    };
    let Some(mut name) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_dealt_out() {
        let part = |text: &str| text.parse::<Part>();
        assert_eq!(part("1/1"), Ok(Part::WHOLE));
        for wrong in ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"] {
            assert!(part(wrong).is_err(), "{wrong}");
        }
        let kit = Kit::embedded().unwrap();
        let selection = Selection::default();
        let whole = select(&kit, &selection, Part::WHOLE).unwrap();
        let parts: BTreeSet<String> = ["1/2", "2/2"]
            .iter()
            .flat_map(|text| {
                select(&kit, &selection, part(text).unwrap())
                    .unwrap()
                    .selected
            })
            .collect();
        assert_eq!(parts, whole.selected);
    }

    #[test]
    fn what_a_check_compares_with_is_driven() {
        let kit = Kit::embedded().unwrap();
        let selection = Selection {
            filters: vec!["CC-RST-018/changed-byte".to_owned()],
            ..Selection::default()
        };
        let plan = select(&kit, &selection, Part::WHOLE).unwrap();
        assert!(
            plan.runs
                .iter()
                .any(|run| run.name() == "waiting/left-alone")
        );
    }

    #[test]
    fn a_selector_means_what_it_says() {
        let means =
            |word: &str, case, step| Selector::parse(word, "own").matches("own", case, step);
        assert!(means("run", None, "run") && means("run", Some("a"), "run"));
        assert!(means("a/run", Some("a"), "run") && !means("a/run", Some("b"), "run"));
        assert!(means("*/run", Some("b"), "run") && !means("*/run", None, "run"));
        assert!(means("*:*", None, "x") && !means("other:run", None, "run"));
        assert!(means("each.*.resume", None, "each.3.resume"));
        assert!(!means("each.*.resume", None, "each.3"));
        assert!(Selector::parse("*:*", "own").is_everything());
    }
}
