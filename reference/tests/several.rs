//! Several workflows in one run of the program.

use crate::documents::{check_documents, code};
use crate::place::Place;

/// A place with four workflow files: two are applied, one waits, one is refused by governance.
fn place() -> (Place, [&'static str; 4]) {
    let place = Place::new();
    place.policy("allow");
    let good = std::fs::read_to_string(place.path("workflow.json")).unwrap();
    for decision in ["allow", "deny", "require_approval"] {
        let answer = format!(r#"{{"decision":"{decision}","violations":["by rule"]}}"#);
        let rule = format!("#!/bin/sh\ncat >/dev/null\nprintf %s '{answer}'\n");
        place.script(&format!("rule-{decision}"), &rule);
        let text = good.replace("./rule", &format!("./rule-{decision}"));
        place.write(&format!("{decision}.json"), &text);
    }
    for folder in ["ws2", "ws3", "ws4"] {
        std::fs::create_dir(place.path(folder)).unwrap();
    }
    let files = [
        "allow.json",
        "require_approval.json",
        "deny.json",
        "allow.json",
    ];
    (place, files)
}

fn run(place: &Place, options: &[&str], files: &[&str]) -> std::process::Output {
    place.cabincrew("run", &[options, files].concat())
}

const FOUR: [&str; 8] = [
    "--workspace",
    "ws",
    "--workspace",
    "ws2",
    "--workspace",
    "ws3",
    "--workspace",
    "ws4",
];

#[test]
fn several_workflows_run_at_once_and_the_worst_is_the_exit() {
    let (place, files) = place();
    for jobs in ["1", "3", "8"] {
        let options = [&FOUR[..], &["--jobs", jobs, "--json"]].concat();
        let output = run(&place, &options, &files);
        assert_eq!(code(&output), Some(1), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let told: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let count = |state: &str| told.iter().filter(|told| told["state"] == state).count();
        assert_eq!(told.len(), 4, "{text}");
        assert_eq!(count("COMPLETED"), 2);
        assert_eq!(count("AWAITING_APPROVAL"), 1);
        assert_eq!(count("FAILED"), 1);
        for told in &told {
            check_documents(&place, told["workflow_id"].as_str().unwrap());
        }
    }
    let written = |folder: &str| std::fs::read_to_string(place.path(folder).join("b.txt"));
    assert_eq!(written("ws").unwrap().lines().count(), 3);
    assert_eq!(written("ws4").unwrap().lines().count(), 3);
    assert!(written("ws2").is_err() && written("ws3").is_err());
}

#[test]
fn waiting_is_better_than_failing_and_worse_than_done() {
    let (place, files) = place();
    let two = ["--workspace", "ws", "--workspace", "ws2"];
    assert_eq!(code(&run(&place, &two, &files[..2])), Some(3));
    assert_eq!(
        code(&run(&place, &two, &["allow.json", "absent.json"])),
        Some(2)
    );
}

#[test]
fn what_does_not_go_together_is_refused_before_anything_runs() {
    let (place, files) = place();
    let named = ["--workspace", "ws", "--workflow-id", "w"];
    let cases: [(&[&str], &[&str]); 5] = [
        (&named, &files),
        (&FOUR, &files[..2]),
        (&FOUR[..4], &files[..1]),
        (&["--workspace", "ws", "--jobs", "0"], &files),
        (&["--workspace", "ws"], &[]),
    ];
    for (options, files) in cases {
        let output = run(&place, options, files);
        assert_eq!(code(&output), Some(2), "{options:?}: {output:?}");
    }
    assert!(!place.path("state").exists());
}
