//! What a workflow must keep beyond its shape (CC-ORC-004).

use super::definition::Workflow;
use super::error::WorkflowError;
use super::governance::{Policy, PolicyKind};
use super::load::is_id;

const TIMEOUT_MAX_MS: u64 = 7 * 24 * 3600 * 1000;

/// Members of a policy's `context` that the orchestrator fills.
const CONTEXT: [&str; 5] = ["artifacts", "config", "steps", "trigger", "workflow"];

/// Refuses what the shape alone allows.
pub(super) fn check(workflow: &Workflow) -> Result<(), WorkflowError> {
    if workflow.steps.is_empty() {
        return Err(WorkflowError::NoSteps);
    }
    unique("step_id", workflow.steps.iter().map(|step| &step.step_id))?;
    for step in &workflow.steps {
        if step.engine.command.first().is_none_or(String::is_empty) {
            return Err(WorkflowError::Name {
                what: "engine command of step",
                name: step.step_id.clone(),
            });
        }
        range("timeout_ms", step.engine.timeout_ms, 1, TIMEOUT_MAX_MS)?;
    }
    for policies in [
        &workflow.governance.policies,
        &workflow.governance.post_execution.policies,
    ] {
        unique("policy id", policies.iter().map(|policy| &policy.id))?;
        for policy in policies {
            check_policy(policy)?;
        }
    }
    let taken = |name: &&String| CONTEXT.contains(&name.as_str());
    if let Some(name) = workflow.governance.context.keys().find(taken) {
        return Err(WorkflowError::Name {
            what: "member of governance.context",
            name: name.clone(),
        });
    }
    unique(
        "gateway id",
        workflow.gateways.iter().map(|gateway| &gateway.id),
    )?;
    if workflow.approval.default_role.is_empty() {
        return Err(WorkflowError::Range {
            what: "approval.default_role",
        });
    }
    Ok(())
}

fn range(what: &'static str, value: u64, min: u64, max: u64) -> Result<(), WorkflowError> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(WorkflowError::Range { what })
    }
}

fn unique<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), WorkflowError> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !is_id(name) || !seen.insert(name.to_lowercase()) {
            let name = name.clone();
            return Err(WorkflowError::Name { what, name });
        }
    }
    Ok(())
}

fn check_policy(policy: &Policy) -> Result<(), WorkflowError> {
    let needs = |needs| {
        Err(WorkflowError::Policy {
            id: policy.id.clone(),
            needs,
        })
    };
    range("timeout_ms", policy.timeout_ms, 1, TIMEOUT_MAX_MS)?;
    let onnx = policy.over.is_some() || policy.thresholds.is_some();
    match policy.kind {
        PolicyKind::Opa if policy.path.is_none() || policy.query.is_none() => {
            needs("a path and a query")
        }
        PolicyKind::Opa if onnx || policy.command.is_some() => needs("only path and query"),
        PolicyKind::Onnx if policy.path.is_none() || policy.thresholds.is_none() => {
            needs("a path and thresholds")
        }
        PolicyKind::Onnx if policy.query.is_some() || policy.command.is_some() => {
            needs("only path, over and thresholds")
        }
        PolicyKind::Onnx => match policy.thresholds {
            Some(thresholds) if !thresholds.ordered() => {
                needs("thresholds between 0 and 1 that rise from warn to deny")
            }
            _ => Ok(()),
        },
        PolicyKind::Custom if policy.command.as_ref().is_none_or(Vec::is_empty) => {
            needs("a command")
        }
        PolicyKind::Custom if onnx || policy.query.is_some() || policy.path.is_some() => {
            needs("only a command")
        }
        PolicyKind::Opa | PolicyKind::Custom => Ok(()),
    }
}
