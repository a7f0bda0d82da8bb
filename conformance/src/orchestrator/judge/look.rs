//! What looking at steps gave.

use super::view::View;
use crate::judge::words;
use crate::verdict::Finding;

/// Pairs of what was expected and what was seen; none: nothing speaks against the step.
pub(super) type Problems = Vec<(String, String)>;

/// What one function of the judge says about one step; none: there is nothing to look at.
pub(super) type Told = Option<Problems>;

/// One pair.
pub(super) fn problem(expected: impl Into<String>, observed: impl Into<String>) -> Problems {
    vec![(expected.into(), observed.into())]
}

/// No problem if `held`, else one pair.
pub(super) fn unless(
    held: bool,
    expected: impl Into<String>,
    observed: impl Into<String>,
) -> Problems {
    if held {
        Vec::new()
    } else {
        problem(expected, observed)
    }
}

/// What looking at a check's steps gave.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// What speaks against the orchestrator.
    pub(super) findings: Vec<Finding>,
    /// Steps that could not be judged, and why; each one makes the check unproven.
    pub(super) unproven: Vec<String>,
    /// Steps that say nothing about this subject, and why.
    pub(super) inapplicable: Vec<String>,
    /// How many steps were really judged.
    pub(super) judged: usize,
    /// The steps that were looked at.
    pub(super) steps: Vec<String>,
}

impl Look {
    /// Takes what was said about a step.
    pub(super) fn take(&mut self, view: &View<'_>, told: Told) {
        let Some(problems) = told else { return };
        self.judged += 1;
        self.findings
            .extend(problems.into_iter().map(|(expected, observed)| Finding {
                launch: view.name(),
                expected: words::short(&expected),
                observed: words::short(&observed),
            }));
    }

    /// Notes that a step could not be judged.
    pub(super) fn unproven(&mut self, step: &str, why: &str) {
        self.unproven.push(format!("{step}: {why}"));
    }
}
