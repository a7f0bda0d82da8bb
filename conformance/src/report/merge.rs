//! Reports of parts become the report of the whole.

use std::collections::BTreeMap;

use super::accounts::{self, AccountingError};
use super::assemble::weight;
use super::model::{CheckResult, Report};
use crate::drill::Class;
use crate::exit::Exit;
use crate::verdict::Outcome;

/// Why a part has not run a check that another part may show something of.
pub(crate) const LEFT_TO_OTHERS: &str = "no step of this part shows anything; another part may";

/// Why reports cannot be merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There is nothing to merge.
    #[error("no report was given")]
    Nothing,
    /// Two reports are not about the same thing.
    #[error("report {number} differs from the first one in its {what}")]
    Differs {
        /// Which one, from 1.
        number: usize,
        /// In what.
        what: &'static str,
    },
    /// The accounts of the whole do not add up.
    #[error("the accounts of the merged reports do not add up")]
    Accounting(#[from] AccountingError),
}

/// Joins the reports of parts: of each check the worst outcome counts, and one that was run counts
/// over one that was not.
///
/// # Errors
/// When there is none, when they differ in suite, subject, seed or selection, or list other checks.
pub fn merge(parts: &[Report]) -> Result<Report, MergeError> {
    let (first, others) = parts.split_first().ok_or(MergeError::Nothing)?;
    for (index, other) in others.iter().enumerate() {
        let differs = |what| MergeError::Differs {
            number: index + 2,
            what,
        };
        match () {
            () if other.suite != first.suite => return Err(differs("suite")),
            () if other.subject != first.subject => return Err(differs("subject")),
            () if other.seed != first.seed => return Err(differs("seed")),
            () if other.selection != first.selection => return Err(differs("selection")),
            () => {}
        }
    }
    let mut whole = first.clone();
    for other in others {
        whole.launches += other.launches;
        whole.duration_ms += other.duration_ms;
        whole.aborted = whole.aborted.or_else(|| other.aborted.clone());
        for (word, there) in &other.capabilities {
            let all = whole.capabilities.entry(word.clone()).or_insert(*there);
            *all &= *there;
        }
        join(&mut whole.known_problems, &other.known_problems);
        join(&mut whole.golden_differences, &other.golden_differences);
        join(&mut whole.advice, &other.advice);
        for (name, course) in &other.courses {
            let known = whole.courses.entry(name.clone());
            known.or_insert_with(|| course.clone());
        }
        for scenario in &other.scenarios {
            if !whole.scenarios.contains(scenario) {
                whole.scenarios.push(scenario.clone());
            }
        }
    }
    whole.checks = checks(parts);
    for check in &mut whole.checks {
        let shown_by_none = check.reason.as_deref() == Some(LEFT_TO_OTHERS);
        if shown_by_none && check.outcome == Outcome::NotRun {
            check.outcome = Outcome::Unproven;
            check.reason = Some("no part showed anything that could be looked at".to_owned());
        }
    }
    let frozen = first.checks.iter().map(|check| check.id.clone()).collect();
    whole.totals = accounts::totals(&whole.checks);
    accounts::audit(&frozen, &whole.checks, &whole.totals)?;
    conclude(&mut whole);
    Ok(whole)
}

fn join(all: &mut Vec<String>, more: &[String]) {
    for line in more {
        if !all.contains(line) {
            all.push(line.clone());
        }
    }
}

/// Of each check the worst result.
fn checks(parts: &[Report]) -> Vec<CheckResult> {
    let mut worst: BTreeMap<&str, &CheckResult> = BTreeMap::new();
    for check in parts.iter().flat_map(|part| &part.checks) {
        let held = worst.entry(&check.id).or_insert(check);
        if weight(check.outcome) > weight(held.outcome) {
            *held = check;
        }
    }
    worst.into_values().cloned().collect()
}

fn conclude(whole: &mut Report) {
    whole.classes = [Class::Draft, Class::Profile, Class::Hardening]
        .into_iter()
        .map(|class| {
            let verdict = accounts::class_verdict(class, &whole.checks);
            (class.as_str().to_owned(), verdict)
        })
        .collect();
    whole.verdict = accounts::conclusion(whole.classes.values().copied(), whole.aborted.is_some());
    whole.known = whole
        .totals
        .get(Outcome::Known.as_str())
        .copied()
        .unwrap_or_default();
    let stale = !whole.known_problems.is_empty() || !whole.golden_differences.is_empty();
    whole.exit_code = Exit::of(whole.verdict, stale).code();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::Conclusion;
    use crate::report::sample;

    fn part(outcomes: &[Outcome]) -> Report {
        let checks = outcomes.iter().enumerate().map(|(index, outcome)| {
            let mut check = sample::passed(&format!("CC-ORC-00{index}/x"));
            check.outcome = *outcome;
            check
        });
        sample::report(checks.collect())
    }

    #[test]
    fn what_one_part_left_out_another_one_has() {
        use Outcome as O;
        let whole = merge(&[part(&[O::Pass, O::NotRun]), part(&[O::NotRun, O::Fail])]).unwrap();
        let outcomes: Vec<Outcome> = whole.checks.iter().map(|check| check.outcome).collect();
        assert_eq!(outcomes, [O::Pass, O::Fail]);
        assert_eq!(whole.verdict, Conclusion::DoesNotConform);
        assert_eq!(whole.exit_code, 1);
    }

    #[test]
    fn what_no_part_has_shown_is_unproven() {
        use Outcome as O;
        let mut left = part(&[O::Pass, O::NotRun]);
        left.checks[1].reason = Some(LEFT_TO_OTHERS.to_owned());
        let whole = merge(&[left.clone(), left.clone()]).unwrap();
        assert_eq!(whole.checks[1].outcome, O::Unproven);
        let whole = merge(&[left, part(&[O::Pass, O::Pass])]).unwrap();
        assert_eq!(whole.checks[1].outcome, O::Pass);
    }

    #[test]
    fn parts_of_different_things_are_refused() {
        let one = part(&[Outcome::Pass]);
        let mut two = one.clone();
        two.seed += 1;
        let error = merge(&[one, two]).unwrap_err();
        assert!(matches!(
            error,
            MergeError::Differs {
                number: 2,
                what: "seed"
            }
        ));
        assert!(matches!(merge(&[]), Err(MergeError::Nothing)));
    }
}
