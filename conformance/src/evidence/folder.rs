//! The folder that a run writes to: built beside its place, then put there at once.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use super::EvidenceError;

/// The file that says a folder is ours and may be replaced.
const MARKER: &str = ".cabincrew-conform";

/// An output folder in the making. Dropped without [`OutputFolder::publish`], it leaves no trace.
#[derive(Debug)]
pub struct OutputFolder {
    place: PathBuf,
    building: tempfile::TempDir,
}

impl OutputFolder {
    /// Starts an output folder that will replace the one at `place`.
    ///
    /// # Errors
    /// When `place` holds anything that no run of ours has written, or its parent cannot be written.
    pub fn open(place: &Path) -> Result<Self, EvidenceError> {
        let name = match place.components().next_back() {
            Some(Component::Normal(name)) => name.to_string_lossy().into_owned(),
            _ => {
                return Err(EvidenceError::Foreign {
                    path: place.to_owned(),
                    why: "it is no folder name",
                });
            }
        };
        refuse_foreign(place)?;
        let parent = place
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let fail = |source| EvidenceError::Unwritable {
            path: parent.to_owned(),
            source,
        };
        fs::create_dir_all(parent).map_err(fail)?;
        let building = tempfile::Builder::new()
            .prefix(&format!(".{name}.new-"))
            .tempdir_in(parent)
            .map_err(fail)?;
        let folder = Self {
            place: place.to_owned(),
            building,
        };
        folder.write(
            MARKER,
            b"Written by cabincrew-conform, which replaces this folder in its next run.\n",
        )?;
        folder.write(".gitignore", b"*\n")?;
        Ok(folder)
    }

    /// Writes a new file; `name` is relative and may have folders.
    ///
    /// # Errors
    /// When it exists already or cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), EvidenceError> {
        write_new(&self.building.path().join(name), content, 0o644)
    }

    /// Writes a new file that can be executed.
    ///
    /// # Errors
    /// When it exists already or cannot be written.
    pub fn write_script(&self, name: &str, content: &str) -> Result<(), EvidenceError> {
        write_new(&self.building.path().join(name), content.as_bytes(), 0o755)
    }

    /// Makes a folder and returns its path.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn below(&self, name: &str) -> Result<PathBuf, EvidenceError> {
        let path = self.building.path().join(name);
        fs::create_dir_all(&path).map_err(|source| EvidenceError::Unwritable {
            path: path.clone(),
            source,
        })?;
        Ok(path)
    }

    /// Puts the folder in its place; what an earlier run left there is removed.
    ///
    /// # Errors
    /// When the place meanwhile holds something else, or cannot be written.
    pub fn publish(self) -> Result<(), EvidenceError> {
        refuse_foreign(&self.place)?;
        let fail = |source| EvidenceError::Unwritable {
            path: self.place.clone(),
            source,
        };
        readable(self.building.path()).map_err(fail)?;
        if self.place.symlink_metadata().is_err() {
            fs::rename(self.building.path(), &self.place).map_err(fail)?;
            let _ = self.building.keep();
            return Ok(());
        }
        if exchange(self.building.path(), &self.place).is_err() {
            // No exchange on this file system: for a moment there is no folder.
            let old = self.building.path().with_extension("old");
            fs::rename(&self.place, &old).map_err(fail)?;
            fs::rename(self.building.path(), &self.place).map_err(fail)?;
            fs::rename(&old, self.building.path()).map_err(fail)?;
        }
        // What was there before now lies where the new folder was built, and goes with it.
        self.building.close().map_err(fail)
    }
}

#[cfg(target_os = "linux")]
fn exchange(new: &Path, old: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_new: &Path, _old: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Temporary folders are closed to others; a report need not be.
fn readable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

fn refuse_foreign(place: &Path) -> Result<(), EvidenceError> {
    let refuse = |why| {
        Err(EvidenceError::Foreign {
            path: place.to_owned(),
            why,
        })
    };
    let Ok(metadata) = place.symlink_metadata() else {
        return Ok(());
    };
    if metadata.is_symlink() {
        return refuse("it is a link");
    }
    if !metadata.is_dir() {
        return refuse("it is not a folder");
    }
    let is_empty = fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_none());
    let is_ours = place
        .join(MARKER)
        .symlink_metadata()
        .is_ok_and(|marker| marker.is_file());
    if is_empty || is_ours {
        Ok(())
    } else {
        refuse("it is not empty and was not written by cabincrew-conform")
    }
}

/// Writes a file that must not exist yet, so that no link is ever followed.
pub(super) fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<(), EvidenceError> {
    let create = || {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file: File = File::options()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)?;
        file.write_all(content)
    };
    create().map_err(|source| EvidenceError::Unwritable {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_run_replaces_an_earlier_one() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("out/last");
        for text in ["one", "two"] {
            let folder = OutputFolder::open(&place).unwrap();
            folder.write(&format!("a/{text}"), text.as_bytes()).unwrap();
            folder.publish().unwrap();
        }
        assert!(!place.join("a/one").exists());
        assert_eq!(fs::read_to_string(place.join("a/two")).unwrap(), "two");
        let left: Vec<_> = fs::read_dir(root.path().join("out")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn data_of_others_is_refused_and_kept() {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::write(data.join("thesis.txt"), "x").unwrap();
        std::os::unix::fs::symlink(&data, root.path().join("link")).unwrap();
        fs::write(root.path().join("file"), "x").unwrap();
        for name in ["data", "link", "file", ".."] {
            let error = OutputFolder::open(&root.path().join(name)).unwrap_err();
            assert!(
                matches!(error, EvidenceError::Foreign { .. }),
                "{name}: {error}"
            );
        }
        assert!(data.join("thesis.txt").exists());
        fs::create_dir(root.path().join("empty")).unwrap();
        OutputFolder::open(&root.path().join("empty"))
            .unwrap()
            .publish()
            .unwrap();
    }

    #[test]
    fn an_abandoned_folder_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        drop(OutputFolder::open(&root.path().join("last")).unwrap());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn links_are_never_followed() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("target");
        fs::write(&target, "kept").unwrap();
        let link = root.path().join("link");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(write_new(&link, b"lost", 0o644).is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "kept");
    }
}
