//! Rego: what is shown, what is accepted as an answer, and what hostile policies come to.

use std::fs;
use std::time::Duration;

use cabincrew_governance::GovernedArtifact;
use cabincrew_protocol::artifact::Role;
use cabincrew_protocol::decision::Decision;
use cabincrew_protocol::digest::sha256;
use serde_json::{Value, json};

use super::stage::{
    self, EXHAUSTED, artifact, evaluate, evaluate_with, failure, governor, input, input_with, rego,
    rego_at,
};

#[test]
fn the_four_decisions_come_through() {
    let mut governor = governor();
    for decision in Decision::ALL {
        let name = format!("always-{}", decision.as_str().replace('_', "-"));
        let evaluation = evaluate(&mut governor, &rego(&name));
        assert_eq!(evaluation.decision, decision);
        assert!(!evaluation.failed, "{evaluation:?}");
        assert_eq!(evaluation.output.unwrap().decision, decision);
    }
}

#[test]
fn evidence_names_engine_query_and_digest() {
    let evaluation = evaluate(&mut governor(), &rego("always-allow"));
    let file = fs::read(stage::fixtures().join("policies/always-allow.rego")).unwrap();
    let expected = json!({
        "engine": { "name": "regorus", "version": "0.14.1" },
        "query": stage::QUERY,
        "sha256": sha256(&file).as_str(),
    });
    assert_eq!(Value::Object(evaluation.evidence), expected);
    assert_eq!(evaluation.reason, None);
}

/// The policy echoes its input as annotations.
fn seen_by_a_policy(artifacts: &[GovernedArtifact]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("echo.rego");
    let source = "package cabincrew.preflight\n\
        result := {\"decision\": \"allow\", \"annotations\": input}\n";
    fs::write(&path, source).unwrap();
    let input = input_with(json!({ "config": { "depth": 2 }, "artifacts": "forged" }));
    let evaluation = evaluate_with(&mut governor(), &rego_at("echo", path), &input, artifacts);
    assert!(!evaluation.failed, "{evaluation:?}");
    evaluation.evidence["annotations"].clone()
}

#[test]
fn a_policy_sees_metadata_and_content_of_every_governed_artifact() {
    let binary = artifact("image", Role::State, &[0xff, 0x00]);
    let bare = GovernedArtifact {
        body: None,
        ..artifact("bare", Role::Evidence, b"")
    };
    let text = artifact("note", Role::Evidence, "gr\u{fc}n\n".as_bytes());
    let log = artifact("trace", Role::Log, b"not shown before execution");
    let seen = seen_by_a_policy(&[text.clone(), binary, bare, log]);
    assert_eq!(seen["workflow_id"], "wf-1");
    assert_eq!(seen["mode"], "flight-plan");
    assert_eq!(seen["engine_output"]["status"], "success");
    assert_eq!(seen["context"]["config"]["depth"], 2);
    let artifacts = seen["context"]["artifacts"].as_array().unwrap();
    assert_eq!(artifacts.len(), 3);
    assert_eq!(
        artifacts[0],
        json!({
            "name": "note",
            "role": "evidence",
            "artifact": text.artifact,
            "body_text": "gr\u{fc}n\n",
            "body_sha256": sha256("gr\u{fc}n\n".as_bytes()).as_str(),
        })
    );
    assert_eq!(artifacts[1]["body_base64"], "/wA=");
    assert_eq!(artifacts[1].get("body_text"), None);
    assert_eq!(artifacts[2].get("body_sha256"), None);
}

#[test]
fn after_execution_logs_are_shown_too() {
    let mut input = input();
    input.mode = cabincrew_protocol::engine::Mode::TakeOff;
    let log = artifact("trace", Role::Log, b"done");
    let shown = cabincrew_governance::shown(&input, &[log]);
    let artifacts = &shown.context.unwrap()["artifacts"];
    assert_eq!(artifacts[0]["body_text"], "done");
}

#[test]
fn content_that_cannot_be_shown_denies() {
    let mut config = stage::config();
    config.limits.content_bytes = 8;
    let mut governor = cabincrew_governance::Governor::start(&config).unwrap();
    let fits = artifact("note", Role::Evidence, b"12345678");
    let policy = rego("always-allow");
    let evaluation = evaluate_with(
        &mut governor,
        &policy,
        &input(),
        std::slice::from_ref(&fits),
    );
    assert!(!evaluation.failed);
    let more = artifact("more", Role::Evidence, b"9");
    let evaluation = evaluate_with(&mut governor, &policy, &input(), &[fits, more]);
    assert_eq!(failure(&evaluation), "oversize");
}

#[test]
fn broken_policies_deny_and_say_why() {
    let cases: [(&str, &[&str], &str); 19] = [
        ("calls-the-network", &["evaluation"], "http.send"),
        ("conflict", &["evaluation"], "conflicts"),
        ("divides-by-zero", &["evaluation"], "zero"),
        ("floods", &["flooded"], "answer"),
        ("growing-text", EXHAUSTED, ""),
        ("huge-comprehension", EXHAUSTED, ""),
        ("huge-range", EXHAUSTED, ""),
        ("missing-rule", &["malformed"], "rule path"),
        ("mutual-recursion", EXHAUSTED, ""),
        ("nested-literals", &["malformed"], "brackets"),
        ("old-syntax", &["malformed"], "`if`"),
        ("reads-the-clock", &["evaluation"], "time.now_ns"),
        ("runaway-recursion", EXHAUSTED, ""),
        ("syntax-error", &["malformed"], "expecting"),
        ("throws-a-coin", &["evaluation"], "rand.intn"),
        ("undefined", &["undefined"], "no value"),
        ("unknown-decision", &["wrong_shape"], "permit"),
        ("unknown-member", &["wrong_shape"], "confidence"),
        ("wrong-shape", &["wrong_shape"], "object"),
    ];
    let mut governor = governor();
    let mut wrong = Vec::new();
    for (name, kinds, fragment) in cases {
        let evaluation = evaluate(&mut governor, &rego(&format!("broken/{name}")));
        let reason = evaluation.reason.clone().unwrap_or_default();
        if !kinds.contains(&failure(&evaluation)) || !reason.contains(fragment) {
            wrong.push(format!("{name}: {reason}"));
        }
        // Whatever became of the worker, the next policy finds one.
        let next = evaluate(&mut governor, &rego("always-allow"));
        assert_eq!(next.decision, Decision::Allow, "after {name}: {next:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_broken_policy_is_tried() {
    let folder = stage::fixtures().join("policies/broken");
    let count = fs::read_dir(folder).unwrap().count();
    assert_eq!(count, 19);
}

#[test]
fn only_brackets_that_nest_count() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.rego");
    let mut governor = governor();
    let mut load = |expression: &str| {
        let text = format!(
            "# {many} `\npackage cabincrew.preflight\n\
             text := [\"{many} \\\"\", `{many} \"`] # {many}\n\
             result := {{\"decision\": \"allow\"}} if {expression} == {expression}\n",
            many = "[".repeat(20),
        );
        fs::write(&path, text).unwrap();
        let evaluation = evaluate(&mut governor, &rego_at("brackets", &path));
        evaluation.failed.then(|| failure(&evaluation).to_owned())
    };
    let nested = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(load("1"), None);
    assert_eq!(load(&nested(10)), None);
    assert_eq!(load(&nested(11)).as_deref(), Some("malformed"));
    let mixed = "[{\"a\": ".repeat(6);
    assert_eq!(load(&mixed).as_deref(), Some("malformed"));
}

#[test]
fn what_does_not_load_is_known_beforehand() {
    let mut governor = governor();
    let missing = rego("no-such-policy");
    let mut pinned = rego("always-allow");
    pinned.sha256 = Some(sha256(b"another file"));
    governor
        .load(&[
            rego("always-deny"),
            rego("broken/syntax-error"),
            missing,
            pinned,
        ])
        .unwrap();
    let found: Vec<_> = governor
        .loaded()
        .map(|loaded| {
            let kind = loaded.failure.as_ref().map(|failure| failure.kind.as_str());
            (loaded.policy_id.as_str(), kind, loaded.sha256.is_some())
        })
        .collect();
    assert_eq!(
        found,
        [
            ("always-deny", None, true),
            ("broken/syntax-error", Some("malformed"), true),
            ("no-such-policy", Some("unreadable"), false),
            ("always-allow", Some("pin_mismatch"), true),
        ]
    );
}

#[test]
fn a_folder_or_a_large_file_is_no_policy() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.rego");
    fs::write(&large, vec![b'#'; 300 << 10]).unwrap();
    let mut governor = governor();
    let evaluation = evaluate(&mut governor, &rego_at("folder", folder.path()));
    assert_eq!(failure(&evaluation), "unreadable");
    let evaluation = evaluate(&mut governor, &rego_at("large", large));
    assert_eq!(failure(&evaluation), "malformed");
}

#[test]
fn a_policy_is_evaluated_as_it_was_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.rego");
    let text = |decision| {
        format!("package cabincrew.preflight\nresult := {{\"decision\": \"{decision}\"}}\n")
    };
    fs::write(&path, text("deny")).unwrap();
    let mut governor = governor();
    let policy = rego_at("changing", &path);
    governor.load(std::slice::from_ref(&policy)).unwrap();
    fs::write(&path, text("allow")).unwrap();
    let evaluation = governor.evaluate(&input(), &[]).remove(0);
    assert_eq!(evaluation.decision, Decision::Deny);
    assert_eq!(evaluate(&mut governor, &policy).decision, Decision::Allow);
}

#[test]
fn equal_inputs_give_equal_evaluations() {
    let policies = [
        rego("change-size"),
        rego("protected-paths"),
        rego("broken/undefined"),
    ];
    let artifacts = [artifact("note", Role::Evidence, b"+a\n-b\n")];
    let run = || {
        let mut governor = governor();
        governor.load(&policies).unwrap();
        governor.evaluate(&input(), &artifacts)
    };
    let first = run();
    assert_eq!(first.len(), 3);
    assert_eq!(first, run());
}

#[test]
fn several_policies_see_the_same_input_and_all_are_evaluated() {
    let mut governor = governor();
    let mut slow = rego("broken/huge-comprehension");
    slow.timeout = Duration::from_millis(200);
    governor
        .load(&[
            rego("always-deny"),
            slow,
            rego("broken/runaway-recursion"),
            rego("always-warn"),
        ])
        .unwrap();
    let evaluations = governor.evaluate(&input(), &[]);
    let decisions: Vec<_> = evaluations
        .iter()
        .map(|evaluation| (evaluation.decision, evaluation.failed))
        .collect();
    assert_eq!(
        decisions,
        [
            (Decision::Deny, false),
            (Decision::Deny, true),
            (Decision::Deny, true),
            (Decision::Warn, false),
        ]
    );
}
