//! Totals and verdicts of a report, counted twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::drill::Class;
use crate::report::model::{CheckResult, ClassVerdict, Conclusion};
use crate::verdict::Outcome;

/// Why the accounts of a run do not add up: the kit's fault, never the subject's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountingError {
    /// A published check has no outcome.
    #[error("the check {id} has no outcome")]
    Missing {
        /// The check.
        id: String,
    },
    /// A check has two outcomes.
    #[error("the check {id} has two outcomes")]
    Twice {
        /// The check.
        id: String,
    },
    /// An outcome belongs to no published check.
    #[error("the check {id} was never published")]
    Unlisted {
        /// The check.
        id: String,
    },
    /// The two counts differ.
    #[error("two counts of the outcome {outcome} differ: {first} and {second}")]
    Counts {
        /// The outcome.
        outcome: &'static str,
        /// Over the results.
        first: usize,
        /// Over the published ids.
        second: usize,
    },
}

/// Outcome to number of checks; every outcome is listed.
pub(crate) fn totals(checks: &[CheckResult]) -> BTreeMap<String, usize> {
    let mut totals: BTreeMap<String, usize> = Outcome::ALL
        .iter()
        .map(|outcome| (outcome.as_str().to_owned(), 0))
        .collect();
    for check in checks {
        *totals.entry(check.outcome.as_str().to_owned()).or_default() += 1;
    }
    totals
}

/// Counts again, the other way round: from the published ids, outcome by outcome, to the results.
///
/// # Errors
/// When an id has no outcome or two, a result has no published id, or a count differs from `totals`.
pub(crate) fn audit(
    frozen: &BTreeSet<String>,
    checks: &[CheckResult],
    totals: &BTreeMap<String, usize>,
) -> Result<(), AccountingError> {
    if let Some(check) = checks.iter().find(|check| !frozen.contains(&check.id)) {
        return Err(AccountingError::Unlisted {
            id: check.id.clone(),
        });
    }
    let mut found: Vec<Outcome> = Vec::new();
    for id in frozen {
        let mut of_id = checks.iter().filter(|check| check.id == *id);
        match (of_id.next(), of_id.next()) {
            (None, _) => return Err(AccountingError::Missing { id: id.clone() }),
            (Some(check), None) => found.push(check.outcome),
            (Some(_), Some(_)) => return Err(AccountingError::Twice { id: id.clone() }),
        }
    }
    for outcome in Outcome::ALL {
        let first = totals.get(outcome.as_str()).copied().unwrap_or_default();
        let second = found.iter().filter(|other| **other == outcome).count();
        if first != second {
            return Err(AccountingError::Counts {
                outcome: outcome.as_str(),
                first,
                second,
            });
        }
    }
    Ok(())
}

/// The verdict on the checks of one class.
pub(crate) fn class_verdict(class: Class, checks: &[CheckResult]) -> ClassVerdict {
    let has = |outcome| {
        checks
            .iter()
            .any(|check| check.class == class && check.outcome == outcome)
    };
    if has(Outcome::Fail) {
        ClassVerdict::DoesNotConform
    } else if has(Outcome::Unproven) {
        ClassVerdict::Unproven
    } else if has(Outcome::Known) {
        ClassVerdict::ConformsExceptKnown
    } else if has(Outcome::Pass) {
        ClassVerdict::Conforms
    } else {
        ClassVerdict::NotRun
    }
}

/// The verdict on everything; a run that ended early proves nothing.
pub(crate) fn conclusion(
    classes: impl IntoIterator<Item = ClassVerdict>,
    ended_early: bool,
) -> Conclusion {
    let classes: Vec<ClassVerdict> = classes.into_iter().collect();
    let has = |verdict| classes.contains(&verdict);
    if has(ClassVerdict::DoesNotConform) {
        Conclusion::DoesNotConform
    } else if has(ClassVerdict::Unproven) || ended_early {
        Conclusion::Unproven
    } else if has(ClassVerdict::ConformsExceptKnown) {
        Conclusion::ConformsExceptKnown
    } else if has(ClassVerdict::Conforms) {
        Conclusion::Conforms
    } else {
        Conclusion::Unproven
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn what_does_not_add_up_is_named() {
        let frozen: BTreeSet<String> = ["A/a", "B/b"].map(str::to_owned).into();
        let checks = vec![sample::passed("A/a"), sample::failed("B/b", "x")];
        let good = totals(&checks);
        assert_eq!(audit(&frozen, &checks, &good), Ok(()));

        let missing = audit(&frozen, &checks[..1], &totals(&checks[..1]));
        assert_eq!(missing, Err(AccountingError::Missing { id: "B/b".into() }));
        let twice = [&checks[..], &checks[..1]].concat();
        assert_eq!(
            audit(&frozen, &twice, &good),
            Err(AccountingError::Twice { id: "A/a".into() })
        );
        let strange = [&checks[..], &[sample::passed("C/c")]].concat();
        assert_eq!(
            audit(&frozen, &strange, &good),
            Err(AccountingError::Unlisted { id: "C/c".into() })
        );
        let mut wrong = good;
        wrong.insert("pass".to_owned(), 2);
        let counts = AccountingError::Counts {
            outcome: "pass",
            first: 2,
            second: 1,
        };
        assert_eq!(audit(&frozen, &checks, &wrong), Err(counts));
    }

    #[test]
    fn nothing_run_or_ended_early_is_never_conforming() {
        use ClassVerdict as C;
        assert_eq!(
            conclusion([C::NotRun, C::NotRun], false),
            Conclusion::Unproven
        );
        assert_eq!(conclusion([C::Conforms], true), Conclusion::Unproven);
        assert_eq!(
            conclusion([C::Conforms, C::NotRun], false),
            Conclusion::Conforms
        );
        assert_eq!(
            conclusion([C::Unproven, C::DoesNotConform], true),
            Conclusion::DoesNotConform
        );
        assert_eq!(
            conclusion([C::Conforms, C::ConformsExceptKnown], false),
            Conclusion::ConformsExceptKnown
        );
    }
}
