//! Carries out edits: everything is checked before anything is written (CC-ENG-032, CC-ENG-039).

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use super::artifact::sha256;
use super::edit::Edit;
use super::failure::Failure;

/// A file that is ready to be replaced.
struct Ready {
    path: PathBuf,
    name: String,
    content: String,
}

/// Applies the edits to the workspace and returns how many files changed. A file that is already as
/// planned is left alone; one that is neither as before nor as planned stops everything.
pub(crate) fn apply(workspace: &Path, edits: &[Edit]) -> Result<usize, Failure> {
    let mut ready = Vec::new();
    for edit in edits {
        let drift = || Failure::Drift(edit.path.clone());
        let path = inside(workspace, &edit.path).ok_or_else(drift)?;
        let bytes = std::fs::read(&path).map_err(|_| drift())?;
        let found = sha256(&bytes);
        if found == edit.after {
            continue;
        }
        if found != edit.before {
            return Err(drift());
        }
        let text = String::from_utf8(bytes).map_err(|_| drift())?;
        let content = edit.carry_out(&text).ok_or_else(drift)?;
        ready.push(Ready {
            path,
            name: edit.path.clone(),
            content,
        });
    }
    for file in &ready {
        replace(&file.path, file.content.as_bytes()).map_err(Failure::io(format!(
            "write the workspace file {:?}",
            file.name
        )))?;
    }
    Ok(ready.len())
}

/// Replaces a file's content in one step, keeping its mode; leaves nothing behind on failure.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mode = path.metadata()?.permissions();
    let folder = path.parent().unwrap_or(Path::new("/"));
    let (mut file, scratch) = scratch(folder)?;
    let written = file
        .write_all(content)
        .and_then(|()| file.set_permissions(mode))
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&scratch, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&scratch);
    }
    written
}

/// A new file in `folder` with a name that was free.
fn scratch(folder: &Path) -> io::Result<(File, PathBuf)> {
    let mut number = 0;
    loop {
        let path = folder.join(format!(".cabincrew-peer.{number}.tmp"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 100 => {
                number += 1
            }
            other => return other.map(|file| (file, path)),
        }
    }
}

/// The file that a relative path names, if it is a plain file reached through plain folders.
fn inside(workspace: &Path, relative: &str) -> Option<PathBuf> {
    let mut path = workspace.to_owned();
    let mut is_file = false;
    for component in Path::new(relative).components() {
        let Component::Normal(name) = component else {
            return None;
        };
        path.push(name);
        let kind = path.symlink_metadata().ok()?.file_type();
        if kind.is_symlink() {
            return None;
        }
        is_file = kind.is_file();
    }
    is_file.then_some(path)
}
