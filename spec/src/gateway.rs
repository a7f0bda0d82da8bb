//! Requests, decisions and rules of the two gateways.

use serde::{Deserialize, Serialize};

use crate::decision::Decision;
use crate::wire::{self, RecordStringAny};

/// The approval that a gateway waits for (CC-GMC-012, C-29).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct GatewayApproval {
    /// The request for approval (C-29).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub approval_id: Option<String>,
    /// Role that the approver must hold (CC-APR-009).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub required_role: Option<String>,
    /// Why approval is needed (CC-APR-007).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub reason: Option<String>,
}

/// A model call put to the gateway (CC-GLM-001).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct LlmGatewayRequest {
    /// The request (CC-GLM-011).
    pub request_id: String,
    /// When it was made, RFC 3339 (CC-GLM-011).
    pub timestamp: String,
    /// Who made it (CC-GLM-011).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub source: Option<String>,
    /// The model asked for (CC-GLM-008).
    pub model: String,
    /// The provider asked for.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub provider: Option<String>,
    /// The prompt and its settings; `operation` names the call (CC-GLM-001, C-99).
    pub input: RecordStringAny,
    /// Identity and workflow that the policies see (CC-GLM-002).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub context: Option<RecordStringAny>,
}

/// The gateway's decision on a model call (CC-GLM-004, C-99).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct LlmGatewayResponse {
    /// The request that is answered (CC-SCH-013).
    pub request_id: String,
    /// When, RFC 3339 (CC-GLM-011).
    pub timestamp: String,
    /// The aggregated decision (CC-GLM-004).
    pub decision: Decision,
    /// What is doubtful.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub warnings: Option<Vec<String>>,
    /// What is wrong (CC-GLM-005).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub violations: Option<Vec<String>>,
    /// The approval that is waited for (CC-GLM-006).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub approval: Option<GatewayApproval>,
    /// The model that was chosen (CC-GLM-008).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub routed_model: Option<String>,
    /// The input as forwarded, if it was changed (CC-GLM-009).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub rewritten_input: Option<RecordStringAny>,
    /// What the model answered, under `output` (CC-GLM-019, C-99).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub gateway_payload: Option<RecordStringAny>,
}

/// One rule of the model gateway (C-100).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct LlmGatewayRule {
    /// Dotted request paths and the values that they must have, all of them (C-100).
    #[serde(rename = "match")]
    pub matches: RecordStringAny,
    /// The decision when they have; a word outside the four is refused at load (C-100).
    pub action: String,
    /// Anything more about the rule.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub metadata: Option<RecordStringAny>,
}

/// What governs model calls (CC-GLM-002).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct LlmGatewayPolicyConfig {
    /// Paths of Rego policies (CC-GLM-002).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub opa_policies: Option<Vec<String>>,
    /// Paths of ONNX models (CC-GLM-003).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub onnx_models: Option<Vec<String>>,
    /// How a model is chosen (CC-GLM-007).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub model_routing: Option<RecordStringAny>,
    /// The rules (C-100).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub rules: Option<Vec<LlmGatewayRule>>,
}

/// A tool call put to the gateway (CC-GMC-004).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct McpGatewayRequest {
    /// The request (CC-GMC-020).
    pub request_id: String,
    /// When it was made, RFC 3339 (CC-GMC-020).
    pub timestamp: String,
    /// Who made it (CC-GMC-020).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub source: Option<String>,
    /// The tool server asked for.
    pub server_id: String,
    /// The operation: a dotted name, or `tool:<name>` (CC-GMC-002, C-98).
    pub method: String,
    /// Its parameters (CC-GMC-020).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub params: Option<RecordStringAny>,
    /// Identity and workflow that the policies see (CC-GMC-005).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub context: Option<RecordStringAny>,
}

/// The gateway's decision on a tool call (CC-GMC-007, C-99).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct McpGatewayResponse {
    /// The request that is answered (CC-SCH-013).
    pub request_id: String,
    /// When, RFC 3339 (CC-GMC-020).
    pub timestamp: String,
    /// The aggregated decision (CC-GMC-007).
    pub decision: Decision,
    /// What is doubtful (CC-GMC-010).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub warnings: Option<Vec<String>>,
    /// What is wrong (CC-GMC-011).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub violations: Option<Vec<String>>,
    /// The approval that is waited for (CC-GMC-012).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub approval: Option<GatewayApproval>,
    /// The request as forwarded, if it was changed (CC-GMC-025).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub rewritten_request: Option<RecordStringAny>,
}

/// One rule of the tool gateway (C-100).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct McpGatewayRule {
    /// Dotted request paths and the values that they must have, all of them (C-100).
    #[serde(rename = "match")]
    pub matches: RecordStringAny,
    /// The decision when they have; a word outside the four is refused at load (C-100).
    pub action: String,
    /// Anything more about the rule.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub metadata: Option<RecordStringAny>,
}

/// What governs tool calls (CC-GMC-005).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct McpGatewayPolicyConfig {
    /// Paths of Rego policies (CC-GMC-005).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub opa_policies: Option<Vec<String>>,
    /// Paths of ONNX models (CC-GMC-006).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub onnx_models: Option<Vec<String>>,
    /// The rules (C-100).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "wire::present"
    )]
    pub rules: Option<Vec<McpGatewayRule>>,
}

crate::wire::objects!(
    GatewayApproval,
    LlmGatewayRequest,
    LlmGatewayResponse,
    LlmGatewayRule,
    LlmGatewayPolicyConfig,
    McpGatewayRequest,
    McpGatewayResponse,
    McpGatewayRule,
    McpGatewayPolicyConfig
);
