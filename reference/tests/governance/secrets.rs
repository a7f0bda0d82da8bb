//! The secrets detector of the fixtures: the same scores as elsewhere, and secrets found wherever
//! they stand. The tokens are put together here, so that no scanner takes this file for a leak.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cabincrew_governance::{GovernedArtifact, Part, Policy, PolicyKind};
use cabincrew_protocol::artifact::Role;
use cabincrew_protocol::decision::Decision;
use serde::Deserialize;
use serde_json::json;

use super::stage::{artifact, evaluate_with, fixtures, governor, input, model};

const TEXT: &str = "# Changes\n\nThe parser reads requirements with the tokenizer of the package \
    manager now.\nRead API_KEY from the environment: os.getenv(\"API_KEY\").\n\n\
    version = \"1.4.2\"\nmax_tokens = 4096\n";

/// On a busy machine without optimisation a window takes milliseconds.
fn detector() -> Policy {
    Policy {
        timeout: Duration::from_secs(30),
        ..model("secrets")
    }
}

fn token() -> String {
    format!("ghp_{}", "R7tQ2mX9kLz4WcV8bN1sJ6fH3gD5pY0aUeTi")
}

#[derive(Deserialize)]
struct Scores {
    made_by: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    window: String,
    secret: bool,
    score: f64,
}

#[test]
fn scores_agree_with_those_of_another_runtime() {
    let text = fs::read(fixtures().join("models/secrets.scores.json")).unwrap();
    let scores: Scores = serde_json::from_slice(&text).unwrap();
    assert!(scores.made_by.starts_with("onnxruntime "));
    assert_eq!(scores.cases.len(), 96);
    let mut governor = governor();
    let policy = detector();
    let mut right = 0;
    for case in &scores.cases {
        let window = STANDARD.decode(&case.window).unwrap();
        let note = artifact("note", Role::Evidence, &window);
        let evaluation = evaluate_with(&mut governor, &policy, &input(), &[note]);
        assert_eq!(evaluation.evidence["windows"], 1);
        let score = evaluation.evidence["score"].as_f64().unwrap();
        assert!((score - case.score).abs() < 1e-4, "{score} {}", case.score);
        right += usize::from((evaluation.decision != Decision::Allow) == case.secret);
    }
    assert!(right >= 94, "{right} of 96 windows judged right");
}

#[test]
fn a_secret_is_found_wherever_it_stands() {
    let mut governor = governor();
    let policy = detector();
    let clean = TEXT.repeat(6);
    let mut decide = |body: &str| {
        let note = artifact("note", Role::Evidence, body.as_bytes());
        evaluate_with(&mut governor, &policy, &input(), &[note])
    };
    assert_eq!(decide(&clean).decision, Decision::Allow);
    let line_ends: Vec<usize> = clean.match_indices('\n').map(|(at, _)| at + 1).collect();
    for at in line_ends.into_iter().step_by(3) {
        let (before, after) = clean.split_at(at);
        let evaluation = decide(&format!("{before}github_token = \"{}\"\n{after}", token()));
        assert_eq!(
            evaluation.decision,
            Decision::Deny,
            "at {at}: {evaluation:?}"
        );
        let offset = evaluation.evidence["offset"].as_u64().unwrap();
        assert!(
            offset <= u64::try_from(at).unwrap() + 64,
            "{offset} for {at}"
        );
    }
}

#[test]
fn a_secret_in_the_metadata_is_found() {
    let mut policy = detector();
    if let PolicyKind::Onnx { over, .. } = &mut policy.kind {
        *over = BTreeSet::from([Part::Body, Part::Metadata]);
    }
    let with = |note: String| GovernedArtifact {
        artifact: json!({
            "artifact_type": "note",
            "action": "none",
            "mime": "text/plain",
            "metadata": { "note": note },
        }),
        ..artifact("note", Role::Evidence, b"nothing to see")
    };
    let mut governor = governor();
    let clean = evaluate_with(&mut governor, &policy, &input(), &[with("fine".to_owned())]);
    assert_eq!(clean.decision, Decision::Allow, "{clean:?}");
    let leaky = evaluate_with(&mut governor, &policy, &input(), &[with(token())]);
    assert_ne!(leaky.decision, Decision::Allow, "{leaky:?}");
    assert_eq!(leaky.evidence["part"], "metadata");
}

#[test]
fn the_detector_is_small() {
    let size = fs::metadata(fixtures().join("models/secrets.onnx"))
        .unwrap()
        .len();
    assert!(size < 64 << 10, "{size} bytes");
}
