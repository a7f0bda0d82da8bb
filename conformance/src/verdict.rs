//! What the judge says of a check, and why.

use serde::{Deserialize, Serialize};

/// The outcome of a check (DESIGN 6). Outcomes add up to the frozen set of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was exercised, its controls held, and nothing speaks against it.
    Pass,
    /// Only an optional capability that the adapter does not claim, or nothing to apply it to.
    NotApplicable,
    /// Filtered out.
    NotRun,
    /// It fails, and the subject's list of known failures says so.
    Known,
    /// It could not be exercised, or its control did not hold. Red.
    Unproven,
    /// The subject breaks the rule.
    Fail,
}

impl Outcome {
    /// Every outcome, in the order in which totals are printed.
    pub const ALL: [Self; 6] = [
        Self::Pass,
        Self::Fail,
        Self::Unproven,
        Self::Known,
        Self::NotApplicable,
        Self::NotRun,
    ];

    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unproven => "unproven",
            Self::Known => "known",
            Self::NotApplicable => "not-applicable",
            Self::NotRun => "not-run",
        }
    }
}

/// One thing seen that breaks a rule: the few bytes that matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The launch it was seen in.
    pub launch: String,
    /// What a conforming engine does.
    pub expected: String,
    /// What this one did.
    pub observed: String,
}

/// What became of a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlResult {
    /// The launch or `check:<id>`.
    pub name: String,
    /// True if it worked.
    pub held: bool,
    /// Why not, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The verdict on one check in one scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The check's id.
    pub check: String,
    /// The outcome.
    pub outcome: Outcome,
    /// For anything but pass and fail: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For a failure: what was seen, the first launches first, bounded in number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How many findings there were in all.
    pub findings_total: usize,
    /// The controls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub control: Vec<ControlResult>,
    /// The launches that were looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub launches: Vec<String>,
}
