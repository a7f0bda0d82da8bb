//! What the tests stand on: a governor with the real workers, an input, the fixtures.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cabincrew_governance::{
    Evaluation, GovernedArtifact, Governor, GovernorConfig, Part, Policy, PolicyKind, Thresholds,
};
use cabincrew_protocol::artifact::Role;
use cabincrew_protocol::decision::Decision;
use cabincrew_protocol::preflight::PreflightInput;
use serde_json::{Value, json};

pub(crate) const QUERY: &str = "data.cabincrew.preflight.result";

/// Long enough for any well-behaved policy on a busy machine, short enough to wait for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// How an evaluation fails that uses up everything: which limit it meets first depends on the
/// machine.
pub(crate) const EXHAUSTED: &[&str] = &["died", "timed_out"];

pub(crate) fn config() -> GovernorConfig {
    GovernorConfig {
        policy_worker: env!("CARGO_BIN_EXE_cabincrew-policy-worker").into(),
        model_worker: env!("CARGO_BIN_EXE_cabincrew-model-worker").into(),
        ..GovernorConfig::beside(Path::new("/nowhere"), &fixtures())
    }
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures")
        .canonicalize()
        .unwrap()
}

pub(crate) fn governor() -> Governor {
    Governor::start(&config()).unwrap()
}

pub(crate) fn policy(id: &str, kind: PolicyKind) -> Policy {
    Policy {
        id: id.to_owned(),
        kind,
        timeout: PATIENCE,
        sha256: None,
    }
}

/// `policies/<name>.rego` of the fixtures.
pub(crate) fn rego(name: &str) -> Policy {
    rego_at(name, format!("policies/{name}.rego"))
}

pub(crate) fn rego_at(id: &str, path: impl Into<PathBuf>) -> Policy {
    let kind = PolicyKind::Opa {
        path: path.into(),
        query: QUERY.to_owned(),
    };
    policy(id, kind)
}

/// `models/<name>.onnx` of the fixtures, over bodies: 0.3 warns, 0.6 asks, 0.9 denies.
pub(crate) fn model(name: &str) -> Policy {
    model_at(name, format!("models/{name}.onnx"))
}

pub(crate) fn model_at(id: &str, path: impl Into<PathBuf>) -> Policy {
    let kind = PolicyKind::Onnx {
        path: path.into(),
        over: BTreeSet::from([Part::Body]),
        thresholds: Thresholds {
            warn: Some(0.3),
            require_approval: Some(0.6),
            deny: Some(0.9),
        },
    };
    policy(id, kind)
}

pub(crate) fn program(id: &str, command: &[&str]) -> Policy {
    let command = command.iter().map(|&word| word.to_owned()).collect();
    policy(id, PolicyKind::Custom { command })
}

/// `/bin/sh -c script`.
pub(crate) fn shell(script: &str) -> Policy {
    program("shell", &["/bin/sh", "-c", script])
}

pub(crate) fn input() -> PreflightInput {
    input_with(json!({}))
}

pub(crate) fn input_with(context: Value) -> PreflightInput {
    serde_json::from_value(json!({
        "workflow_id": "wf-1",
        "step_id": "edit",
        "mode": "flight-plan",
        "engine_output": { "status": "success" },
        "context": context,
    }))
    .unwrap()
}

pub(crate) fn artifact(name: &str, role: Role, body: &[u8]) -> GovernedArtifact {
    GovernedArtifact {
        name: name.to_owned(),
        role,
        artifact: json!({
            "artifact_type": "note",
            "action": "none",
            "mime": "text/plain",
            "body_file": "body.data",
        }),
        body: Some(body.to_vec()),
    }
}

/// Loads one policy and evaluates it for one small artifact.
pub(crate) fn evaluate(governor: &mut Governor, policy: &Policy) -> Evaluation {
    let note = artifact("note", Role::Evidence, b"hello\n");
    evaluate_with(governor, policy, &input(), &[note])
}

pub(crate) fn evaluate_with(
    governor: &mut Governor,
    policy: &Policy,
    input: &PreflightInput,
    artifacts: &[GovernedArtifact],
) -> Evaluation {
    governor.load(std::slice::from_ref(policy)).unwrap();
    let mut evaluations = governor.evaluate(input, artifacts);
    assert_eq!(evaluations.len(), 1);
    evaluations.remove(0)
}

/// The kind of a failed evaluation, after checking that it is one in every respect.
pub(crate) fn failure(evaluation: &Evaluation) -> &str {
    assert!(evaluation.failed, "{evaluation:?}");
    assert_eq!(evaluation.decision, Decision::Deny);
    assert_eq!(evaluation.output, None);
    assert!(evaluation.reason.is_some());
    evaluation.evidence["error"]["kind"].as_str().unwrap()
}
