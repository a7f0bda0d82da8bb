//! From a workflow file to a checked definition.

use std::path::{Path, PathBuf};

use cabincrew_protocol::json::{self, Limits};
use cabincrew_protocol::rules;

use super::check::check;
use super::definition::Workflow;
use super::error::WorkflowError;
use super::yaml;
use crate::fault::{self, Fault};

/// A workflow file together with the folder that its paths are meant from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The definition.
    pub workflow: Workflow,
    /// The file's folder, absolute.
    pub base: PathBuf,
}

/// Reads and checks a workflow file (CC-ORC-004): YAML when its name ends in `.yaml` or `.yml`,
/// JSON otherwise. Both are the same document under the same rules.
///
/// # Errors
/// For everything that [`WorkflowError`] names.
pub fn load(path: &Path) -> Result<Loaded, WorkflowError> {
    let owned = || path.to_owned();
    let read = |source| WorkflowError::Read {
        path: owned(),
        source,
    };
    let bytes = std::fs::read(path).map_err(read)?;
    let absolute = std::fs::canonicalize(path).map_err(read)?;
    let mut value = if is_yaml(path) {
        yaml::parse(&bytes).map_err(|source| WorkflowError::Yaml {
            path: owned(),
            source,
        })?
    } else {
        json::parse(&bytes, &Limits::RECEIPT).map_err(|source| WorkflowError::Json {
            path: owned(),
            source,
        })?
    };
    if fault::on(Fault::UnknownKindSkipped) {
        skip_unknown_kinds(&mut value);
    }
    if fault::on(Fault::UnknownWorkflowMembersPass) {
        drop_unknown_members(&mut value);
    }
    let workflow: Workflow =
        serde_json::from_value(value).map_err(|source| WorkflowError::Shape {
            path: owned(),
            source,
        })?;
    check(&workflow)?;
    let base = absolute.parent().unwrap_or(Path::new("/")).to_owned();
    Ok(Loaded { workflow, base })
}

/// What a faulty program makes of policies that it has no evaluator for.
fn skip_unknown_kinds(value: &mut serde_json::Value) {
    let policies = value.pointer_mut("/governance/policies");
    if let Some(serde_json::Value::Array(policies)) = policies {
        let known = |kind: &str| ["opa", "onnx", "custom"].contains(&kind);
        policies.retain(|policy| policy["kind"].as_str().is_some_and(known));
    }
}

/// What a faulty program makes of members that it does not know.
fn drop_unknown_members(value: &mut serde_json::Value) {
    while let Err(error) = serde_json::from_value::<Workflow>(value.clone()) {
        let text = error.to_string();
        let unknown = text.strip_prefix("unknown field `");
        let Some((name, _)) = unknown.and_then(|rest| rest.split_once('`')) else {
            return;
        };
        remove_member(value, name);
    }
}

fn remove_member(value: &mut serde_json::Value, name: &str) {
    match value {
        serde_json::Value::Object(members) => {
            members.remove(name);
            members.values_mut().for_each(|it| remove_member(it, name));
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|it| remove_member(it, name)),
        _ => {}
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// Whether a text can be a workflow id or a step id: it becomes a file name.
#[must_use]
pub fn is_id(text: &str) -> bool {
    rules::artifact_name(text).is_none()
}
