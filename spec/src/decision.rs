//! Decisions of governance and how several become one (CC-PRE-016, C-08, C-09).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::wire;

/// What a policy, a model or their aggregate says (CC-PRE-009, CC-SCH-005). Ordered from the
/// least to the most restrictive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Go on.
    Allow,
    /// Go on and say so.
    Warn,
    /// Wait for a human.
    RequireApproval,
    /// Stop.
    Deny,
}

impl Decision {
    /// All decisions, from the least to the most restrictive.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Warn, Self::RequireApproval, Self::Deny];

    /// The name in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::RequireApproval => "require_approval",
            Self::Deny => "deny",
        }
    }

    /// The rank that is written beside the decision (CC-SCH-007, C-46).
    #[must_use]
    pub const fn severity(self) -> DecisionSeverity {
        match self {
            Self::Allow => DecisionSeverity::Allow,
            Self::Warn => DecisionSeverity::Warn,
            Self::RequireApproval => DecisionSeverity::RequireApproval,
            Self::Deny => DecisionSeverity::Deny,
        }
    }

    /// The most restrictive of several decisions; deny when there are none, because nothing then
    /// grants permission (CC-PRE-016, CC-PRE-032, C-09).
    #[must_use]
    pub fn aggregate(decisions: impl IntoIterator<Item = Self>) -> Self {
        decisions.into_iter().max().unwrap_or(Self::Deny)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Rank of a decision: 0 allow, 1 warn, 2 require_approval, 3 deny (CC-SCH-007, C-46).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Number", into = "u8")]
pub enum DecisionSeverity {
    /// 0
    Allow,
    /// 1
    Warn,
    /// 2
    RequireApproval,
    /// 3
    Deny,
}

impl DecisionSeverity {
    /// The number in documents.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        match self {
            Self::Allow => 0,
            Self::Warn => 1,
            Self::RequireApproval => 2,
            Self::Deny => 3,
        }
    }
}

impl From<DecisionSeverity> for u8 {
    fn from(severity: DecisionSeverity) -> Self {
        severity.as_u8()
    }
}

impl TryFrom<Number> for DecisionSeverity {
    type Error = SeverityError;

    fn try_from(number: Number) -> Result<Self, SeverityError> {
        match wire::whole_number(&number) {
            Some(0) => Ok(Self::Allow),
            Some(1) => Ok(Self::Warn),
            Some(2) => Ok(Self::RequireApproval),
            Some(3) => Ok(Self::Deny),
            _ => Err(SeverityError),
        }
    }
}

/// The number is no rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("severity outside 0 to 3")]
pub struct SeverityError;

/// How decisions were combined. Only the most restrictive one is conforming; the others are
/// readable in logs of strangers (CC-PRE-016, C-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregationMethod {
    /// Allow if all allow.
    AllAllow,
    /// Deny if one denies.
    AnyDeny,
    /// A rule of the orchestrator's own.
    Custom,
    /// What most say.
    Majority,
    /// The most restrictive decision.
    MostRestrictive,
    /// What all say.
    Unanimous,
}

/// Kind of evaluator (CC-PRE-027).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicySource {
    /// A program, or a rule of the orchestrator's own.
    Custom,
    /// The gateway for model calls.
    LlmGateway,
    /// The gateway for tool calls.
    McpGateway,
    /// A model.
    Onnx,
    /// A Rego policy.
    Opa,
}

impl PolicySource {
    /// The name in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::LlmGateway => "llm_gateway",
            Self::McpGateway => "mcp_gateway",
            Self::Onnx => "onnx",
            Self::Opa => "opa",
        }
    }
}
