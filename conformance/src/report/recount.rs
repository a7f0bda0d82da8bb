//! A report held against itself, and two reports against each other.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts;
use super::model::{ClassVerdict, Report};
use crate::drill::Class;
use crate::exit::Exit;
use crate::verdict::Outcome;

/// What a report says that does not follow from its checks; empty when all of it does. With the ids
/// that were ever published, also whether each has one outcome.
pub fn verify(report: &Report, frozen: Option<&BTreeSet<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    let totals = accounts::totals(&report.checks);
    if totals != report.totals {
        wrong.push(format!(
            "the totals are {:?} and should be {totals:?}",
            report.totals
        ));
    }
    let classes: BTreeMap<String, ClassVerdict> = [Class::Draft, Class::Profile, Class::Hardening]
        .into_iter()
        .map(|class| {
            let verdict = accounts::class_verdict(class, &report.checks);
            (class.as_str().to_owned(), verdict)
        })
        .collect();
    if classes != report.classes {
        wrong.push(format!(
            "the verdicts of the classes are {:?} and should be {classes:?}",
            report.classes
        ));
    }
    let verdict = accounts::conclusion(classes.values().copied(), report.aborted.is_some());
    if verdict != report.verdict {
        wrong.push(format!(
            "the verdict is {:?} and should be {verdict:?}",
            report.verdict
        ));
    }
    let exit = Exit::of_report(report).code();
    if exit != report.exit_code {
        wrong.push(format!(
            "the exit status is {} and should be {exit}",
            report.exit_code
        ));
    }
    let known = report
        .checks
        .iter()
        .filter(|check| check.outcome == Outcome::Known)
        .count();
    if known != report.known {
        wrong.push(format!(
            "{} known failures are counted, and there are {known}",
            report.known
        ));
    }
    if let Some(frozen) = frozen
        && let Err(error) = accounts::audit(frozen, &report.checks, &totals)
    {
        wrong.push(error.to_string());
    }
    wrong
}

/// A check whose outcome differs between two reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The check.
    pub id: String,
    /// What it was; `None` when the older report does not have it.
    pub old: Option<Outcome>,
    /// What it is; `None` when the newer one does not.
    pub new: Option<Outcome>,
}

impl Turn {
    /// Whether something that passed, or was accepted, does not any more.
    pub fn is_worse(&self) -> bool {
        let red =
            |outcome: Option<Outcome>| matches!(outcome, Some(Outcome::Fail | Outcome::Unproven));
        red(self.new) && !red(self.old)
    }
}

/// Every check whose outcome differs, by id.
pub fn turns(old: &Report, new: &Report) -> Vec<Turn> {
    let outcomes = |report: &Report| -> BTreeMap<String, Outcome> {
        report
            .checks
            .iter()
            .map(|check| (check.id.clone(), check.outcome))
            .collect()
    };
    let (before, after) = (outcomes(old), outcomes(new));
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    ids.into_iter()
        .map(|id| Turn {
            id: id.clone(),
            old: before.get(id).copied(),
            new: after.get(id).copied(),
        })
        .filter(|turn| turn.old != turn.new)
        .collect()
}
