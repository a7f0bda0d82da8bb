//! Why an evaluation failed. Every failure denies (CC-PRE-019, CC-PRE-020, CC-PRE-021, C-55).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A failed evaluation's reason: a kind from a closed list, and the particulars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// The particulars: one line of text, cut after 500 bytes. It may quote what the policy or the
    /// program says, and with it what these were shown.
    pub detail: String,
}

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The worker or the program ended before it answered.
    Died,
    /// The policy or model yields an error for this input.
    Evaluation,
    /// More was written than an answer may have.
    Flooded,
    /// The file is not a policy or model that could be evaluated.
    Malformed,
    /// There is nothing to evaluate, and nothing grants permission (C-09, C-65).
    NothingToEvaluate,
    /// The content is more than an evaluator is given, and what was not seen is not permitted.
    Oversize,
    /// The file is not the one that was pinned or loaded (CC-PRE-037).
    PinMismatch,
    /// The time limit was exceeded.
    TimedOut,
    /// The evaluator cannot be started.
    Unavailable,
    /// The rule has no value for this input.
    Undefined,
    /// The file cannot be read.
    Unreadable,
    /// The score is not a number in 0..=1 (C-32).
    UnusableScore,
    /// The answer is not one `PreflightOutput` (CC-PRE-010).
    WrongShape,
}

impl FailureKind {
    /// The name in evidence.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Died => "died",
            Self::Evaluation => "evaluation",
            Self::Flooded => "flooded",
            Self::Malformed => "malformed",
            Self::NothingToEvaluate => "nothing_to_evaluate",
            Self::Oversize => "oversize",
            Self::PinMismatch => "pin_mismatch",
            Self::TimedOut => "timed_out",
            Self::Unavailable => "unavailable",
            Self::Undefined => "undefined",
            Self::Unreadable => "unreadable",
            Self::UnusableScore => "unusable_score",
            Self::WrongShape => "wrong_shape",
        }
    }
}

impl Failure {
    /// Most bytes of a detail.
    const DETAIL_MAX: usize = 500;

    /// With `detail` in one line and cut.
    #[must_use]
    pub fn new(kind: FailureKind, detail: impl AsRef<str>) -> Self {
        Self {
            kind,
            detail: one_line(detail.as_ref()),
        }
    }

    /// Adds itself to evidence as `error`.
    pub(crate) fn describe(&self, evidence: &mut Map<String, Value>) {
        let error = json!({ "kind": self.kind.as_str(), "detail": self.detail });
        evidence.insert("error".to_owned(), error);
    }
}

/// Texts of engines span lines and may be long; in a log they are one short line.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut line = words.join(" ");
    if line.len() > Failure::DETAIL_MAX {
        let mut end = Failure::DETAIL_MAX;
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
    }
    line
}
