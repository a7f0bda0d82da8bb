//! The bytes of a log: one line per event, each exactly its canonical form and a line feed.

use serde_json::Value;

use crate::canonical::{self, CanonicalError};
use crate::json::{self, JsonError, Limits};

/// A log as its bytes say it.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// The events of all complete lines.
    pub events: Vec<Value>,
    /// Where an unterminated last line begins, if there is one: what a crash cut short (C-22).
    /// It is no event.
    pub torn_at: Option<usize>,
}

/// Why bytes are no log. A damaged line in the middle is never skipped (C-22).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// A line is JSON, but not in its canonical form.
    #[error("line {index} is not in canonical form")]
    NotCanonical {
        /// Index of the line, from 0.
        index: usize,
    },
    /// A line is not one strict JSON document.
    #[error("line {index} is not one JSON document")]
    NotJson {
        /// Index of the line, from 0.
        index: usize,
        /// Why.
        source: JsonError,
    },
}

/// The line of an event.
///
/// # Errors
/// When the event has no canonical form.
pub fn line(event: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut bytes = canonical::to_vec(event)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a whole log.
///
/// # Errors
/// At the first complete line that is not the canonical form of a JSON document.
pub fn read(bytes: &[u8]) -> Result<Log, LogError> {
    let complete = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let mut events = Vec::new();
    for (index, line) in bytes[..complete]
        .split_inclusive(|byte| *byte == b'\n')
        .enumerate()
    {
        let line = &line[..line.len() - 1];
        let event = json::parse(line, &Limits::DOCUMENT)
            .map_err(|source| LogError::NotJson { index, source })?;
        if canonical::to_vec(&event).as_deref() != Ok(line) {
            return Err(LogError::NotCanonical { index });
        }
        events.push(event);
    }
    let torn_at = (complete < bytes.len()).then_some(complete);
    Ok(Log { events, torn_at })
}
