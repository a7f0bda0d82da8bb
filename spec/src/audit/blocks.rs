//! The blocks of an audit event, one per subject.

use serde_json::Number;

use crate::artifact::Role;
use crate::decision::{AggregationMethod, Decision, DecisionSeverity, PolicySource};
use crate::wire::{self, RecordStringAny};

wire::document! {
    /// Where an event belongs (CC-AUD-004).
    pub struct AuditWorkflow {
        /// The workflow (CC-AUD-004).
        pub workflow_id?: String,
        /// The step (CC-AUD-004).
        pub step_id?: String,
        /// The mode of the engine run, if the event is about one.
        pub mode?: String,
    }
}

wire::document! {
    /// What an engine reported, as the orchestrator read it (CC-ORC-018, C-80).
    pub struct AuditEngine {
        /// The engine.
        pub engine_id?: String,
        /// Its receipt.
        pub receipt_id?: String,
        /// `success` or `failure`.
        pub status?: String,
        /// The engine's own explanation (CC-ENG-011).
        pub error?: String,
    }
}

wire::document! {
    /// One artifact as an event names it (CC-ART-020).
    pub struct AuditArtifact {
        /// Its name (CC-ART-020).
        pub name?: String,
        /// Its role (CC-ART-009).
        pub role?: Role,
        /// The hashed file, if `hash` is a file's (C-05).
        pub path?: String,
        /// SHA-256 of the file with a `path`, else the descriptor digest (CC-ART-020, C-05).
        pub hash?: String,
        /// Length in bytes, a non-negative integer (C-68).
        pub size?: Number,
    }
}

wire::document! {
    /// An aggregated decision and what it rests on (CC-PRE-026, CC-AUD-010).
    pub struct AuditPolicy {
        /// The aggregated decision (CC-PRE-026).
        pub decision: Decision,
        /// The evaluations behind it (CC-PRE-024, CC-PRE-025).
        pub policy_evaluations?: Vec<PolicyEvaluation>,
        /// `most_restrictive`; stated whenever several policies were evaluated (CC-SCH-010, C-08).
        pub aggregation_method?: AggregationMethod,
        /// The same as the event's (CC-AUD-005, C-38, C-112).
        pub workflow_state: String,
        /// What is wrong.
        pub violations?: Vec<String>,
        /// What is doubtful (CC-PRE-014).
        pub warnings?: Vec<String>,
        /// Left over from older documents; never written (C-112).
        pub engine?: String,
    }
}

wire::document! {
    /// One evaluation (CC-PRE-027).
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
        pub reason?: String,
        /// Rule matches, scores, and `evaluation_id` (CC-AUD-010, C-45).
        pub evidence?: RecordStringAny,
        /// When, RFC 3339 (CC-PRE-027).
        pub evaluated_at: String,
    }
}

wire::document! {
    /// An approval as asked for or answered (CC-APR-026, CC-APR-027).
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
        pub reason?: String,
    }
}

wire::document! {
    /// The outcome of comparing digests (CC-TKO-003).
    pub struct AuditIntegrity {
        /// The token in force (CC-TKO-003, C-03).
        pub expected_plan_token?: String,
        /// The token computed afresh (CC-TKO-003, C-03).
        pub actual_plan_token?: String,
        /// Whether they are equal.
        pub plan_token_match?: bool,
        /// Whether the artifacts are as recorded.
        pub artifacts_match?: bool,
        /// What differs (CC-TKO-008).
        pub differences?: Vec<String>,
    }
}

wire::document! {
    /// What a gateway decided (CC-GMC-020, C-30).
    pub struct AuditGateway {
        /// `mcp` or `llm` (CC-AUD-006, C-15).
        pub gateway_type?: String,
        /// The governed request.
        pub request_id?: String,
        /// The model that was called.
        pub model?: String,
        /// The tool that was called.
        pub tool?: String,
        /// The aggregated decision (CC-GMC-007, C-109).
        pub policy_decision?: Decision,
    }
}
