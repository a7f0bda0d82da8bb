//! A stage on disk.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cabincrew_fixtures::{FAULTS, MODELS, POLICIES};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::error::StageError;
use super::model::Stage;
use crate::adapter::hex;

/// Where things are.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The harness's own program.
    pub(crate) conform: PathBuf,
    /// Where the stage's files are written.
    pub(crate) folder: PathBuf,
    /// What texts call that folder.
    pub(crate) stage: PathBuf,
    /// The hub; without one, programs tell nobody and wait for nobody.
    pub(crate) socket: Option<PathBuf>,
    /// Workflow `a`'s.
    pub(crate) workspace: PathBuf,
    pub(crate) elsewhere: PathBuf,
    /// Where the harness listens on the network.
    pub(crate) listener: Option<SocketAddr>,
}

/// What a written stage says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written {
    /// The workflow document; null if it was raw text.
    pub(crate) workflow: Value,
    /// The roster; null if it was raw text.
    pub(crate) roster: Value,
    /// Digests of the files that policies name, by their path as the workflow writes it.
    pub(crate) policy_files: BTreeMap<String, String>,
}

/// Writes everything but the workspace into an existing folder.
pub(crate) fn write(stage: &Stage, places: &Places) -> Result<Written, StageError> {
    for (name, script) in &stage.engine {
        places.program(name, "peer", script)?;
    }
    for (name, script) in &stage.policy {
        places.program(name, "peer-policy", script)?;
    }
    let mut workflow = json!(stage.workflow);
    places.fill(&mut workflow);
    for name in stage.engine.keys() {
        let program = fs::read(places.folder.join(name)).unwrap_or_default();
        pinned(&mut workflow, name, &hex(&Sha256::digest(program)));
    }
    let text = stage.workflow_text.as_ref().map(|text| places.text(text));
    places.put(
        "workflow.json",
        &text.clone().unwrap_or_else(|| workflow.to_string()),
    )?;
    let mut roster = json!(stage.roster);
    places.fill(&mut roster);
    let roster_text = stage.roster_text.clone();
    places.put(
        "roster.json",
        &roster_text.clone().unwrap_or_else(|| roster.to_string()),
    )?;
    for (name, content) in &stage.write {
        places.put(name, &places.text(content))?;
    }
    for (name, from) in &stage.copy {
        places.put_bytes(name, fixture(from)?)?;
    }
    for name in &stage.omit {
        let _ = fs::remove_file(places.folder.join(name));
    }
    Ok(Written {
        policy_files: policy_files(&workflow),
        workflow: if text.is_some() {
            Value::Null
        } else {
            workflow
        },
        roster: if roster_text.is_some() {
            Value::Null
        } else {
            roster
        },
    })
}

/// Fills in `{sha256:NAME}`, the digest of an engine's program, as an engine's pin.
fn pinned(workflow: &mut Value, name: &str, digest: &str) {
    let steps = workflow.get_mut("steps").and_then(Value::as_array_mut);
    for step in steps.into_iter().flatten() {
        let pin = step.pointer_mut("/engine/sha256");
        if let Some(pin) = pin.filter(|it| **it == json!(format!("{{sha256:{name}}}"))) {
            *pin = json!(digest);
        }
    }
}

fn fixture(path: &str) -> Result<&'static [u8], StageError> {
    let (folder, name) = path.split_once('/').unwrap_or_default();
    let file = match folder {
        "policies" => POLICIES.get_file(name),
        "models" => MODELS.get_file(name),
        _ => None,
    };
    file.map(cabincrew_fixtures::File::contents)
        .ok_or_else(|| StageError::NoFixture {
            name: path.to_owned(),
        })
}

/// The `[fault]` of a file in `fixtures/faults/`.
fn fault(name: &str) -> Result<toml::Value, StageError> {
    let missing = || StageError::NoFixture {
        name: format!("faults/{name}.toml"),
    };
    let file = FAULTS
        .get_file(format!("{name}.toml"))
        .ok_or_else(missing)?;
    let text = file.contents_utf8().ok_or_else(missing)?;
    let mut table: toml::Table = toml::from_str(text).map_err(|_| missing())?;
    table.remove("fault").ok_or_else(missing)
}

impl Places {
    /// A program of the stage: a script of data, and a file that starts it. The file changes with
    /// the data, so that an orchestrator that pins programs sees the change.
    fn program(&self, name: &str, peer: &str, script: &toml::Table) -> Result<(), StageError> {
        let mut script = script.clone();
        if let Some(toml::Value::String(fixture)) = script.remove("include_fault") {
            script.insert("fault".to_owned(), fault(&fixture)?);
        }
        let usual = ["artifacts", "temp", "elsewhere"]
            .map(toml::Value::from)
            .to_vec();
        let try_write = script.remove("try_write").unwrap_or(usual.into());
        let connects = script.remove("try_connect") == Some(true.into());
        if let Some(socket) = &self.socket {
            let mut hub = toml::Table::new();
            hub.insert("socket".to_owned(), lossy(socket).into());
            hub.insert("script".to_owned(), name.into());
            hub.insert("elsewhere".to_owned(), lossy(&self.elsewhere).into());
            hub.insert("try_write".to_owned(), try_write);
            if let Some(listener) = self.listener.filter(|_| connects) {
                hub.insert("try_connect".to_owned(), listener.to_string().into());
            }
            script.insert("hub".to_owned(), hub.into());
        }
        let text = self.text(&script.to_string());
        let data = self.stage.join(format!("{name}.toml"));
        self.put(&format!("{name}.toml"), &text)?;
        let starter = format!(
            "#!/bin/sh\n# {}\nexec {} {peer} {} \"$@\"\n",
            hex(&Sha256::digest(text.as_bytes())),
            quoted(&self.conform),
            quoted(&data),
        );
        self.put(name, &starter)?;
        let path = self.folder.join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .map_err(|source| StageError::Write { path, source })
    }

    fn put(&self, name: &str, text: &str) -> Result<(), StageError> {
        self.put_bytes(name, text.as_bytes())
    }

    fn put_bytes(&self, name: &str, bytes: &[u8]) -> Result<(), StageError> {
        let path = self.folder.join(name);
        let folder = path.parent().unwrap_or(&self.folder);
        let unchanged = fs::read(&path).is_ok_and(|now| now == bytes);
        let written = if unchanged {
            Ok(())
        } else {
            fs::create_dir_all(folder).and_then(|()| fs::write(&path, bytes))
        };
        written.map_err(|source| StageError::Write { path, source })
    }

    /// The text with its placeholders filled in.
    pub(crate) fn text(&self, text: &str) -> String {
        text.replace("{stage}", &lossy(&self.stage))
            .replace("{workspace}", &lossy(&self.workspace))
            .replace("{elsewhere}", &lossy(&self.elsewhere))
            .replace("{conform}", &lossy(&self.conform))
    }

    fn fill(&self, value: &mut Value) {
        match value {
            Value::String(text) if text == "{null}" => *value = Value::Null,
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill(item)),
            Value::Object(members) => {
                members.retain(|_, member| member != "{absent}");
                members.values_mut().for_each(|member| self.fill(member));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Digests of the files that policies name.
pub(crate) fn policy_files(workflow: &Value) -> BTreeMap<String, String> {
    let lists = [
        "/governance/policies",
        "/governance/post_execution/policies",
    ];
    let policies = lists
        .iter()
        .filter_map(|at| workflow.pointer(at)?.as_array())
        .flatten();
    let named = policies.filter_map(|policy| {
        let path = policy.get("path").or_else(|| policy.pointer("/command/0"));
        path?.as_str()
    });
    named
        .filter_map(|path| {
            let bytes = fs::read(Path::new(path)).ok()?;
            Some((path.to_owned(), hex(&Sha256::digest(bytes))))
        })
        .collect()
}

/// A word for the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", lossy(path).replace('\'', "'\\''"))
}

fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
