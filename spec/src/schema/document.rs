//! Schemas of single documents, cut out of the file of all definitions.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::DEFINITIONS;

/// The documents that have a schema file of their own: file name without
/// `.schema.json`, and definition.
pub const DOCUMENTS: &[(&str, &str)] = &[
    ("approval-request", "ApprovalRequest"),
    ("approval-response", "ApprovalResponse"),
    ("artifact", "Artifact"),
    ("audit-event", "AuditEvent"),
    ("engine-input", "EngineInput"),
    ("engine-output", "EngineOutput"),
    ("llm-gateway-policy-config", "LLMGatewayPolicyConfig"),
    ("llm-gateway-request", "LLMGatewayRequest"),
    ("llm-gateway-response", "LLMGatewayResponse"),
    ("mcp-gateway-policy-config", "MCPGatewayPolicyConfig"),
    ("mcp-gateway-request", "MCPGatewayRequest"),
    ("mcp-gateway-response", "MCPGatewayResponse"),
    ("plan-token", "PlanToken"),
    ("preflight-input", "PreflightInput"),
    ("preflight-output", "PreflightOutput"),
    ("wal-entry", "WALEntry"),
    ("workflow-state", "WorkflowState"),
    ("workflow-state-record", "WorkflowStateRecord"),
];

/// The file of all definitions.
pub(super) static ROOT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(DEFINITIONS).expect("the tests read the embedded file"));

/// A schema of one definition that needs no other file: the definition at the root, those that
/// it refers to beneath. `None` for an unknown definition.
#[must_use]
pub fn document(definition: &str) -> Option<Value> {
    let all = ROOT["definitions"].as_object()?;
    let mut schema = all.get(definition)?.as_object()?.clone();
    let mut needed = BTreeSet::new();
    collect(&Value::Object(schema.clone()), all, &mut needed);
    let beneath: Map<String, Value> = needed
        .into_iter()
        .filter_map(|name| Some((name.clone(), all.get(&name)?.clone())))
        .collect();
    schema.insert("$schema".to_owned(), ROOT["$schema"].clone());
    schema.insert("title".to_owned(), json!(definition));
    if !beneath.is_empty() {
        schema.insert("definitions".to_owned(), Value::Object(beneath));
    }
    Some(Value::Object(schema))
}

/// Adds the names of all definitions that a schema refers to, directly or through others.
fn collect(schema: &Value, all: &Map<String, Value>, needed: &mut BTreeSet<String>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| collect(item, all, needed)),
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str);
            if let Some(name) = target.and_then(|target| target.strip_prefix("#/definitions/"))
                && needed.insert(name.to_owned())
                && let Some(definition) = all.get(name)
            {
                collect(definition, all, needed);
            }
            members
                .values()
                .for_each(|member| collect(member, all, needed));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
