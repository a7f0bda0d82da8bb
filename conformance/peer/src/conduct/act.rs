//! Effects and endings by script.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::artifact::ArtifactScript;
use super::text::{fill, fill_all};
use crate::engine::{Artifact, Failure, Launch};
use crate::hub::Hub;

/// What one mode does beside its work, in this order: hang, write, connect, tell, leave something
/// behind, fail; then the receipt; then the ending.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Conduct {
    /// Artifacts beside, or in place of, its own.
    pub artifact: Vec<ArtifactScript>,
    /// Hangs after its work, before the receipt.
    pub hang: bool,
    /// Hangs there, and ignores the signals that ask it to end.
    pub hang_deaf: bool,
    /// Files that are written, changed or removed.
    pub write: Vec<Effect>,
    /// A TCP address that is connected to.
    pub connect: Option<String>,
    /// Text for standard error.
    pub stderr: Option<String>,
    /// Lines for standard error beside, mebibytes.
    pub stderr_mebibytes: u32,
    /// A process that is left behind.
    pub background: Option<Background>,
    /// The engine's own failure, with a valid failure receipt that says so.
    pub fail: Option<String>,
    /// Members that the receipt has instead.
    pub receipt: toml::Table,
    /// Diagnostics of so many mebibytes in the receipt.
    pub diagnostics_mebibytes: u32,
    /// Members that the receipt lacks.
    pub drop: Vec<String>,
    /// The whole of standard output instead of the receipt.
    pub stdout: Option<String>,
    /// What is printed is repeated up to so many mebibytes.
    pub stdout_mebibytes: u32,
    /// The exit status instead of the usual one.
    pub status: Option<u8>,
    /// The signal, by its name without `SIG`, that ends it after the receipt.
    pub signal: Option<String>,
}

/// A file that is written, changed or removed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Effect {
    /// Which folder.
    #[serde(rename = "in")]
    pub folder: Folder,
    /// Relative path.
    pub path: String,
    /// Its content.
    pub text: String,
    /// Appends instead of replacing.
    pub append: bool,
    /// Removes the file or the tree instead.
    pub remove: bool,
    /// Makes a link to this target instead.
    pub link: Option<String>,
    /// Permission bits afterwards.
    pub mode: Option<u32>,
}

/// A folder that effects have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Folder {
    /// The artifacts directory.
    Artifacts,
    /// A folder outside all given ones.
    Elsewhere,
    /// The temp directory.
    Temp,
    /// The workspace.
    #[default]
    Workspace,
}

/// A process that is left behind in a session of its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Background {
    /// The folder in which it goes on writing.
    #[serde(rename = "in")]
    pub folder: Folder,
    /// The file that it appends to, every twentieth of a second; none where empty.
    pub path: String,
    /// How long it lives, seconds.
    pub seconds: u32,
}

impl Conduct {
    /// Changes the list of artifacts.
    pub(crate) fn reshapes(&self, launch: &Launch<'_>, list: &mut Vec<Artifact>) {
        for artifact in &self.artifact {
            artifact.apply(launch.input, list);
        }
    }

    /// Everything between the work and the receipt.
    pub(crate) fn acts(&self, launch: &Launch<'_>, hub: &Hub) -> Result<(), Failure> {
        if self.hang_deaf {
            hub.hang_deaf();
        }
        if self.hang {
            hub.hang();
        }
        for effect in &self.write {
            let _ = effect.perform(launch);
        }
        if let Some(address) = self.connect.as_ref().and_then(|text| text.parse().ok()) {
            let _ = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(2));
        }
        if let Some(text) = &self.stderr {
            let _ = writeln!(std::io::stderr(), "{}", fill(text, launch.input));
        }
        flood(&mut std::io::stderr(), b'\n', self.stderr_mebibytes);
        if let Some(background) = &self.background {
            background.leave(launch);
        }
        self.fail.as_ref().map_or(Ok(()), |text| {
            Err(Failure::Staged(fill(text, launch.input)))
        })
    }

    /// Changes the receipt.
    pub(crate) fn edits(&self, launch: &Launch<'_>, receipt: &mut Value) {
        let mut overrides = json!(self.receipt);
        fill_all(&mut overrides, launch.input);
        let Some(members) = receipt.as_object_mut() else {
            return;
        };
        if let Value::Object(overrides) = overrides {
            members.extend(overrides);
        }
        if self.diagnostics_mebibytes > 0 {
            let text = "x".repeat((self.diagnostics_mebibytes as usize) << 20);
            members.insert("diagnostics".to_owned(), json!({ "text": text }));
        }
        for name in &self.drop {
            members.remove(name);
        }
    }

    /// What is printed in place of `text`.
    pub(crate) fn prints(&self, text: String) -> String {
        let mut text = self.stdout.clone().unwrap_or(text);
        if self.stdout_mebibytes > 0 {
            let size = (self.stdout_mebibytes as usize) << 20;
            text.extend(std::iter::repeat_n('\n', size.saturating_sub(text.len())));
        }
        text
    }

    /// The last thing: by a signal, or with this exit status.
    pub(crate) fn ends(&self, status: u8) -> u8 {
        if let Some(name) = &self.signal {
            crate::fault::process::send_itself(name);
        }
        self.status.unwrap_or(status)
    }
}

impl Effect {
    fn perform(&self, launch: &Launch<'_>) -> std::io::Result<()> {
        let path = place(self.folder, launch).join(fill(&self.path, launch.input));
        if let Some(folder) = path.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        if self.remove {
            return std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
        }
        if let Some(target) = &self.link {
            return std::os::unix::fs::symlink(target, &path);
        }
        let text = fill(&self.text, launch.input);
        if self.append {
            let mut file = std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(&path)?;
            file.write_all(text.as_bytes())?;
        } else if self.mode.is_none() || !text.is_empty() || !path.exists() {
            std::fs::write(&path, text)?;
        }
        match self.mode {
            Some(mode) => std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)),
            None => Ok(()),
        }
    }
}

impl Background {
    fn leave(&self, launch: &Launch<'_>) {
        let path: PathBuf = if self.path.is_empty() {
            "/dev/null".into()
        } else {
            place(self.folder, launch).join(&self.path)
        };
        let script = "i=$((20 * $0)); while [ $i -gt 0 ]; do echo late >> \"$1\"; sleep 0.05; i=$((i - 1)); done";
        let mut command = Command::new("setsid");
        command.args(["sh", "-c", script, &self.seconds.to_string()]);
        let _ = command
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
    }
}

fn place<'a>(folder: Folder, launch: &'a Launch<'_>) -> &'a Path {
    match folder {
        Folder::Artifacts => &launch.dirs.artifacts,
        Folder::Elsewhere => &launch.start.elsewhere,
        Folder::Temp => &launch.dirs.temp,
        Folder::Workspace => &launch.dirs.workspace,
    }
}

/// Writes lines without end, as ends go.
pub(crate) fn flood(to: &mut dyn std::io::Write, byte: u8, mebibytes: u32) {
    let block = vec![byte; 1 << 20];
    for _ in 0..mebibytes {
        if to.write_all(&block).is_err() {
            return;
        }
    }
}
