//! The digests that stand for what governs a workflow (CC-TOK-019, CC-PRE-037, C-53).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::canonical::CanonicalError;
use crate::digest::{self, Sha256Hex};
use crate::wire::AnyMap;

/// A policy, model or program by path and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Pinned {
    /// The path as the workflow file writes it.
    pub path: String,
    /// SHA-256 of the raw bytes.
    pub sha256: Sha256Hex,
}

/// Everything that can change a decision.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Governance {
    /// The step's configuration.
    pub config: AnyMap,
    /// The context that evaluators see.
    pub context: AnyMap,
    /// The rules of the gateways, in the order in which they are tried.
    pub gateway_rules: Vec<Value>,
    /// The models.
    pub models: Vec<Pinned>,
    /// The policies and programs.
    pub policies: Vec<Pinned>,
    /// The thresholds, by policy id.
    pub thresholds: AnyMap,
}

/// What the policy digest is taken over: `[{"path": "..", "sha256": ".."}, ..]`, sorted by the
/// bytes of the paths.
#[must_use]
pub fn policy_preimage(policies: &[Pinned]) -> Value {
    let mut sorted: Vec<&Pinned> = policies.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    json!(sorted)
}

/// SHA-256 of the canonical form of [`policy_preimage`].
#[must_use]
pub fn policy_digest(policies: &[Pinned]) -> Sha256Hex {
    digest::of_json(&policy_preimage(policies)).expect("text has a canonical form")
}

/// What the governance hash is taken over: `{"config": {..}, "context": {..},
/// "gateway_rules": [..], "models": [..], "policies": [..], "thresholds": {..}}`, where models
/// and policies are sorted by the bytes of their paths and gateway rules stay in order.
#[must_use]
pub fn governance_preimage(governance: &Governance) -> Value {
    json!({
        "config": governance.config,
        "context": governance.context,
        "gateway_rules": governance.gateway_rules,
        "models": policy_preimage(&governance.models),
        "policies": policy_preimage(&governance.policies),
        "thresholds": governance.thresholds,
    })
}

/// SHA-256 of the canonical form of [`governance_preimage`].
///
/// # Errors
/// When a number in configuration, context, rules or thresholds has no canonical form.
pub fn governance_hash(governance: &Governance) -> Result<Sha256Hex, CanonicalError> {
    digest::of_json(&governance_preimage(governance))
}

crate::wire::objects!(Pinned, Governance);
