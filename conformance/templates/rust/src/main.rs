//! A CabinCrew engine: it keeps one file of a project at a given text.
//!
//! `work` is what it does; put your own work there. `input` and this file are what every engine has to
//! do: read one strict document, write artifacts, end with one receipt.

mod input;
mod work;

use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use input::Input;

const ENGINE_ID: &str = "example/keep-file";

/// Why a launch ends without success.
#[derive(Debug)]
pub enum Fault {
    /// The input is not acceptable: exit status 2.
    Refused(&'static str),
    /// The engine cannot do its work: exit status 1.
    Failed(&'static str),
}

/// One artifact in the making.
#[derive(Debug)]
pub struct Artifact {
    pub name: &'static str,
    pub role: &'static str,
    pub action: &'static str,
    pub target: String,
    pub mime: &'static str,
    pub body: Vec<u8>,
}

fn main() -> ExitCode {
    let mode = input::mode();
    let told = *mode.as_ref().unwrap_or(&"flight-plan");
    let result = mode.and_then(launch);
    let mut receipt = json!({
        "engine_id": ENGINE_ID,
        "mode": told,
        "protocol_version": "1.0.0",
        "receipt_id": receipt_id(),
        "artifacts": [],
    });
    let status = match result {
        Ok((version, artifacts)) => {
            receipt["protocol_version"] = Value::from(version);
            receipt["artifacts"] = Value::from(artifacts);
            receipt["status"] = Value::from("success");
            0
        }
        Err(fault) => {
            let (status, error) = match fault {
                Fault::Refused(error) => (2, error),
                Fault::Failed(error) => (1, error),
            };
            receipt["status"] = Value::from("failure");
            receipt["error"] = Value::from(error);
            status
        }
    };
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{receipt}").and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::from(status),
        Err(_) => ExitCode::from(1),
    }
}

/// Plans or takes off. Gives the protocol version and the receipt's artifacts.
fn launch(mode: &str) -> Result<(String, Vec<Value>), Fault> {
    let input = Input::read()?;
    if input.mode != mode {
        return Err(Fault::Refused("the mode of the input is another one"));
    }
    let workspace = folder("CABINCREW_WORKSPACE")?;
    let artifacts = folder("CABINCREW_ARTIFACTS_DIR")?;
    let config = work::Config::read(&input.config)?;
    let mut listed = Vec::new();
    if mode == "take-off" {
        work::apply(&workspace, &restored(&input, &artifacts, "plan")?)?;
    } else {
        for artifact in work::plan(&workspace, &config)? {
            listed.push(write(&artifacts, &artifact)?);
        }
    }
    Ok((input.protocol_version, listed))
}

fn folder(variable: &str) -> Result<PathBuf, Fault> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_dir())
        .ok_or(Fault::Refused(
            "a directory variable does not name a directory",
        ))
}

/// Writes an artifact's two files and gives its entry in the receipt.
fn write(artifacts: &Path, artifact: &Artifact) -> Result<Value, Fault> {
    let failed = |_| Fault::Failed("an artifact cannot be written");
    let descriptor = json!({
        "artifact_type": "file",
        "action": artifact.action,
        "target": artifact.target,
        "mime": artifact.mime,
        "body_file": "body.data",
        "metadata": { "role": artifact.role },
    });
    let place = artifacts.join(artifact.name);
    fs::create_dir(&place).map_err(failed)?;
    fs::write(place.join("artifact.json"), format!("{descriptor:#}\n")).map_err(failed)?;
    fs::write(place.join("body.data"), &artifact.body).map_err(failed)?;
    Ok(json!({
        "name": artifact.name,
        "role": artifact.role,
        "path": format!("{}/body.data", artifact.name),
        "hash": digest(&artifact.body),
        "size": artifact.body.len(),
    }))
}

/// The body of a state artifact, if it is what the orchestrator announces.
fn restored(input: &Input, artifacts: &Path, name: &str) -> Result<Vec<u8>, Fault> {
    let announced = input
        .context
        .get("state_artifacts")
        .and_then(Value::as_array);
    let entry = announced
        .into_iter()
        .flatten()
        .find(|entry| entry["name"] == name)
        .ok_or(Fault::Failed("the plan is not announced"))?;
    let place = artifacts.join(name).join("body.data");
    let is_file = place
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.is_file());
    if !is_file {
        return Err(Fault::Failed("the restored plan is not there"));
    }
    let body = fs::read(place).map_err(|_| Fault::Failed("the restored plan cannot be read"))?;
    if entry["hash"] == digest(&body) {
        Ok(body)
    } else {
        Err(Fault::Failed("the restored plan was altered"))
    }
}

/// SHA-256 as lower-case hex.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Different in every launch.
fn receipt_id() -> String {
    // The standard library's hash seeds are random and need no further dependency.
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
