//! The directories of one worker: made, filled, emptied.

use std::fs::{self, File, FileTimes as Times, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use crate::drill::{FileOrder, FileTimes};
use crate::scenario::{Files, Node};

/// Where a launch takes place. Launches of the same kind by the same worker have the same paths, so
/// that a difference in outputs never comes from the harness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    /// Planning.
    Plan,
    /// Take-off: other paths than planning.
    TakeOff,
    /// Long paths with spaces and punctuation.
    Other,
    /// The workspace lies in memory.
    Memory,
    /// A second set of directories, for a launch at the same time.
    Twin,
}

/// The directories of one launch.
#[derive(Debug, Clone)]
pub(crate) struct Dirs {
    /// Holds the three directories given to the engine, and nothing else.
    pub(crate) base: PathBuf,
    pub(crate) workspace: PathBuf,
    pub(crate) artifacts: PathBuf,
    pub(crate) temp: PathBuf,
    /// Stands for the home directory.
    pub(crate) home: PathBuf,
    /// Stands for TMPDIR.
    pub(crate) tmpdir: PathBuf,
    /// An empty directory to start in.
    pub(crate) elsewhere: PathBuf,
    /// Where the input file and reports of the launcher stage lie.
    pub(crate) side: PathBuf,
}

/// One worker's directories.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    memory: Option<PathBuf>,
}

impl Place {
    /// Makes the worker's root directory; `memory` is a directory on a file system in memory.
    pub(crate) fn new(root: PathBuf, memory: Option<PathBuf>) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        Ok(Self { root, memory })
    }

    /// The directories for a launch, none of them made yet.
    pub(crate) fn dirs(&self, site: Site) -> Dirs {
        let base = match site {
            Site::Plan => self.root.join("plan"),
            Site::TakeOff => self.root.join("take-off"),
            Site::Other => self
                .root
                .join("another place, with a longer name")
                .join("run 2 (copy)"),
            Site::Memory => self.root.join("memory"),
            Site::Twin => self.root.join("twin"),
        };
        let side = self.root.join(match site {
            Site::Twin => "side-twin",
            Site::Plan | Site::TakeOff | Site::Other | Site::Memory => "side",
        });
        let workspace = match (&self.memory, site) {
            (Some(memory), Site::Memory) => memory.join("workspace"),
            (_, Site::Other) => base.join("Work Space"),
            _ => base.join("workspace"),
        };
        Dirs {
            workspace,
            artifacts: base.join("artifacts"),
            temp: base.join("temp"),
            home: side.join("home"),
            tmpdir: side.join("tmp"),
            elsewhere: side.join("elsewhere"),
            base,
            side,
        }
    }
}

impl Dirs {
    /// Makes every directory but the workspace anew and empty.
    pub(crate) fn renew(&self) -> io::Result<()> {
        // What an earlier launch left beside the three directories would hide that another one does too.
        for entry in fs::read_dir(&self.base).into_iter().flatten().flatten() {
            if entry.path() != self.workspace {
                remove(&entry.path())?;
            }
        }
        for folder in [&self.artifacts, &self.temp, &self.side] {
            remove(folder)?;
            fs::create_dir_all(folder)?;
        }
        for folder in [&self.home, &self.tmpdir, &self.elsewhere] {
            fs::create_dir_all(folder)?;
        }
        Ok(())
    }
}

/// Fills an empty directory with files.
pub(crate) fn fill(
    folder: &Path,
    files: &Files,
    order: FileOrder,
    times: FileTimes,
) -> io::Result<()> {
    let mut nodes: Vec<(&String, &Node)> = files.iter().collect();
    if order == FileOrder::Reversed {
        nodes.reverse();
    }
    for (path, node) in nodes {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match node {
            Node::File {
                content,
                executable,
            } => {
                fs::write(&path, content)?;
                let mode = if *executable { 0o755 } else { 0o644 };
                fs::set_permissions(&path, Permissions::from_mode(mode))?;
                if times == FileTimes::Old {
                    let old = UNIX_EPOCH + Duration::from_secs(1_100_000_000);
                    File::options()
                        .append(true)
                        .open(&path)?
                        .set_times(Times::new().set_modified(old).set_accessed(old))?;
                }
            }
            Node::Link { target } => std::os::unix::fs::symlink(target, &path)?,
        }
    }
    Ok(())
}

/// Removes a directory tree whatever its permissions are; links are removed, never followed.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => {
            open_up(path, 0);
            match path.symlink_metadata() {
                Err(_) => Ok(()),
                Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
                Ok(_) => fs::remove_file(path),
            }
        }
    }
}

/// Gives the owner access to every directory of a tree.
fn open_up(path: &Path, depth: usize) {
    let is_folder = path
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.is_dir());
    if !is_folder || depth > 256 {
        return;
    }
    let _ = fs::set_permissions(path, Permissions::from_mode(0o700));
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        open_up(&entry.path(), depth + 1);
    }
}

/// A directory on a file system in memory, made for this run, if the machine has one.
pub(crate) fn in_memory(name: &std::ffi::OsStr) -> Option<PathBuf> {
    let folder = Path::new("/dev/shm").join(name);
    fs::create_dir(&folder).ok()?;
    Some(folder)
}
