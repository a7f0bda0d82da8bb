//! The plan token of a plan: its document, and the digest that the document stands for.

use cabincrew_protocol::artifact::Role;
use cabincrew_protocol::canonical::CanonicalError;
use cabincrew_protocol::plan_token::{self, PlanArtifactHash, PlanToken};
use serde_json::Number;

use crate::fact::Stored;
use crate::fault::{self, Fault};
use crate::record::{Plan, Record};

/// The token's document, but for the digests of governance and the token itself (CC-TOK-003).
pub(crate) fn document(record: &Record, plan: &Plan, created_at: &str) -> PlanToken {
    let left_out =
        |stored: &Stored| stored.role == Role::State && fault::on(Fault::StateArtifactsNotBound);
    let artifacts = plan.artifacts.iter().filter(|stored| !left_out(stored));
    let bound = artifacts.map(|stored| PlanArtifactHash {
        name: stored.name.clone(),
        hash: stored.descriptor().to_string(),
        size: Some(Number::from(
            stored.body.as_ref().map_or(0, |body| body.size),
        )),
    });
    PlanToken {
        token: String::new(),
        version: plan_token::VERSION.to_owned(),
        artifacts: bound.collect(),
        model: record.step().model.clone(),
        engine_id: plan.receipt.engine_id.clone(),
        protocol_version: plan.receipt.protocol_version.clone(),
        workspace_hash: plan.launch.workspace_hash.to_string(),
        created_at: created_at.to_owned(),
        policy_digest: None,
        governance_hash: None,
    }
}

/// The token that stands for a document in the current step (C-02).
///
/// # Errors
/// When a size in the document has no canonical form.
pub(crate) fn composite(record: &Record, document: &PlanToken) -> Result<String, CanonicalError> {
    let first = record.history.first().and_then(|step| step.token.as_ref());
    if let Some(first) = first.filter(|_| fault::on(Fault::TokenOfFirstStepUsedAgain))
        && record.step_index > 0
    {
        return Ok(first.token.clone());
    }
    let mut bound = document.clone();
    let (mut workflow_id, mut step_id) = (record.workflow_id(), record.step().step_id.as_str());
    if fault::on(Fault::WorkflowNotBound) {
        workflow_id = "";
    }
    if fault::on(Fault::StepNotBound) {
        step_id = "";
    }
    bind_less(&mut bound);
    let token = plan_token::compute(&bound, workflow_id, step_id)?;
    Ok(token.to_string())
}

/// What a faulty program leaves out of the digest, or takes into it: nothing.
fn bind_less(bound: &mut PlanToken) {
    if fault::on(Fault::NamesNotBound) {
        bound.artifacts.iter_mut().for_each(|it| it.name.clear());
    }
    if fault::on(Fault::OrderNotBound) {
        bound.artifacts.sort_by(|a, b| a.hash.cmp(&b.hash));
    }
    if fault::on(Fault::ModelNotBound) {
        bound.model.clear();
    }
    if fault::on(Fault::EngineNotBound) {
        bound.engine_id.clear();
    }
    if fault::on(Fault::ProtocolVersionNotBound) {
        bound.protocol_version.clear();
    }
    if fault::on(Fault::WorkspaceNotBound) {
        bound.workspace_hash.clear();
    }
    if fault::on(Fault::PoliciesNotBound) {
        bound.policy_digest = None;
    }
    if fault::on(Fault::GovernanceNotBound) {
        bound.governance_hash = None;
    }
    if fault::on(Fault::ArtifactsNotBound) {
        bound.artifacts.clear();
    }
    if fault::on(Fault::CreationTimeBound) {
        bound.version.push_str(&bound.created_at);
    }
}
