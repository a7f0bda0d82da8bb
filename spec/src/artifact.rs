//! Artifacts: the document, roles, and the two kinds of digest (C-05).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::digest::{self, Sha256Hex};
use crate::wire::{self, RecordStringAny};

/// The file that describes an artifact.
pub const METADATA_FILE: &str = "artifact.json";

/// The only name of a body file (C-62).
pub const BODY_FILE: &str = "body.data";

wire::document! {
    /// What `artifact.json` holds: one planned or reported thing, and how to apply it (CC-ART-004,
    /// C-10).
    pub struct Artifact {
        /// What kind of thing it is; an open word of the engine's own (CC-ART-017, CC-SCH-012).
        pub artifact_type: String,
        /// What is to be done with it; an open word, `none` when nothing is (CC-ART-017, C-126).
        pub action: String,
        /// Path, resource or identifier that the action applies to.
        pub target?: String,
        /// MIME type of the content; of the metadata when there is no body (C-126).
        pub mime: String,
        /// Content kept inline: text, array, object or null. Governed like a body file (CC-PRE-006,
        /// C-62).
        pub body?: Body,
        /// Names the file beside `artifact.json` that holds the content: `body.data` and no other
        /// (CC-ART-006, CC-ART-007, C-62).
        pub body_file?: String,
        /// Anything more that the engine wants to say; a `role` in here must agree with the receipt
        /// (C-10, C-11).
        pub metadata?: RecordStringAny,
    }
}

/// Content kept inside `artifact.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Body {
    /// A list.
    Array(Vec<Value>),
    /// Nothing, said explicitly; the same as no body at all (C-62).
    Null,
    /// An object.
    Object(Map<String, Value>),
    /// Text.
    Text(String),
}

/// The body is a number or a boolean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is neither text nor array, object or null")]
pub struct BodyError;

impl TryFrom<Value> for Body {
    type Error = BodyError;

    fn try_from(value: Value) -> Result<Self, BodyError> {
        match value {
            Value::Array(items) => Ok(Self::Array(items)),
            Value::Null => Ok(Self::Null),
            Value::Object(members) => Ok(Self::Object(members)),
            Value::String(text) => Ok(Self::Text(text)),
            Value::Bool(_) | Value::Number(_) => Err(BodyError),
        }
    }
}

impl From<Body> for Value {
    fn from(body: Body) -> Self {
        match body {
            Body::Array(items) => Self::Array(items),
            Body::Null => Self::Null,
            Body::Object(members) => Self::Object(members),
            Body::Text(text) => Self::String(text),
        }
    }
}

/// What an artifact is for (CC-ART-009, C-11). The wire type is an open string, so an unknown
/// role stays readable; it is a finding, not a parse error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Role {
    /// For those who judge the plan.
    Evidence,
    /// A trace of the work; governance leaves it out before take-off (CC-ART-018).
    Log,
    /// What take-off needs; it is given back to the engine.
    State,
    /// None of these.
    Unknown(String),
}

impl Role {
    /// The name in documents.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Evidence => "evidence",
            Self::Log => "log",
            Self::State => "state",
            Self::Unknown(name) => name,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl From<String> for Role {
    fn from(name: String) -> Self {
        match name.as_str() {
            "evidence" => Self::Evidence,
            "log" => Self::Log,
            "state" => Self::State,
            _ => Self::Unknown(name),
        }
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.as_str().to_owned()
    }
}

/// What the descriptor digest is taken over:
/// `{"body_sha256": ".."|null, "metadata_sha256": "..", "name": "..", "role": ".."}`, where
/// `metadata_sha256` is the SHA-256 of the raw bytes of `artifact.json` and `body_sha256` that
/// of the raw bytes of `body.data`, null without one.
#[must_use]
pub fn descriptor(
    name: &str,
    role: &Role,
    metadata_sha256: &Sha256Hex,
    body_sha256: Option<&Sha256Hex>,
) -> Value {
    json!({
        "name": name,
        "role": role,
        "metadata_sha256": metadata_sha256,
        "body_sha256": body_sha256,
    })
}

/// The digest that stands for a whole artifact wherever a hash has no path beside it (C-05):
/// SHA-256 of the canonical form of [`descriptor`].
#[must_use]
pub fn descriptor_digest(
    name: &str,
    role: &Role,
    metadata_sha256: &Sha256Hex,
    body_sha256: Option<&Sha256Hex>,
) -> Sha256Hex {
    digest::of_json(&descriptor(name, role, metadata_sha256, body_sha256))
        .expect("text and null have a canonical form")
}
