//! What this machine lets the harness do.

use std::path::{Path, PathBuf};

use super::command;
use super::launcher::{self, Circumstances};
use super::place;
use super::reap;
use crate::observe::Capabilities;

/// Finds out what this machine lets the harness do.
pub(crate) fn capabilities(root: &Path, watch: &[PathBuf]) -> Capabilities {
    let folder = root.join("probe");
    let scratch = folder.join("scratch");
    let _ = std::fs::create_dir_all(&scratch);
    let works = |circumstances: &Circumstances| {
        let Ok(stage) = serde_json::to_string(circumstances) else {
            return false;
        };
        std::process::Command::new(command::own_binary())
            .args([launcher::STAGE, &stage, "/bin/true"])
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let mounts = works(&Circumstances {
        full: Some(scratch.clone()),
        ..Circumstances::default()
    });
    let system_watch = mounts
        && works(&Circumstances {
            watch: watchable(watch, root),
            keep: folder.clone(),
            report: folder.join("caught.json"),
            scratch,
            ..Circumstances::default()
        });
    let capabilities = Capabilities {
        mounts,
        system_watch,
        open_watch: cfg!(target_os = "linux"),
        process_list: reap::can_list(),
    };
    let _ = place::remove(&folder);
    capabilities
}

/// The directories that can have a layer of their own: existing, writable for us (what the subject
/// cannot write needs no watching), distinct, not nested, not the root, without mounts below them.
pub(crate) fn watchable(wanted: &[PathBuf], root: &Path) -> Vec<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mount_points: Vec<PathBuf> = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(|path| PathBuf::from(path.replace("\\040", " ")))
        .collect();
    let mut found: Vec<PathBuf> = Vec::new();
    for path in wanted.iter().filter_map(|path| path.canonicalize().ok()) {
        let has_mounts = mount_points
            .iter()
            .any(|m| *m != path && m.starts_with(&path));
        let inside_run = path.starts_with(root);
        let closed = rustix::fs::access(&path, rustix::fs::Access::WRITE_OK).is_err();
        let unusable =
            closed || has_mounts || inside_run || path.parent().is_none() || !path.is_dir();
        if !unusable && !found.iter().any(|other| path.starts_with(other)) {
            found.retain(|other| !other.starts_with(&path));
            found.push(path);
        }
    }
    found
}
