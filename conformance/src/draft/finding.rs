//! What a rule found: one place, what is wrong there, and the place that disagrees.

use serde::Serialize;

/// A line of a file of the draft.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Path relative to the draft, `/`-separated.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
}

impl Place {
    /// That line of that file.
    pub fn new(file: &str, line: usize) -> Self {
        Self {
            file: file.to_owned(),
            line: line.max(1),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// One thing that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The rule's permanent code, as `CCS-012`.
    pub code: &'static str,
    /// What is wrong, in one sentence that needs no context.
    pub message: String,
    /// The place that disagrees, and what it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<(Place, String)>,
}

impl Finding {
    /// A finding without a second place. The rule's code is filled in by whoever runs the rule.
    pub(super) fn new(file: &str, line: usize, message: String) -> Self {
        Self {
            place: Place::new(file, line),
            code: "",
            message,
            other: None,
        }
    }

    /// The same, with the place that disagrees.
    pub(super) fn against(mut self, file: &str, line: usize, says: impl Into<String>) -> Self {
        self.other = Some((Place::new(file, line), says.into()));
        self
    }
}
