//! The planned change: which lines of which files, and what the files were before.

use serde::{Deserialize, Serialize};

use super::artifact::sha256;

/// The change of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// Relative path with `/`.
    pub(crate) path: String,
    /// SHA-256 of the file before.
    pub(crate) before: String,
    /// SHA-256 of the file after.
    pub(crate) after: String,
    /// The lines that change, ascending.
    pub(crate) lines: Vec<Line>,
}

/// A line that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    /// Counted from 1.
    pub(crate) number: usize,
    /// Without line end.
    pub(crate) before: String,
    /// Without line end.
    pub(crate) after: String,
}

impl Edit {
    /// The edit that strips trailing blanks from `text`, if there are any.
    pub(crate) fn plan(path: &str, text: &str) -> Option<Self> {
        let mut after = String::with_capacity(text.len());
        let mut lines = Vec::new();
        for (index, full) in text.split_inclusive('\n').enumerate() {
            let (line, end) = split_end(full);
            let kept = line.trim_end_matches([' ', '\t']);
            if kept != line {
                let (before, after) = (line.to_owned(), kept.to_owned());
                lines.push(Line {
                    number: index + 1,
                    before,
                    after,
                });
            }
            after.push_str(kept);
            after.push_str(end);
        }
        (!lines.is_empty()).then(|| Self {
            path: path.to_owned(),
            before: sha256(text.as_bytes()),
            after: sha256(after.as_bytes()),
            lines,
        })
    }

    /// The text after the edit, if `text` is what it was planned for.
    pub(crate) fn carry_out(&self, text: &str) -> Option<String> {
        let mut changes = self.lines.iter().peekable();
        let mut after = String::with_capacity(text.len());
        for (index, full) in text.split_inclusive('\n').enumerate() {
            let (line, end) = split_end(full);
            match changes.next_if(|change| change.number == index + 1) {
                Some(change) if change.before == line => after.push_str(&change.after),
                Some(_) => return None,
                None => after.push_str(line),
            }
            after.push_str(end);
        }
        (changes.next().is_none() && sha256(after.as_bytes()) == self.after).then_some(after)
    }
}

/// The edits as a unified diff without context lines.
pub(crate) fn diff(edits: &[Edit]) -> String {
    let mut text = String::new();
    for edit in edits {
        let name = quoted(&edit.path);
        text.push_str(&["--- ", &name, "\n+++ ", &name, "\n"].concat());
        for line in &edit.lines {
            let number = line.number.to_string();
            text.push_str(&["@@ -", &number, " +", &number, " @@\n"].concat());
            text.push_str(&["-", &line.before, "\n+", &line.after, "\n"].concat());
        }
    }
    text
}

/// A path as it may stand in one line of text.
fn quoted(path: &str) -> String {
    let plain = |c: char| !c.is_control() && c != '"' && c != '\\';
    if path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("{path:?}")
    }
}

fn split_end(line: &str) -> (&str, &str) {
    let line_end = if line.ends_with("\r\n") {
        2
    } else {
        usize::from(line.ends_with('\n'))
    };
    line.split_at(line.len() - line_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "one  \r\ntwo\t\n\nthree\nfour ";

    #[test]
    fn an_edit_carries_out_what_was_planned() {
        let edit = Edit::plan("a.txt", TEXT).unwrap();
        assert_eq!(edit.carry_out(TEXT).unwrap(), "one\r\ntwo\n\nthree\nfour");
        assert_eq!(
            edit.lines
                .iter()
                .map(|line| line.number)
                .collect::<Vec<_>>(),
            [1, 2, 5]
        );
        assert_eq!(Edit::plan("a.txt", "one\r\ntwo\n\nthree\nfour"), None);
    }

    #[test]
    fn an_edit_does_not_fit_another_text() {
        let edit = Edit::plan("a.txt", TEXT).unwrap();
        assert_eq!(edit.carry_out("one \r\ntwo\t\n\nthree\nfour "), None);
        assert_eq!(edit.carry_out("one  \r\ntwo\t\n"), None);
        assert_eq!(edit.carry_out("one  \r\ntwo\t\n\nTHREE\nfour "), None);
    }

    #[test]
    fn a_hostile_name_stays_in_its_line() {
        let edit = Edit::plan("a\n+++ b.txt", "x \n").unwrap();
        assert_eq!(
            diff(&[edit]),
            "--- \"a\\n+++ b.txt\"\n+++ \"a\\n+++ b.txt\"\n@@ -1 +1 @@\n-x \n+x\n"
        );
    }
}
