//! What no orchestrator can do without: two starts of the engine, and the syncs.

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use cabincrew_reference::clock;

use crate::place::Place;

/// How often a workflow syncs, and starts a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) syncs: usize,
    pub(crate) starts: usize,
}

/// Counts of one workflow that runs alone in a process, as strace sees them; none without strace.
pub(crate) fn counts(place: &Place) -> Option<Counts> {
    let (log, workspace) = (place.path("strace.log"), place.workspace("counted"));
    let status = Command::new("strace")
        .args([
            "-f",
            "-qq",
            "-e",
            "trace=fsync,fdatasync,syncfs,execve",
            "-o",
        ])
        .arg(&log)
        .arg(crate::place::program())
        .args(["run", "--state-dir"])
        .arg(place.path("counted-state"))
        .arg("--workspace")
        .arg(workspace)
        .arg(place.path("workflow.json"))
        .stdout(Stdio::null())
        .status();
    if !status.is_ok_and(|status| status.success()) {
        return None;
    }
    let text = std::fs::read_to_string(log).unwrap();
    let count = |call: &str| {
        let called = |line: &&str| line.contains(call) && !line.contains("resumed");
        text.lines().filter(called).count()
    };
    Some(Counts {
        syncs: count(" fsync(") + count(" fdatasync(") + count(" syncfs("),
        starts: count(" execve("),
    })
}

/// The time of one bare workflow: two engines, one after the other, and so many appends to a file,
/// each followed by a sync.
pub(crate) fn bare(place: &Place, name: &str, syncs: usize) -> Duration {
    let folder = place.path("bare").join(name);
    std::fs::create_dir_all(folder.join("workspace")).unwrap();
    let begun = clock::tick();
    for mode in ["flight-plan", "take-off"] {
        let artifacts = folder.join(mode);
        std::fs::create_dir(&artifacts).unwrap();
        let output = Command::new(place.path("engine"))
            .args(["--mode", mode])
            .env_clear()
            .env("CABINCREW_ARTIFACTS_DIR", &artifacts)
            .env("CABINCREW_WORKSPACE", folder.join("workspace"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success());
    }
    let mut file = File::create(folder.join("journal")).unwrap();
    for _ in 0..syncs {
        file.write_all(&[b'x'; 2000]).unwrap();
        file.sync_data().unwrap();
    }
    begun.elapsed()
}
