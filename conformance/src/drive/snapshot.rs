//! Looks at directory trees. Never follows a link, never opens anything but a regular file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::adapter::hex;
use crate::observe::Bytes;
use crate::scenario::{Files, Node};
use crate::tree::{Entry, Kind, Stamp, Tree};

/// Most entries of one look; what lies beyond is not listed and the look says so.
const ENTRIES_MAX: usize = 20_000;
/// Deepest level of one look.
const DEPTH_MAX: usize = 64;
/// Largest file whose content is hashed.
const HASHED_MAX: u64 = 256 << 20;
/// Most bytes of one file that are kept.
const KEPT_MAX: u64 = 4 << 20;
/// Most bytes of one directory that are kept.
const KEPT_ALL_MAX: u64 = 32 << 20;

/// One look at a directory.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// What is there.
    pub(crate) tree: Tree,
    /// File contents, if they were asked for.
    pub(crate) contents: BTreeMap<String, Bytes>,
    /// True if there was more than the bounds allow.
    pub(crate) cut: bool,
}

/// Looks at everything below `root`, hashing files. `known` spares the hashing of files whose inode
/// and change time are still those of an earlier look.
pub(crate) fn look(root: &Path, known: Option<&Tree>) -> Look {
    walk(root, known, false)
}

/// Like [`look`], with an entry `.` for the directory itself, whose change time tells of entries that
/// were made and removed again.
pub(crate) fn look_with_root(root: &Path, known: Option<&Tree>) -> Tree {
    let mut walker = Walker {
        known,
        keep: false,
        kept: 0,
        look: Look::default(),
    };
    walker.entry(root, ".".to_owned(), 0);
    walker.look.tree
}

/// Like [`look`], and keeps the contents of files, bounded.
pub(crate) fn look_with_contents(root: &Path) -> Look {
    walk(root, None, true)
}

fn walk(root: &Path, known: Option<&Tree>, keep: bool) -> Look {
    let mut walker = Walker {
        known,
        keep,
        kept: 0,
        look: Look::default(),
    };
    walker.folder(root, "", 0);
    walker.look
}

struct Walker<'a> {
    known: Option<&'a Tree>,
    keep: bool,
    kept: u64,
    look: Look,
}

impl Walker<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) {
        if depth > DEPTH_MAX {
            self.look.cut = true;
            return;
        }
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            if self.look.tree.len() >= ENTRIES_MAX {
                self.look.cut = true;
                return;
            }
            let name = printable(entry.file_name().as_bytes());
            let path = if prefix.is_empty() {
                name
            } else {
                format!("{prefix}/{name}")
            };
            self.entry(&entry.path(), path, depth);
        }
    }

    fn entry(&mut self, at: &Path, path: String, depth: usize) {
        let Ok(metadata) = at.symlink_metadata() else {
            return;
        };
        let kind = kind(metadata.file_type());
        let stamp = Stamp {
            inode: metadata.ino(),
            changed_ns: i128::from(metadata.ctime()) * 1_000_000_000
                + i128::from(metadata.ctime_nsec()),
        };
        let mut entry = Entry {
            kind,
            mode: metadata.mode() & 0o7777,
            size: if kind == Kind::File {
                metadata.len()
            } else {
                0
            },
            sha256: String::new(),
            target: String::new(),
            links: if kind == Kind::Directory {
                1
            } else {
                metadata.nlink()
            },
            stamp,
        };
        match kind {
            Kind::File => self.file(at, &path, &mut entry),
            Kind::Symlink => {
                entry.target = std::fs::read_link(at)
                    .map(|target| printable(target.as_os_str().as_bytes()))
                    .unwrap_or_default();
            }
            Kind::Directory | Kind::Special => {}
        }
        self.look.tree.insert(path.clone(), entry);
        if kind == Kind::Directory {
            let prefix = if path == "." { "" } else { &path };
            self.folder(at, prefix, depth + 1);
        }
    }

    fn file(&mut self, at: &Path, path: &str, entry: &mut Entry) {
        let same = |old: &&Entry| old.stamp == entry.stamp && old.size == entry.size;
        if let Some(old) = self.known.and_then(|tree| tree.get(path)).filter(same) {
            entry.sha256.clone_from(&old.sha256);
            return;
        }
        if entry.size > HASHED_MAX {
            return;
        }
        let limit = if self.keep {
            KEPT_MAX.min(KEPT_ALL_MAX - self.kept)
        } else {
            0
        };
        if let Ok((sha256, bytes)) = read(at, limit) {
            entry.sha256 = sha256;
            if self.keep {
                self.kept += bytes.kept.len() as u64;
                self.look.contents.insert(path.to_owned(), bytes);
            }
        }
    }
}

/// How a directory filled with `files` looks, without stamps.
pub(crate) fn of_files(files: &Files) -> Tree {
    let mut tree = Tree::new();
    let entry = |kind, mode| Entry {
        kind,
        mode,
        size: 0,
        sha256: String::new(),
        target: String::new(),
        links: 1,
        stamp: Stamp::default(),
    };
    for (path, node) in files {
        for (end, _) in path.match_indices('/') {
            tree.insert(path[..end].to_owned(), entry(Kind::Directory, 0o755));
        }
        let made = match node {
            Node::File {
                content,
                executable,
            } => Entry {
                size: content.len() as u64,
                sha256: hex(&Sha256::digest(content)),
                ..entry(Kind::File, if *executable { 0o755 } else { 0o644 })
            },
            Node::Link { target } => Entry {
                target: target.clone(),
                ..entry(Kind::Symlink, 0o777)
            },
        };
        tree.insert(path.clone(), made);
    }
    tree
}

/// Reads a regular file: its SHA-256 and its first `limit` bytes.
fn read(path: &Path, limit: u64) -> io::Result<(String, Bytes)> {
    let mut file = open(path)?;
    let mut hasher = Sha256::new();
    let mut bytes = Bytes::default();
    let mut buffer = [0; 16 << 10];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 || bytes.total > HASHED_MAX {
            break;
        }
        let part = &buffer[..count];
        hasher.update(part);
        let room = usize::try_from(limit)
            .unwrap_or(usize::MAX)
            .saturating_sub(bytes.kept.len());
        bytes.kept.extend_from_slice(&part[..count.min(room)]);
        bytes.total += count as u64;
    }
    Ok((hex(&hasher.finalize()), bytes))
}

/// Opens a regular file without following a link and without waiting for a pipe's other end.
fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or(0))
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

fn kind(file_type: std::fs::FileType) -> Kind {
    if file_type.is_dir() {
        Kind::Directory
    } else if file_type.is_file() {
        Kind::File
    } else if file_type.is_symlink() {
        Kind::Symlink
    } else {
        Kind::Special
    }
}

/// A file name as text: as it is when it is UTF-8, else with `\xNN` for the bytes that are not.
pub(crate) fn printable(name: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}
