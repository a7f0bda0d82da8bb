//! The end of a workflow, asked for while another process is working on it.

use std::fs;
use std::process::Child;
use std::time::Duration;

use crate::documents::{check_documents, code};
use crate::place::{ENGINE, Place, event_types};

const WORDS: [&str; 5] = ["--workspace", "ws", "--workflow-id", "w", "workflow.json"];
const CANCEL: [&str; 5] = ["w", "--as", "carol", "--reason", "wrong branch"];

/// A workflow whose engine does not end in that mode, together with a child of it.
fn held(place: &Place, mode: &str) -> (Child, String) {
    let hold = format!(
        "input=$(cat); if [ \"$2\" = {mode} ]; then (sleep 600 & echo $! > \"$CABINCREW_TEMP_DIR/pid\"); sleep 600; fi"
    );
    place.script("engine", &ENGINE.replace("input=$(cat)", &hold));
    let mut running = place.command("run", &WORDS).spawn().unwrap();
    let pid = place.home("w").join(format!("runs/edit-{mode}-0/temp/pid"));
    for _ in 0..3000 {
        if let Ok(text) = fs::read_to_string(&pid)
            && text.ends_with('\n')
        {
            return (running, text.trim().to_owned());
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    running.kill().unwrap();
    running.wait().unwrap();
    panic!("the engine has not started in time");
}

#[test]
fn a_running_engine_is_ended_with_all_its_children() {
    for (mode, told) in [
        ("flight-plan", "error"),
        ("take-off", "takeoff_outcome_unknown"),
    ] {
        let place = Place::new();
        let (mut running, child) = held(&place, mode);
        let output = place.cabincrew("cancel", &CANCEL);
        assert_eq!(code(&output), Some(1), "{output:?}");
        assert_eq!(running.wait().unwrap().code(), Some(1));
        let stat = fs::read_to_string(format!("/proc/{child}/stat"));
        assert!(stat.map_or(true, |stat| stat.contains(") Z")));
        assert_eq!(place.applied(), 0);
        check_documents(&place, "w");
        let events = place.export("w", "audit");
        let mut causes = events.iter().filter(|event| event["event_type"] == told);
        let cause = causes.next().unwrap()["message"].as_str().unwrap();
        assert!(
            cause.starts_with("cancelled by carol: wrong branch"),
            "{cause}"
        );
        assert!(!place.home("w").join("cancel").exists());
        // The end is the end.
        assert_eq!(code(&place.cabincrew("resume", &["w"])), Some(1));
        assert_eq!(place.export("w", "audit"), events);
    }
}

#[test]
fn a_request_that_nobody_has_met_is_met_by_the_next_process() {
    let place = Place::new();
    place.policy("require_approval");
    assert_eq!(code(&place.run("w")), Some(3));
    fs::write(
        place.home("w").join("cancel"),
        "{\"by\":\"carol\",\"reason\":\"late\"}",
    )
    .unwrap();
    assert_eq!(code(&place.respond("w", "true", "bob")), Some(1));
    assert_eq!(place.applied(), 0);
    check_documents(&place, "w");
    // What cannot be read is taken for a request all the same.
    let place = Place::new();
    place.policy("require_approval");
    assert_eq!(code(&place.run("w")), Some(3));
    fs::write(place.home("w").join("cancel"), "{").unwrap();
    assert_eq!(code(&place.cabincrew("resume", &["w"])), Some(1));
    let events = place.export("w", "audit");
    assert!(!event_types(&events).contains(&"workflow_complete"));
}

#[test]
fn what_is_over_or_not_there_is_not_cancelled() {
    let place = Place::new();
    assert_eq!(code(&place.cabincrew("cancel", &CANCEL)), Some(4));
    assert_eq!(code(&place.run("w")), Some(0));
    let events = place.export("w", "audit");
    assert_eq!(code(&place.cabincrew("cancel", &CANCEL)), Some(0));
    assert_eq!(place.export("w", "audit"), events);
}
