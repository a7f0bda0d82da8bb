//! Without a fault the peer keeps the engine contract from end to end.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::driver::{Seen, World, input, run, sha256};

const REQUIRED: [&str; 5] = [
    "protocol_version",
    "engine_id",
    "mode",
    "receipt_id",
    "status",
];
const DEFINED: [&str; 6] = [
    "error",
    "warnings",
    "diagnostics",
    "artifacts",
    "metrics",
    "plan_token",
];

fn refused(seen: &Seen) {
    let receipt = checked(seen);
    assert_eq!(seen.status, Some(2), "{receipt}");
    assert_eq!(receipt["status"], "failure");
}

/// The receipt, held against the published definition.
fn checked(seen: &Seen) -> Value {
    let receipt = seen.receipt();
    let members = receipt.as_object().expect("an object");
    for (name, value) in members {
        assert!(
            REQUIRED.contains(&name.as_str()) || DEFINED.contains(&name.as_str()),
            "{name}"
        );
        assert!(!value.is_null(), "{name}");
    }
    for name in REQUIRED {
        assert!(members[name].is_string(), "{name}");
    }
    let failure = receipt["status"] == "failure";
    assert_eq!(
        failure,
        receipt["error"]
            .as_str()
            .is_some_and(|error| !error.is_empty())
    );
    assert_eq!(failure, seen.status != Some(0));
    receipt
}

#[test]
fn a_plan_is_complete_and_true() {
    let world = World::new("");
    let before = world.tree("workspace");
    let seen = world.plan();
    let receipt = checked(&seen);
    assert_eq!(receipt["status"], "success", "{receipt}");
    assert_eq!(receipt["mode"], "flight-plan");
    assert_eq!(receipt["protocol_version"], "1.0.0");
    assert!(receipt.get("plan_token").is_none());
    assert_eq!(world.tree("workspace"), before);
    assert!(world.tree("temp").is_empty());

    let tree = world.tree("artifacts");
    let mut listed = Vec::new();
    let mut roles = Vec::new();
    for entry in receipt["artifacts"].as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        let path = entry["path"].as_str().unwrap();
        let body = format!("{name}/body.data");
        let expected = if tree.contains_key(&body) {
            body
        } else {
            format!("{name}/artifact.json")
        };
        assert_eq!(path, expected);
        assert_eq!(entry["hash"], sha256(&tree[path]));
        assert_eq!(entry["size"], tree[path].len());
        let descriptor: Value =
            serde_json::from_slice(&tree[&format!("{name}/artifact.json")]).unwrap();
        for required in ["artifact_type", "action", "mime"] {
            assert!(descriptor[required].is_string(), "{name} {required}");
        }
        assert_eq!(
            descriptor.get("body_file").is_some(),
            path.ends_with("body.data")
        );
        assert_eq!(descriptor["metadata"]["role"], entry["role"]);
        roles.push(entry["role"].as_str().unwrap().to_owned());
        listed.push(format!("{name}/"));
    }
    let folders: Vec<_> = tree
        .keys()
        .filter(|name| name.ends_with('/'))
        .cloned()
        .collect();
    assert_eq!(listed, folders);
    assert_eq!(roles, ["evidence", "state", "log"]);
    for metric in receipt["metrics"].as_array().unwrap() {
        assert!(metric["name"].is_string() && metric["value"].is_number());
    }
}

#[test]
fn take_off_does_what_was_planned_and_no_more() {
    let world = World::new("");
    let before = world.tree("workspace");
    world.plan();
    world.reset("other-");
    let seen = world.take_off("other-");
    let receipt = checked(&seen);
    assert_eq!(receipt["status"], "success", "{receipt}");
    assert_eq!(receipt["mode"], "take-off");
    assert_eq!(receipt["plan_token"], "ab".repeat(32));

    let after = world.tree("other-workspace");
    let changed: Vec<_> = before
        .keys()
        .filter(|path| before[*path] != after[*path])
        .collect();
    assert_eq!(changed, ["docs/guide.md", "docs/notes.txt"]);
    assert_eq!(before.len(), after.len());
    for path in changed {
        let text = String::from_utf8(before[path].clone()).unwrap();
        let lines = text
            .split('\n')
            .map(|line| line.trim_end_matches([' ', '\t']));
        assert_eq!(after[path], lines.collect::<Vec<_>>().join("\n").as_bytes());
    }
    let kept = world.tree("artifacts");
    let restored = world.tree("other-artifacts");
    assert_eq!(restored["edits/body.data"], kept["edits/body.data"]);
    assert_eq!(restored["edits/artifact.json"], kept["edits/artifact.json"]);

    let again = world.take_off("other-");
    // The log of the first take-off is still there, and is not overwritten.
    assert_eq!(again.status_and_receipt(), (Some(1), "failure".to_owned()));
    std::fs::remove_dir_all(world.dir("other-artifacts/take-off-log")).unwrap();
    assert_eq!(
        world.take_off("other-").status_and_receipt(),
        (Some(0), "success".to_owned())
    );
    assert_eq!(world.tree("other-workspace"), after);
}

#[test]
fn spoiled_state_and_drift_stop_take_off_before_it_acts() {
    let world = World::new("");
    world.plan();
    let body = std::fs::read(world.dir("artifacts/edits/body.data")).unwrap();
    let mut flipped = body.clone();
    flipped[body.len() / 2] ^= 1;
    let spoil: [(&str, Option<&[u8]>); 4] = [
        ("edits/body.data", Some(&flipped)),
        ("edits/body.data", Some(&body[..body.len() / 2])),
        ("edits/body.data", None),
        ("edits/artifact.json", None),
    ];
    for (path, content) in spoil {
        world.reset("t-");
        let before = world.tree("t-workspace");
        let mut input = input("take-off");
        input["context"]["state_artifacts"] = world.restore("t-");
        let path = world.dir("t-artifacts").join(path);
        match content {
            Some(content) => std::fs::write(path, content).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
        let seen = run(
            world.command("take-off", "t-"),
            input.to_string().as_bytes(),
        );
        checked(&seen);
        assert_eq!(seen.status_and_receipt(), (Some(1), "failure".to_owned()));
        assert_eq!(world.tree("t-workspace"), before);
    }
    world.reset("t-");
    std::fs::write(world.dir("t-workspace/docs/notes.txt"), "drifted \n").unwrap();
    let before = world.tree("t-workspace");
    assert_eq!(
        world.take_off("t-").status_and_receipt(),
        (Some(1), "failure".to_owned())
    );
    assert_eq!(world.tree("t-workspace"), before);
    world.reset("t-");
    let seen = run(
        world.command("take-off", "t-"),
        input("take-off").to_string().as_bytes(),
    );
    assert_eq!(seen.status_and_receipt(), (Some(1), "failure".to_owned()));
}

#[test]
fn the_plan_does_not_depend_on_circumstances() {
    let mut world = World::new("");
    let first = world.plan();
    let tree = world.tree("artifacts");
    let mut ids = vec![first.receipt()["receipt_id"].clone()];
    let surroundings: [&[(&'static str, &str)]; 5] = [
        &[],
        &[
            ("HOME", "/nonexistent"),
            ("USER", "someone"),
            ("LOGNAME", "someone"),
        ],
        &[
            ("LANG", "tr_TR.UTF-8"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("TZ", "Pacific/Kiritimati"),
        ],
        &[("TMPDIR", "/nonexistent"), ("EDITOR", "vi"), ("CI", "true")],
        &[
            ("CABINCREW_LLM_GATEWAY", "http://127.0.0.1:1"),
            ("GITHUB_TOKEN", "decoy"),
        ],
    ];
    for variables in surroundings {
        world.reset("");
        world.env = variables
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        let seen = world.plan();
        assert_eq!(seen.comparable(), first.comparable());
        assert_eq!(world.tree("artifacts"), tree);
        ids.push(seen.receipt()["receipt_id"].clone());
    }
    world.env.clear();
    world.reset("longer path, with blanks - ");
    let seen = run(
        world.command("flight-plan", "longer path, with blanks - "),
        input("flight-plan").to_string().as_bytes(),
    );
    assert_eq!(seen.comparable(), first.comparable());
    assert_eq!(world.tree("longer path, with blanks - artifacts"), tree);
    ids.sort_by_key(Value::to_string);
    ids.dedup();
    assert_eq!(ids.len(), surroundings.len() + 1);
}

#[test]
fn input_arrives_in_every_way_it_may() {
    let world = World::new("");
    let first = world.plan();
    let text = serde_json::to_string_pretty(&input("flight-plan")).unwrap();

    world.reset("");
    let mut child = world
        .command("flight-plan", "")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    for byte in text.as_bytes() {
        pipe.write_all(&[*byte]).unwrap();
        pipe.flush().unwrap();
    }
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let seen = Seen {
        status: output.status.code(),
        stdout: output.stdout,
    };
    assert_eq!(seen.comparable(), first.comparable());

    world.reset("");
    let mut large = input("flight-plan");
    large["context"]["padding"] = json!("x".repeat(300_000));
    let seen = run(
        world.command("flight-plan", ""),
        large.to_string().as_bytes(),
    );
    assert_eq!(seen.comparable(), first.comparable());

    world.reset("");
    std::fs::write(world.dir("input.json"), &text).unwrap();
    let mut command = world.command("flight-plan", "");
    command.env("CABINCREW_INPUT_FILE", world.dir("input.json"));
    assert_eq!(run(command, b"").comparable(), first.comparable());
}

#[test]
fn unusable_input_is_refused_with_nothing_done() {
    let world = World::new("");
    let good = input("flight-plan").to_string();
    let edited = |pointer: &str, value: Value| {
        let mut document = input("flight-plan");
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = value;
        document.to_string().into_bytes()
    };
    let without = |pointer: &str| {
        let mut document = input("flight-plan");
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(name);
        document.to_string().into_bytes()
    };
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let unusable: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"plan".to_vec(),
        good.as_bytes()[..good.len() - 9].to_vec(),
        format!("[{good}]").into_bytes(),
        b"42".to_vec(),
        b"{}".to_vec(),
        format!("{good}{{}}").into_bytes(),
        format!("\u{feff}{good}").into_bytes(),
        [b"\xff", good.as_bytes()].concat(),
        good.replacen('{', "{\"mode\":\"take-off\",", 1)
            .into_bytes(),
        good.replacen(
            "\"context\":{",
            &format!("\"context\":{{\"deep\":{deep},"),
            1,
        )
        .into_bytes(),
        without("/protocol_version"),
        without("/mode"),
        without("/meta"),
        without("/meta/step_id"),
        edited("/mode", json!("landing")),
        edited("/mode", json!("flight_plan")),
        edited("/mode", json!("take-off")),
        edited("/mode", json!(["flight-plan"])),
        edited("/meta", json!("wf-1")),
        edited("/meta/workflow_id", json!(7)),
        edited("/meta/extra", json!(7)),
        edited("/config", json!("everything")),
        edited("/config", json!({"colour": "red"})),
        edited("/config", json!({"extensions": []})),
        edited("/config", json!({"extensions": ["../x"]})),
        edited("/orchestrator/run_index", json!(-1)),
        edited("/exec_after", json!("reboot")),
        edited("/expected_plan_token", Value::Null),
    ];
    for bytes in unusable {
        let before = world.tree("workspace");
        let seen = run(world.command("flight-plan", ""), &bytes);
        refused(&seen);
        let text = String::from_utf8_lossy(&seen.stdout).into_owned();
        assert!(!text.contains("canary"), "{text}");
        assert!(world.tree("artifacts").is_empty());
        assert_eq!(world.tree("workspace"), before);
    }
}

#[test]
fn modes_must_agree() {
    let world = World::new("");
    let good = input("flight-plan").to_string();
    let mut command = world.command("take-off", "");
    command.env("CABINCREW_MODE", "flight-plan");
    refused(&run(command, good.as_bytes()));
    let mut command = world.command("flight-plan", "");
    command.env("CABINCREW_MODE", "take-off");
    refused(&run(command, good.as_bytes()));
    refused(&run(world.command("landing", ""), good.as_bytes()));
    let mut command = world.command("flight-plan", "");
    command.arg("--verbose");
    refused(&run(command, good.as_bytes()));
    assert!(world.tree("artifacts").is_empty());
}

#[test]
fn artifacts_that_cannot_be_written_are_an_own_failure() {
    let world = World::new("");
    // What is already there is never overwritten, and stays.
    std::fs::create_dir(world.dir("artifacts/edits")).unwrap();
    let seen = world.plan();
    checked(&seen);
    assert_eq!(seen.status_and_receipt(), (Some(1), "failure".to_owned()));
    assert_eq!(
        world.tree("artifacts").into_keys().collect::<Vec<_>>(),
        ["edits/"]
    );
}

#[test]
fn names_are_data() {
    let world = World::new("");
    let names = [
        "-rf.txt",
        "$(touch pwned).txt",
        "; touch pwned;.txt",
        "a\nb.md",
        "quote\"'.txt",
        "`touch pwned`.md",
        " .txt",
    ];
    for name in names {
        std::fs::write(world.dir("workspace").join(name), "blank \n").unwrap();
    }
    assert_eq!(
        world.plan().status_and_receipt(),
        (Some(0), "success".to_owned())
    );
    world.reset("t-");
    for name in names {
        std::fs::write(world.dir("t-workspace").join(name), "blank \n").unwrap();
    }
    assert_eq!(
        world.take_off("t-").status_and_receipt(),
        (Some(0), "success".to_owned())
    );
    let after = world.tree("t-workspace");
    for name in names {
        assert_eq!(after[name], b"blank\n", "{name}");
    }
    let all = format!(
        "{after:?} {:?} {:?}",
        world.tree("t-temp"),
        world.tree("temp")
    );
    assert!(!after.contains_key("pwned") && !all.contains("\"pwned\""));
}
