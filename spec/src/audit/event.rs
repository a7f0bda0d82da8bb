//! The audit event (CC-AUD-001).

use serde::{Deserialize, Serialize};

use super::blocks::{
    AuditApproval, AuditArtifact, AuditEngine, AuditGateway, AuditIntegrity, AuditPolicy,
    AuditWorkflow,
};
use crate::plan_token::PlanToken;
use crate::wire;

/// The word that stands for the state outside a workflow (C-38).
pub const NO_STATE: &str = "NONE";

/// How urgent an event is (CC-PRE-012).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Someone must look at once.
    Critical,
    /// For those who search an error.
    Debug,
    /// Something failed.
    Error,
    /// The normal course.
    Info,
    /// Something is doubtful.
    Warning,
}

wire::document! {
    /// One line of the audit log (CC-AUD-001, C-15).
    pub struct AuditEvent {
        /// `<workflow id>-<8-digit number>` (CC-AUD-002, CC-AUD-012, C-42).
        pub event_id: String,
        /// When it happened, RFC 3339 (CC-AUD-003).
        pub timestamp: String,
        /// What happened; an open word with a published list (CC-AUD-006, CC-SCH-012, C-40).
        pub event_type: String,
        /// Where it belongs (CC-AUD-004).
        pub workflow?: AuditWorkflow,
        /// State before the move that the event causes, after it for a transition; `NONE` outside a
        /// workflow (CC-AUD-005, C-38).
        pub workflow_state: String,
        /// What the engine reported (CC-ORC-018).
        pub engine?: AuditEngine,
        /// The token, in the event of its creation (CC-TOK-013, C-39).
        pub plan_token?: PlanToken,
        /// The artifacts concerned (CC-ART-020).
        pub artifacts?: Vec<AuditArtifact>,
        /// The decision concerned (CC-PRE-026).
        pub policy?: AuditPolicy,
        /// The approval concerned (CC-APR-026, CC-APR-027).
        pub approval?: AuditApproval,
        /// The outcome of a comparison (CC-TKO-003).
        pub integrity_check?: AuditIntegrity,
        /// The gateway's decision (CC-GMC-020).
        pub gateway?: AuditGateway,
        /// Ed25519 signature in base64 over everything else (CC-AUD-015).
        pub signature?: String,
        /// `<key name>+<key id>`; there whenever `signature` is (CC-AUD-015).
        pub signature_key_ref?: String,
        /// Leaf hash of the event before, 64 lower-case hex digits; derived from the workflow id in the
        /// first (CC-AUD-013, C-26).
        pub chain_hash?: String,
        /// A sentence for humans (CC-AUD-018).
        pub message?: String,
        /// How urgent it is (CC-PRE-012).
        pub severity?: Severity,
    }
}
