//! The Rust type of every published definition.

use cabincrew_protocol::approval::{ApprovalRequest, ApprovalResponse};
use cabincrew_protocol::artifact::Artifact;
use cabincrew_protocol::audit::{
    AuditApproval, AuditArtifact, AuditEngine, AuditEvent, AuditGateway, AuditIntegrity,
    AuditPolicy, AuditWorkflow, PolicyEvaluation,
};
use cabincrew_protocol::decision::{AggregationMethod, Decision, DecisionSeverity};
use cabincrew_protocol::engine::{
    EngineArtifact, EngineInput, EngineMeta, EngineMetric, EngineOrchestrator, EngineOutput, Mode,
};
use cabincrew_protocol::gateway::{
    GatewayApproval, LlmGatewayPolicyConfig, LlmGatewayRequest, LlmGatewayResponse, LlmGatewayRule,
    McpGatewayPolicyConfig, McpGatewayRequest, McpGatewayResponse, McpGatewayRule,
};
use cabincrew_protocol::plan_token::{PlanArtifactHash, PlanToken};
use cabincrew_protocol::preflight::{
    PreflightEvidence, PreflightInput, PreflightOutput, PreflightRequires,
};
use cabincrew_protocol::record::{
    ApprovalRecord, ArtifactRecord, PolicyEvaluationRecord, WorkflowState, WorkflowStateRecord,
};
use cabincrew_protocol::wal::{
    ApprovalReceivedData, ApprovalRequestedData, ArtifactCreatedData, PolicyEvaluatedData,
    StepCompletedData, StepStartedData, WalEntry, WalEntryType, WorkflowCompletedData,
    WorkflowFailedData, WorkflowStartedData,
};
use cabincrew_protocol::wire::{AnyMap, RecordStringAny};
use cabincrew_protocol::workflow::State;
use cabincrew_protocol::{rules, schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a value into a type and writes it again.
pub(crate) type Reader = fn(Value) -> Result<Value, serde_json::Error>;

fn through<T: Serialize + DeserializeOwned>(value: Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_value::<T>(value)?)
}

/// The published definitions, each with its type. `WALEntryData` has none of its own: it is read
/// with the entry type that selects it.
const TYPES: &[(&str, Option<Reader>)] = &[
    ("AggregationMethod", Some(through::<AggregationMethod>)),
    ("AnyMap", Some(through::<AnyMap>)),
    (
        "ApprovalReceivedData",
        Some(through::<ApprovalReceivedData>),
    ),
    ("ApprovalRecord", Some(through::<ApprovalRecord>)),
    ("ApprovalRequest", Some(through::<ApprovalRequest>)),
    (
        "ApprovalRequestedData",
        Some(through::<ApprovalRequestedData>),
    ),
    ("ApprovalResponse", Some(through::<ApprovalResponse>)),
    ("Artifact", Some(through::<Artifact>)),
    ("ArtifactCreatedData", Some(through::<ArtifactCreatedData>)),
    ("ArtifactRecord", Some(through::<ArtifactRecord>)),
    ("AuditApproval", Some(through::<AuditApproval>)),
    ("AuditArtifact", Some(through::<AuditArtifact>)),
    ("AuditEngine", Some(through::<AuditEngine>)),
    ("AuditEvent", Some(through::<AuditEvent>)),
    ("AuditGateway", Some(through::<AuditGateway>)),
    ("AuditIntegrity", Some(through::<AuditIntegrity>)),
    ("AuditPolicy", Some(through::<AuditPolicy>)),
    ("AuditWorkflow", Some(through::<AuditWorkflow>)),
    ("Decision", Some(through::<Decision>)),
    ("DecisionSeverity", Some(through::<DecisionSeverity>)),
    ("EngineArtifact", Some(through::<EngineArtifact>)),
    ("EngineInput", Some(through::<EngineInput>)),
    ("EngineMeta", Some(through::<EngineMeta>)),
    ("EngineMetric", Some(through::<EngineMetric>)),
    ("EngineOrchestrator", Some(through::<EngineOrchestrator>)),
    ("EngineOutput", Some(through::<EngineOutput>)),
    ("GatewayApproval", Some(through::<GatewayApproval>)),
    (
        "LLMGatewayPolicyConfig",
        Some(through::<LlmGatewayPolicyConfig>),
    ),
    ("LLMGatewayRequest", Some(through::<LlmGatewayRequest>)),
    ("LLMGatewayResponse", Some(through::<LlmGatewayResponse>)),
    ("LLMGatewayRule", Some(through::<LlmGatewayRule>)),
    (
        "MCPGatewayPolicyConfig",
        Some(through::<McpGatewayPolicyConfig>),
    ),
    ("MCPGatewayRequest", Some(through::<McpGatewayRequest>)),
    ("MCPGatewayResponse", Some(through::<McpGatewayResponse>)),
    ("MCPGatewayRule", Some(through::<McpGatewayRule>)),
    ("Mode", Some(through::<Mode>)),
    ("PlanArtifactHash", Some(through::<PlanArtifactHash>)),
    ("PlanToken", Some(through::<PlanToken>)),
    ("PolicyEvaluatedData", Some(through::<PolicyEvaluatedData>)),
    ("PolicyEvaluation", Some(through::<PolicyEvaluation>)),
    (
        "PolicyEvaluationRecord",
        Some(through::<PolicyEvaluationRecord>),
    ),
    ("PreflightEvidence", Some(through::<PreflightEvidence>)),
    ("PreflightInput", Some(through::<PreflightInput>)),
    ("PreflightOutput", Some(through::<PreflightOutput>)),
    ("PreflightRequires", Some(through::<PreflightRequires>)),
    ("RecordStringAny", Some(through::<RecordStringAny>)),
    ("State", Some(through::<State>)),
    ("StepCompletedData", Some(through::<StepCompletedData>)),
    ("StepStartedData", Some(through::<StepStartedData>)),
    ("WALEntry", Some(through::<WalEntry>)),
    ("WALEntryData", None),
    ("WALEntryType", Some(through::<WalEntryType>)),
    (
        "WorkflowCompletedData",
        Some(through::<WorkflowCompletedData>),
    ),
    ("WorkflowFailedData", Some(through::<WorkflowFailedData>)),
    ("WorkflowStartedData", Some(through::<WorkflowStartedData>)),
    ("WorkflowState", Some(through::<WorkflowState>)),
    ("WorkflowStateRecord", Some(through::<WorkflowStateRecord>)),
];

/// The names of all published definitions.
pub(crate) fn definitions() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|(name, _)| *name)
}

/// The reader of a definition's type.
pub(crate) fn reader(definition: &str) -> Option<Reader> {
    let found = TYPES.iter().find(|(name, _)| *name == definition);
    found
        .unwrap_or_else(|| panic!("{definition} is not listed"))
        .1
}

/// Whether a document breaks its schema in more than the format of a time: that alone the types
/// leave to the schema.
pub(crate) fn breaks_more_than_formats(definition: &str, value: &Value) -> bool {
    schema::violations(definition, value)
        .iter()
        .any(|it| it.keyword != "format")
}

/// Whether a document is an entry with another payload than its type names (C-44).
pub(crate) fn breaks_payload_rule(definition: &str, value: &Value) -> bool {
    definition == "WALEntry" && rules::wal_data_fits(value).is_some()
}

#[test]
fn all_definitions_have_a_type_and_a_schema() {
    assert_eq!(definitions().count(), 57);
    let root: Value = serde_json::from_str(schema::DEFINITIONS).unwrap();
    let members = root["definitions"].as_object().unwrap();
    assert!(members.keys().map(String::as_str).eq(definitions()));
    assert!(definitions().all(|name| schema::validator(name).is_some()));
}
