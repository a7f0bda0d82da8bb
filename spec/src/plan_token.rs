//! The plan token: the document, and the digest that it stands for (C-02).

use serde_json::{Number, Value};

use crate::canonical::CanonicalError;
use crate::digest::{self, Sha256Hex};
use crate::wire;

/// The format of the document that this crate writes (C-51).
pub const VERSION: &str = "1";

/// The name that no artifact may have (C-64).
pub const ARTIFACT_ID: &str = "plan-token";

/// The artifact type under which the write-ahead log records the mint (C-13).
pub const ARTIFACT_TYPE: &str = "cabincrew.plan_token";

wire::document! {
    /// One artifact as the plan token binds it (CC-TOK-004, C-05).
    pub struct PlanArtifactHash {
        /// Name of the artifact (CC-TOK-008).
        pub name: String,
        /// Descriptor digest of the artifact: 64 lower-case hex digits (CC-TOK-006, CC-TOK-007,
        /// CC-TOK-009, C-05).
        pub hash: String,
        /// Length of the body in bytes, 0 without a body; a non-negative integer, always written
        /// (C-68).
        pub size?: Number,
    }
}

wire::document! {
    /// The document that ties a take-off to exactly one plan (CC-TOK-003, C-02, C-04).
    pub struct PlanToken {
        /// The composite digest, 64 lower-case hex digits; the one value under every name (CC-TOK-005,
        /// C-02, C-03).
        pub token: String,
        /// Format of this document: `1`; other values are refused (C-51).
        pub version: String,
        /// The artifacts in byte order of their names; the order is bound as well (CC-TOK-004,
        /// CC-TOK-011, C-05).
        pub artifacts: Vec<PlanArtifactHash>,
        /// Model that made the plan, from the workflow's configuration, else `none` (C-52).
        pub model: String,
        /// Engine that made the plan, as its receipt says (CC-TOK-003).
        pub engine_id: String,
        /// Protocol version of the planning run: `1.0.0` (C-51).
        pub protocol_version: String,
        /// Digest of the workspace that was planned on: 64 lower-case hex digits (CC-TKO-008, C-20).
        pub workspace_hash: String,
        /// When the token was minted, RFC 3339; not part of the digest (C-02, C-87).
        pub created_at: String,
        /// Digest of the configured policies: 64 lower-case hex digits; always written (CC-TOK-019,
        /// C-53).
        pub policy_digest?: String,
        /// Digest of policies, models, thresholds, gateway rules and configuration: 64 lower-case hex
        /// digits; always written (CC-TOK-019, C-53).
        pub governance_hash?: String,
    }
}

/// What the token is the digest of (CC-TOK-005, CC-TOK-017, C-02): all members of the document
/// except `token` and `created_at`, and beside them `workflow_id` and `step_id`.
///
/// ```json
/// {"artifacts": [{"hash": "..", "name": "..", "size": 0}], "engine_id": "..",
///  "governance_hash": "..", "model": "..", "policy_digest": "..", "protocol_version": "..",
///  "step_id": "..", "version": "1", "workflow_id": "..", "workspace_hash": ".."}
/// ```
///
/// Members that the document leaves out are left out here as well.
#[must_use]
pub fn preimage(token: &PlanToken, workflow_id: &str, step_id: &str) -> Value {
    let mut bound = serde_json::to_value(token).expect("the document has only text members");
    if let Some(members) = bound.as_object_mut() {
        members.remove("token");
        members.remove("created_at");
        members.insert("workflow_id".to_owned(), Value::from(workflow_id));
        members.insert("step_id".to_owned(), Value::from(step_id));
    }
    bound
}

/// The token of a document in a step of a workflow: SHA-256 of the canonical form of
/// [`preimage`]. What the document's own `token` says has no influence.
///
/// # Errors
/// When a size in the document has no canonical form.
pub fn compute(
    token: &PlanToken,
    workflow_id: &str,
    step_id: &str,
) -> Result<Sha256Hex, CanonicalError> {
    digest::of_json(&preimage(token, workflow_id, step_id))
}
