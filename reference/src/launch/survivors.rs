//! After a crash: whatever of an earlier launch is still there is ended before anything is decided
//! (I26). A process belongs to a launch when its environment names the launch's directories or it
//! works below them.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::clock;
use crate::fault::{self, Fault};

const GONE_WITHIN: Duration = Duration::from_secs(10);

/// Kills every process of earlier launches below `runs`, and gives how many there were.
///
/// # Errors
/// When some do not go.
pub fn kill_survivors(runs: &Path) -> std::io::Result<usize> {
    if fault::on(Fault::SurvivorsLeftAlone)
        || fault::on(Fault::PlanningFolderHandedOver)
        || fault::on(Fault::LockIgnored)
    {
        return Ok(0);
    }
    let begun = clock::tick();
    let mut killed = std::collections::BTreeSet::new();
    loop {
        let found = survivors(runs);
        if found.is_empty() {
            return Ok(killed.len());
        }
        if begun.elapsed() > GONE_WITHIN {
            return Err(std::io::Error::other("processes of an earlier launch stay"));
        }
        for pid in found {
            killed.insert(pid.as_raw_nonzero());
            let _ = kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn survivors(runs: &Path) -> Vec<Pid> {
    let own = std::process::id();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| u32::try_from(*pid).is_ok_and(|pid| pid != own))
        .filter(|pid| belongs(*pid, runs))
        .filter_map(Pid::from_raw)
        .collect()
}

fn belongs(pid: i32, runs: &Path) -> bool {
    // A process that has ended but is not yet waited for does nothing any more.
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = status.rsplit_once(") ").map(|(_, rest)| rest.as_bytes());
    if matches!(state, None | Some([b'Z' | b'X', ..])) {
        return false;
    }
    let below = |name: &str| {
        std::fs::read_link(format!("/proc/{pid}/{name}")).is_ok_and(|path| path.starts_with(runs))
    };
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let mut prefix = b"CABINCREW_TEMP_DIR=".to_vec();
    prefix.extend_from_slice(runs.as_os_str().as_bytes());
    prefix.push(b'/');
    let mut variables = environment.split(|byte| *byte == 0);
    below("cwd") || variables.any(|variable| variable.starts_with(&prefix))
}
