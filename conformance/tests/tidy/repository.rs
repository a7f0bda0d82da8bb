//! The files of the repository, without what builds and runs leave behind.

use std::path::{Path, PathBuf};

/// A file and its path relative to the repository, `/`-separated.
pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

impl File {
    /// Its content, if that is text.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    pub(super) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|e| e == extension)
    }
}

/// The repository's root.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in a folder of the repository")
        .to_owned()
}

/// A file by its relative path.
pub(super) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files, sorted by path; links are not followed.
pub(super) fn files() -> Vec<File> {
    let mut files = Vec::new();
    walk(&root(), "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 1000, "the walk lost most of the repository");
    files
}

fn walk(root: &Path, relative: &str, files: &mut Vec<File>) {
    let folder = root.join(relative);
    for entry in std::fs::read_dir(&folder).expect("a folder of the repository can be listed") {
        let entry = entry.expect("a folder of the repository can be listed");
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = if relative.is_empty() {
            name.to_owned()
        } else {
            format!("{relative}/{name}")
        };
        let kind = entry.file_type().expect("the file system tells kinds");
        // In a second work tree `.git` is a file that names the first one's folder.
        if is_left_behind(&path, name) {
            continue;
        }
        if kind.is_dir() {
            walk(root, &path, files);
        } else if kind.is_file() && !name.ends_with(".snap.new") {
            let bytes = std::fs::read(entry.path()).expect("a file of the repository can be read");
            files.push(File { path, bytes });
        }
    }
}

/// What `.gitignore` names.
fn is_left_behind(path: &str, name: &str) -> bool {
    matches!(
        path,
        ".git" | "target" | "fuzz/targets/target" | "docs/book"
    ) || name == ".cabincrew-conform"
        || name == "__pycache__"
}
