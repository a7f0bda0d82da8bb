//! The JSON Schemas (draft-07) of every document, and validation against them.
//!
//! `definitions.schema.json` holds the wire types under the names of the published schema. The
//! root of that file constrains nothing (C-36): documents are judged through a named definition.
//! The files of single documents are cut out of it by [`document`], so that each can be given to
//! any validator as it is; `workflow` and `roster` are written by hand.

mod document;
#[cfg(feature = "validate")]
mod foreign;
#[cfg(feature = "validate")]
mod validate;

pub use document::{DOCUMENTS, document};
#[cfg(feature = "validate")]
pub use foreign::{foreign_validator, meta_violations};
#[cfg(feature = "validate")]
pub use validate::{SchemaViolation, Validator, validator, violations};

/// The file that holds the wire types.
pub const DEFINITIONS: &str = include_str!("../schemas/definitions.schema.json");

/// Every schema file: its name in `schemas/`, and its text.
pub const TEXTS: &[(&str, &str)] = &[
    ("definitions.schema.json", DEFINITIONS),
    (
        "approval-request.schema.json",
        include_str!("../schemas/approval-request.schema.json"),
    ),
    (
        "approval-response.schema.json",
        include_str!("../schemas/approval-response.schema.json"),
    ),
    (
        "artifact.schema.json",
        include_str!("../schemas/artifact.schema.json"),
    ),
    (
        "audit-event.schema.json",
        include_str!("../schemas/audit-event.schema.json"),
    ),
    (
        "engine-input.schema.json",
        include_str!("../schemas/engine-input.schema.json"),
    ),
    (
        "engine-output.schema.json",
        include_str!("../schemas/engine-output.schema.json"),
    ),
    (
        "llm-gateway-policy-config.schema.json",
        include_str!("../schemas/llm-gateway-policy-config.schema.json"),
    ),
    (
        "llm-gateway-request.schema.json",
        include_str!("../schemas/llm-gateway-request.schema.json"),
    ),
    (
        "llm-gateway-response.schema.json",
        include_str!("../schemas/llm-gateway-response.schema.json"),
    ),
    (
        "mcp-gateway-policy-config.schema.json",
        include_str!("../schemas/mcp-gateway-policy-config.schema.json"),
    ),
    (
        "mcp-gateway-request.schema.json",
        include_str!("../schemas/mcp-gateway-request.schema.json"),
    ),
    (
        "mcp-gateway-response.schema.json",
        include_str!("../schemas/mcp-gateway-response.schema.json"),
    ),
    (
        "plan-token.schema.json",
        include_str!("../schemas/plan-token.schema.json"),
    ),
    (
        "preflight-input.schema.json",
        include_str!("../schemas/preflight-input.schema.json"),
    ),
    (
        "preflight-output.schema.json",
        include_str!("../schemas/preflight-output.schema.json"),
    ),
    (
        "roster.schema.json",
        include_str!("../schemas/roster.schema.json"),
    ),
    (
        "wal-entry.schema.json",
        include_str!("../schemas/wal-entry.schema.json"),
    ),
    (
        "workflow.schema.json",
        include_str!("../schemas/workflow.schema.json"),
    ),
    (
        "workflow-state.schema.json",
        include_str!("../schemas/workflow-state.schema.json"),
    ),
    (
        "workflow-state-record.schema.json",
        include_str!("../schemas/workflow-state-record.schema.json"),
    ),
];
