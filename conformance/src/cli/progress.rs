//! Progress on a terminal: one line that is written again and again. Elsewhere, nothing.

use std::io::{self, Write as _};
use std::sync::atomic::Ordering;

use super::edge::Edge;
use crate::drive::engine::Progress;
use crate::report::plain;

/// Shows launches as they end, and hears of interruptions.
#[derive(Debug)]
pub(crate) struct Live<'a> {
    /// Whether to show anything, and whether the user has had enough.
    pub(crate) edge: &'a Edge,
    /// The scenario that is being driven.
    pub(crate) scenario: &'a str,
}

impl Progress for Live<'_> {
    fn launched(&self, done: usize, total: usize, name: &str) {
        if self.edge.progress {
            let text = format!("{done}/{total} {}: {}", self.scenario, name);
            let text: String = plain::safe(&text).chars().take(78).collect();
            self.show(&text);
        }
    }

    fn interrupted(&self) -> bool {
        self.edge.interrupted.load(Ordering::Relaxed)
    }
}

impl Live<'_> {
    /// Takes the line away.
    pub(crate) fn clear(&self) {
        if self.edge.progress {
            self.show("");
        }
    }

    fn show(&self, text: &str) {
        // Back to the line's start, clear it, write: one write, so that lines of workers do not mix.
        let line = format!("\r\u{1b}[2K{text}");
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(line.as_bytes());
        let _ = stderr.flush();
    }
}
