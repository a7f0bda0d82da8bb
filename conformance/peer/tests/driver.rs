//! A small driver: launches the peer the way an orchestrator would.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One peer with a script, and the directories that its launches are given.
pub(crate) struct World {
    pub(crate) root: TempDir,
    pub(crate) script: PathBuf,
    /// Added to the environment of each launch.
    pub(crate) env: Vec<(&'static str, String)>,
}

/// How a launch ended.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
}

/// A directory tree: path to content; folders end with `/`, links hold `-> target`.
pub(crate) type Tree = BTreeMap<String, Vec<u8>>;

impl World {
    /// A world with the default scenario's workspace.
    pub(crate) fn new(script: &str) -> Self {
        let root = TempDir::new().expect("a temporary directory");
        let path = root.path().join("script.toml");
        std::fs::write(&path, script).expect("the script is written");
        let world = Self {
            root,
            script: path,
            env: Vec::new(),
        };
        world.reset("");
        world
    }

    /// A world with a script of `fixtures/faults/`.
    pub(crate) fn with_fault(name: &str) -> Self {
        let path = repository()
            .join("fixtures/faults")
            .join(format!("{name}.toml"));
        Self::new(&std::fs::read_to_string(&path).expect("the fault exists"))
    }

    pub(crate) fn dir(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// New, filled directories; `prefix` goes in front of their names.
    pub(crate) fn reset(&self, prefix: &str) {
        for name in ["workspace", "artifacts", "temp"] {
            let dir = self.dir(&format!("{prefix}{name}"));
            let _ = std::fs::remove_dir_all(&dir);
            std::fs::create_dir_all(dir).expect("a directory");
        }
        let from = repository().join("fixtures/scenarios/default/workspace");
        copy(&from, &self.dir(&format!("{prefix}workspace")));
        let link = self.dir(&format!("{prefix}workspace/docs/latest.txt"));
        std::os::unix::fs::symlink("notes.txt", link).expect("a link");
    }

    /// A command line and environment as an orchestrator makes them.
    pub(crate) fn command(&self, mode: &str, prefix: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cabincrew-peer"));
        command.arg(&self.script).args(["--mode", mode]);
        command.env_clear().env("CABINCREW_MODE", mode);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        for (variable, name) in [
            ("CABINCREW_WORKSPACE", "workspace"),
            ("CABINCREW_ARTIFACTS_DIR", "artifacts"),
            ("CABINCREW_TEMP_DIR", "temp"),
        ] {
            command.env(variable, self.dir(&format!("{prefix}{name}")));
        }
        command.current_dir(self.dir(&format!("{prefix}temp")));
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Plans with the usual input.
    pub(crate) fn plan(&self) -> Seen {
        run(
            self.command("flight-plan", ""),
            input("flight-plan").to_string().as_bytes(),
        )
    }

    /// Takes off in directories that planning never saw, from the state artifacts alone.
    pub(crate) fn take_off(&self, prefix: &str) -> Seen {
        let mut input = input("take-off");
        input["expected_plan_token"] = json!("ab".repeat(32));
        input["context"]["state_artifacts"] = self.restore(prefix);
        run(
            self.command("take-off", prefix),
            input.to_string().as_bytes(),
        )
    }

    /// Copies the state artifacts of the last plan and describes them.
    pub(crate) fn restore(&self, prefix: &str) -> Value {
        let from = self.dir("artifacts/edits");
        let to = self.dir(&format!("{prefix}artifacts/edits"));
        let hash = sha256(&std::fs::read(from.join("body.data")).expect("a state artifact"));
        std::fs::create_dir_all(&to).expect("a directory");
        copy(&from, &to);
        json!([{ "name": "edits", "path": "edits/body.data", "hash": hash }])
    }

    pub(crate) fn tree(&self, name: &str) -> Tree {
        let mut tree = Tree::new();
        walk(&self.dir(name), "", &mut tree);
        tree
    }
}

impl Seen {
    pub(crate) fn receipt(&self) -> Value {
        serde_json::from_slice(&self.stdout).expect("one receipt on standard output")
    }

    pub(crate) fn status_and_receipt(&self) -> (Option<i32>, String) {
        let receipt = self.receipt();
        (
            self.status,
            receipt["status"].as_str().unwrap_or_default().to_owned(),
        )
    }

    /// The receipt without what may differ between equal launches.
    pub(crate) fn comparable(&self) -> Value {
        let mut receipt = self.receipt();
        for member in ["receipt_id", "metrics", "diagnostics"] {
            receipt.as_object_mut().expect("an object").remove(member);
        }
        receipt
    }
}

/// An input document as an orchestrator sends it.
pub(crate) fn input(mode: &str) -> Value {
    json!({
        "protocol_version": "1.0.0",
        "mode": mode,
        "meta": { "workflow_id": "wf-1", "step_id": "step-1" },
        "config": {},
        "context": {},
        "secrets": { "API_TOKEN": "s3cr3t/canary+value=" },
        "allowed_secrets": ["API_TOKEN"],
        "identity_token": "identity-canary-value",
        "orchestrator": { "run_index": 0, "workspace_hash": "0".repeat(64) },
    })
}

/// Runs a command with `stdin` as its input.
pub(crate) fn run(mut command: Command, stdin: &[u8]) -> Seen {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the peer starts");
    // A peer that does not read is its own business.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin);
    let Output { status, stdout, .. } = child.wait_with_output().expect("the peer ends");
    Seen {
        status: status.code(),
        stdout,
    }
}

/// SHA-256 in lower-case hex, written a second time so that the peer's own is not trusted.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).expect("a folder");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file");
        }
    }
}

fn walk(folder: &Path, prefix: &str, tree: &mut Tree) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            tree.insert(format!("{name}/"), Vec::new());
            walk(&entry.path(), &format!("{name}/"), tree);
        } else if kind.is_symlink() {
            let target = std::fs::read_link(entry.path()).expect("a target");
            tree.insert(name, format!("-> {}", target.display()).into_bytes());
        } else {
            tree.insert(name, std::fs::read(entry.path()).expect("a file"));
        }
    }
}
