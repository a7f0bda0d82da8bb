//! The four verbs of the contract on real engines, as a user gives them.

use std::fs;

use crate::documents::{check_documents, code};
use crate::place::{Place, event_types};

type Change = fn(&Place);

#[test]
fn an_allowed_workflow_is_applied_and_documented() {
    let place = Place::new();
    let output = place.run("w");
    assert_eq!(code(&output), Some(0), "{output:?}");
    assert_eq!(place.applied(), 1);
    check_documents(&place, "w");
    assert!(!place.home("w").join("runs").exists());
    assert_eq!(code(&place.run("w")), Some(4), "an id is used once");
    let before = place.export("w", "audit");
    assert_eq!(code(&place.cabincrew("resume", &["w"])), Some(0));
    assert_eq!(
        place.export("w", "audit"),
        before,
        "nothing follows the end"
    );
    assert_eq!(place.applied(), 1);
}

#[test]
fn decisions_lead_where_they_must() {
    for (decision, expected, applied) in [("warn", 0, 1), ("deny", 1, 0), ("maybe", 1, 0)] {
        let place = Place::new();
        place.policy(decision);
        assert_eq!(code(&place.run("w")), Some(expected), "{decision}");
        assert_eq!(place.applied(), applied, "{decision}");
        check_documents(&place, "w");
    }
}

#[test]
fn an_approval_is_bound_survives_and_counts_once() {
    let place = Place::new();
    place.policy("require_approval");
    assert_eq!(code(&place.run("w")), Some(3));
    for _ in 0..2 {
        assert_eq!(code(&place.cabincrew("resume", &["w"])), Some(3));
    }
    assert_eq!(place.export("w", "approvals").len(), 1);
    place.write("stray.json", r#"{"approval_id":"apr-x","approved":true,"approver":"bob","timestamp":"2026-01-01T00:00:00Z"}"#);
    assert_eq!(
        code(&place.cabincrew("respond", &["w", "stray.json"])),
        Some(3)
    );
    assert_eq!(place.applied(), 0);
    assert_eq!(code(&place.respond("w", "true", "bob")), Some(0));
    assert_eq!(place.applied(), 1);
    // The same again: noted, and ends as it did.
    assert_eq!(
        code(&place.cabincrew("respond", &["w", "response.json"])),
        Some(0)
    );
    assert_eq!(place.applied(), 1);
    let state = place.export("w", "state").remove(0);
    assert_eq!(state["approvals"].as_array().unwrap().len(), 1);
    check_documents(&place, "w");
}

#[test]
fn answers_that_are_not_good_never_apply() {
    let cases = [
        ("true", "eve"),
        ("true", "mallory"),
        ("true", ""),
        ("\"true\"", "bob"),
        ("1", "bob"),
        ("true,\"approved\":false", "bob"),
        ("false", "bob"),
    ];
    for (approved, approver) in cases {
        let place = Place::new();
        place.policy("require_approval");
        assert_eq!(code(&place.run("w")), Some(3));
        assert_eq!(
            code(&place.respond("w", approved, approver)),
            Some(1),
            "{approved} {approver}"
        );
        assert_eq!(place.applied(), 0);
        check_documents(&place, "w");
        // A late good answer changes nothing.
        assert_eq!(code(&place.respond("w", "true", "bob")), Some(1));
        assert_eq!(place.applied(), 0);
    }
}

#[test]
fn whatever_changes_after_planning_stops_take_off() {
    let changes: [(&str, Change); 6] = [
        ("body", |place| {
            fs::write(place.home("w").join("artifacts/change/body.data"), "other").unwrap();
        }),
        ("metadata", |place| {
            fs::write(place.home("w").join("artifacts/change/artifact.json"), "{}").unwrap();
        }),
        ("added", |place| {
            fs::create_dir(place.home("w").join("artifacts/more")).unwrap();
        }),
        ("removed", |place| {
            fs::remove_dir_all(place.home("w").join("artifacts/change")).unwrap();
        }),
        ("workspace", |place| place.write("ws/a.txt", "other")),
        ("engine", |place| {
            place.script("engine", "#!/bin/sh\nexit 0\n")
        }),
    ];
    for (name, change) in changes {
        let place = Place::new();
        place.policy("require_approval");
        assert_eq!(code(&place.run("w")), Some(3));
        change(&place);
        assert_eq!(code(&place.respond("w", "true", "bob")), Some(1), "{name}");
        assert_eq!(place.applied(), 0, "{name}");
        check_documents(&place, "w");
        let events = place.export("w", "audit");
        assert!(!event_types(&events).contains(&"workflow_complete"));
    }
}

#[test]
fn a_policy_that_changes_while_people_are_asked_stops_the_workflow() {
    let place = Place::new();
    place.policy("require_approval");
    assert_eq!(code(&place.run("w")), Some(3));
    place.policy("allow");
    assert_eq!(code(&place.respond("w", "true", "bob")), Some(1));
    assert_eq!(place.applied(), 0);
}

#[test]
fn what_cannot_be_used_is_refused_before_anything_runs() {
    let place = Place::new();
    assert_eq!(code(&place.cabincrew("resume", &["nobody"])), Some(4));
    assert_eq!(
        code(&place.cabincrew("export", &["nobody", "state"])),
        Some(4)
    );
    assert_eq!(code(&place.cabincrew("resume", &["../x"])), Some(2));
    assert_eq!(code(&place.cabincrew("frobnicate", &[])), Some(2));
    let good = fs::read_to_string(place.path("workflow.json")).unwrap();
    let bad = [
        good.replace("\"workflow\":\"demo\"", "\"workflow\":\"demo\",\"more\":1"),
        good.replace("\"custom\"", "\"wasm-foo\""),
        good.replace("\"edit\"", "\"../edit\""),
        "{".to_owned(),
    ];
    for text in bad {
        place.write("workflow.json", &text);
        assert_eq!(code(&place.run("w")), Some(2), "{text}");
    }
    assert!(!place.home("w").exists());
    place.write("workflow.json", &good.replace("./rule", "./missing"));
    assert_eq!(code(&place.run("w")), Some(1));
    assert_eq!(place.applied(), 0);
}

#[test]
fn cancel_ends_a_waiting_workflow() {
    let place = Place::new();
    place.policy("require_approval");
    assert_eq!(code(&place.run("w")), Some(3));
    let words = ["w", "--as", "carol", "--reason", "not needed"];
    assert_eq!(code(&place.cabincrew("cancel", &words)), Some(1));
    assert_eq!(code(&place.respond("w", "true", "bob")), Some(1));
    assert_eq!(place.applied(), 0);
    check_documents(&place, "w");
}

#[test]
fn a_workflow_in_yaml_is_the_same_workflow() {
    let place = Place::new();
    let text = "
workflow: demo
steps:
  - step_id: edit
    engine: {command: [./engine], timeout_ms: 20000}
governance:
  policies:
    - id: rule
      kind: custom
      command: [./rule]
      timeout_ms: 20000
approval: {roster: roster.json}
trigger: {kind: user, by: alice}
";
    place.write("workflow.yaml", text);
    let words = ["--workspace", "ws", "--workflow-id", "w", "workflow.yaml"];
    let output = place.cabincrew("run", &words);
    assert_eq!(code(&output), Some(0), "{output:?}");
    assert_eq!(place.applied(), 1);
    check_documents(&place, "w");
    let load = |name: &str| cabincrew_reference::workflow::load(&place.path(name)).unwrap();
    assert_eq!(load("workflow.yaml"), load("workflow.json"));
    for bad in [
        text.replace("kind: user", "kind: user, kind: system"),
        text.replace("workflow: demo", "workflow: demo\nmore: 1"),
        text.replace("by: alice", "by: yes"),
    ] {
        place.write("workflow.yaml", &bad);
        let words = ["--workspace", "ws", "--workflow-id", "v", "workflow.yaml"];
        assert_eq!(code(&place.cabincrew("run", &words)), Some(2), "{bad}");
    }
    assert!(!place.home("v").exists());
}

#[test]
fn every_verb_has_a_man_page() {
    let place = Place::new();
    let man = |folder: &str| {
        let mut command = std::process::Command::new(crate::place::program());
        command.args(["man", folder]).current_dir(place.path("."));
        command.output().unwrap()
    };
    let made = man(".");
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    for name in ["cabincrew", "cabincrew-run", "cabincrew-audit-html"] {
        let page = fs::read_to_string(place.path(&format!("{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{name}: {page}");
    }
    assert_eq!(man("no-such-folder").status.code(), Some(2));
}
