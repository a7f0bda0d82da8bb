//! All rules that a document of a definition can be held against by itself.

use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

use super::{Finding, approval, artifact, audit, durable, run};
use crate::artifact::{Artifact, BODY_FILE};
use crate::audit::{AuditArtifact, AuditEvent, AuditPolicy, PolicyEvaluation};
use crate::engine::{EngineArtifact, EngineInput, EngineOutput};
use crate::plan_token::{PlanArtifactHash, PlanToken};

/// The breaches of a document of a published definition, as far as the document alone shows
/// them: what needs a file beside it or another document is left to the rules themselves. Empty
/// for a document that is not of the definition's shape, because that is the schema's finding.
#[must_use]
pub fn findings(definition: &str, document: &Value) -> Vec<Finding> {
    match definition {
        "ApprovalRequest" => read(document, |it| {
            approval::request_bound(it).into_iter().collect()
        }),
        "ApprovalResponse" => read(document, approval::response_complete),
        "Artifact" => read(document, |it: &Artifact| {
            artifact::body_placement(it, it.body_file.as_deref() == Some(BODY_FILE))
        }),
        "AuditArtifact" => read(document, audit_artifact),
        "AuditEvent" => read(document, audit_event),
        "AuditPolicy" => read(document, audit_policy),
        "EngineArtifact" => read(document, engine_artifact),
        "EngineInput" => read(document, |it: &EngineInput| run::secrets_allowed(it)),
        "EngineOutput" => read(document, engine_output),
        "PlanArtifactHash" => read(document, plan_artifact),
        "PlanToken" => read(document, plan_token),
        "PolicyEvaluation" => read(document, |it: &PolicyEvaluation| {
            audit::severity_fits(it).into_iter().collect()
        }),
        "WALEntry" => durable::wal_data_fits(document).into_iter().collect(),
        "WorkflowStateRecord" => read(document, |it| {
            durable::token_presence(it).into_iter().collect()
        }),
        _ => Vec::new(),
    }
}

fn read<T: DeserializeOwned>(
    document: &Value,
    rules: impl FnOnce(&T) -> Vec<Finding>,
) -> Vec<Finding> {
    serde_json::from_value(document.clone()).map_or_else(|_| Vec::new(), |it| rules(&it))
}

fn size(size: Option<&Number>) -> Option<Finding> {
    size.and_then(artifact::size_whole)
}

fn engine_output(receipt: &EngineOutput) -> Vec<Finding> {
    let artifacts = receipt.artifacts.as_deref().unwrap_or_default();
    let mut findings: Vec<Finding> = run::error_iff_failure(receipt).into_iter().collect();
    findings.extend(run::no_token_offered(receipt));
    findings.extend(run::artifacts_listed(receipt));
    findings.extend(artifacts.iter().flat_map(engine_artifact));
    findings.extend(artifact::names_unique(
        artifacts.iter().map(|it| it.name.as_str()),
    ));
    findings
}

fn engine_artifact(it: &EngineArtifact) -> Vec<Finding> {
    let mut findings: Vec<Finding> = artifact::artifact_name(&it.name).into_iter().collect();
    findings.extend(artifact::role_known(&it.role));
    findings.extend(size(it.size.as_ref()));
    // Which of the two files the hash covers is seen only beside the files.
    if artifact::path_fits(it, false).is_some() {
        findings.extend(artifact::path_fits(it, true));
    }
    findings
}

fn plan_token(token: &PlanToken) -> Vec<Finding> {
    token.artifacts.iter().flat_map(plan_artifact).collect()
}

fn plan_artifact(it: &PlanArtifactHash) -> Vec<Finding> {
    size(it.size.as_ref()).into_iter().collect()
}

fn audit_artifact(it: &AuditArtifact) -> Vec<Finding> {
    let mut findings: Vec<Finding> = it.role.iter().filter_map(artifact::role_known).collect();
    findings.extend(size(it.size.as_ref()));
    findings
}

fn audit_policy(policy: &AuditPolicy) -> Vec<Finding> {
    let evaluations = policy.policy_evaluations.iter().flatten();
    let mut findings: Vec<Finding> = evaluations.filter_map(audit::severity_fits).collect();
    findings.extend(audit::aggregation(policy));
    findings
}

fn audit_event(event: &AuditEvent) -> Vec<Finding> {
    let mut findings = audit::workflow_state(event);
    findings.extend(event.policy.iter().flat_map(audit_policy));
    findings.extend(event.artifacts.iter().flatten().flat_map(audit_artifact));
    findings.extend(event.plan_token.iter().flat_map(plan_token));
    findings
}
