//! The record as the published documents say it: projections of the journal (CC-RST-001).

use cabincrew_protocol::engine::EngineArtifact;
use cabincrew_protocol::record::{
    ApprovalRecord, ArtifactRecord, PolicyEvaluationRecord, WorkflowStateRecord,
};
use cabincrew_protocol::rules;
use serde_json::{Map, Number, Value, json};

use crate::fact::Stored;
use crate::fault;
use crate::record::{Record, Stage, StepHistory};

/// The state document.
#[must_use]
pub fn state_record(record: &Record) -> WorkflowStateRecord {
    let steps = record.created.workflow.steps.iter();
    let pending = steps
        .map(|step| step.step_id.clone())
        .filter(|id| !record.steps_completed.contains(id));
    let mut state = WorkflowStateRecord {
        workflow_id: record.workflow_id().to_owned(),
        current_state: record.state(),
        plan_token_hash: token(record),
        created_at: record.created_at.clone(),
        updated_at: record.updated_at.clone(),
        steps_completed: record.steps_completed.clone(),
        steps_pending: pending.collect(),
        approvals: approvals(record),
        artifacts: record.history.iter().flat_map(artifact_records).collect(),
        policy_evaluations: record.history.iter().flat_map(evaluations).collect(),
        metadata: Some(metadata(record)),
    };
    fault::restate(&mut state);
    state
}

/// The current step's token value; empty until it is minted (C-13).
#[must_use]
pub fn token(record: &Record) -> String {
    let token = record.current().and_then(|step| step.token.as_ref());
    token.map(|token| token.token.clone()).unwrap_or_default()
}

/// All artifacts as receipts list them, with paths below the first step's artifact folder.
#[must_use]
pub fn artifacts(record: &Record) -> Vec<EngineArtifact> {
    let mut listed = Vec::new();
    for (index, step) in record.history.iter().enumerate() {
        for stored in step.plan.iter().chain(&step.result) {
            let path = rules::expected_path(&stored.name, stored.body.is_some());
            let path = match index {
                0 => path,
                _ => format!("../artifacts-{}/{path}", step.step_id),
            };
            listed.push(EngineArtifact {
                name: stored.name.clone(),
                role: stored.role.clone(),
                path,
                hash: stored.hashed_file().sha256.to_string(),
                size: Some(Number::from(stored.hashed_file().size)),
            });
        }
    }
    listed
}

fn approvals(record: &Record) -> Vec<ApprovalRecord> {
    let answers = record.responses.iter();
    answers
        .map(|answer| ApprovalRecord {
            approval_id: answer.response.approval_id.clone(),
            step_id: answer.step_id.clone(),
            plan_token_hash: answer.plan_token_hash.clone(),
            approved: answer.response.approved,
            approver: answer.response.approver.clone(),
            approved_at: answer.response.timestamp.clone(),
            reason: answer.response.reason.clone(),
            evidence_hashes: Some(answer.evidence_hashes.clone()),
        })
        .collect()
}

fn artifact_records(step: &StepHistory) -> Vec<ArtifactRecord> {
    let made = |artifacts: &[Stored], at: &str| -> Vec<ArtifactRecord> {
        let records = artifacts.iter().map(|stored| {
            let mut metadata = stored.artifact.metadata.clone().unwrap_or_default();
            metadata.insert("role".to_owned(), json!(stored.role));
            ArtifactRecord {
                artifact_id: stored.name.clone(),
                step_id: step.step_id.clone(),
                artifact_hash: stored.descriptor().to_string(),
                artifact_type: stored.artifact.artifact_type.clone(),
                created_at: at.to_owned(),
                metadata: Some(metadata),
            }
        });
        records.collect()
    };
    let mut records = made(&step.plan, &step.planned_at);
    records.extend(made(&step.result, &step.executed_at));
    records
}

fn evaluations(step: &StepHistory) -> Vec<PolicyEvaluationRecord> {
    let shown = step
        .plan
        .iter()
        .map(|stored| stored.descriptor().to_string());
    let shown: Vec<String> = shown.collect();
    let evaluations = step.evaluations.iter();
    evaluations
        .map(|found| PolicyEvaluationRecord {
            evaluation_id: found.evaluation_id.clone(),
            step_id: step.step_id.clone(),
            policy_name: format!("{}/{}", found.source.as_str(), found.policy_id),
            decision: found.decision,
            evaluated_at: found.evaluated_at.clone(),
            reason: found.reason.clone(),
            evidence_hashes: Some(shown.clone()),
        })
        .collect()
}

/// Positions in both logs, and the summary of a finished workflow (C-41, C-43, C-75).
fn metadata(record: &Record) -> Map<String, Value> {
    let offset = json!({"count": record.audit_count, "last_hash": record.audit_last});
    let mut metadata = Map::from_iter([
        ("audit_offset".to_owned(), offset),
        ("wal_sequence".to_owned(), json!(record.wal_sequence)),
        (
            "workflow".to_owned(),
            json!(record.created.workflow.workflow),
        ),
    ]);
    let outcome = match &record.stage {
        Stage::Completed => "completed",
        Stage::Failed { error } => error.as_str(),
        _ => return metadata,
    };
    let launches =
        |index: usize| -> u64 { record.history.iter().map(|step| step.launches[index]).sum() };
    let summary = json!({
        "outcome": outcome,
        "steps": record.created.workflow.steps.len(),
        "steps_completed": record.steps_completed.len(),
        "plans": launches(0),
        "take_offs": launches(1),
        "artifacts": record.history.iter().map(|step| step.plan.len() + step.result.len()).sum::<usize>(),
        "approvals": record.responses.len(),
    });
    metadata.insert("summary".to_owned(), summary);
    metadata
}
