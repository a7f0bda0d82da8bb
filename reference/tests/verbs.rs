//! The four verbs of the contract on real engines, as a user gives them.

use std::fs;
use std::process::Output;
use std::time::Duration;

use cabincrew_protocol::replay::Replay;
use cabincrew_protocol::schema::violations;
use cabincrew_protocol::wal::WalEntry;
use serde_json::Value;

use crate::place::{ENGINE, Place, event_types};

type Change = fn(&Place);

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// Every document fits its schema, and the state is that of the exported log.
fn check_documents(place: &Place, id: &str) {
    let fits = |definition: &str, value: &Value| {
        let found = violations(definition, value);
        assert!(found.is_empty(), "{definition}: {found:?} in {value}");
    };
    let state = place.export(id, "state").remove(0);
    fits("WorkflowStateRecord", &state);
    let mut replay = Replay::default();
    for entry in place.export(id, "wal") {
        fits("WALEntry", &entry);
        let entry: WalEntry = serde_json::from_value(entry).unwrap();
        assert_eq!(entry.computed_checksum().unwrap().as_str(), entry.checksum);
        replay.apply(&entry).unwrap();
    }
    assert_eq!(replay.state().unwrap().as_str(), state["current_state"]);
    let events = place.export(id, "audit");
    for event in &events {
        fits("AuditEvent", event);
        let kind = event["event_type"].as_str().unwrap();
        let known = cabincrew_protocol::audit::vocabulary::event_type(kind).unwrap();
        let told = event["workflow_state"].as_str().unwrap();
        assert!(known.states.allows(told), "{kind} in {told}");
    }
    cabincrew_protocol::audit::verify_chain(id, &events).unwrap();
    for token in place
        .export(id, "plan-token")
        .iter()
        .filter(|token| !token.is_null())
    {
        fits("PlanToken", token);
    }
    for request in place.export(id, "approvals") {
        fits("ApprovalRequest", &request);
    }
    for artifact in place.export(id, "artifacts")[0].as_array().unwrap() {
        fits("EngineArtifact", artifact);
    }
}

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
fn engines_that_break_the_contract_fail_the_workflow() {
    let planning = |body: &str| format!("#!/bin/sh\ncat >/dev/null\n{body}\n");
    let cases = [
        ("silent", planning("exit 0")),
        ("prose", planning("echo hello; exit 0")),
        ("exit", ENGINE.replace("else\n", "exit 3\nelse\n")),
        (
            "token",
            ENGINE.replace(
                "\"status\":\"success\",\"artifacts\"",
                "\"plan_token\":\"x\",\"status\":\"success\",\"artifacts\"",
            ),
        ),
        ("hash", ENGINE.replace("\"size\":12", "\"size\":13")),
        (
            "workspace",
            ENGINE.replace(
                "input=$(cat)",
                "input=$(cat); [ \"$2\" = take-off ] || echo x >> \"$CABINCREW_WORKSPACE/a.txt\"",
            ),
        ),
        (
            "extra",
            ENGINE.replace("HASH=$(", "echo x > \"$A/stray\"; HASH=$("),
        ),
        (
            "link",
            ENGINE.replace(
                "printf 'new content\\n' > \"$A/change/body.data\"",
                "ln -s /etc/hostname \"$A/change/body.data\"",
            ),
        ),
        (
            "twice",
            ENGINE.replace("\"receipt_id\":\"off\"", "\"receipt_id\":\"plan\""),
        ),
        (
            "altered",
            ENGINE.replace(
                "echo applied",
                "echo x >> \"$A/change/body.data\"; echo applied",
            ),
        ),
    ];
    for (name, engine) in cases {
        assert_ne!(engine, ENGINE, "{name}");
        let place = Place::new();
        place.script("engine", &engine);
        assert_eq!(code(&place.run("w")), Some(1), "{name}");
        check_documents(&place, "w");
    }
}

#[test]
fn engines_get_what_is_documented_and_nothing_else() {
    let place = Place::new();
    let seen = place.path("seen");
    let report = format!(
        "input=$(cat); env | sed 's/=.*//' | sort | tr '\\n' ' ' > {0}; ls /proc/self/fd | tr '\\n' ' ' >> {0}; pwd >> {0}; printf %s \"$input\" > {0}.input",
        seen.display()
    );
    place.script("engine", &ENGINE.replace("input=$(cat)", &report));
    assert_eq!(code(&place.run("w")), Some(0));
    let seen = fs::read_to_string(seen).unwrap();
    let names =
        "CABINCREW_ARTIFACTS_DIR CABINCREW_MODE CABINCREW_TEMP_DIR CABINCREW_WORKSPACE PATH PWD ";
    // The shell sets PWD and _ itself; `ls` opens 3 for the listing.
    let seen = seen
        .replace("_ ", "")
        .replace("OLDPWD ", "")
        .replace("SHLVL ", "");
    assert!(seen.starts_with(&format!("{names}0 1 2 3 ")), "{seen}");
    assert!(seen.trim_end().ends_with("/temp"), "{seen}");
    let input = fs::read_to_string(place.path("seen.input")).unwrap();
    let input: Value = serde_json::from_str(&input).unwrap();
    assert!(violations("EngineInput", &input).is_empty());
    assert_eq!(
        input["context"]["state_artifacts"][0]["path"],
        "change/body.data"
    );
}

#[test]
fn secrets_are_mapped_and_never_stored() {
    let place = Place::new();
    let workflow = fs::read_to_string(place.path("workflow.json")).unwrap();
    let mapped = workflow.replace(
        "\"step_id\":\"edit\",",
        "\"step_id\":\"edit\",\"secrets\":{\"TOKEN\":{\"env\":\"MY_TOKEN\"}},",
    );
    place.write("workflow.json", &mapped);
    let leaky = ENGINE
        .replace("input=$(cat)", "input=$(cat); echo \"$input\" >&2")
        .replace(
            "\"receipt_id\":\"plan\",",
            "\"receipt_id\":\"plan\",\"warnings\":[\"hunter2hunter2\"],",
        );
    place.script("engine", &leaky);
    assert_eq!(
        code(&place.run("unset")),
        Some(1),
        "a mapped secret that is not set"
    );
    let words = ["--workspace", "ws", "--workflow-id", "w", "workflow.json"];
    let output = place
        .command("run", &words)
        .env("MY_TOKEN", "hunter2hunter2")
        .output()
        .unwrap();
    assert_eq!(code(&output), Some(0), "{output:?}");
    let mut grep = std::process::Command::new("grep");
    let found = grep
        .arg("-r")
        .arg("hunter2")
        .arg(place.path("state"))
        .output()
        .unwrap();
    assert!(
        found.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&found.stdout)
    );
    let log = fs::read_to_string(place.home("w").join("logs/edit-flight-plan-0.stderr")).unwrap();
    assert!(log.contains("[redacted]"));
    // In an artifact it cannot be redacted, so the workflow fails.
    place.script("engine", &ENGINE.replace("new content", "hunter2hunter2"));
    let words = ["--workspace", "ws", "--workflow-id", "v", "workflow.json"];
    let output = place
        .command("run", &words)
        .env("MY_TOKEN", "hunter2hunter2")
        .output()
        .unwrap();
    assert_eq!(code(&output), Some(1));
}

#[test]
fn a_damaged_journal_is_left_alone_and_sealed() {
    let place = Place::new();
    place.policy("require_approval");
    assert_eq!(code(&place.run("w")), Some(3));
    let journal = place.home("w").join("journal");
    let good = fs::read(&journal).unwrap();
    let mut damaged = good.clone();
    damaged[100] ^= 1;
    fs::write(&journal, &damaged).unwrap();
    for verb in [
        vec!["resume", "w"],
        vec!["export", "w", "state"],
        vec!["resume", "w"],
    ] {
        assert_eq!(
            code(&place.cabincrew(verb[0], &verb[1..])),
            Some(4),
            "{verb:?}"
        );
    }
    assert_eq!(fs::read(&journal).unwrap(), damaged);
    let names = fs::read_dir(place.home("w")).unwrap();
    let sealed: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("damage-"))
        .collect();
    assert_eq!(sealed.len(), 1);
    let event = fs::read_to_string(place.home("w").join(&sealed[0])).unwrap();
    let event: Value = serde_json::from_str(&event).unwrap();
    assert_eq!(event["event_type"], "journal_damaged");
    assert!(violations("AuditEvent", &event).is_empty());
    // An emptied or removed journal beside projections is damage too, and never a new workflow.
    for bytes in [Some(Vec::new()), None] {
        match bytes {
            Some(bytes) => fs::write(&journal, bytes).unwrap(),
            None => fs::remove_file(&journal).unwrap(),
        }
        assert_eq!(code(&place.cabincrew("resume", &["w"])), Some(4));
        assert_eq!(code(&place.run("w")), Some(4));
    }
    // A journal that has lost its last lines is betrayed by the projections.
    let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
    fs::write(&journal, lines[..lines.len() - 1].concat()).unwrap();
    assert_eq!(code(&place.cabincrew("resume", &["w"])), Some(4));
    fs::write(&journal, good).unwrap();
    assert_eq!(code(&place.cabincrew("resume", &["w"])), Some(3));
}

#[test]
fn projections_are_rebuilt_and_never_believed() {
    let place = Place::new();
    place.policy("require_approval");
    assert_eq!(code(&place.run("w")), Some(3));
    let state = place.home("w").join("state.json");
    let text = fs::read_to_string(&state).unwrap();
    fs::write(&state, text.replace("AWAITING_APPROVAL", "APPROVED")).unwrap();
    fs::remove_file(place.home("w").join("wal.jsonl")).unwrap();
    let audit = place.home("w").join("audit.jsonl");
    let mut bytes = fs::read(&audit).unwrap();
    bytes.extend(b"{\"event_id\":");
    fs::write(&audit, bytes).unwrap();
    assert_eq!(code(&place.cabincrew("resume", &["w"])), Some(3));
    let events = place.export("w", "audit");
    let types = event_types(&events);
    assert!(
        types.contains(&"record_rebuilt") && types.contains(&"incomplete_entry"),
        "{types:?}"
    );
    assert!(
        fs::read_to_string(&state)
            .unwrap()
            .contains("AWAITING_APPROVAL")
    );
    assert_eq!(
        fs::read(&audit).unwrap(),
        place.cabincrew("export", &["w", "audit"]).stdout
    );
    assert_eq!(place.applied(), 0);
}

/// Waits for something that another process is about to do.
fn until(what: &str, mut seen: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if seen() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    panic!("{what} has not happened in time");
}

#[test]
fn a_killed_orchestrator_takes_its_engine_along_and_take_off_is_in_doubt() {
    let place = Place::new();
    let pid = place.path("pid");
    let slow = format!(
        "(sleep 600; echo late >> {0}.late) & echo $! > {0}; wait; echo applied",
        pid.display()
    );
    place.script("engine", &ENGINE.replace("echo applied", &slow));
    let words = ["--workspace", "ws", "--workflow-id", "w", "workflow.json"];
    let mut running = place.command("run", &words).spawn().unwrap();
    until("take-off", || {
        fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n'))
    });
    assert_eq!(
        code(&place.cabincrew("resume", &["w"])),
        Some(4),
        "one writer at a time"
    );
    running.kill().unwrap();
    running.wait().unwrap();
    let child = fs::read_to_string(&pid).unwrap();
    let gone = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        stat.map_or(true, |stat| stat.contains(") Z"))
    };
    until("the end of the engine's child", gone);
    assert_eq!(place.applied(), 1);
    let mut doubt = place.command("resume", &["w"]);
    assert_eq!(doubt.output().unwrap().status.code(), Some(1));
    assert_eq!(place.applied(), 1, "nothing runs again by itself");
    let events = place.export("w", "audit");
    assert!(event_types(&events).contains(&"takeoff_outcome_unknown"));
    check_documents(&place, "w");
}

#[test]
fn an_operator_may_have_take_off_run_again() {
    let place = Place::new();
    let pid = place.path("pid");
    let once = format!(
        "if [ ! -e {0} ]; then echo $$ > {0}; sleep 600; fi; echo applied",
        pid.display()
    );
    place.script("engine", &ENGINE.replace("echo applied", &once));
    let words = ["--workspace", "ws", "--workflow-id", "w", "workflow.json"];
    let mut running = place.command("run", &words).spawn().unwrap();
    until("take-off", || {
        fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n'))
    });
    running.kill().unwrap();
    running.wait().unwrap();
    let retry = [
        "--retry-take-off",
        "--as",
        "carol",
        "--reason",
        "seen on the host",
        "w",
    ];
    let output = place.cabincrew("resume", &retry);
    assert_eq!(code(&output), Some(0), "{output:?}");
    assert_eq!(place.applied(), 2);
    let events = place.export("w", "audit");
    assert!(
        events
            .iter()
            .any(|event| event["message"].as_str().unwrap().contains("carol"))
    );
    check_documents(&place, "w");
}

#[test]
fn a_crash_while_planning_plans_again_and_says_so() {
    let place = Place::new();
    let pid = place.path("pid");
    let once = format!(
        "input=$(cat); if [ ! -e {0} ]; then echo $$ > {0}; sleep 600; fi",
        pid.display()
    );
    place.script("engine", &ENGINE.replace("input=$(cat)", &once));
    let words = ["--workspace", "ws", "--workflow-id", "w", "workflow.json"];
    let mut running = place.command("run", &words).spawn().unwrap();
    until("planning", || {
        fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n'))
    });
    running.kill().unwrap();
    running.wait().unwrap();
    assert_eq!(code(&place.cabincrew("resume", &["w"])), Some(0));
    let events = place.export("w", "audit");
    let starts = event_types(&events)
        .iter()
        .filter(|kind| **kind == "engine_start")
        .count();
    assert_eq!(starts, 3);
    check_documents(&place, "w");
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
