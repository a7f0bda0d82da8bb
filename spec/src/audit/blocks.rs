//! The blocks of an audit event, one per subject.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::artifact::Role;
use crate::decision::{AggregationMethod, Decision, DecisionSeverity, PolicySource};
use crate::wire::{self, RecordStringAny};

/// Where an event belongs (CC-AUD-004).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct AuditWorkflow {
    /// The workflow (CC-AUD-004).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub workflow_id: Option<String>,
    /// The step (CC-AUD-004).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub step_id: Option<String>,
    /// The mode of the engine run, if the event is about one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub mode: Option<String>,
}

/// What an engine reported, as the orchestrator read it (CC-ORC-018, C-80).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct AuditEngine {
    /// The engine.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub engine_id: Option<String>,
    /// Its receipt.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub receipt_id: Option<String>,
    /// `success` or `failure`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub status: Option<String>,
    /// The engine's own explanation (CC-ENG-011).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub error: Option<String>,
}

/// One artifact as an event names it (CC-ART-020).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct AuditArtifact {
    /// Its name (CC-ART-020).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub name: Option<String>,
    /// Its role (CC-ART-009).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub role: Option<Role>,
    /// The hashed file, if `hash` is a file's (C-05).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub path: Option<String>,
    /// SHA-256 of the file with a `path`, else the descriptor digest (CC-ART-020, C-05).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub hash: Option<String>,
    /// Length in bytes, a non-negative integer (C-68).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub size: Option<Number>,
}

/// An aggregated decision and what it rests on (CC-PRE-026, CC-AUD-010).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct AuditPolicy {
    /// The aggregated decision (CC-PRE-026).
    pub decision: Decision,
    /// The evaluations behind it (CC-PRE-024, CC-PRE-025).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub policy_evaluations: Option<Vec<PolicyEvaluation>>,
    /// `most_restrictive`; stated whenever several policies were evaluated (CC-SCH-010, C-08).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub aggregation_method: Option<AggregationMethod>,
    /// The same as the event's (CC-AUD-005, C-38, C-112).
    pub workflow_state: String,
    /// What is wrong.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub violations: Option<Vec<String>>,
    /// What is doubtful (CC-PRE-014).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub warnings: Option<Vec<String>>,
    /// Left over from older documents; never written (C-112).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub engine: Option<String>,
}

/// One evaluation (CC-PRE-027).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct PolicyEvaluation {
    /// Kind of evaluator (CC-PRE-027).
    pub source: PolicySource,
    /// The policy or model (CC-PRE-027).
    pub policy_id: String,
    /// The decision (CC-PRE-009).
    pub decision: Decision,
    /// Rank of that decision and no other (CC-SCH-007, C-46).
    pub severity: DecisionSeverity,
    /// Why, in words (CC-PRE-027).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub reason: Option<String>,
    /// Rule matches, scores, and `evaluation_id` (CC-AUD-010, C-45).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub evidence: Option<RecordStringAny>,
    /// When, RFC 3339 (CC-PRE-027).
    pub evaluated_at: String,
}

/// An approval as asked for or answered (CC-APR-026, CC-APR-027).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct AuditApproval {
    /// The request (CC-APR-026).
    pub approval_id: String,
    /// Role that the approver must hold (CC-APR-009).
    pub required_role: String,
    /// Whether approval was granted; false in a request event, where it says nothing (C-16).
    pub approved: bool,
    /// Who decided; empty in a request event (C-16).
    pub approver: String,
    /// The plan token that it is bound to (CC-APR-027).
    pub plan_token_hash: String,
    /// When it was asked for or answered, RFC 3339 (CC-APR-026, CC-APR-027).
    pub timestamp: String,
    /// Why, in words (CC-APR-027).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub reason: Option<String>,
}

/// The outcome of comparing digests (CC-TKO-003).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct AuditIntegrity {
    /// The token in force (CC-TKO-003, C-03).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub expected_plan_token: Option<String>,
    /// The token computed afresh (CC-TKO-003, C-03).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub actual_plan_token: Option<String>,
    /// Whether they are equal.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub plan_token_match: Option<bool>,
    /// Whether the artifacts are as recorded.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub artifacts_match: Option<bool>,
    /// What differs (CC-TKO-008).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub differences: Option<Vec<String>>,
}

/// What a gateway decided (CC-GMC-020, C-30).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct AuditGateway {
    /// `mcp` or `llm` (CC-AUD-006, C-15).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub gateway_type: Option<String>,
    /// The governed request.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub request_id: Option<String>,
    /// The model that was called.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub model: Option<String>,
    /// The tool that was called.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub tool: Option<String>,
    /// The aggregated decision (CC-GMC-007, C-109).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub policy_decision: Option<Decision>,
}

crate::wire::objects!(
    AuditWorkflow,
    AuditEngine,
    AuditArtifact,
    AuditPolicy,
    PolicyEvaluation,
    AuditApproval,
    AuditIntegrity,
    AuditGateway
);
