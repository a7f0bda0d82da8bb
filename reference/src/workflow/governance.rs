//! The rules that plans are judged by.

use cabincrew_protocol::decision::PolicySource;
use cabincrew_protocol::digest::Sha256Hex;
use cabincrew_protocol::wire::AnyMap;
use serde::{Deserialize, Serialize};

/// The rules that plans are judged by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Governance {
    /// Policies, models and programs, all evaluated (C-56).
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// The decision when there are no policies at all: `deny` unless the file says `allow` (C-09).
    #[serde(default)]
    pub default_decision: DefaultDecision,
    /// Whether a restart before approval evaluates once more (CC-RST-012, C-54).
    #[serde(default = "yes")]
    pub recheck_on_restart: bool,
    /// What is evaluated after take-off (CC-PST-001).
    #[serde(default)]
    pub post_execution: PostExecution,
    /// Settings of policies, which see them beside the rest of `context` (C-53).
    #[serde(default, skip_serializing_if = "AnyMap::is_empty")]
    pub context: AnyMap,
}

impl Default for Governance {
    fn default() -> Self {
        Self {
            policies: Vec::new(),
            default_decision: DefaultDecision::Deny,
            recheck_on_restart: true,
            post_execution: PostExecution::default(),
            context: AnyMap::new(),
        }
    }
}

/// The decision for an empty set of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultDecision {
    /// Development only; written down as an evaluation of its own (C-09).
    Allow,
    /// Nothing grants permission, so there is none.
    #[default]
    Deny,
}

/// One policy. Kinds other than these are refused (CC-PRE-033).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Name, unique in its list.
    pub id: String,
    /// Which evaluator.
    pub kind: PolicyKind,
    /// The Rego file or the model (`opa`, `onnx`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The rule that gives one PreflightOutput (`opa`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// What the model sees (`onnx`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Vec<Over>>,
    /// Scores from which a decision holds (`onnx`, CC-PRE-031).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
    /// Program and arguments (`custom`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Digest that the file must have (CC-PRE-037).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Hex>,
    /// Longest evaluation, in milliseconds.
    #[serde(default = "policy_timeout")]
    pub timeout_ms: u64,
}

/// Kinds of evaluator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// A Rego policy.
    Opa,
    /// A model.
    Onnx,
    /// A program.
    Custom,
}

impl PolicyKind {
    /// Who evaluations of such a policy are recorded under (CC-PRE-027).
    #[must_use]
    pub const fn source(self) -> PolicySource {
        match self {
            Self::Opa => PolicySource::Opa,
            Self::Onnx => PolicySource::Onnx,
            Self::Custom => PolicySource::Custom,
        }
    }
}

/// What a model is run over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Content of artifacts.
    Body,
    /// `artifact.json`.
    Metadata,
}

/// Scores from which a decision holds; a score equal to the threshold reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// From here on warn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<f64>,
    /// From here on ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_approval: Option<f64>,
    /// From here on deny.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny: Option<f64>,
}

impl Thresholds {
    /// Whether there is one, all lie between 0 and 1, and they rise from warn to deny.
    pub(super) fn ordered(self) -> bool {
        let given: Vec<f64> = [self.warn, self.require_approval, self.deny]
            .into_iter()
            .flatten()
            .collect();
        !given.is_empty()
            && given.iter().all(|value| (0.0..=1.0).contains(value))
            && given.windows(2).all(|pair| pair[0] <= pair[1])
    }
}

/// The second safety net.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostExecution {
    /// Evaluated over what take-off produced (DESIGN 8.15).
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// What a deny does.
    #[serde(default)]
    pub on_deny: OnDeny,
}

/// What a deny after take-off does (C-35).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDeny {
    /// The workflow fails.
    #[default]
    Fail,
    /// The workflow completes with a warning.
    Warn,
}

const fn policy_timeout() -> u64 {
    5000
}

const fn yes() -> bool {
    true
}
