//! Engines that break the contract, and what every engine is given.

use std::fs;

use cabincrew_protocol::schema::violations;
use serde_json::Value;

use crate::documents::{check_documents, code};
use crate::place::{ENGINE, Place};

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
        if name == "workspace" {
            place.unconfined();
        }
        place.script("engine", &engine);
        assert_eq!(code(&place.run("w")), Some(1), "{name}");
        check_documents(&place, "w");
    }
}

#[test]
fn engines_get_what_is_documented_and_nothing_else() {
    let place = Place::new();
    place.unconfined();
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
    // A name of a file in the workspace is told as a difference, without the secret.
    let adds = "input=$(cat); [ \"$2\" = take-off ] || : > \"$CABINCREW_WORKSPACE/hunter2hunter2\"";
    place.script("engine", &ENGINE.replace("input=$(cat)", adds));
    let free = "20000,\"confinement\":{\"filesystem\":\"off\"}}}]";
    place.write("workflow.json", &mapped.replace("20000}}]", free));
    let words = ["--workspace", "ws", "--workflow-id", "u", "workflow.json"];
    let mut command = place.command("run", &words);
    let output = command.env("MY_TOKEN", "hunter2hunter2").output().unwrap();
    assert_eq!(code(&output), Some(1));
    let told = place.cabincrew("export", &["u", "audit"]).stdout;
    let told = String::from_utf8(told).unwrap();
    assert!(
        told.contains("added [redacted]") && !told.contains("hunter2"),
        "{told}"
    );
}
