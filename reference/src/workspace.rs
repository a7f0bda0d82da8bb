//! The workspace: its digest, the snapshot that engines plan on, and what has changed (C-20, C-21).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use cabincrew_protocol::digest::{Hasher, Sha256Hex};
use cabincrew_protocol::workspace::{self, Entry, EntryKind, WorkspaceError, name_from_bytes};

use crate::fault::{self, Fault};

/// Most entries of a workspace.
const ENTRIES_MAX: usize = 2_000_000;
/// Deepest folder of a workspace.
const DEPTH_MAX: usize = 200;
/// Two changes of a file this close together may carry the same time (in nanoseconds).
const RACY_NS: i64 = 100_000_000;

/// Why a workspace cannot be read or copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The system refuses.
    #[error("cannot {what} {path}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A socket, pipe or device.
    #[error("{path} is neither file, folder nor link")]
    Special {
        /// The path.
        path: PathBuf,
    },
    /// There are too many entries, or they are too deep.
    #[error("more than {ENTRIES_MAX} entries or {DEPTH_MAX} levels")]
    TooLarge,
    /// A name has no digest.
    #[error("a name without a digest")]
    Name(#[source] WorkspaceError),
}

/// A workspace as it was at one time.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    entries: BTreeMap<String, Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    kind: EntryKind,
    mode: u32,
    stamp: Stamp,
}

/// What the system changes whenever an entry changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Stamp {
    inode: u64,
    links: u64,
    size: u64,
    changed_ns: i64,
}

impl Tree {
    /// Reads a workspace.
    ///
    /// # Errors
    /// For everything that [`TreeError`] names.
    pub fn read(root: &Path) -> Result<Self, TreeError> {
        let mut tree = Self::default();
        tree.walk(root, "", None, 0)?;
        Ok(tree)
    }

    /// Copies a workspace into a new folder, and gives what was copied.
    ///
    /// # Errors
    /// For everything that [`TreeError`] names.
    pub fn copy(root: &Path, to: &Path) -> Result<Self, TreeError> {
        let mut tree = Self::default();
        make(to)?;
        tree.walk(root, "", Some(to), 0)?;
        for (path, node) in &mut tree.entries {
            node.stamp = stamp(&status(&to.join(path))?);
            node.mode = status(&to.join(path))?.mode() & 0o7777;
        }
        Ok(tree)
    }

    /// The digest of the workspace (C-20).
    ///
    /// # Errors
    /// When a name has no digest.
    pub fn digest(&self) -> Result<Sha256Hex, TreeError> {
        if fault::on(Fault::WorkspaceHashConstant) {
            return Ok(cabincrew_protocol::digest::sha256(b"workspace"));
        }
        workspace::hash(&self.rows(), &[]).map_err(TreeError::Name)
    }

    /// The preimage of the digest, to be kept for naming differences.
    #[must_use]
    pub fn manifest(&self) -> serde_json::Value {
        workspace::preimage(&self.rows(), &[]).unwrap_or_default()
    }

    /// What has changed in a snapshot since it was made; written and restored counts too.
    ///
    /// # Errors
    /// When it cannot be read any more.
    pub fn changes_in(&self, root: &Path) -> Result<Vec<String>, TreeError> {
        let mut found = Vec::new();
        let mut now = Self::default();
        now.list(root, "", 0)?;
        let newest = self
            .entries
            .values()
            .map(|node| node.stamp.changed_ns)
            .max();
        let racy = newest.unwrap_or_default().saturating_sub(RACY_NS);
        for (path, node) in &self.entries {
            let Some(after) = now.entries.remove(path) else {
                found.push(format!("removed {path}"));
                continue;
            };
            if after.mode != node.mode {
                found.push(format!("other mode {path}"));
            } else if after.stamp != node.stamp {
                found.push(format!("touched {path}"));
            } else if node.stamp.changed_ns >= racy && content(root, path)? != node.kind {
                found.push(format!("changed {path}"));
            }
        }
        found.extend(now.entries.into_keys().map(|path| format!("added {path}")));
        Ok(found)
    }

    /// What differs between a kept manifest and this tree, for people.
    #[must_use]
    pub fn differences(&self, manifest: &serde_json::Value) -> Vec<String> {
        let rows = |value: &serde_json::Value| -> BTreeMap<String, serde_json::Value> {
            let entries = value.get("entries").and_then(|entries| entries.as_array());
            let rows = entries.into_iter().flatten();
            rows.filter_map(|row| Some((row.get("path")?.as_str()?.to_owned(), row.clone())))
                .collect()
        };
        let (before, after) = (rows(manifest), rows(&self.manifest()));
        let mut found = Vec::new();
        for (path, row) in &before {
            match after.get(path) {
                None => found.push(format!("removed {path}")),
                Some(now) if now != row => found.push(format!("changed {path}")),
                Some(_) => {}
            }
        }
        let added = after.keys().filter(|path| !before.contains_key(*path));
        found.extend(added.map(|path| format!("added {path}")));
        found
    }

    fn rows(&self) -> Vec<Entry> {
        let entries = self.entries.iter();
        let rows = entries.map(|(path, node)| Entry {
            path: path.clone(),
            kind: node.kind.clone(),
        });
        rows.collect()
    }

    /// Reads a folder with all content; copies it if `to` says where.
    fn walk(
        &mut self,
        folder: &Path,
        prefix: &str,
        to: Option<&Path>,
        depth: usize,
    ) -> Result<(), TreeError> {
        for (name, path) in children(folder, depth)? {
            let relative = format!("{prefix}{name}");
            let status = status(&path)?;
            let target = to.map(|to| to.join(&name));
            let kind = if status.is_dir() {
                if let Some(target) = &target {
                    make(target)?;
                }
                EntryKind::Directory
            } else if status.is_symlink() {
                link(&path, target.as_deref())?
            } else if status.is_file() {
                file(&path, target.as_deref())?
            } else {
                return Err(TreeError::Special { path });
            };
            let is_folder = kind == EntryKind::Directory;
            self.add(&relative, kind, &status)?;
            if is_folder {
                let prefix = format!("{relative}/");
                self.walk(&path, &prefix, target.as_deref(), depth + 1)?;
            }
        }
        Ok(())
    }

    /// Reads a folder without content.
    fn list(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), TreeError> {
        for (name, path) in children(folder, depth)? {
            let relative = format!("{prefix}{name}");
            let status = status(&path)?;
            self.add(&relative, EntryKind::Directory, &status)?;
            if status.is_dir() {
                self.list(&path, &format!("{relative}/"), depth + 1)?;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        relative: &str,
        kind: EntryKind,
        status: &fs::Metadata,
    ) -> Result<(), TreeError> {
        let node = Node {
            kind,
            mode: status.mode() & 0o7777,
            stamp: stamp(status),
        };
        self.entries.insert(relative.to_owned(), node);
        if self.entries.len() > ENTRIES_MAX {
            return Err(TreeError::TooLarge);
        }
        Ok(())
    }
}

fn children(folder: &Path, depth: usize) -> Result<Vec<(String, PathBuf)>, TreeError> {
    if depth > DEPTH_MAX {
        return Err(TreeError::TooLarge);
    }
    let fail = |source| TreeError::Io {
        what: "list",
        path: folder.to_owned(),
        source,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = name_from_bytes(entry.file_name().as_bytes()).map_err(TreeError::Name)?;
        found.push((name, entry.path()));
    }
    found.sort();
    Ok(found)
}

fn status(path: &Path) -> Result<fs::Metadata, TreeError> {
    fs::symlink_metadata(path).map_err(failed("look at", path))
}

fn stamp(status: &fs::Metadata) -> Stamp {
    Stamp {
        inode: status.ino(),
        links: status.nlink(),
        size: status.size(),
        changed_ns: status.ctime() * 1_000_000_000 + status.ctime_nsec(),
    }
}

fn make(folder: &Path) -> Result<(), TreeError> {
    let made = fs::DirBuilder::new().mode(0o755).create(folder);
    made.map_err(failed("make", folder))
}

fn link(path: &Path, to: Option<&Path>) -> Result<EntryKind, TreeError> {
    let target = fs::read_link(path).map_err(failed("read", path))?;
    if let Some(to) = to {
        symlink(&target, to).map_err(failed("make", to))?;
    }
    let target = name_from_bytes(target.as_os_str().as_bytes()).map_err(TreeError::Name)?;
    Ok(EntryKind::Symlink { target })
}

fn file(path: &Path, to: Option<&Path>) -> Result<EntryKind, TreeError> {
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut options = File::options();
    let mut from = options
        .read(true)
        .custom_flags(flags)
        .open(path)
        .map_err(failed("read", path))?;
    let mode = from.metadata().map_err(failed("look at", path))?.mode();
    let mut target = match to {
        None => None,
        Some(to) => {
            let mut options = File::options();
            let made = options
                .write(true)
                .create_new(true)
                .mode(0o600 | (mode & 0o777))
                .open(to);
            Some(made.map_err(failed("make", to))?)
        }
    };
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; crate::artifacts::chunk(&from)];
    loop {
        let length = from.read(&mut buffer).map_err(failed("read", path))?;
        if length == 0 {
            break;
        }
        hasher.update(&buffer[..length]);
        if let (Some(file), Some(to)) = (target.as_mut(), to) {
            file.write_all(&buffer[..length])
                .map_err(failed("write", to))?;
        }
    }
    Ok(EntryKind::File {
        executable: mode & 0o100 != 0,
        sha256: hasher.finish(),
    })
}

fn content(root: &Path, path: &str) -> Result<EntryKind, TreeError> {
    let path = root.join(path);
    let status = status(&path)?;
    if status.is_dir() {
        Ok(EntryKind::Directory)
    } else if status.is_symlink() {
        link(&path, None)
    } else if status.is_file() {
        file(&path, None)
    } else {
        Err(TreeError::Special { path })
    }
}

fn failed(what: &'static str, path: &Path) -> impl Fn(io::Error) -> TreeError {
    move |source| TreeError::Io {
        what,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_has_the_digest_of_its_origin_and_shows_every_change() {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::write(from.join("a/file"), "text").unwrap();
        symlink("a/file", from.join("link")).unwrap();
        let tree = Tree::copy(&from, &to).unwrap();
        let digest = tree.digest().unwrap();
        assert_eq!(digest, Tree::read(&from).unwrap().digest().unwrap());
        assert_eq!(digest, Tree::read(&to).unwrap().digest().unwrap());
        assert_eq!(tree.changes_in(&to).unwrap(), Vec::<String>::new());
        fs::write(to.join("new"), "").unwrap();
        fs::remove_file(to.join("link")).unwrap();
        let changes = tree.changes_in(&to).unwrap();
        assert!(changes.contains(&"removed link".to_owned()), "{changes:?}");
        assert!(changes.contains(&"added new".to_owned()), "{changes:?}");
        let after = Tree::read(&to).unwrap();
        assert_eq!(
            after.differences(&tree.manifest()),
            ["removed link", "added new"]
        );
    }
}
