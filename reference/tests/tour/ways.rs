//! Every way that the tour can go.

use std::fs;

use serde_json::{Value, json};

use super::trip::Trip;
use crate::place::event_types;

#[test]
fn a_dependency_is_raised_as_approved_and_the_audit_log_proves_it() {
    let trip = Trip::new();
    assert!(trip.run(3).contains("AWAITING_APPROVAL"));
    assert!(trip.is_untouched());
    let status = trip.verb(0, &["status"]);
    assert!(status.contains("waits for release-manager"), "{status}");
    let review = trip.verb(0, &["review"]);
    for part in [
        "role needed: release-manager",
        "the plan is for production",
        "opa protected-paths: allow",
        "onnx secrets: allow",
        "| -serde = { version = '1.0.150'",
        "| +serde = { version = '1.0.219'",
    ] {
        assert!(review.contains(part), "{part} in {review}");
    }
    // Neither who asked for it, nor who has another role.
    trip.verb(2, &["approve", "--as", "bob"]);
    assert!(trip.is_untouched());
    assert!(trip.approve(0).contains("COMPLETED"));
    assert!(trip.is_applied());
    let token = trip.export("plan-token").remove(0);
    let events = trip.export("audit");
    let types = event_types(&events);
    let order = [
        "workflow_started",
        "engine_start",
        "plan_token_created",
        "policy_result",
        "model_result",
        "approval_request",
        "approval_response",
        "plan_token_verified",
        "engine_complete",
        "workflow_complete",
    ];
    let mut rest = types.iter();
    assert!(
        order.iter().all(|kind| rest.any(|seen| seen == kind)),
        "{types:?}"
    );
    let approved = events
        .iter()
        .find(|event| event["event_type"] == "approval_response");
    assert_eq!(
        approved.unwrap()["approval"]["plan_token_hash"],
        token["token"]
    );
    let key = fs::read_to_string(trip.path("audit.vkey")).unwrap();
    let verify = ["audit", "verify", "--key", key.trim()];
    trip.verb(3, &verify);
    trip.verb(0, &["audit", "checkpoint", "--out", "bump.checkpoint"]);
    let anchored = trip.verb(
        0,
        &[&verify[..], &["--checkpoint", "bump.checkpoint"]].concat(),
    );
    assert!(anchored.starts_with("anchored"), "{anchored}");
}

#[test]
fn the_requester_cannot_approve_the_own_plan() {
    let trip = Trip::new();
    trip.run(3);
    trip.verb(1, &["approve", "--as", "alice"]);
    assert!(trip.is_untouched());
}

#[test]
fn a_plan_for_staging_needs_nobody() {
    let trip = Trip::with(|workflow| {
        workflow["governance"]["context"]["environment"] = json!("staging");
    });
    assert!(trip.run(0).contains("COMPLETED"));
    assert!(trip.is_applied());
    assert!(trip.export("approvals").is_empty());
}

#[test]
fn a_warning_stops_nothing_and_is_kept() {
    let trip = Trip::with(|workflow| {
        workflow["governance"]["context"]["environment"] = json!("staging");
        workflow["governance"]["context"]["change_size"] = json!({"warn_lines": 5});
    });
    trip.run(0);
    assert!(trip.is_applied());
    let events = trip.export("audit");
    let decided = events
        .iter()
        .find(|event| event["event_type"] == "preflight_decision");
    assert_eq!(decided.unwrap()["policy"]["decision"], "warn");
    assert_eq!(
        decided.unwrap()["policy"]["warnings"],
        json!(["10 changed lines in 1 diffs"])
    );
}

#[test]
fn a_dependency_that_is_not_listed_is_denied() {
    let trip = Trip::with(|workflow| {
        workflow["governance"]["context"]["allowed_dependencies"] = json!({"serde_json": "*"});
    });
    trip.run(1);
    assert!(trip.is_untouched());
    let status = trip.verb(0, &["status"]);
    assert!(
        status.contains("opa/dependencies: changes: serde is not on the list"),
        "{status}"
    );
}

#[test]
fn a_secret_in_what_is_written_is_denied_by_the_model() {
    let trip = Trip::new();
    let manifest = trip.project().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    // Made up, in two parts, so that no scanner takes this file for a leak.
    let secret = ["ghp", "q7Rk2ZtV9bXw4LmN8sYc1PdF6hGj3TaU0eKx"].join("_");
    fs::write(&manifest, format!("# token = \"{secret}\"\n{text}")).unwrap();
    trip.run(1);
    assert_eq!(
        fs::read_to_string(&manifest).unwrap().lines().count(),
        text.lines().count() + 1
    );
    let events = trip.export("audit");
    let model = events
        .iter()
        .find(|event| event["event_type"] == "model_result");
    assert_eq!(model.unwrap()["policy"]["decision"], "deny");
}

#[test]
fn a_rejected_plan_is_not_applied() {
    let trip = Trip::new();
    trip.run(3);
    assert!(
        trip.verb(1, &["reject", "--as", "rita", "--reason", "not now"])
            .contains("FAILED")
    );
    assert!(trip.is_untouched());
    trip.verb(2, &["approve", "--as", "rita"]);
    assert!(trip.is_untouched());
}

#[test]
fn a_tampered_plan_is_not_applied() {
    let trip = Trip::new();
    trip.run(3);
    let edits = trip.home().join("artifacts/edits/body.data");
    let text = fs::read_to_string(&edits).unwrap();
    fs::write(&edits, text.replace("1.0.219", "1.0.999")).unwrap();
    trip.approve(1);
    assert!(trip.is_untouched());
    let events = trip.export("audit");
    let mismatch = |event: &&Value| event["integrity_check"]["artifacts_match"] == json!(false);
    let found = events.iter().find(mismatch).unwrap();
    assert_eq!(found["severity"], "critical");
}

#[test]
fn a_project_that_has_moved_on_is_left_alone() {
    let trip = Trip::new();
    trip.run(3);
    fs::write(trip.project().join("NEWS"), "other work\n").unwrap();
    trip.approve(1);
    fs::remove_file(trip.project().join("NEWS")).unwrap();
    assert!(trip.is_untouched());
    let status = trip.verb(0, &["status"]);
    assert!(
        status.contains("has changed since it was planned on"),
        "{status}"
    );
}
