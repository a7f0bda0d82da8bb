//! What all forms of the output are made from.

use crate::draft::baseline::Compared;
use crate::draft::finding::Place;

/// The result of a check, and where the draft lies.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The folder as the user wrote it, where it is relative; else empty.
    pub root: String,
    /// What was found, set against the list of known findings.
    pub compared: Compared,
    /// How many Markdown files and schemas were read.
    pub read: [usize; 2],
}

impl Outcome {
    /// A place as a path that the user can open.
    pub(super) fn path(&self, place: &Place) -> String {
        match self.root.as_str() {
            "" | "." => place.file.clone(),
            root => format!("{}/{}", root.trim_end_matches('/'), place.file),
        }
    }
}
