//! A small observation of a conforming orchestrator, made by hand: one plan, one request, one
//! approval, one take-off.

use std::collections::BTreeMap;

use cabincrew_protocol::artifact::{Role, descriptor_digest};
use cabincrew_protocol::canonical;
use cabincrew_protocol::digest::sha256;
use cabincrew_protocol::plan_token::{self, PlanToken};
use serde_json::{Value, json};

use super::sample_log::{audit, request, state, wal};
use crate::observe::{Bytes, Canary, End};
use crate::orchestrator::observe::{
    ActSeen, Document, Exports, Observation, ProgramSeen, Run, StepSeen,
};
use crate::tree::{Entry, Kind, Stamp, Tree};

/// The workflow's id.
pub(super) const ID: &str = "wf-1";
const BODY: &str = "[1]";
const EDITS: &str = r#"{"action":"none","artifact_type":"edits","body_file":"body.data","mime":"application/json"}"#;
const PLAIN: &str =
    r#"{"action":"none","artifact_type":"note","metadata":{"k":1},"mime":"application/json"}"#;

/// The observation: step `run` waits, step `answer` completes.
pub(crate) fn sample() -> Observation {
    let run = Run {
        drill: "sample".to_owned(),
        case: None,
        workflow: json!({
            "workflow": "t", "protocol_version": "1.0.0",
            "steps": [{"step_id": "edit", "engine": {"command": ["e"]}, "config": {},
                       "secrets": {"TOKEN": {"env": "CC_TOKEN"}}}],
            "governance": {"policies": [{"id": "rule", "kind": "custom", "command": ["stage/rule"]}]},
            "trigger": {"kind": "user", "by": "alice"},
        }),
        roster: json!({"approvers": [{"approver": "ada", "roles": ["approver"]}]}),
        ids: [("a".to_owned(), ID.to_owned())].into(),
        dirs: BTreeMap::new(),
        canaries: vec![
            canary("secrets.TOKEN", "s3cret"),
            canary("env.CC_UNMAPPED", "amb1ent"),
        ],
        workspace: [("a".to_owned(), tree("old"))].into(),
        policy_files: BTreeMap::new(),
        steps: vec![waits(), completes()],
    };
    Observation {
        format: 1,
        claims: BTreeMap::new(),
        event_names: BTreeMap::new(),
        audit_key: None,
        machine: Vec::new(),
        runs: vec![run],
    }
}

fn canary(name: &str, value: &str) -> Canary {
    Canary {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn tree(text: &str) -> Tree {
    let entry = Entry {
        kind: Kind::File,
        mode: 0o755,
        size: text.len() as u64,
        sha256: sha256(text.as_bytes()).to_string(),
        target: String::new(),
        links: 1,
        stamp: Stamp::default(),
    };
    [("notes.txt".to_owned(), entry)].into()
}

fn step(name: &str, act: ActSeen, status: i32, exports: Exports) -> StepSeen {
    StepSeen {
        name: name.to_owned(),
        workflow: "a".to_owned(),
        act,
        command: Vec::new(),
        end: Some(End::Exited(status)),
        stdout: Bytes::default(),
        stderr: Bytes::default(),
        duration_ms: 1,
        started_s: 1_767_225_600,
        ended_s: 1_767_225_601,
        programs: Vec::new(),
        point: None,
        within: None,
        waited: false,
        reached: None,
        left_alive: Vec::new(),
        exports: Some(exports),
        workspace_after: tree("old"),
        workspace_changes: Vec::new(),
        dirs_left: Vec::new(),
        leaks: Vec::new(),
        stored: [("edits/body.data".to_owned(), 1)].into(),
        stored_within: BTreeMap::new(),
        done: None,
        response: None,
    }
}

fn waits() -> StepSeen {
    let mut seen = step("run", ActSeen::Run, 3, exports(false));
    seen.programs = vec![engine("flight-plan", 11), policy("flight-plan")];
    seen
}

fn completes() -> StepSeen {
    let mut seen = step("answer", ActSeen::Respond, 0, exports(true));
    seen.programs = vec![engine("take-off", 12), policy("take-off")];
    seen.response = Some(response().to_string());
    seen
}

pub(super) fn response() -> Value {
    json!({"approval_id": approval_id(), "approved": true, "approver": "ada", "timestamp": at(20)})
}

pub(super) fn at(second: usize) -> String {
    format!("2026-01-01T00:00:00.{second:06}Z")
}

fn digest(text: &str) -> String {
    sha256(text.as_bytes()).to_string()
}

fn descriptor(name: &str, role: Role, metadata: &str, body: Option<&str>) -> String {
    let body = body.map(|body| sha256(body.as_bytes()));
    descriptor_digest(name, &role, &sha256(metadata.as_bytes()), body.as_ref()).to_string()
}

/// Name, role, descriptor digest and body size of what is planned.
pub(super) fn planned() -> Vec<(&'static str, &'static str, String, usize)> {
    vec![
        (
            "edits",
            "state",
            descriptor("edits", Role::State, EDITS, Some(BODY)),
            3,
        ),
        (
            "shown",
            "evidence",
            descriptor("shown", Role::Evidence, PLAIN, None),
            0,
        ),
        ("zlog", "log", descriptor("zlog", Role::Log, PLAIN, None), 0),
    ]
}

pub(super) fn receipt(mode: &str) -> Value {
    let artifacts = if mode == "take-off" {
        json!([])
    } else {
        listed()
    };
    json!({"protocol_version": "1.0.0", "engine_id": "peer", "mode": mode,
           "receipt_id": format!("r-{mode}"), "status": "success", "artifacts": artifacts})
}

fn listed() -> Value {
    json!([
        {"name": "edits", "path": "edits/body.data", "role": "state", "hash": digest(BODY), "size": 3},
        {"name": "shown", "path": "shown/artifact.json", "role": "evidence", "hash": digest(PLAIN), "size": PLAIN.len()},
        {"name": "zlog", "path": "zlog/artifact.json", "role": "log", "hash": digest(PLAIN), "size": PLAIN.len()},
    ])
}

pub(super) fn evidence() -> Value {
    json!([
        {"name": "edits", "path": "edits/body.data", "hash": digest(BODY)},
        {"name": "shown", "path": "shown/artifact.json", "hash": digest(PLAIN)},
    ])
}

/// The plan token.
pub(super) fn token() -> Value {
    let artifacts: Vec<Value> = planned()
        .into_iter()
        .map(|(name, _, hash, size)| json!({"name": name, "hash": hash, "size": size}))
        .collect();
    let mut document = json!({
        "token": "", "version": "1", "artifacts": artifacts, "model": "none", "engine_id": "peer",
        "protocol_version": "1.0.0", "workspace_hash": digest("w"), "created_at": at(9),
    });
    let typed: PlanToken = serde_json::from_value(document.clone()).expect("a token");
    let sum = plan_token::compute(&typed, ID, "edit").expect("a digest");
    document["token"] = json!(sum);
    document
}

pub(super) fn hash() -> String {
    token()["token"].as_str().unwrap_or_default().to_owned()
}

pub(super) fn approval_id() -> String {
    format!("apr-0123456789-{}", hash())
}

fn engine(mode: &str, pid: u32) -> ProgramSeen {
    let folder = |name: &str| format!("/run/{pid}/{name}");
    let temp = folder("temp");
    let mut input = json!({
        "protocol_version": "1.0.0", "mode": mode,
        "meta": {"workflow_id": ID, "step_id": "edit"}, "config": {}, "context": {},
        "secrets": {"TOKEN": "s3cret"}, "allowed_secrets": ["TOKEN"],
        "orchestrator": {"run_index": 0},
    });
    let files = [
        ("edits/artifact.json", EDITS),
        ("edits/body.data", BODY),
        ("shown/artifact.json", PLAIN),
        ("zlog/artifact.json", PLAIN),
    ];
    let mut before = BTreeMap::new();
    if mode == "take-off" {
        input["expected_plan_token"] = json!(hash());
        input["context"] = json!({"state_artifacts": [
            {"name": "edits", "path": "edits/body.data", "hash": digest(BODY)}]});
        before.insert("edits".to_owned(), String::new());
        for (path, text) in &files[..2] {
            before.insert((*path).to_owned(), digest(text));
        }
    }
    let after = |(path, text): (&str, &str)| (path.to_owned(), Bytes::whole(text.into()));
    let env = [
        ("CABINCREW_WORKSPACE", folder("workspace")),
        ("CABINCREW_ARTIFACTS_DIR", folder("artifacts")),
        ("CABINCREW_TEMP_DIR", temp.clone()),
        ("CABINCREW_MODE", mode.to_owned()),
        ("PATH", "/bin".to_owned()),
    ];
    ProgramSeen {
        argv: vec!["--mode".to_owned(), mode.to_owned()],
        env: env.map(|(name, value)| (name.to_owned(), value)).into(),
        cwd: temp,
        stdin: Bytes::whole(input.to_string().into_bytes()),
        artifacts_before: before,
        writable: [("artifacts", true), ("temp", true), ("workspace", true)]
            .map(|(name, held)| (name.to_owned(), held))
            .into(),
        workspace_before: [("notes.txt".to_owned(), digest("old"))].into(),
        workspace_forms: [("notes.txt".to_owned(), "executable".to_owned())].into(),
        artifacts_after: files.map(after).into(),
        stdout: Bytes::whole(receipt(mode).to_string().into_bytes()),
        ..program("edit", mode, pid)
    }
}

fn program(script: &str, mode: &str, pid: u32) -> ProgramSeen {
    ProgramSeen {
        script: script.to_owned(),
        mode: mode.to_owned(),
        pid,
        ppid: 1,
        pgid: pid,
        sid: pid,
        of_subject: true,
        argv: Vec::new(),
        env: BTreeMap::new(),
        cwd: "/".to_owned(),
        stdin: Bytes::default(),
        descriptors: [("0".to_owned(), "pipe".to_owned())].into(),
        artifacts_before: BTreeMap::new(),
        temp_before: Vec::new(),
        writable: BTreeMap::new(),
        connected: None,
        workspace_before: BTreeMap::new(),
        workspace_forms: BTreeMap::new(),
        artifacts_after: BTreeMap::new(),
        stdout: Bytes::default(),
        ended: true,
    }
}

fn policy(mode: &str) -> ProgramSeen {
    let input = json!({
        "workflow_id": ID, "step_id": "edit", "mode": mode,
        "engine_output": receipt(mode), "evidence": evidence(), "plan_token": token(),
    });
    ProgramSeen {
        stdin: Bytes::whole(input.to_string().into_bytes()),
        stdout: Bytes::whole(br#"{"decision":"require_approval"}"#.to_vec()),
        ..program("rule", "evaluate", 20)
    }
}

fn document(text: String) -> Document {
    Document {
        end: End::Exited(0),
        text: Bytes::whole(text.into_bytes()),
    }
}

/// JSON lines, as exported.
pub(super) fn joined(values: &[Value]) -> String {
    let line = |value| String::from_utf8(canonical::to_vec(value).unwrap_or_default());
    values
        .iter()
        .map(|value| format!("{}\n", line(value).unwrap_or_default()))
        .collect()
}

fn exports(ended: bool) -> Exports {
    Exports {
        state: document(state(ended).to_string()),
        wal: document(joined(&wal(ended))),
        audit: document(joined(&audit(ended))),
        plan_token: document(token().to_string()),
        approvals: document(joined(&[request()])),
        artifacts: document(listed().to_string()),
    }
}
