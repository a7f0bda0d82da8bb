//! Requests, decisions and rules of the two gateways.

use crate::decision::Decision;
use crate::wire::{self, RecordStringAny};

wire::document! {
    /// The approval that a gateway waits for (CC-GMC-012, C-29).
    pub struct GatewayApproval {
        /// The request for approval (C-29).
        pub approval_id?: String,
        /// Role that the approver must hold (CC-APR-009).
        pub required_role?: String,
        /// Why approval is needed (CC-APR-007).
        pub reason?: String,
    }
}

wire::document! {
    /// A model call put to the gateway (CC-GLM-001).
    pub struct LlmGatewayRequest {
        /// The request (CC-GLM-011).
        pub request_id: String,
        /// When it was made, RFC 3339 (CC-GLM-011).
        pub timestamp: String,
        /// Who made it (CC-GLM-011).
        pub source?: String,
        /// The model asked for (CC-GLM-008).
        pub model: String,
        /// The provider asked for.
        pub provider?: String,
        /// The prompt and its settings; `operation` names the call (CC-GLM-001, C-99).
        pub input: RecordStringAny,
        /// Identity and workflow that the policies see (CC-GLM-002).
        pub context?: RecordStringAny,
    }
}

wire::document! {
    /// The gateway's decision on a model call (CC-GLM-004, C-99).
    pub struct LlmGatewayResponse {
        /// The request that is answered (CC-SCH-013).
        pub request_id: String,
        /// When, RFC 3339 (CC-GLM-011).
        pub timestamp: String,
        /// The aggregated decision (CC-GLM-004).
        pub decision: Decision,
        /// What is doubtful.
        pub warnings?: Vec<String>,
        /// What is wrong (CC-GLM-005).
        pub violations?: Vec<String>,
        /// The approval that is waited for (CC-GLM-006).
        pub approval?: GatewayApproval,
        /// The model that was chosen (CC-GLM-008).
        pub routed_model?: String,
        /// The input as forwarded, if it was changed (CC-GLM-009).
        pub rewritten_input?: RecordStringAny,
        /// What the model answered, under `output` (CC-GLM-019, C-99).
        pub gateway_payload?: RecordStringAny,
    }
}

wire::document! {
    /// One rule of the model gateway (C-100).
    pub struct LlmGatewayRule {
        /// Dotted request paths and the values that they must have, all of them (C-100).
        #[serde(rename = "match")]
        pub matches: RecordStringAny,
        /// The decision when they have; a word outside the four is refused at load (C-100).
        pub action: String,
        /// Anything more about the rule.
        pub metadata?: RecordStringAny,
    }
}

wire::document! {
    /// What governs model calls (CC-GLM-002).
    pub struct LlmGatewayPolicyConfig {
        /// Paths of Rego policies (CC-GLM-002).
        pub opa_policies?: Vec<String>,
        /// Paths of ONNX models (CC-GLM-003).
        pub onnx_models?: Vec<String>,
        /// How a model is chosen (CC-GLM-007).
        pub model_routing?: RecordStringAny,
        /// The rules (C-100).
        pub rules?: Vec<LlmGatewayRule>,
    }
}

wire::document! {
    /// A tool call put to the gateway (CC-GMC-004).
    pub struct McpGatewayRequest {
        /// The request (CC-GMC-020).
        pub request_id: String,
        /// When it was made, RFC 3339 (CC-GMC-020).
        pub timestamp: String,
        /// Who made it (CC-GMC-020).
        pub source?: String,
        /// The tool server asked for.
        pub server_id: String,
        /// The operation: a dotted name, or `tool:<name>` (CC-GMC-002, C-98).
        pub method: String,
        /// Its parameters (CC-GMC-020).
        pub params?: RecordStringAny,
        /// Identity and workflow that the policies see (CC-GMC-005).
        pub context?: RecordStringAny,
    }
}

wire::document! {
    /// The gateway's decision on a tool call (CC-GMC-007, C-99).
    pub struct McpGatewayResponse {
        /// The request that is answered (CC-SCH-013).
        pub request_id: String,
        /// When, RFC 3339 (CC-GMC-020).
        pub timestamp: String,
        /// The aggregated decision (CC-GMC-007).
        pub decision: Decision,
        /// What is doubtful (CC-GMC-010).
        pub warnings?: Vec<String>,
        /// What is wrong (CC-GMC-011).
        pub violations?: Vec<String>,
        /// The approval that is waited for (CC-GMC-012).
        pub approval?: GatewayApproval,
        /// The request as forwarded, if it was changed (CC-GMC-025).
        pub rewritten_request?: RecordStringAny,
    }
}

wire::document! {
    /// One rule of the tool gateway (C-100).
    pub struct McpGatewayRule {
        /// Dotted request paths and the values that they must have, all of them (C-100).
        #[serde(rename = "match")]
        pub matches: RecordStringAny,
        /// The decision when they have; a word outside the four is refused at load (C-100).
        pub action: String,
        /// Anything more about the rule.
        pub metadata?: RecordStringAny,
    }
}

wire::document! {
    /// What governs tool calls (CC-GMC-005).
    pub struct McpGatewayPolicyConfig {
        /// Paths of Rego policies (CC-GMC-005).
        pub opa_policies?: Vec<String>,
        /// Paths of ONNX models (CC-GMC-006).
        pub onnx_models?: Vec<String>,
        /// The rules (C-100).
        pub rules?: Vec<McpGatewayRule>,
    }
}
