//! Short, safe words for what was seen: subjects are hostile, and so are their outputs.

use std::fmt::{Debug, Write as _};

use crate::observe::End;
use crate::receipt::describe_end;
use crate::report::plain::safe;
use crate::tree::Change;

/// Most characters of one quotation.
const SHORT: usize = 240;

/// A text on one line, control characters and direction marks escaped, cut in the middle if long.
pub(crate) fn short(text: &str) -> String {
    let safe = safe(text);
    if safe.chars().count() <= SHORT {
        return safe;
    }
    let head: String = safe.chars().take(SHORT * 2 / 3).collect();
    let tail: Vec<char> = safe.chars().rev().take(SHORT / 4).collect();
    format!("{head} ... {}", tail.into_iter().rev().collect::<String>())
}

/// Bytes as [`short`] text in quotation marks; bytes that are not UTF-8 as `\xNN`.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    format!("\"{}\"", short(&text))
}

/// What was found, in quotation marks if it is text; `nothing` if it is not there.
pub(crate) fn found<T: Debug>(value: Option<T>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| format!("{value:?}"))
}

/// Names in a row.
pub(crate) fn names<T: AsRef<str>>(all: impl IntoIterator<Item = T>) -> String {
    let all: Vec<T> = all.into_iter().collect();
    let words: Vec<&str> = all.iter().map(AsRef::as_ref).collect();
    if words.is_empty() {
        return "none".to_owned();
    }
    short(&words.join(", "))
}

/// How a call ended, if there was one.
pub(crate) fn end(end: Option<&End>) -> String {
    end.map_or_else(|| "no call".to_owned(), describe_end)
}

/// Changes as version control writes them, the first few.
pub(crate) fn list(changes: &[&Change]) -> String {
    let shown: Vec<String> = changes
        .iter()
        .take(6)
        .map(|c| format!("{} {}", c.what.letter(), short(&c.path)))
        .collect();
    let more = changes.len().saturating_sub(shown.len());
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_cannot_leave_its_line() {
        assert_eq!(
            short("a\u{1b}[2Jb\nc\u{202e}d"),
            "a\\u{1b}[2Jb\\nc\\u{202e}d"
        );
        assert!(short(&"x".repeat(5000)).chars().count() < 300);
        assert_eq!(quote(b"a\xffb"), "\"a\\xffb\"");
    }
}
