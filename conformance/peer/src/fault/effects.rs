//! Deviations that do something besides planning.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::engine::{self, Edit, Failure, Launch, Mode};

/// A deviation that does something besides planning: `effects/...`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum EffectFault {
    /// Carries the change out while planning.
    AppliesWhilePlanning {},
    /// Sends a prompt to the address in a variable.
    Connects {
        /// While planning or in take-off.
        #[serde(default)]
        mode: Phase,
        /// The variable.
        variable: String,
    },
    /// Changes each file, and puts it back with another mode.
    FormatsInPlace {
        /// The mode bits afterwards.
        mode: u32,
    },
    /// Makes a lock in the workspace and removes it at the end; fails when that is impossible.
    LocksWorkspace {},
    /// Leaves a planned change out when the context says that it was not approved.
    ObeysContext {},
    /// Opens each file for writing and writes nothing.
    OpensForWriting {},
    /// Takes a credential that nobody mapped.
    ReadsCredentials {
        /// While planning or in take-off.
        #[serde(default)]
        mode: Phase,
        /// Where from.
        source: Credentials,
    },
    /// Writes each file again as it is, where that is possible.
    RewritesUnchanged {},
    /// Hands something to a shell without quoting it.
    RunsShell {
        /// What.
        with: ShellWord,
    },
    /// Holds a lock in `/tmp` while it works, one for all directories below the same folder; fails when another one has it.
    SharesLock {},
    /// Writes a file where it should not.
    Writes {
        /// While planning or in take-off.
        mode: Phase,
        /// Where.
        place: Place,
        /// File name, or a path below the place.
        name: String,
    },
}

/// Where credentials lie about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credentials {
    /// A file in the home directory; it is opened and read.
    File(String),
    /// A variable; its value goes into the evidence.
    Variable(String),
}

/// What is handed to a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShellWord {
    /// The context's values.
    Context,
    /// The lines of files whose names are not plain.
    FileContent,
    /// The names of files.
    FileName,
    /// `expected_plan_token`.
    PlanToken,
    /// `meta.step_id`.
    StepId,
}

/// In which mode something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// While planning.
    #[default]
    Planning,
    /// In take-off.
    TakeOff,
}

/// A place that is not the engine's to write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The folder that holds the artifacts directory.
    BesideArtifacts,
    /// The folder that holds the workspace.
    BesideWorkspace,
    /// `XDG_CACHE_HOME`.
    Cache,
    /// The current directory, if it is empty.
    EmptyCurrentDirectory,
    /// `HOME`.
    Home,
    /// `/tmp`.
    SystemTmp,
    /// `TMPDIR`.
    Tmp,
    /// The workspace.
    Workspace,
}

/// How long a lock is held at least.
const HELD: Duration = Duration::from_millis(100);
/// Largest file that is looked at for lines.
const LINES_MAX: u64 = 64 << 10;

impl EffectFault {
    pub(super) fn select(&self, launch: &Launch<'_>, edits: &mut Vec<Edit>) {
        let approved = launch
            .input
            .context
            .get("approved")
            .and_then(Value::as_bool);
        if *self == (Self::ObeysContext {}) && approved == Some(false) {
            edits.pop();
        }
    }

    /// What goes into the evidence besides the plan.
    pub(super) fn evidence(&self, launch: &Launch<'_>) -> Option<String> {
        match self {
            Self::ReadsCredentials {
                source: Credentials::Variable(name),
                ..
            } => launch
                .start
                .variable(name)
                .map(|value| value.to_string_lossy().into_owned()),
            _ => None,
        }
    }

    pub(super) fn act(&self, launch: &Launch<'_>, edits: &[Edit]) -> Result<(), Failure> {
        let failed = || Failure::io("work as scripted");
        let files = edits
            .iter()
            .map(|edit| launch.dirs.workspace.join(&edit.path));
        match self {
            Self::Connects { mode, variable } if mode.is(launch.mode) => connect(launch, variable),
            Self::ReadsCredentials {
                mode,
                source: Credentials::File(name),
            } if mode.is(launch.mode) => {
                if let Some(home) = launch.start.variable("HOME") {
                    let mut text = String::new();
                    let file = std::fs::File::open(Path::new(home).join(name));
                    let _ = file.and_then(|mut file| file.read_to_string(&mut text));
                }
            }
            Self::RunsShell { with } => run_shell(launch, *with),
            Self::Writes { mode, place, name } if mode.is(launch.mode) => {
                if let Some(folder) = place.folder(launch) {
                    write(&folder.join(name)).map_err(failed())?;
                }
            }
            _ if launch.mode == Mode::TakeOff => {}
            Self::AppliesWhilePlanning {} => {
                engine::apply(&launch.dirs.workspace, edits)?;
            }
            Self::FormatsInPlace { mode } => {
                for path in files {
                    format_in_place(&path, *mode).map_err(failed())?;
                }
            }
            Self::LocksWorkspace {} => {
                let lock = launch.dirs.workspace.join(".peer.lock");
                std::fs::write(&lock, "").map_err(Failure::io("lock the workspace"))?;
                std::fs::remove_file(&lock).map_err(failed())?;
            }
            Self::OpensForWriting {} => {
                for path in files {
                    OpenOptions::new()
                        .append(true)
                        .open(path)
                        .map_err(failed())?;
                }
            }
            Self::RewritesUnchanged {} => {
                for path in files {
                    let _ = std::fs::read(&path).and_then(|content| std::fs::write(&path, content));
                }
            }
            Self::SharesLock {} => hold_lock(launch)?,
            _ => {}
        }
        Ok(())
    }
}

impl Phase {
    fn is(self, mode: Mode) -> bool {
        match self {
            Self::Planning => mode == Mode::FlightPlan,
            Self::TakeOff => mode == Mode::TakeOff,
        }
    }
}

impl Place {
    /// The place's folder in this launch; `None` where there is none.
    fn folder(self, launch: &Launch<'_>) -> Option<PathBuf> {
        let variable = |name: &str| launch.start.variable(name).map(PathBuf::from);
        match self {
            Self::BesideArtifacts => launch.dirs.artifacts.parent().map(Path::to_owned),
            Self::BesideWorkspace => launch.dirs.workspace.parent().map(Path::to_owned),
            Self::Cache => variable("XDG_CACHE_HOME"),
            Self::EmptyCurrentDirectory => {
                let is_empty = std::fs::read_dir(".").is_ok_and(|mut names| names.next().is_none());
                is_empty.then(|| PathBuf::from("."))
            }
            Self::Home => variable("HOME"),
            Self::SystemTmp => Some(PathBuf::from("/tmp")),
            Self::Tmp => variable("TMPDIR"),
            Self::Workspace => Some(launch.dirs.workspace.clone()),
        }
    }
}

fn write(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, "left by a scripted peer\n")
}

fn format_in_place(path: &Path, mode: u32) -> io::Result<()> {
    let before = std::fs::read(path)?;
    std::fs::write(path, b"formatted\n")?;
    std::fs::write(path, before)?;
    std::fs::set_permissions(path, Permissions::from_mode(mode))
}

fn connect(launch: &Launch<'_>, variable: &str) {
    let Some(url) = launch
        .start
        .variable(variable)
        .and_then(|value| value.to_str())
    else {
        return;
    };
    let host = url
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap_or_default();
    if let Ok(mut stream) = TcpStream::connect(host) {
        let prompt = "POST /v1/chat HTTP/1.1\r\nContent-Length: 9\r\n\r\nplan this";
        let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
        let _ = stream.write_all(prompt.as_bytes());
        let _ = stream.read(&mut [0; 64]);
    }
}

fn run_shell(launch: &Launch<'_>, with: ShellWord) {
    let mut words = Vec::new();
    match with {
        ShellWord::Context => {
            words.extend(
                launch
                    .input
                    .context
                    .values()
                    .filter_map(Value::as_str)
                    .map(str::to_owned),
            );
        }
        ShellWord::FileContent | ShellWord::FileName => {
            collect(&launch.dirs.workspace, with, 0, &mut words);
        }
        ShellWord::PlanToken => words.extend(launch.input.expected_plan_token.clone()),
        ShellWord::StepId => words.push(launch.input.step_id.clone()),
    }
    // Plain words are left out: nothing shows, and a shell for each takes time.
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/ ".contains(c);
    for word in words.iter().filter(|word| !word.chars().all(plain)) {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("test -e {word}"));
        let _ = shell
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// File names, or the lines of files with names that are not plain, below a folder.
fn collect(folder: &Path, with: ShellWord, depth: usize, words: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (
            entry.path(),
            entry.file_name().to_string_lossy().into_owned(),
        );
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        if with == ShellWord::FileName {
            words.push(name);
        } else if metadata.is_file()
            && metadata.len() < LINES_MAX
            && name.contains([' ', '$', ';', '`'])
        {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            words.extend(text.lines().map(str::to_owned));
        }
        if metadata.is_dir() && depth < 8 {
            collect(&path, with, depth + 1, words);
        }
    }
}

/// Two engines at work for the same orchestrator at the same time find each other's lock.
fn hold_lock(launch: &Launch<'_>) -> Result<(), Failure> {
    let above = launch.dirs.workspace.parent().and_then(Path::parent);
    let name = engine::sha256(
        above
            .unwrap_or(Path::new("/"))
            .as_os_str()
            .as_encoded_bytes(),
    );
    let path = PathBuf::from(format!("/tmp/cabincrew-peer-{}.lock", &name[..16]));
    let lock = OpenOptions::new().write(true).create_new(true).open(&path);
    lock.map_err(Failure::io("take the lock of all peers"))?;
    std::thread::sleep(HELD);
    std::fs::remove_file(path).map_err(Failure::io("release the lock of all peers"))
}
