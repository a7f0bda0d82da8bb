//! Models: windows, thresholds, what is scored, and what broken and hostile models come to.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use cabincrew_governance::{
    Evaluation, GovernedArtifact, Governor, LoadError, Part, Policy, PolicyKind, Thresholds,
};
use cabincrew_protocol::artifact::Role;
use cabincrew_protocol::decision::{Decision, PolicySource};
use serde_json::json;

use super::stage::{
    self, EXHAUSTED, artifact, evaluate, evaluate_with, failure, governor, input, model, model_at,
};

fn score(governor: &mut Governor, policy: &Policy, body: &[u8]) -> Evaluation {
    let note = artifact("note", Role::Evidence, body);
    let evaluation = evaluate_with(governor, policy, &input(), &[note]);
    assert!(!evaluation.failed, "{evaluation:?}");
    evaluation
}

#[test]
fn a_score_becomes_a_decision() {
    let mut governor = governor();
    let low = evaluate(&mut governor, &model("constant-low"));
    assert_eq!(low.decision, Decision::Allow);
    assert_eq!(low.reason, None);
    let high = evaluate(&mut governor, &model("constant-high"));
    assert_eq!(high.decision, Decision::Deny);
    assert_eq!(high.source, PolicySource::Onnx);
    assert_eq!(high.output.unwrap().violations.unwrap().len(), 1);
}

#[test]
fn a_score_that_equals_a_threshold_reaches_it() {
    let evaluation = evaluate(&mut governor(), &model("constant-threshold"));
    assert_eq!(evaluation.decision, Decision::Deny);
    assert_eq!(evaluation.evidence["score"], 0.9);
    let reason = "score 0.9 at byte 0 of the body of note reaches 0.9 for deny";
    assert_eq!(evaluation.reason.as_deref(), Some(reason));
}

#[test]
fn each_threshold_makes_its_own_decision() {
    let mut governor = governor();
    let policy = model("first-byte-float");
    // Scores of 76, 77, 153, 154, 230 and 231 of 256.
    let cases = [
        (76, Decision::Allow),
        (77, Decision::Warn),
        (153, Decision::Warn),
        (154, Decision::RequireApproval),
        (230, Decision::RequireApproval),
        (231, Decision::Deny),
    ];
    for (byte, decision) in cases {
        let evaluation = score(&mut governor, &policy, &[byte]);
        assert_eq!(evaluation.decision, decision, "{byte}: {evaluation:?}");
        let asks = evaluation.output.unwrap().requires.is_some();
        assert_eq!(asks, decision == Decision::RequireApproval);
    }
}

#[test]
fn bytes_are_cast_to_each_type_of_input() {
    let mut governor = governor();
    for element in ["float", "int32", "int64", "uint8"] {
        let policy = model(&format!("first-byte-{element}"));
        for (byte, expected) in [(0, 0.0), (64, 0.25), (128, 0.5), (255, 0.996_093_75)] {
            let evaluation = score(&mut governor, &policy, &[byte, 1, 2]);
            assert_eq!(evaluation.evidence["score"], expected, "{element}");
        }
    }
}

#[test]
fn windows_overlap_by_half_and_the_highest_score_counts() {
    let mut governor = governor();
    let policy = model("first-byte-float");
    // Windows of 8 start at 0, 4, 8, ..: only bytes at multiples of 4 are seen.
    let mut content = [10_u8; 21];
    content[12] = 200;
    content[13] = 255;
    let evaluation = score(&mut governor, &policy, &content);
    let expected = json!({
        "engine": { "name": "tract-onnx", "version": "0.23.9" },
        "sha256": evaluation.evidence["sha256"],
        "thresholds": { "warn": 0.3, "require_approval": 0.6, "deny": 0.9 },
        "score": 0.78125,
        "windows": 5,
        "artifact": "note",
        "part": "body",
        "offset": 12,
    });
    assert_eq!(serde_json::Value::Object(evaluation.evidence), expected);
}

#[test]
fn the_number_of_windows_follows_the_length() {
    let mut governor = governor();
    let policy = model("first-byte-float");
    let cases = [
        (0, 1),
        (1, 1),
        (8, 1),
        (9, 2),
        (12, 2),
        (13, 3),
        (16, 3),
        (4000, 999),
    ];
    for (length, windows) in cases {
        let evaluation = score(&mut governor, &policy, &vec![1; length]);
        assert_eq!(evaluation.evidence["windows"], windows, "{length} bytes");
    }
    let evaluation = score(&mut governor, &model("one-byte-window"), b"abc");
    assert_eq!(evaluation.evidence["windows"], 3);
}

#[test]
fn windows_are_filled_up_with_zeros() {
    let mut governor = governor();
    let policy = model("mean-byte");
    assert_eq!(
        score(&mut governor, &policy, &[128]).evidence["score"],
        0.0625
    );
    // The second window holds bytes 4 to 8 and three zeros.
    let mut content = [0; 9];
    content[8] = 128;
    let evaluation = score(&mut governor, &policy, &content);
    assert_eq!(evaluation.evidence["score"], 0.0625);
    assert_eq!(evaluation.evidence["offset"], 4);
}

#[test]
fn body_metadata_or_both_are_scored_as_configured() {
    let over = |parts: &[Part]| {
        let mut policy = model("first-byte-float");
        if let PolicyKind::Onnx { over, .. } = &mut policy.kind {
            *over = parts.iter().copied().collect();
        }
        policy
    };
    let mut governor = governor();
    // Canonical JSON starts with a brace: 123 of 256.
    let metadata = score(&mut governor, &over(&[Part::Metadata]), b"\x01");
    assert_eq!(metadata.evidence["score"], 0.480_468_75);
    assert_eq!(metadata.evidence["part"], "metadata");
    let both = score(&mut governor, &over(&[Part::Body, Part::Metadata]), b"\xff");
    assert_eq!(both.evidence["part"], "body");
    let windows = both.evidence["windows"].as_u64().unwrap();
    assert_eq!(windows, metadata.evidence["windows"].as_u64().unwrap() + 1);
}

#[test]
fn an_inline_body_is_content() {
    let inline = |body: serde_json::Value| GovernedArtifact {
        artifact: json!({ "artifact_type": "note", "action": "none", "mime": "x/y", "body": body }),
        body: None,
        ..artifact("inline", Role::State, b"")
    };
    let mut governor = governor();
    let policy = model("first-byte-float");
    for (body, first) in [
        (json!("@text"), 64.0),
        (json!(["x"]), 91.0),
        (json!({}), 123.0),
    ] {
        let evaluation = evaluate_with(&mut governor, &policy, &input(), &[inline(body)]);
        assert_eq!(
            evaluation.evidence["score"],
            first / 256.0,
            "{evaluation:?}"
        );
    }
    let nothing = evaluate_with(&mut governor, &policy, &input(), &[inline(json!(null))]);
    assert_eq!(failure(&nothing), "nothing_to_evaluate");
}

#[test]
fn logs_are_exempt_before_execution_and_scored_after_it() {
    let mut governor = governor();
    let policy = model("first-byte-float");
    let artifacts = [
        artifact("note", Role::Evidence, b"\x10"),
        artifact("trace", Role::Log, b"\xff"),
    ];
    let mut input = input();
    let before = evaluate_with(&mut governor, &policy, &input, &artifacts);
    assert_eq!(before.evidence["artifact"], "note");
    input.mode = cabincrew_protocol::engine::Mode::TakeOff;
    let after = evaluate_with(&mut governor, &policy, &input, &artifacts);
    assert_eq!(after.evidence["artifact"], "trace");
    assert_eq!(after.decision, Decision::Deny);
}

#[test]
fn nothing_and_too_much_deny() {
    let mut config = stage::config();
    config.limits.content_bytes = 16;
    let mut governor = Governor::start(&config).unwrap();
    let policy = model("constant-low");
    let none = evaluate_with(&mut governor, &policy, &input(), &[]);
    assert_eq!(failure(&none), "nothing_to_evaluate");
    let note = artifact("note", Role::Evidence, &[0; 17]);
    let much = evaluate_with(&mut governor, &policy, &input(), &[note]);
    assert_eq!(failure(&much), "oversize");
}

#[test]
fn content_that_takes_too_long_denies() {
    let mut governor = governor();
    let mut policy = model("one-byte-window");
    policy.timeout = Duration::from_millis(300);
    let note = artifact("note", Role::Evidence, &vec![0; 8 << 20]);
    let evaluation = evaluate_with(&mut governor, &policy, &input(), &[note]);
    assert_eq!(failure(&evaluation), "timed_out");
    let next = evaluate(&mut governor, &model("one-byte-window"));
    assert_eq!(next.decision, Decision::Warn);
}

#[test]
fn broken_models_deny_and_say_why() {
    let cases: [(&str, &[&str], &str); 34] = [
        ("above-one", &["unusable_score"], "1.5"),
        ("below-zero", &["unusable_score"], "-0.25"),
        ("cycle", &["malformed"], ""),
        ("double-score", &["malformed"], "float32"),
        ("empty", &["malformed"], "operator set"),
        ("external-data", &["malformed"], "another file"),
        ("foreign-operator", &["malformed"], "operator Score"),
        ("giant-dimensions", &["malformed"], "numbers"),
        ("giant-padding", &["malformed"], "pads of Conv"),
        ("graph-in-attribute", &["malformed"], "body of Identity"),
        ("infinite", &["unusable_score"], "inf"),
        ("input-of-open-length", &["malformed"], "[1, N]"),
        ("input-of-text", &["malformed"], "type"),
        ("input-too-wide", &["malformed"], "1048576"),
        ("input-without-batch", &["malformed"], "[1, N]"),
        ("missing-tensor", &["malformed"], ""),
        ("nan", &["unusable_score"], "NaN"),
        ("no-nodes", &["malformed"], "0 operators"),
        ("operator-not-allowed", &["malformed"], "ReduceSum"),
        ("operator-set-9999", &["malformed"], "9999"),
        ("outer-products", EXHAUSTED, ""),
        ("row-out-of-range", &["died"], ""),
        ("score-of-unknown-shape", &["malformed"], "one number"),
        ("shapes-do-not-fit", &["malformed"], ""),
        ("sometimes-above-one", &["unusable_score"], "1.0234375"),
        ("stride-of-zero", &["malformed"], "strides of Conv"),
        ("text", &["malformed"], ""),
        ("too-little-data", &["malformed"], ""),
        ("too-many-nodes", &["malformed"], "300 operators"),
        (
            "transpose-twice-to-one-place",
            &["malformed"],
            "perm of Transpose",
        ),
        ("truncated", &["malformed"], ""),
        ("two-inputs", &["malformed"], "2 inputs"),
        ("two-outputs", &["malformed"], "2 outputs"),
        ("two-scores", &["malformed"], "one number"),
    ];
    let folder = stage::fixtures().join("models/broken");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().display().to_string())
        .collect();
    files.sort();
    assert!(cases.iter().map(|(name, ..)| *name).eq(&files), "{files:?}");

    let mut governor = governor();
    let mut wrong = Vec::new();
    let content = artifact("note", Role::Evidence, b"\x83\x83\x83\x83");
    for (name, kinds, fragment) in cases {
        let policy = model(&format!("broken/{name}"));
        let evaluation = evaluate_with(
            &mut governor,
            &policy,
            &input(),
            std::slice::from_ref(&content),
        );
        let reason = evaluation.reason.clone().unwrap_or_default();
        if !kinds.contains(&failure(&evaluation)) || !reason.contains(fragment) {
            wrong.push(format!("{name}: {reason}"));
        }
        // Whatever became of the worker, the next model finds one.
        let next = evaluate(&mut governor, &model("constant-low"));
        assert_eq!(next.decision, Decision::Allow, "after {name}: {next:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_damaged_model_never_permits_more_than_it_should() {
    let whole = fs::read(stage::fixtures().join("models/constant-high.onnx")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.onnx");
    let mut governor = governor();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let evaluation = evaluate(&mut governor, &model_at("damaged", &path));
        assert_eq!(evaluation.decision, Decision::Deny, "cut to {length} bytes");
    }
}

#[test]
fn a_model_with_one_wrong_byte_is_scored_or_denied() {
    let whole = fs::read(stage::fixtures().join("models/first-byte-int64.onnx")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped.onnx");
    let mut governor = governor();
    let mut failures = 0;
    for (place, bit) in (0..whole.len()).flat_map(|place| [(place, 0x01), (place, 0x80)]) {
        let mut flipped = whole.clone();
        flipped[place] ^= bit;
        fs::write(&path, flipped).unwrap();
        let evaluation = evaluate(&mut governor, &model_at("flipped", &path));
        if evaluation.failed {
            assert_eq!(evaluation.decision, Decision::Deny);
            failures += 1;
        } else {
            let score = evaluation.evidence["score"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&score), "byte {place}: {score}");
        }
    }
    assert!(failures > whole.len() / 2, "only {failures} were refused");
}

#[test]
fn thresholds_are_checked_when_loaded() {
    let id = || "model".to_owned();
    let with = |warn, require_approval, deny| {
        let kind = PolicyKind::Onnx {
            path: "models/constant-low.onnx".into(),
            over: BTreeSet::from([Part::Body]),
            thresholds: Thresholds {
                warn,
                require_approval,
                deny,
            },
        };
        governor().load(&[stage::policy("model", kind)])
    };
    assert_eq!(with(None, None, Some(1.0)), Ok(()));
    assert_eq!(with(Some(0.5), None, Some(0.5)), Ok(()));
    assert_eq!(
        with(None, None, None),
        Err(LoadError::NoThreshold { id: id() })
    );
    for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let name = "require_approval";
        assert_eq!(
            with(None, Some(wrong), None),
            Err(LoadError::ThresholdRange { id: id(), name })
        );
    }
    assert_eq!(
        with(Some(0.7), None, Some(0.6)),
        Err(LoadError::ThresholdOrder {
            id: id(),
            name: "warn"
        })
    );
}
