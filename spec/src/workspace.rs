//! The digest of a workspace, by which drift between plan and take-off shows (CC-TKO-008, C-20).

use serde_json::{Value, json};

use crate::digest::{self, Sha256Hex};

/// One entry below the workspace. Times, owners and, but for the executable bit of files,
/// permissions do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path below the workspace, parts joined by `/`.
    pub path: String,
    /// What stands there.
    pub kind: EntryKind,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A regular file.
    File {
        /// Whether the owner may execute it.
        executable: bool,
        /// SHA-256 of its raw bytes.
        sha256: Sha256Hex,
    },
    /// A symbolic link; it is not followed.
    Symlink {
        /// The text of the link.
        target: String,
    },
}

/// Why entries have no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkspaceError {
    /// Two entries have the same path.
    #[error("two entries at {path:?}")]
    DuplicatePath {
        /// The path.
        path: String,
    },
    /// A path is empty, absolute, or has an empty, `.` or `..` part.
    #[error("the path {path:?} is not a plain relative one")]
    NotRelative {
        /// The path.
        path: String,
    },
    /// A path or link target is not UTF-8.
    #[error("name that is not UTF-8 after {valid:?}")]
    NotUtf8 {
        /// The part before the first wrong byte.
        valid: String,
    },
}

/// A path or link target as the operating system gives it.
///
/// # Errors
/// When it is not UTF-8: such names have no digest.
pub fn name_from_bytes(bytes: &[u8]) -> Result<String, WorkspaceError> {
    String::from_utf8(bytes.to_vec()).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        WorkspaceError::NotUtf8 {
            valid: String::from_utf8_lossy(valid).into_owned(),
        }
    })
}

/// What the workspace hash is taken over:
///
/// ```json
/// {"entries": [{"kind": "directory", "path": "src"},
///              {"executable": false, "kind": "file", "path": "src/a", "sha256": ".."},
///              {"kind": "symlink", "path": "src/b", "target": "a"}],
///  "excludes": [".git"]}
/// ```
///
/// Entries are sorted by the bytes of their paths, excludes by their bytes. Excludes name what
/// was left out of the entries; how they match is the business of whoever collects entries.
///
/// # Errors
/// When a path stands twice or is not a plain relative one.
pub fn preimage(entries: &[Entry], excludes: &[String]) -> Result<Value, WorkspaceError> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0].path == pair[1].path) {
        return Err(WorkspaceError::DuplicatePath {
            path: pair[0].path.clone(),
        });
    }
    if let Some(entry) = sorted.iter().find(|entry| !is_plain_relative(&entry.path)) {
        return Err(WorkspaceError::NotRelative {
            path: entry.path.clone(),
        });
    }
    let mut excludes = excludes.to_vec();
    excludes.sort();
    let rows: Vec<Value> = sorted.into_iter().map(row).collect();
    Ok(json!({"entries": rows, "excludes": excludes}))
}

/// SHA-256 of the canonical form of [`preimage`].
///
/// # Errors
/// When a path stands twice or is not a plain relative one.
pub fn hash(entries: &[Entry], excludes: &[String]) -> Result<Sha256Hex, WorkspaceError> {
    let preimage = preimage(entries, excludes)?;
    Ok(digest::of_json(&preimage).expect("text and booleans have a canonical form"))
}

fn row(entry: &Entry) -> Value {
    let path = &entry.path;
    match &entry.kind {
        EntryKind::Directory => json!({"path": path, "kind": "directory"}),
        EntryKind::File { executable, sha256 } => {
            json!({"path": path, "kind": "file", "executable": executable, "sha256": sha256})
        }
        EntryKind::Symlink { target } => {
            json!({"path": path, "kind": "symlink", "target": target})
        }
    }
}

fn is_plain_relative(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}
