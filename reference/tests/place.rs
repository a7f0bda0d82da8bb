//! A place with a workspace, engines in shell, policies and a state directory, for tests that run
//! the program.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

/// An engine that plans one artifact and writes it to `b.txt`.
pub(crate) const ENGINE: &str = r#"#!/bin/sh
A=$CABINCREW_ARTIFACTS_DIR
input=$(cat)
if [ "$2" = flight-plan ]; then
  mkdir "$A/change"
  printf '{"artifact_type":"text","action":"write","target":"b.txt","mime":"text/plain","body_file":"body.data"}' > "$A/change/artifact.json"
  printf 'new content\n' > "$A/change/body.data"
  HASH=$(sha256sum < "$A/change/body.data"); HASH=${HASH%% *}
  printf '{"protocol_version":"1.0.0","engine_id":"sh","mode":"flight-plan","receipt_id":"plan","status":"success","artifacts":[{"name":"change","role":"state","path":"change/body.data","hash":"%s","size":12}]}' "$HASH"
else
  cat "$A/change/body.data" >> "$CABINCREW_WORKSPACE/b.txt"
  echo applied >&2
  printf '{"protocol_version":"1.0.0","engine_id":"sh","mode":"take-off","receipt_id":"off","status":"success"}'
fi
"#;

/// Everything that a run needs, gone at the end of the test.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(place.path("ws")).unwrap();
        place.write("ws/a.txt", "text\n");
        place.script("engine", ENGINE);
        place.policy("allow");
        let roster = r#"{"approvers":[{"approver":"bob","roles":["approver"]},{"approver":"eve","roles":["guest"]}]}"#;
        place.write("roster.json", roster);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn script(&self, name: &str, text: &str) {
        self.write(name, text);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The one policy answers with that decision.
    pub(crate) fn policy(&self, decision: &str) {
        let answer = format!(r#"{{"decision":"{decision}","violations":["by rule"]}}"#);
        self.script(
            "rule",
            &format!("#!/bin/sh\ncat >/dev/null\nprintf %s '{answer}'\n"),
        );
        let workflow = r#"{"workflow":"demo","steps":[{"step_id":"edit","engine":{"command":["./engine"],"timeout_ms":20000}}],
            "governance":{"policies":[{"id":"rule","kind":"custom","command":["./rule"],"timeout_ms":20000}]},
            "approval":{"roster":"roster.json"},"trigger":{"kind":"user","by":"alice"}}"#;
        self.write("workflow.json", workflow);
    }

    /// From now on the engine may write anywhere, so that it can tell a test what it has seen.
    pub(crate) fn unconfined(&self) {
        self.confined(r#"{"filesystem":"off"}"#);
    }

    /// From now on the engine is kept from that much.
    pub(crate) fn confined(&self, how: &str) {
        let text = fs::read_to_string(self.path("workflow.json")).unwrap();
        let engine = r#""command":["./engine"],"#;
        let changed = text.replace(engine, &format!(r#"{engine}"confinement":{how},"#));
        assert_ne!(text, changed);
        self.write("workflow.json", &changed);
    }

    /// Runs the program: the words, with `--state-dir` after the verb.
    pub(crate) fn cabincrew(&self, verb: &str, words: &[&str]) -> Output {
        self.command(verb, words).output().unwrap()
    }

    pub(crate) fn command(&self, verb: &str, words: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(program());
        command
            .arg(verb)
            .arg("--state-dir")
            .arg(self.path("state"))
            .args(words)
            .current_dir(self.folder.path())
            .env("CANARY", "canary-in-the-environment");
        command
    }

    pub(crate) fn run(&self, id: &str) -> Output {
        let words = ["--workspace", "ws", "--workflow-id", id, "workflow.json"];
        self.cabincrew("run", &words)
    }

    pub(crate) fn export(&self, id: &str, document: &str) -> Vec<Value> {
        let output = self.cabincrew("export", &[id, document]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Writes a response to the open request, and delivers it.
    pub(crate) fn respond(&self, id: &str, approved: &str, approver: &str) -> Output {
        let request = self.export(id, "approvals").pop().unwrap();
        let approval_id = request["approval_id"].as_str().unwrap();
        let text = format!(
            r#"{{"approval_id":"{approval_id}","approved":{approved},"approver":"{approver}","timestamp":"2026-01-01T00:00:00Z"}}"#
        );
        self.write("response.json", &text);
        self.cabincrew("respond", &[id, "response.json"])
    }

    pub(crate) fn home(&self, id: &str) -> PathBuf {
        self.path("state").join("workflows").join(id)
    }

    pub(crate) fn applied(&self) -> usize {
        let text = fs::read_to_string(self.path("ws/b.txt")).unwrap_or_default();
        text.lines().count()
    }
}

pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cabincrew"))
}

/// The type of every audit event.
pub(crate) fn event_types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["event_type"].as_str().unwrap())
        .collect()
}
