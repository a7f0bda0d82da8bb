//! The program itself: how fast it gets to an engine, and how large it is.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use cabincrew_reference::clock;

use crate::figures::{line, ms, quantile};
use crate::place::{Place, program};

const RUNS: usize = 40;

pub(crate) fn run() {
    for name in [
        "cabincrew",
        "cabincrew-policy-worker",
        "cabincrew-model-worker",
    ] {
        if let Ok(status) = fs::metadata(program().with_file_name(name)) {
            let size = format!("{:.1} MiB", mib(status.len()));
            line(&format!("size of `{name}`"), &size);
        }
    }
    let place = Place::new();
    cold_start(&place);
    resting(&place);
}

/// A run whose first engine ends at once, in failure: the start of the program, of the policy
/// worker, of the stage and of the engine, and all that is written until the workflow has failed.
fn cold_start(place: &Place) {
    workflow(place, "fails", "exit 1");
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|index| {
            let workspace = place.workspace(&format!("cold-{index}"));
            let begun = clock::tick();
            let status = command(place, "fails", &workspace).status().unwrap();
            let took = begun.elapsed();
            assert_eq!(status.code(), Some(1));
            took
        })
        .collect();
    line(
        "`cabincrew run` until a first engine has failed, Rego and a program as policies",
        &format!(
            "p50 {}, p99 {}",
            ms(quantile(&mut times, 0.5)),
            ms(quantile(&mut times, 0.99))
        ),
    );
}

/// What the program holds while it waits for an engine.
fn resting(place: &Place) {
    let temp = "state-waits/workflows/resting/runs/edit-flight-plan-0/temp";
    let marker = place.path(temp).join("marker");
    workflow(place, "waits", ": > $CABINCREW_TEMP_DIR/marker; sleep 60");
    let workspace = place.workspace("resting");
    let mut command = command(place, "waits", &workspace);
    let mut child = command.args(["--workflow-id", "resting"]).spawn().unwrap();
    let begun = clock::tick();
    while !marker.exists() && begun.elapsed() < Duration::from_secs(30) {
        std::thread::park_timeout(Duration::from_millis(2));
    }
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let mut lines = status.lines();
    let held = lines.find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line("memory of `cabincrew` while an engine works", held.trim());
}

/// A workflow without a model, with an engine in shell.
fn workflow(place: &Place, name: &str, script: &str) {
    let engine = place.path(&format!("{name}.sh"));
    fs::write(&engine, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&engine, fs::Permissions::from_mode(0o755)).unwrap();
    let text = fs::read_to_string(place.path("workflow.json")).unwrap();
    let mut workflow: serde_json::Value = serde_json::from_str(&text).unwrap();
    workflow["steps"][0]["engine"]["command"] = serde_json::json!([format!("./{name}.sh")]);
    let policies = workflow["governance"]["policies"].as_array_mut().unwrap();
    policies.retain(|policy| policy["kind"] != "onnx");
    fs::write(place.path(&format!("{name}.json")), workflow.to_string()).unwrap();
}

fn command(place: &Place, name: &str, workspace: &Path) -> Command {
    let mut command = Command::new(program());
    command
        .args(["run", "--state-dir"])
        .arg(place.path(&format!("state-{name}")))
        .arg("--workspace")
        .arg(workspace)
        .arg(place.path(&format!("{name}.json")))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
