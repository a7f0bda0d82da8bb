//! The JSON Schemas (draft-07) of every document, and validation against them.
//!
//! `definitions.schema.json` holds the wire types under the names of the published schema. The
//! root of that file constrains nothing (C-36): documents are judged through a named definition.

#[cfg(feature = "validate")]
mod validate;

#[cfg(feature = "validate")]
pub use validate::{SchemaViolation, Validator, validator, violations};

/// The file that holds the wire types.
pub const DEFINITIONS: &str = include_str!("../schemas/definitions.schema.json");

/// Every schema file: its name in `schemas/`, and its text.
pub const TEXTS: &[(&str, &str)] = &[("definitions.schema.json", DEFINITIONS)];
