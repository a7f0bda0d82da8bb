//! Reading a draft's folder: bounded, and no link followed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::model::Draft;

/// Most files that are looked at.
const FILES_MAX: usize = 10_000;
/// Most folders in each other.
const DEPTH_MAX: usize = 16;
/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Most bytes that are read in all.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Folders that hold other people's files or products of tools.
const SKIPPED: [&str; 5] = [".git", "node_modules", "target", "venv", "__pycache__"];

/// Why a folder cannot be read as a draft.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DraftError {
    /// A file or folder cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A Markdown or schema file is not UTF-8.
    #[error("{path} is not UTF-8")]
    NotText {
        /// Which.
        path: PathBuf,
    },
    /// There is more than a draft has.
    #[error("{path} is too much for a draft: more than {what}")]
    TooMuch {
        /// Where it became too much.
        path: PathBuf,
        /// The bound.
        what: &'static str,
    },
    /// There is nothing to check.
    #[error("{path} holds neither a Markdown file nor a JSON Schema")]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// Reads the Markdown files and JSON Schemas of a folder, or a single file. Links and the folders of
/// version control and build tools are passed over.
///
/// # Errors
/// When something cannot be read, is larger than a draft, or there is nothing to check.
pub fn read(folder: &Path) -> Result<Draft, DraftError> {
    let mut walk = Walk::default();
    if folder.is_file() {
        let name = folder.file_name().unwrap_or_default();
        let parent = folder.parent().unwrap_or(Path::new(""));
        walk.file(parent, name.to_string_lossy().into_owned())?;
    } else {
        walk.folder(folder, "", 0)?;
    }
    let mut draft = Draft::of_texts(&walk.texts);
    draft.paths = walk.paths.into_iter().collect();
    if draft.chapters.is_empty() && draft.schemas.is_empty() {
        return Err(DraftError::Empty {
            path: folder.to_owned(),
        });
    }
    Ok(draft)
}

#[derive(Default)]
struct Walk {
    texts: BTreeMap<String, String>,
    paths: Vec<String>,
    bytes: u64,
}

impl Walk {
    fn folder(&mut self, root: &Path, relative: &str, depth: usize) -> Result<(), DraftError> {
        let folder = root.join(relative);
        let too_much = |what| DraftError::TooMuch {
            path: folder.clone(),
            what,
        };
        if depth > DEPTH_MAX {
            return Err(too_much("16 folders in each other"));
        }
        let unreadable = |source| DraftError::Unreadable {
            path: folder.clone(),
            source,
        };
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if relative.is_empty() {
                name.clone()
            } else {
                format!("{relative}/{name}")
            };
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    self.paths.push(path.clone());
                    self.folder(root, &path, depth + 1)?;
                }
            } else if kind.is_file() {
                self.file(root, path)?;
            }
            if self.paths.len() > FILES_MAX {
                return Err(too_much("10000 files"));
            }
        }
        Ok(())
    }

    fn file(&mut self, root: &Path, path: String) -> Result<(), DraftError> {
        let wanted = [".md", ".mdx", ".json"]
            .iter()
            .any(|end| path.ends_with(end));
        if wanted {
            let text = self.text(&root.join(&path))?;
            self.texts.insert(path.clone(), text);
        }
        self.paths.push(path);
        Ok(())
    }

    fn text(&mut self, file: &Path) -> Result<String, DraftError> {
        let mut bytes = Vec::new();
        let opened = fs::File::open(file);
        opened
            .and_then(|opened| opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
            .map_err(|source| DraftError::Unreadable {
                path: file.to_owned(),
                source,
            })?;
        let length = bytes.len() as u64;
        self.bytes += length;
        if length > FILE_BYTES_MAX || self.bytes > BYTES_MAX {
            return Err(DraftError::TooMuch {
                path: file.to_owned(),
                what: "4 MiB in a file or 64 MiB in all",
            });
        }
        String::from_utf8(bytes).map_err(|_| DraftError::NotText {
            path: file.to_owned(),
        })
    }
}
