//! Ending a whole tree of processes. The stage is their subreaper, so whatever a process does to
//! get away, it ends up as a child of the stage.

use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};

use crate::clock;
use crate::fault::{self, Fault};

/// Longest time that killed processes may take to go.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// Asks a group to end.
pub(super) fn ask(group: Pid) {
    let _ = kill_process_group(group, Signal::TERM);
}

/// Kills a group, and then every child of this process until there is none. Gives the number of
/// those that were still there, and did not belong to `leader`.
pub(super) fn kill_all(group: Pid) -> u32 {
    if fault::on(Fault::StraysLeftAlone) || fault::on(Fault::PlanningFolderHandedOver) {
        return 0;
    }
    let _ = kill_process_group(group, Signal::KILL);
    let begun = clock::tick();
    let mut strays = 0;
    loop {
        for pid in children() {
            let _ = kill_process(pid, Signal::KILL);
        }
        match waitpid(None, WaitOptions::NOHANG) {
            Ok(Some((pid, _))) if pid != group => strays += 1,
            Ok(Some(_)) => {}
            Ok(None) if begun.elapsed() < GONE_WITHIN => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(None) | Err(_) => return strays,
        }
    }
}

/// The children of this process, which has one thread.
fn children() -> Vec<Pid> {
    let own = std::process::id();
    let text = std::fs::read_to_string(format!("/proc/self/task/{own}/children"));
    text.unwrap_or_default()
        .split_ascii_whitespace()
        .filter_map(|word| word.parse().ok().and_then(Pid::from_raw))
        .collect()
}
