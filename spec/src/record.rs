//! The durable state of a workflow (CC-RST-001).

use crate::decision::Decision;
use crate::wire::{self, RecordStringAny};
use crate::workflow::State;

wire::document! {
    /// A short answer to where a workflow stands (CC-ORC-022).
    pub struct WorkflowState {
        /// The state (CC-ORC-022).
        pub state: State,
        /// The workflow.
        pub workflow_id?: String,
        /// The step that it is in.
        pub step_id?: String,
        /// The latest aggregated decision (CC-PRE-026).
        pub last_decision?: Decision,
        /// The plan token in force (C-03).
        pub plan_token_hash?: String,
    }
}

wire::document! {
    /// Everything that a restart needs (CC-RST-001).
    pub struct WorkflowStateRecord {
        /// The workflow (CC-ORC-001).
        pub workflow_id: String,
        /// The state that it has reached (CC-RST-006).
        pub current_state: State,
        /// The current step's plan token, empty until it is minted (CC-RST-007, C-13).
        pub plan_token_hash: String,
        /// When the workflow was created, RFC 3339.
        pub created_at: String,
        /// When the record last changed, RFC 3339.
        pub updated_at: String,
        /// Ids of the steps that are done; it only grows (CC-RST-014).
        pub steps_completed: Vec<String>,
        /// Ids of the steps that are not (CC-RST-013).
        pub steps_pending: Vec<String>,
        /// Decisions of approvers (CC-APR-029, CC-RST-009).
        pub approvals: Vec<ApprovalRecord>,
        /// Artifacts with their digests; the plan token is not one of them (CC-RST-008).
        pub artifacts: Vec<ArtifactRecord>,
        /// Evaluations of policies and models (CC-PRE-024).
        pub policy_evaluations: Vec<PolicyEvaluationRecord>,
        /// `audit_offset` and `wal_sequence` for the comparison after restart, and the summary
        /// (CC-RST-010, CC-FIN-002, C-41, C-43).
        pub metadata?: RecordStringAny,
    }
}

wire::document! {
    /// Who decided what, about which plan (CC-APR-029).
    pub struct ApprovalRecord {
        /// The request that was answered (CC-APR-012).
        pub approval_id: String,
        /// Its step.
        pub step_id: String,
        /// The plan token that the decision is bound to (CC-APR-029).
        pub plan_token_hash: String,
        /// Whether approval was granted.
        pub approved: bool,
        /// Who decided (CC-APR-016).
        pub approver: String,
        /// When, RFC 3339 (CC-APR-017).
        pub approved_at: String,
        /// Why, in words.
        pub reason?: String,
        /// Descriptor digests of what the approver was shown (C-05).
        pub evidence_hashes?: Vec<String>,
    }
}

wire::document! {
    /// One artifact of a step (CC-RST-008).
    pub struct ArtifactRecord {
        /// The artifact's name (C-110).
        pub artifact_id: String,
        /// The step that made it.
        pub step_id: String,
        /// Descriptor digest: 64 lower-case hex digits (CC-ART-014, C-05).
        pub artifact_hash: String,
        /// The type that `artifact.json` names (CC-SCH-012).
        pub artifact_type: String,
        /// When it was taken over, RFC 3339.
        pub created_at: String,
        /// `role`, and the artifact's own metadata (CC-RST-008, C-11).
        pub metadata?: RecordStringAny,
    }
}

wire::document! {
    /// One evaluation of a policy or model (CC-PRE-027).
    pub struct PolicyEvaluationRecord {
        /// Joins the evaluation with its audit event and WAL entry (C-45).
        pub evaluation_id: String,
        /// The step that was governed.
        pub step_id: String,
        /// `<source>/<policy id>` (C-45).
        pub policy_name: String,
        /// The decision (CC-PRE-009).
        pub decision: Decision,
        /// When, RFC 3339 (CC-PRE-027).
        pub evaluated_at: String,
        /// Why, in words (CC-PRE-027).
        pub reason?: String,
        /// Descriptor digests of what was evaluated (C-05).
        pub evidence_hashes?: Vec<String>,
    }
}
