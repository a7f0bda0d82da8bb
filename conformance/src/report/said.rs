//! What a program said, for people: authors find the cause there more often than anywhere else.

use super::plain;
use crate::observe::{Bytes, Canary};

/// Most characters of a line that are shown.
const SHOWN: usize = 160;

/// `said: ` and the first and the last line of what a program wrote to standard error, since a cause
/// stands before a trace of calls in some languages and behind it in others; none if it wrote nothing.
/// Made-up secrets are masked, and absolute paths are reduced to their last part, since a report names
/// no place of the machine it was made on.
pub(crate) fn few_words(stderr: &Bytes, canaries: &[Canary]) -> Option<String> {
    let text = String::from_utf8_lossy(&stderr.kept);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = shown(lines.next()?, canaries);
    Some(match lines.next_back().map(|last| shown(last, canaries)) {
        Some(last) => format!("said: {first} [...] {last}"),
        None => format!("said: {first}"),
    })
}

fn shown(line: &str, canaries: &[Canary]) -> String {
    let masked = canaries
        .iter()
        .filter(|canary| !canary.value.is_empty())
        .fold(line.to_owned(), |line, canary| {
            line.replace(&canary.value, "(a secret)")
        });
    let shown = without_places(&plain::safe(&masked));
    let mut cut: String = shown.chars().take(SHOWN).collect();
    if cut.len() < shown.len() {
        cut.push_str("...");
    }
    cut
}

/// Words with absolute paths in them keep only what follows the last slash.
fn without_places(line: &str) -> String {
    let reduced = line.split_whitespace().map(|word| {
        let start = word.find('/').filter(|at| {
            let before = word[..*at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '.' && c != '/' && c != ':')
        });
        match (start, word.rfind('/')) {
            (Some(from), Some(to)) if to > from => format!("{}{}", &word[..from], &word[to + 1..]),
            _ => word.to_owned(),
        }
    });
    reduced.collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<String> {
        let canaries = [Canary {
            name: "secrets.TOKEN".to_owned(),
            value: "hush-hush".to_owned(),
        }];
        few_words(&Bytes::whole(text.as_bytes().to_vec()), &canaries)
    }

    #[test]
    fn a_cause_is_told_without_secrets_and_places() {
        assert_eq!(said(" \n\n"), None);
        assert_eq!(
            said("panicked:\n at a\nerror: /tmp/x1/state/w.json: no token hush-hush\n\n")
                .as_deref(),
            Some("said: panicked: [...] error: w.json: no token (a secret)")
        );
        assert_eq!(
            said("open '/a/b.rs': see https://example.org/x or ./here/y and/or").as_deref(),
            Some("said: open 'b.rs': see https://example.org/x or ./here/y and/or")
        );
    }

    #[test]
    fn hostile_and_long_words_are_tamed() {
        let told = said(&format!("\u{1b}[2J{}", "x".repeat(500))).unwrap();
        assert!(
            told.starts_with("said: \\u{1b}[2Jx") && told.ends_with("x..."),
            "{told}"
        );
        assert!(told.chars().count() < 180);
    }
}
