//! What is evaluated: the policies of a workflow definition, resolved.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use cabincrew_protocol::decision::{Decision, PolicySource};
use cabincrew_protocol::digest::Sha256Hex;
use serde::{Deserialize, Serialize};

/// One entry of `governance.policies` (CC-PRE-002, CC-PRE-003, CC-PRE-004).
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name in evaluations and in the audit log; unique among the policies loaded together.
    pub id: String,
    /// What it is. Kinds that do not exist cannot be said (CC-PRE-033).
    pub kind: PolicyKind,
    /// How long one evaluation, or one compilation, may take.
    pub timeout: Duration,
    /// The digest that the file must have; whatever it has is accepted when absent (CC-PRE-037).
    pub sha256: Option<Sha256Hex>,
}

impl Policy {
    /// The time limit of a policy that sets none.
    pub const TIMEOUT: Duration = Duration::from_secs(2);

    /// Who its evaluations are recorded under (CC-PRE-027).
    #[must_use]
    pub const fn source(&self) -> PolicySource {
        match self.kind {
            PolicyKind::Opa { .. } => PolicySource::Opa,
            PolicyKind::Onnx { .. } => PolicySource::Onnx,
            PolicyKind::Custom { .. } => PolicySource::Custom,
        }
    }
}

/// The three kinds of evaluators.
#[derive(Debug, Clone, PartialEq)]
pub enum PolicyKind {
    /// A Rego v1 module (C-31).
    Opa {
        /// The module. Relative paths start at [`GovernorConfig::cwd`](crate::GovernorConfig).
        path: PathBuf,
        /// The rule that yields one `PreflightOutput`, such as `data.cabincrew.preflight.result`.
        query: String,
    },
    /// A model that takes bytes `[1, N]` and gives a score in 0..=1 (C-32).
    Onnx {
        /// The model. Relative paths start at [`GovernorConfig::cwd`](crate::GovernorConfig).
        path: PathBuf,
        /// What of each artifact is scored.
        over: BTreeSet<Part>,
        /// What a score means.
        thresholds: Thresholds,
    },
    /// A program: `PreflightInput` on standard input, `PreflightOutput` on standard output.
    Custom {
        /// Program and arguments. A program without `/` is searched in
        /// [`GovernorConfig::path`](crate::GovernorConfig), another one starts at its `cwd`.
        command: Vec<String>,
    },
}

/// A part of an artifact that a model scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The content: `body.data`, else the inline body (CC-PRE-006).
    Body,
    /// `artifact.json` in canonical form, inline body included (CC-PRE-005).
    Metadata,
}

impl Part {
    /// The name in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Metadata => "metadata",
        }
    }
}

/// From which score on a decision is made, 0 to 1 each (CC-PRE-031, C-32). A score that reaches
/// none is `allow`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// From here on `warn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<f64>,
    /// From here on `require_approval`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_approval: Option<f64>,
    /// From here on `deny`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny: Option<f64>,
}

impl Thresholds {
    /// The most restrictive decision whose threshold `score` reaches, and that threshold.
    #[must_use]
    pub fn decide(&self, score: f64) -> (Decision, Option<f64>) {
        [
            (Decision::Deny, self.deny),
            (Decision::RequireApproval, self.require_approval),
            (Decision::Warn, self.warn),
        ]
        .into_iter()
        .find_map(|(decision, threshold)| {
            let threshold = threshold?;
            (score >= threshold).then_some((decision, Some(threshold)))
        })
        .unwrap_or((Decision::Allow, None))
    }
}

/// Why a list of policies is not one that could be evaluated. What is wrong with a file is not
/// among these: it makes a failed evaluation (CC-PRE-019).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A policy without a name.
    #[error("policy {index} has an empty id")]
    EmptyId {
        /// Its place in the list, from 0.
        index: usize,
    },
    /// Two policies of one name.
    #[error("policy id {id} given twice")]
    DuplicateId {
        /// The name.
        id: String,
    },
    /// The query names no rule.
    #[error("query {query:?} of policy {id} is not a rule path such as data.package.rule")]
    Query {
        /// The policy.
        id: String,
        /// Its query.
        query: String,
    },
    /// A command of no words.
    #[error("command of policy {id} is empty")]
    EmptyCommand {
        /// The policy.
        id: String,
    },
    /// A model that is applied to nothing.
    #[error("policy {id} scores neither body nor metadata")]
    OverNothing {
        /// The policy.
        id: String,
    },
    /// A model whose score would mean nothing.
    #[error("policy {id} has no threshold")]
    NoThreshold {
        /// The policy.
        id: String,
    },
    /// A threshold that is no score.
    #[error("threshold {name} of policy {id} is outside 0 to 1")]
    ThresholdRange {
        /// The policy.
        id: String,
        /// The decision that the threshold is for.
        name: &'static str,
    },
    /// A less restrictive decision that a more restrictive one always hides.
    #[error("threshold {name} of policy {id} lies above a more restrictive one")]
    ThresholdOrder {
        /// The policy.
        id: String,
        /// The decision that the threshold is for.
        name: &'static str,
    },
    /// A time limit of nothing, or of more than an hour.
    #[error("time limit of policy {id} is not between 1 ms and 1 h")]
    Timeout {
        /// The policy.
        id: String,
    },
}

/// Checks what can be checked without looking at a file.
pub(crate) fn check(policies: &[Policy]) -> Result<(), LoadError> {
    let mut ids = BTreeSet::new();
    for (index, policy) in policies.iter().enumerate() {
        if policy.id.is_empty() {
            return Err(LoadError::EmptyId { index });
        }
        let id = policy.id.clone();
        if !ids.insert(policy.id.as_str()) {
            return Err(LoadError::DuplicateId { id });
        }
        if policy.timeout < Duration::from_millis(1) || policy.timeout > Duration::from_secs(3600) {
            return Err(LoadError::Timeout { id });
        }
        check_kind(id, &policy.kind)?;
    }
    Ok(())
}

fn check_kind(id: String, kind: &PolicyKind) -> Result<(), LoadError> {
    match kind {
        PolicyKind::Opa { query, .. } if !is_rule_path(query) => Err(LoadError::Query {
            id,
            query: query.clone(),
        }),
        PolicyKind::Custom { command } if command.first().is_none_or(String::is_empty) => {
            Err(LoadError::EmptyCommand { id })
        }
        PolicyKind::Onnx { over, .. } if over.is_empty() => Err(LoadError::OverNothing { id }),
        PolicyKind::Onnx { thresholds, .. } => check_thresholds(id, thresholds),
        PolicyKind::Opa { .. } | PolicyKind::Custom { .. } => Ok(()),
    }
}

fn is_rule_path(query: &str) -> bool {
    let mut parts = query.split('.');
    let is_name = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    parts.next() == Some("data") && query.matches('.').count() >= 2 && parts.all(is_name)
}

fn check_thresholds(id: String, thresholds: &Thresholds) -> Result<(), LoadError> {
    let ascending = [
        ("warn", thresholds.warn),
        ("require_approval", thresholds.require_approval),
        ("deny", thresholds.deny),
    ];
    let mut set = ascending
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .peekable();
    if set.peek().is_none() {
        return Err(LoadError::NoThreshold { id });
    }
    while let Some((name, value)) = set.next() {
        if !(0.0..=1.0).contains(&value) {
            return Err(LoadError::ThresholdRange { id, name });
        }
        if set.peek().is_some_and(|(_, next)| value > *next) {
            return Err(LoadError::ThresholdOrder { id, name });
        }
    }
    Ok(())
}
