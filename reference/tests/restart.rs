//! What a restart finds, and what it makes of it.

use std::fs;
use std::time::Duration;

use cabincrew_protocol::schema::violations;
use serde_json::Value;

use crate::documents::{check_documents, code};
use crate::place::{ENGINE, Place, event_types};

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

#[test]
fn a_torn_line_is_told_of_once_even_if_its_recovery_was_broken_off() {
    let place = Place::new();
    place.policy("require_approval");
    assert_eq!(code(&place.run("w")), Some(3));
    let journal = place.home("w").join("journal");
    let good = fs::read(&journal).unwrap();
    let told = |expected: usize| {
        assert_eq!(code(&place.cabincrew("resume", &["w"])), Some(3));
        let events = place.export("w", "audit");
        let types = event_types(&events);
        let count = types.iter().filter(|it| **it == "incomplete_entry").count();
        assert_eq!(count, expected, "{types:?}");
    };
    fs::write(&journal, [good.as_slice(), b"half a li"].concat()).unwrap();
    told(1);
    told(1);
    // The line was kept and cut, and nothing more.
    fs::write(place.home("w").join("torn-1-0"), "half a line").unwrap();
    told(2);
    told(2);
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
    place.unconfined();
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
    place.unconfined();
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
    place.unconfined();
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
