//! The end: directories of launches go, artifacts stay or go as configured (CC-FIN-003,
//! CC-FIN-004).

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{Site, system};
use crate::decide::{Failure, Outcome};
use crate::fault::{self, Fault};
use crate::record::Record;
use crate::workflow::Keep;

impl Site {
    pub(super) fn finalize(&self, record: &Record) -> Result<Outcome, Failure> {
        if !fault::on(Fault::TemporaryDirectoriesLeft) {
            let removed = remove(&self.home.runs());
            if !fault::on(Fault::CleanupErrorsIgnored) {
                removed
                    .map_err(|error| system("temporary directories cannot be removed", &error))?;
            }
        }
        if fault::on(Fault::FolderMadeInWorkspace) {
            let made = fs::create_dir_all(record.created.workspace.join(".cabincrew"));
            made.map_err(|error| system("no folder", &error))?;
        }
        let delete = record.created.workflow.retention.artifacts == Keep::Delete;
        if (delete && !fault::on(Fault::RetentionNeverDeletes))
            || fault::on(Fault::RetentionAlwaysDeletes)
        {
            for index in 0..record.history.len() {
                self.store_of(record, index)
                    .clear()
                    .map_err(|error| system("artifacts cannot be removed", &error))?;
            }
        }
        Ok(Outcome::Finalized)
    }
}

/// Removes a folder with everything in it, without following links (CC-FIN-007). Folders that an
/// engine has closed to everybody are opened first.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    if fault::on(Fault::CleanupFollowsLinks) {
        empty_links(folder)?;
    }
    match fs::remove_dir_all(folder) {
        Ok(()) => Ok(()),
        Err(_) if fault::on(Fault::UnwritableJournalOverlooked) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(folder)?;
            fs::remove_dir_all(folder)
        }
        Err(error) => Err(error),
    }
}

fn open_up(folder: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(folder)?.is_dir() {
        return Ok(());
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        open_up(&entry?.path())?;
    }
    Ok(())
}

/// Removes the files in folders that links in temporary folders lead to.
fn empty_links(folder: &Path) -> io::Result<()> {
    for run in fs::read_dir(folder).into_iter().flatten().flatten() {
        for entry in fs::read_dir(run.path().join("temp")).into_iter().flatten() {
            let link = entry?.path();
            if !link.is_symlink() {
                continue;
            }
            for file in fs::read_dir(&link).into_iter().flatten().flatten() {
                if file.file_type()?.is_file() {
                    fs::remove_file(file.path())?;
                }
            }
        }
    }
    Ok(())
}
