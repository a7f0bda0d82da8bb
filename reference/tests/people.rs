//! The verbs for people, and the example of the lifecycle's section 14 with a real policy.

use std::fs;

use serde_json::Value;

use crate::place::Place;

fn text(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_plan_is_reviewed_approved_and_applied() {
    let place = Place::new();
    place.policy("require_approval");
    assert_eq!(place.run("w").status.code(), Some(3));
    let review = text(&place.cabincrew("review", &["w"]));
    for part in [
        "role needed: approver",
        "by rule",
        "artifact change (state)",
        "| new content",
    ] {
        assert!(review.contains(part), "{part} in {review}");
    }
    let status = text(&place.cabincrew("status", &["w"]));
    assert!(status.contains("AWAITING_APPROVAL") && status.contains("waits for approver"));
    // Who holds no role changes nothing, not even by mistake.
    let slip = place.cabincrew("approve", &["w", "--as", "eve"]);
    assert_eq!(slip.status.code(), Some(2));
    let output = place.cabincrew("approve", &["w", "--as", "bob", "--reason", "seen"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(place.applied(), 1);
    let state = place.export("w", "state").remove(0);
    assert_eq!(state["approvals"][0]["reason"], "seen");
    assert_eq!(
        place
            .cabincrew("approve", &["w", "--as", "bob"])
            .status
            .code(),
        Some(2)
    );
    let list = text(&place.cabincrew("list", &["--json"]));
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list[0]["state"], "COMPLETED");
}

#[test]
fn a_plan_is_rejected() {
    let place = Place::new();
    place.policy("require_approval");
    assert_eq!(place.run("w").status.code(), Some(3));
    assert_eq!(
        place
            .cabincrew("reject", &["w", "--as", "bob"])
            .status
            .code(),
        Some(1)
    );
    assert_eq!(place.applied(), 0);
}

#[test]
fn texts_from_engines_cannot_steer_a_terminal() {
    let place = Place::new();
    place.policy("require_approval");
    let engine = crate::place::ENGINE
        .replace("new content\\n", "\\033[2Jnew\\n")
        .replace("\"size\":12", "\"size\":8");
    place.script("engine", &engine);
    assert_eq!(place.run("w").status.code(), Some(3));
    let review = place.cabincrew("review", &["w"]).stdout;
    assert!(
        !review.contains(&0x1b) && text(&place.cabincrew("review", &["w"])).contains("\\u{1b}[2J")
    );
}

#[test]
fn a_token_is_recomputed_from_artifacts_on_disk() {
    let place = Place::new();
    assert_eq!(place.run("w").status.code(), Some(0));
    let token = place.export("w", "plan-token").remove(0);
    place.write("token.json", &token.to_string());
    let value = token["token"].as_str().unwrap();
    let artifacts = place.home("w").join("artifacts");
    let verify = |expect: &str, step: &str| {
        let mut command = std::process::Command::new(crate::place::program());
        command.args(["plan", "verify", "--expect", expect, "--plan-token"]);
        command
            .arg(place.path("token.json"))
            .args(["--workflow-id", "w", "--step-id", step]);
        command.arg(&artifacts).output().unwrap().status.code()
    };
    assert_eq!(verify(value, "edit"), Some(0));
    assert_eq!(verify(value, "other"), Some(1));
    assert_eq!(verify(&"0".repeat(64), "edit"), Some(1));
    fs::write(artifacts.join("change/body.data"), "other").unwrap();
    assert_eq!(verify(value, "edit"), Some(1));
}

#[test]
fn a_starter_is_complete() {
    let place = Place::new();
    let mut command = std::process::Command::new(crate::place::program());
    let output = command
        .arg("init")
        .arg(place.path("starter"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let loaded = cabincrew_reference::workflow::load(&place.path("starter/workflow.json")).unwrap();
    let base = loaded.base;
    for policy in loaded.workflow.governance.policies {
        assert!(base.join(policy.path.unwrap()).is_file());
    }
    cabincrew_reference::roster::load(&base.join("roster.json")).unwrap();
    let again = std::process::Command::new(crate::place::program())
        .arg("init")
        .arg(place.path("starter"))
        .output();
    assert_eq!(
        again.unwrap().status.code(),
        Some(2),
        "nothing is overwritten"
    );
}
