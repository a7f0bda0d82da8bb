//! Why a workflow file cannot be used.

use std::path::PathBuf;

use cabincrew_protocol::json::JsonError;

use super::yaml::YamlError;

/// Why a workflow file cannot be used (CC-ORC-004).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkflowError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not strict JSON.
    #[error("{path} is not one JSON document")]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: JsonError,
    },
    /// The file is not strict YAML.
    #[error("{path} is not one YAML document")]
    Yaml {
        /// The file.
        path: PathBuf,
        /// Why.
        source: YamlError,
    },
    /// The document has another shape.
    #[error("{path} is not a workflow")]
    Shape {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A name is empty, malformed, or used twice.
    #[error("the {what} {name:?} is malformed or used twice")]
    Name {
        /// Kind of name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// There is no step.
    #[error("a workflow needs at least one step")]
    NoSteps,
    /// A member that the kind of policy needs is missing, or one that it has no use for is there.
    #[error("the policy {id:?} needs {needs}")]
    Policy {
        /// The policy.
        id: String,
        /// What is needed.
        needs: &'static str,
    },
    /// A number is outside its range.
    #[error("{what} is out of range")]
    Range {
        /// The member.
        what: &'static str,
    },
}
