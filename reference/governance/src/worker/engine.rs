//! Which engines the workers are built on.

use std::fmt;

use serde_json::{Value, json};

/// An evaluation engine by name and version, as evidence names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Engine {
    /// Name of the crate.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// What evaluates Rego.
pub const REGORUS: Engine = Engine {
    name: "regorus",
    version: "0.14.1",
};

/// What evaluates ONNX.
pub const TRACT: Engine = Engine {
    name: "tract-onnx",
    version: "0.23.9",
};

impl Engine {
    /// `{"name": .., "version": ..}`.
    pub(crate) fn describe(&self) -> Value {
        json!({ "name": self.name, "version": self.version })
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name, self.version)
    }
}
