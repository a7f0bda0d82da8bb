//! Finds what there is to change. Follows no link, opens only plain files, reads in sorted order.

use std::path::Path;

use super::edit::Edit;
use super::failure::Failure;
use crate::fault::Deviation;

/// Deepest folder that is looked into.
const DEPTH_MAX: usize = 32;
/// Most files that are read.
const FILES_MAX: usize = 10_000;
/// Largest file that is read.
const SIZE_MAX: u64 = 4 << 20;

/// File name endings, without the dot, of the files to be changed.
#[derive(Debug, Clone)]
pub(crate) struct Extensions(pub(crate) Vec<String>);

impl Default for Extensions {
    fn default() -> Self {
        Self(["md", "txt"].map(str::to_owned).to_vec())
    }
}

/// The edits that the files below `root` need, by path.
pub(crate) fn scan(
    root: &Path,
    extensions: &Extensions,
    deviation: &Deviation,
) -> Result<Vec<Edit>, Failure> {
    let mut search = Search {
        extensions,
        deviation,
        files: 0,
        edits: Vec::new(),
    };
    search.folder(root, "", 0)?;
    let mut edits = search.edits;
    if !deviation.keeps_listing_order() {
        edits.sort_by(|a, b| a.path.cmp(&b.path));
    }
    Ok(edits)
}

struct Search<'a> {
    extensions: &'a Extensions,
    deviation: &'a Deviation,
    files: usize,
    edits: Vec<Edit>,
}

impl Search<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), Failure> {
        let unreadable = || Failure::io(format!("list the workspace folder {prefix:?}"));
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable())? {
            names.push(entry.map_err(unreadable())?.file_name());
        }
        if !self.deviation.keeps_listing_order() {
            names.sort();
        }
        for name in names {
            // A name that is not UTF-8 has no place in a JSON document.
            let Some(text) = name.to_str() else { continue };
            let path = format!("{prefix}{text}");
            let full = folder.join(&name);
            let unreadable = || Failure::io(format!("read the workspace file {path:?}"));
            let metadata = full.symlink_metadata().map_err(unreadable())?;
            if metadata.is_dir() && depth < DEPTH_MAX && text != ".git" {
                self.folder(&full, &format!("{path}/"), depth + 1)?;
            } else if metadata.is_file() && metadata.len() <= SIZE_MAX && self.wants(text) {
                self.files += 1;
                let bytes = std::fs::read(&full).map_err(unreadable())?;
                // Only text is edited; anything else is left alone.
                let text = std::str::from_utf8(&bytes).ok();
                self.edits
                    .extend(text.and_then(|text| Edit::plan(&path, text)));
            }
        }
        Ok(())
    }

    fn wants(&self, name: &str) -> bool {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        let listed = |extension: &str| self.extensions.0.iter().any(|wanted| wanted == extension);
        self.files < FILES_MAX && extension.is_some_and(listed)
    }
}
