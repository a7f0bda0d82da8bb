//! A folder for one tour: the project, the workflow of the fixtures, its roster, and a key for the
//! audit log.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::place::program;

/// The example engine. It is a crate of its own, and cargo hands a test the programs of the test's
/// crate alone, so it is built here, into the same folder.
static ENGINE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = program().parent().unwrap();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--locked", "--package"]);
    build.args(["cabincrew-engine-update-dependency", "--target-dir"]);
    build.arg(folder.parent().unwrap());
    if folder.ends_with("release") {
        build.arg("--release");
    }
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(build.status().unwrap().success(), "{build:?}");
    folder.join("update-dependency")
});

/// An engine and a policy that stop where the file `hold` says: `flight-plan`, `take-off`, `pre` or
/// `post`. The engine leaves a sign in its temp directory, the policy beside itself.
const HELD_ENGINE: &str = r#"#!/bin/sh
if [ "$2" = "$(cat "${0%/*}/hold")" ]; then : > "$CABINCREW_TEMP_DIR/held"; exec sleep 600; fi
exec "${0%/*}/update-dependency" "$@"
"#;
const HELD_POLICY: &str = r#"#!/bin/sh
cat > /dev/null
while [ "$1" = "$(cat hold)" ]; do : > held; sleep 0.05; done
echo '{"decision":"allow"}'
"#;

/// Where one workflow is run from beginning to end.
pub(crate) struct Trip {
    folder: TempDir,
}

impl Trip {
    /// The workflow as the fixtures have it.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// The workflow with a change.
    pub(crate) fn with(change: impl FnOnce(&mut Value)) -> Self {
        let trip = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let fixtures = fixtures();
        copy(&fixtures.join("scenarios/cargo/workspace"), &trip.project());
        for name in ["policies", "models"] {
            let link = trip.path(name);
            std::os::unix::fs::symlink(fixtures.join(name), link).unwrap();
        }
        std::os::unix::fs::symlink(&*ENGINE, trip.path("update-dependency")).unwrap();
        let source = fixtures.join("workflows/update-dependency");
        copy(&source, &trip.path("flow"));
        let text = fs::read_to_string(source.join("workflow.json")).unwrap();
        let text = text.replace("../../../target/release/", "../");
        let mut workflow = serde_json::from_str(&text.replace("../../", "../")).unwrap();
        change(&mut workflow);
        fs::write(trip.path("flow/workflow.json"), workflow.to_string()).unwrap();
        let keygen = ["audit", "keygen", "example.com/audit", "--out", "audit.key"];
        fs::write(trip.path("audit.vkey"), trip.ends(0, &keygen)).unwrap();
        trip
    }

    /// The workflow with an engine and policies that can be held.
    pub(crate) fn held(at: &str) -> Self {
        let gate = |word: &str| json!({"id": "gate", "kind": "custom", "command": ["../gate", word], "timeout_ms": 600_000});
        let trip = Self::with(|workflow| {
            workflow["steps"][0]["engine"]["command"] = json!(["../held-engine"]);
            workflow["governance"]["post_execution"] = json!({"policies": [gate("post")]});
            let policies = workflow["governance"]["policies"].as_array_mut().unwrap();
            policies.push(gate("pre"));
        });
        for (name, text) in [("held-engine", HELD_ENGINE), ("gate", HELD_POLICY)] {
            fs::write(trip.path(name), text).unwrap();
            fs::set_permissions(trip.path(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        trip.hold(at);
        trip
    }

    /// From now on is held there.
    pub(crate) fn hold(&self, at: &str) {
        for folder in ["", "flow"] {
            fs::write(self.path(folder).join("hold"), at).unwrap();
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.path("project")
    }

    /// Where the workflow keeps its files.
    pub(crate) fn home(&self) -> PathBuf {
        self.path("state/workflows/bump")
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(words).current_dir(self.folder.path());
        command.env("CABINCREW_AUDIT_KEY", "audit.key");
        if words[..2] == ["audit", "keygen"] {
            command.env_remove("CABINCREW_AUDIT_KEY");
        }
        command
    }

    /// Runs `cabincrew` with an expected exit status, and gives its standard output.
    pub(crate) fn ends(&self, status: i32, words: &[&str]) -> String {
        let output: Output = self.command(words).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same for a verb about the workflow.
    pub(crate) fn verb(&self, status: i32, words: &[&str]) -> String {
        self.ends(status, &about(words))
    }

    pub(crate) fn run(&self, status: i32) -> String {
        self.ends(status, RUN)
    }

    pub(crate) fn approve(&self, status: i32) -> String {
        self.verb(status, APPROVE)
    }

    /// What `export` prints, line by line.
    pub(crate) fn export(&self, document: &str) -> Vec<Value> {
        let text = self.verb(0, &["export", document]);
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The project is as it was, and not as it would be after take-off.
    pub(crate) fn is_untouched(&self) -> bool {
        let fixture = |name: &str| tree(&fixtures().join("scenarios/cargo").join(name));
        assert_ne!(fixture("workspace"), fixture("after"));
        tree(&self.project()) == fixture("workspace")
    }

    /// The project is exactly as the plan said.
    pub(crate) fn is_applied(&self) -> bool {
        tree(&self.project()) == tree(&fixtures().join("scenarios/cargo/after"))
    }
}

/// Creates the workflow.
pub(crate) const RUN: &[&str] = &[
    "run",
    "--state-dir",
    "state",
    "--workspace",
    "project",
    "--workflow-id",
    "bump",
    "flow/workflow.json",
];

/// What the release manager says.
pub(crate) const APPROVE: &[&str] = &["approve", "--as", "rita", "--reason", "seen"];

/// A verb, the state directory, the workflow, and what else the verb takes.
pub(crate) fn about<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let (verb, rest) = words.split_at(if words[0] == "audit" { 2 } else { 1 });
    [verb, &["--state-dir", "state", "bump"], rest].concat()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-R").arg(from).arg(to).status();
    assert!(status.unwrap().success());
}

/// Every file with its content.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}
