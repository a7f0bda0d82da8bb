//! The work: one file of the workspace is kept at a given text.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::{Artifact, Fault, digest};

/// `EngineInput.config` of this engine.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    path: String,
    text: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "NOTICE.txt".to_owned(),
            text: "Kept by an engine.\n".to_owned(),
        }
    }
}

/// The plan, as the state artifact holds it.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    path: String,
    text: String,
    before: Option<String>,
    after: String,
}

impl Config {
    /// Reads and checks the config.
    pub fn read(config: &Map<String, Value>) -> Result<Self, Fault> {
        let refused = Fault::Refused("config takes a path and a text and nothing else");
        let config: Self =
            serde_json::from_value(Value::Object(config.clone())).map_err(|_| refused)?;
        let is_inside = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
        if config.path.split('/').all(is_inside) {
            Ok(config)
        } else {
            Err(Fault::Refused(
                "config.path must lead to a file in the workspace",
            ))
        }
    }
}

/// What is to be done, decided from the workspace and the config alone.
pub fn plan(workspace: &Path, config: &Config) -> Result<Vec<Artifact>, Fault> {
    let present = read(workspace, &config.path)?;
    let action = match &present {
        None => "create",
        Some(content) if *content == config.text.as_bytes() => "none",
        Some(_) => "update",
    };
    let plan = Plan {
        path: config.path.clone(),
        text: config.text.clone(),
        before: present.as_deref().map(digest),
        after: digest(config.text.as_bytes()),
    };
    let body =
        serde_json::to_vec(&plan).map_err(|_| Fault::Failed("the plan cannot be written"))?;
    let artifact = |name, role, action, mime, body| Artifact {
        name,
        role,
        action,
        target: config.path.clone(),
        mime,
        body,
    };
    Ok(vec![
        artifact(
            "change",
            "evidence",
            action,
            "text/plain",
            config.text.clone().into_bytes(),
        ),
        artifact("plan", "state", "apply", "application/json", body),
    ])
}

/// Carries out exactly what was planned, or nothing.
pub fn apply(workspace: &Path, body: &[u8]) -> Result<(), Fault> {
    let plan: Plan = serde_json::from_slice(body)
        .map_err(|_| Fault::Failed("the restored plan cannot be read"))?;
    if digest(plan.text.as_bytes()) != plan.after {
        return Err(Fault::Failed("the restored plan contradicts itself"));
    }
    let now = read(workspace, &plan.path)?.as_deref().map(digest);
    if now.as_ref() == Some(&plan.after) {
        return Ok(());
    }
    if now != plan.before {
        return Err(Fault::Failed("the workspace is not as it was planned on"));
    }
    let failed = |_| Fault::Failed("the file cannot be written");
    let target = locate(workspace, &plan.path)?;
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut beside = target.clone().into_os_string();
    beside.push(".new");
    fs::write(&beside, &plan.text).map_err(failed)?;
    fs::rename(&beside, &target).map_err(failed)
}

/// The file's place; a link on the way could lead out of the workspace.
fn locate(workspace: &Path, path: &str) -> Result<PathBuf, Fault> {
    let mut place = workspace.to_owned();
    for part in path.split('/') {
        place.push(part);
        if place.is_symlink() {
            return Err(Fault::Failed("there is a link on the way to the file"));
        }
    }
    Ok(place)
}

fn read(workspace: &Path, path: &str) -> Result<Option<Vec<u8>>, Fault> {
    let place = locate(workspace, path)?;
    if place.symlink_metadata().is_err() {
        return Ok(None);
    }
    fs::read(place)
        .map(Some)
        .map_err(|_| Fault::Failed("the file cannot be read"))
}
