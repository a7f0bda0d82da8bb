//! A scenario: the world an engine is put into. A folder that its author keeps in their repository.
//!
//! ```text
//! my-scenario/
//!   scenario.toml    config, secrets, what take-off does
//!   workspace/       the project the engine sees
//!   after/           optional: exactly how the workspace looks after take-off
//! ```

mod numbers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cabincrew_fixtures::{Dir, DirEntry};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use self::numbers::numbers;
use crate::adapter::hex;

/// Most files that a scenario may hold.
pub const FILES_MAX: usize = 10_000;
/// Most bytes that a scenario may hold.
pub const BYTES_MAX: u64 = 64 << 20;

/// A scenario, read and checked.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Folder name; `default` for the built-in one.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// `EngineInput.config`.
    pub config: Map<String, Value>,
    /// `EngineInput.context`.
    pub context: Map<String, Value>,
    /// Names of further secrets; their values are made up for each run.
    pub secrets: Vec<String>,
    /// The workspace.
    pub workspace: Files,
    /// The workspace after take-off.
    pub after: Option<Files>,
    /// Configs that this engine refuses.
    pub invalid_configs: Vec<InvalidConfig>,
    /// Whether take-off must change the workspace.
    pub takeoff_changes: bool,
    digest: String,
}

/// The content of a directory: relative path to node, sorted.
pub type Files = BTreeMap<String, Node>;

/// One file or link of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A regular file.
    File {
        /// Its content.
        content: Vec<u8>,
        /// Whether it may be executed (mode 0755 instead of 0644).
        executable: bool,
    },
    /// A symbolic link.
    Link {
        /// Where it points.
        target: String,
    },
}

/// A config that the engine's own contract refuses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvalidConfig {
    /// What is wrong with it.
    pub why: String,
    /// The config.
    pub config: toml::Table,
}

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `scenario.toml` is not valid.
    #[error("{path} is not valid")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        source: toml::de::Error,
    },
    /// A config or context holds what JSON cannot.
    #[error("{member} of the scenario {scenario} cannot be written as JSON")]
    NotJson {
        /// The scenario.
        scenario: String,
        /// The member.
        member: String,
        /// Why.
        source: serde_json::Error,
    },
    /// There is no `workspace/` folder, or it is empty.
    #[error("the scenario {scenario} has no workspace folder with at least one file")]
    NoWorkspace {
        /// The scenario.
        scenario: String,
    },
    /// It is too large.
    #[error(
        "the scenario {scenario} is too large: at most {FILES_MAX} files and {BYTES_MAX} bytes"
    )]
    TooLarge {
        /// The scenario.
        scenario: String,
    },
    /// A path is not UTF-8, or a special file.
    #[error("{path} is neither a plain file, a folder nor a link with a UTF-8 name")]
    NotPlain {
        /// The path.
        path: PathBuf,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    summary: String,
    #[serde(default)]
    input: Input,
    #[serde(default)]
    workspace: Workspace,
    #[serde(default)]
    invalid_config: Vec<InvalidConfig>,
    #[serde(default)]
    expect: Expected,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Input {
    config: toml::Table,
    context: toml::Table,
    secrets: BTreeMap<String, toml::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Workspace {
    executable: Vec<String>,
    links: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    takeoff: Takeoff,
}

impl Default for Expected {
    fn default() -> Self {
        Self {
            takeoff: Takeoff::Changes,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Takeoff {
    Changes,
    NoChange,
}

impl Scenario {
    /// The built-in scenario: a small text project and an empty config.
    ///
    /// # Errors
    /// Only if the embedded files are broken, which a test rules out.
    pub fn embedded_default() -> Result<Self, ScenarioError> {
        let name = "default".to_owned();
        let mut files = Files::new();
        let root = cabincrew_fixtures::SCENARIOS.get_dir("default");
        if let Some(root) = root {
            collect_embedded(root, root.path(), &mut files);
        }
        Self::from_files(name, files)
    }

    /// Reads a scenario folder. Links inside it are kept as links and never followed.
    ///
    /// # Errors
    /// When the folder is unreadable, too large, or its `scenario.toml` is invalid.
    pub fn load(folder: &Path) -> Result<Self, ScenarioError> {
        let canonical = folder
            .canonicalize()
            .map_err(|source| ScenarioError::Unreadable {
                path: folder.to_owned(),
                source,
            })?;
        let name = canonical.file_name().map_or_else(
            || "scenario".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        let mut files = Files::new();
        let mut size = 0;
        for part in ["scenario.toml", "workspace", "after"] {
            let path = canonical.join(part);
            if path.symlink_metadata().is_ok() || part == "scenario.toml" {
                collect_folder(&path, part, &mut files, &mut size)?;
            }
            if files.len() > FILES_MAX || size > BYTES_MAX {
                return Err(ScenarioError::TooLarge { scenario: name });
            }
        }
        Self::from_files(name, files)
    }

    fn from_files(name: String, files: Files) -> Result<Self, ScenarioError> {
        let path = PathBuf::from(&name).join("scenario.toml");
        let text = match files.get("scenario.toml") {
            Some(Node::File { content, .. }) => String::from_utf8_lossy(content).into_owned(),
            _ => String::new(),
        };
        let file: File =
            toml::from_str(&text).map_err(|source| ScenarioError::Invalid { path, source })?;
        let json = |member: &str, table: &toml::Table| to_json(&name, member, table);
        let scenario = Self {
            config: json("config", &file.input.config)?,
            context: json("context", &file.input.context)?,
            secrets: file.input.secrets.keys().cloned().collect(),
            workspace: below("workspace/", &files, &file.workspace),
            after: Some(below("after/", &files, &file.workspace))
                .filter(|_| files.keys().any(|path| path.starts_with("after/"))),
            takeoff_changes: matches!(file.expect.takeoff, Takeoff::Changes),
            digest: digest(&files),
            summary: file.summary,
            invalid_configs: file.invalid_config,
            name,
        };
        for refused in &scenario.invalid_configs {
            to_json(&scenario.name, "invalid_config", &refused.config)?;
        }
        if scenario.workspace.is_empty() {
            return Err(ScenarioError::NoWorkspace {
                scenario: scenario.name,
            });
        }
        Ok(scenario)
    }

    /// Dates and long numbers in the workspace's files and in the config.
    pub fn numbers(&self) -> BTreeSet<String> {
        let config = Value::Object(self.config.clone()).to_string();
        let mut found: BTreeSet<String> = numbers(&config).map(str::to_owned).collect();
        for node in self.workspace.values() {
            if let Node::File { content, .. } = node {
                found.extend(numbers(&String::from_utf8_lossy(content)).map(str::to_owned));
            }
        }
        found
    }

    /// SHA-256 over all files, as lower-case hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// A TOML table as a JSON object.
pub(crate) fn to_json(
    scenario: &str,
    member: &str,
    table: &toml::Table,
) -> Result<Map<String, Value>, ScenarioError> {
    let fail = |source| ScenarioError::NotJson {
        scenario: scenario.to_owned(),
        member: member.to_owned(),
        source,
    };
    match serde_json::to_value(table).map_err(fail)? {
        Value::Object(map) => Ok(map),
        _ => Ok(Map::new()),
    }
}

fn below(prefix: &str, files: &Files, listed: &Workspace) -> Files {
    let mut found: Files = files
        .iter()
        .filter_map(|(path, node)| {
            let path = path.strip_prefix(prefix)?;
            let node = match node {
                Node::File {
                    content,
                    executable,
                } => Node::File {
                    content: content.clone(),
                    executable: *executable || listed.executable.iter().any(|p| p == path),
                },
                Node::Link { .. } => node.clone(),
            };
            Some((path.to_owned(), node))
        })
        .collect();
    if !found.is_empty() {
        for (path, target) in &listed.links {
            found.insert(
                path.clone(),
                Node::Link {
                    target: target.clone(),
                },
            );
        }
    }
    found
}

fn digest(files: &Files) -> String {
    let mut hasher = Sha256::new();
    for (path, node) in files {
        let (kind, content) = match node {
            Node::File {
                content,
                executable: true,
            } => ("x", content.as_slice()),
            Node::File {
                content,
                executable: false,
            } => ("f", content.as_slice()),
            Node::Link { target } => ("l", target.as_bytes()),
        };
        hasher.update(format!("{kind} {path}\0{}\0", content.len()));
        hasher.update(content);
    }
    hex(&hasher.finalize())
}

fn collect_embedded(folder: &Dir<'_>, root: &Path, files: &mut Files) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => collect_embedded(inner, root, files),
            DirEntry::File(file) => {
                let path = file
                    .path()
                    .strip_prefix(root)
                    .unwrap_or_else(|_| file.path());
                let node = Node::File {
                    content: file.contents().to_vec(),
                    executable: false,
                };
                files.insert(path.to_string_lossy().into_owned(), node);
            }
        }
    }
}

fn collect_folder(
    path: &Path,
    relative: &str,
    files: &mut Files,
    size: &mut u64,
) -> Result<(), ScenarioError> {
    let unreadable = |source| ScenarioError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let metadata = path.symlink_metadata().map_err(unreadable)?;
    let kind = metadata.file_type();
    if kind.is_symlink() {
        let target = std::fs::read_link(path).map_err(unreadable)?;
        let target = target.to_str().ok_or(ScenarioError::NotPlain {
            path: path.to_owned(),
        })?;
        files.insert(
            relative.to_owned(),
            Node::Link {
                target: target.to_owned(),
            },
        );
    } else if kind.is_file() {
        *size += metadata.len();
        if *size > BYTES_MAX {
            return Ok(());
        }
        let content = std::fs::read(path).map_err(unreadable)?;
        let executable = is_executable(&metadata);
        files.insert(
            relative.to_owned(),
            Node::File {
                content,
                executable,
            },
        );
    } else if kind.is_dir() {
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let name = name
                .to_str()
                .ok_or(ScenarioError::NotPlain { path: entry.path() })?;
            collect_folder(&entry.path(), &format!("{relative}/{name}"), files, size)?;
            if files.len() > FILES_MAX || *size > BYTES_MAX {
                break;
            }
        }
    } else {
        return Err(ScenarioError::NotPlain {
            path: path.to_owned(),
        });
    }
    Ok(())
}

fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o100 != 0
}
