//! Files that cannot be written, and directories that cannot be removed, for a while.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::director::Director;
use crate::orchestrator::drill::Fix;
use crate::orchestrator::observe::Done;

/// A file or directory that is marked as immutable: it is neither written nor removed, and in a directory
/// nothing is made or removed. The mark goes with this value, come what may.
#[derive(Debug)]
pub(super) struct Fixed(File);

impl Fixed {
    /// Marks what lies below `root`, which is where links lead as well: subjects name the path.
    ///
    /// # Errors
    /// If it lies elsewhere, or the file system or the lack of a privilege forbids the mark.
    pub(super) fn fix(path: &Path, root: &Path) -> io::Result<Self> {
        let (path, root) = (path.canonicalize()?, root.canonicalize()?);
        if path == root || !path.starts_with(&root) || !(path.is_dir() || path.is_file()) {
            return Err(io::Error::other("it is no file or directory of this run"));
        }
        let fixed = Self(open(&path)?);
        set(&fixed.0, true)?;
        Ok(fixed)
    }

    /// Whether directories below `root` can be marked, and whether that keeps them.
    pub(super) fn works(root: &Path) -> bool {
        let tried = root.join("fixed");
        if std::fs::create_dir(&tried).is_err() {
            return false;
        }
        let fixed = Self::fix(&tried, root);
        let stays = fixed.is_ok() && std::fs::remove_dir(&tried).is_err();
        drop(fixed);
        std::fs::remove_dir(&tried).is_ok() && stays
    }
}

impl Director<'_> {
    pub(super) fn fix(&mut self, what: Fix) -> Done {
        self.fixed.clear();
        let (paths, named): (Vec<PathBuf>, Vec<String>) = match what {
            Fix::State => {
                let files = self.files().into_iter();
                files
                    .map(|(path, _)| (self.site.state.join(&path), path))
                    .unzip()
            }
            Fix::Temp => {
                let held = self.calls.iter().flat_map(|call| call.programs.iter());
                let mut given = held.filter_map(|program| program.env.get("CABINCREW_TEMP_DIR"));
                let last = given.next_back().map(PathBuf::from).into_iter();
                last.map(|path| (path, "CABINCREW_TEMP_DIR".to_owned()))
                    .unzip()
            }
            Fix::Nothing => return Done::Changed(Vec::new()),
        };
        if paths.is_empty() {
            return Done::NothingFound("there is nothing that could be fixed".to_owned());
        }
        for (path, name) in paths.iter().zip(&named) {
            match Fixed::fix(path, &self.site.root) {
                Ok(fixed) => self.fixed.push(fixed),
                Err(error) => return Done::NothingFound(format!("{name}: {error}")),
            }
        }
        Done::Changed(named)
    }
}

impl Drop for Fixed {
    fn drop(&mut self) {
        let _ = set(&self.0, false);
    }
}

/// Opens what is no link, and does not wait for a pipe that has taken its place.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(target_os = "linux")]
fn set(file: &File, immutable: bool) -> io::Result<()> {
    use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

    let mut flags = ioctl_getflags(file)?;
    flags.set(IFlags::IMMUTABLE, immutable);
    ioctl_setflags(file, flags)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn set(_file: &File, _immutable: bool) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_elsewhere_is_not_marked() {
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(other.path(), root.path().join("link")).unwrap();
        for path in [other.path(), &root.path().join("link"), root.path()] {
            assert!(Fixed::fix(path, root.path()).is_err(), "{}", path.display());
        }
    }

    #[test]
    fn the_mark_goes_with_the_value() {
        let root = tempfile::tempdir().unwrap();
        let there = Fixed::works(root.path());
        assert!(!root.path().join("fixed").exists(), "{there}");
    }
}
