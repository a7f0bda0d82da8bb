//! Launches are recorded where the script says.

use std::io::{BufRead as _, BufReader};

use serde_json::{Value, json};

use crate::driver::{World, input};

fn lines(world: &World) -> Vec<Value> {
    let file = std::fs::File::open(world.dir("journal.jsonl")).expect("a journal");
    let lines = BufReader::new(file).lines();
    lines
        .map(|line| serde_json::from_str(&line.expect("text")).expect("JSON"))
        .collect()
}

#[test]
fn each_launch_adds_one_line_that_says_how_it_was_started() {
    let world = World::new("[record]\njournal = 'journal.jsonl'");
    assert_eq!(world.plan().status, Some(0));
    world.reset("t-");
    assert_eq!(world.take_off("t-").status, Some(0));

    let lines = lines(&world);
    assert_eq!(lines.len(), 2);
    let [plan, take_off] = &lines[..] else {
        panic!("two lines")
    };
    assert_eq!(plan["argv"], json!(["--mode", "flight-plan"]));
    assert_eq!(plan["env"]["CABINCREW_MODE"], "flight-plan");
    assert_eq!(plan["env"].get("HOME"), None);
    assert_eq!(plan["artifacts"], json!([]));
    assert_eq!(plan["ppid"], std::process::id());
    let stdin: Value =
        serde_json::from_str(plan["stdin"].as_str().expect("the input")).expect("JSON");
    assert_eq!(stdin, input("flight-plan"));
    let cwd = world.dir("temp").canonicalize().expect("a path");
    assert_eq!(plan["cwd"], cwd.to_string_lossy().as_ref());
    assert_eq!(take_off["argv"], json!(["--mode", "take-off"]));
    assert_eq!(
        take_off["artifacts"],
        json!(["edits/", "edits/artifact.json", "edits/body.data"])
    );
    assert!(
        take_off["stdin"]
            .as_str()
            .is_some_and(|text| text.contains("state_artifacts"))
    );
    if cfg!(target_os = "linux") {
        // Whoever started this test may have left more of them open.
        for number in ["0", "1", "2"] {
            assert!(
                plan["descriptors"][number].is_string(),
                "{}",
                plan["descriptors"]
            );
        }
    }
}

#[test]
fn a_refused_launch_is_recorded_too() {
    let world = World::new("[record]\njournal = 'journal.jsonl'");
    let seen = crate::driver::run(world.command("landing", ""), b"not json");
    assert_eq!(seen.status, Some(2));
    assert_eq!(lines(&world)[0]["stdin"], "not json");
}
