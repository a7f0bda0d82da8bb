//! What a directory tree looks like, and how two looks differ.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A directory tree: relative path (`/`-separated, escaped where not UTF-8) to entry.
pub type Tree = BTreeMap<String, Entry>;

/// One entry of a [`Tree`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Bytes; 0 for anything but files.
    pub size: u64,
    /// SHA-256 of the content, files only; empty when the file was too large to be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    /// Where a symbolic link points.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// Number of names of a file; directories report 1.
    pub links: u64,
    /// What the file system says about the last change; never compared between two trees of
    /// different directories.
    #[serde(default)]
    pub stamp: Stamp,
}

/// Identity and change time of an inode: moves whenever the entry was written or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stamp {
    /// Inode number.
    pub inode: u64,
    /// Inode change time, nanoseconds since the epoch.
    pub changed_ns: i128,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link.
    Symlink,
    /// A pipe, socket or device.
    Special,
}

impl Kind {
    /// The word used in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::File => "file",
            Self::Symlink => "symbolic link",
            Self::Special => "pipe, socket or device",
        }
    }
}

/// One difference between two looks at a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Relative path.
    pub path: String,
    /// How it differs.
    pub what: What,
}

/// How an entry differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It was not there before.
    Added,
    /// Its content differs.
    Content,
    /// It became something else, for example a link.
    Kind,
    /// Its permission bits differ.
    Mode,
    /// It is gone.
    Removed,
    /// It looks the same, but was written or replaced in between.
    Touched,
}

impl What {
    /// The letter used in reports, as version control does.
    pub const fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Content => 'M',
            Self::Kind => 'T',
            Self::Mode => 'P',
            Self::Removed => 'D',
            Self::Touched => 'W',
        }
    }
}

/// The differences from `before` to `after`, by path. `Touched` is only reported by
/// [`changes_with_touches`].
pub fn changes(before: &Tree, after: &Tree) -> Vec<Change> {
    compare(before, after, false)
}

/// Like [`changes`], and reports entries that were written or replaced although they look the same.
/// Both trees must be looks at the same directory.
pub fn changes_with_touches(before: &Tree, after: &Tree) -> Vec<Change> {
    compare(before, after, true)
}

fn compare(before: &Tree, after: &Tree, touches: bool) -> Vec<Change> {
    let mut found = Vec::new();
    for (path, old) in before {
        let what = match after.get(path) {
            None => Some(What::Removed),
            Some(new) => difference(old, new, touches),
        };
        found.extend(what.map(|what| Change {
            path: path.clone(),
            what,
        }));
    }
    for path in after.keys().filter(|path| !before.contains_key(*path)) {
        found.push(Change {
            path: path.clone(),
            what: What::Added,
        });
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn difference(old: &Entry, new: &Entry, touches: bool) -> Option<What> {
    if old.kind != new.kind {
        Some(What::Kind)
    } else if old.sha256 != new.sha256 || old.size != new.size || old.target != new.target {
        Some(What::Content)
    } else if old.mode != new.mode {
        Some(What::Mode)
    } else if touches && old.stamp != new.stamp {
        Some(What::Touched)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str, mode: u32, changed_ns: i128) -> Entry {
        Entry {
            kind: Kind::File,
            mode,
            size: content.len() as u64,
            sha256: content.to_owned(),
            target: String::new(),
            links: 1,
            stamp: Stamp {
                inode: 1,
                changed_ns,
            },
        }
    }

    #[test]
    fn each_difference_has_its_name() {
        let before: Tree = [
            ("gone", file("a", 0o644, 1)),
            ("edited", file("a", 0o644, 1)),
            ("mode", file("a", 0o644, 1)),
            ("touched", file("a", 0o644, 1)),
            ("same", file("a", 0o644, 1)),
        ]
        .map(|(path, entry)| (path.to_owned(), entry))
        .into();
        let mut after = before.clone();
        after.remove("gone");
        after.insert("edited".to_owned(), file("b", 0o644, 2));
        after.insert("mode".to_owned(), file("a", 0o755, 2));
        after.insert("touched".to_owned(), file("a", 0o644, 2));
        after.insert("new".to_owned(), file("a", 0o644, 2));

        let letters = |list: Vec<Change>| {
            list.iter()
                .map(|c| format!("{} {}", c.what.letter(), c.path))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            letters(changes(&before, &after)),
            ["M edited", "D gone", "P mode", "A new"]
        );
        assert_eq!(
            letters(changes_with_touches(&before, &after)),
            ["M edited", "D gone", "P mode", "A new", "W touched"]
        );
    }
}
