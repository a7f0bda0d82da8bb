//! Lines, labelled fields and colours of the terminal report.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::plain;

/// Characters in a line.
const WIDTH: usize = 96;
/// Characters of indentation and label.
const LABEL: usize = 15;

/// Red and bold: what speaks against the subject.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Green and bold.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Yellow and bold: red all the same, and no fault of the subject as far as is known.
pub(crate) const OPEN: Style = AnsiColor::Yellow.on_default().bold();
/// Bold.
pub(crate) const STRONG: Style = Style::new().bold();
/// Dimmed.
pub(crate) const QUIET: Style = Style::new().dimmed();

/// A text in the making. Colours are always written; whoever prints takes them out where unwanted.
#[derive(Debug, Default)]
pub(crate) struct Page {
    text: String,
}

impl Page {
    /// An empty line.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// A line that is known to be short; `text` may hold colours.
    pub(crate) fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A paragraph, indented.
    pub(crate) fn paragraph(&mut self, indent: usize, text: &str) {
        for line in plain::wrap(&plain::safe(text), WIDTH - indent) {
            let _ = writeln!(self.text, "{:indent$}{line}", "");
        }
    }

    /// Items side by side, none of them broken unless it is longer than a line.
    pub(crate) fn items(&mut self, items: &[String]) {
        for line in pack(items, WIDTH) {
            self.paragraph(0, &line);
        }
    }

    /// A label and items beside it.
    pub(crate) fn field_items(&mut self, label: &str, items: &[String]) {
        for (index, line) in pack(items, WIDTH - LABEL).iter().enumerate() {
            self.field(if index == 0 { label } else { "" }, line);
        }
    }

    /// A headline: a coloured word and a text that may wrap.
    pub(crate) fn headline(&mut self, style: Style, word: &str, text: &str) {
        if text.is_empty() {
            return self.line(&paint(style, word));
        }
        let lines = plain::wrap(&plain::safe(text), WIDTH - word.len() - 2);
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                let _ = writeln!(self.text, "{style}{word}{style:#}  {line}");
            } else {
                let _ = writeln!(self.text, "{:1$}{line}", "", word.len() + 2);
            }
        }
    }

    /// A label and a text that wraps beside it.
    pub(crate) fn field(&mut self, label: &str, text: &str) {
        let lines = plain::wrap(&plain::safe(text), WIDTH - LABEL);
        for (index, line) in lines.iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let _ = writeln!(
                self.text,
                "  {QUIET}{label:<width$}{QUIET:#}{line}",
                width = LABEL - 2
            );
        }
    }

    /// A label and a command, which is never broken: it is there to be copied.
    pub(crate) fn command(&mut self, label: &str, text: &str) {
        let text = plain::safe(text);
        let _ = writeln!(
            self.text,
            "  {QUIET}{label:<width$}{QUIET:#}{text}",
            width = LABEL - 2
        );
    }

    /// The finished text.
    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// Puts as many items into a line as fit.
fn pack(items: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        let length = item.chars().count() + 3;
        match lines.last_mut() {
            Some(line) if line.chars().count() + length <= width => {
                line.push_str("   ");
                line.push_str(item);
            }
            Some(_) | None => lines.push(item.clone()),
        }
    }
    lines
}

/// A word in a colour.
pub(crate) fn paint(style: Style, word: &str) -> String {
    format!("{style}{word}{style:#}")
}
