//! A difference as text: for people, as Markdown, as JSON.

use std::fmt::Write as _;

use super::change::{Change, Class, Difference};
use crate::draft::words::short;
use crate::report::page::{BAD, GOOD, OPEN, Page, QUIET, STRONG, paint};
use crate::report::plain;

/// For people.
pub fn terminal(difference: &Difference) -> String {
    let mut page = Page::default();
    for change in &difference.changes {
        one(&mut page, change);
    }
    for sentence in &difference.sentences {
        let (style, word) = if sentence.added {
            (GOOD, "+")
        } else {
            (BAD, "-")
        };
        let text = plain::safe(&short(&sentence.text, 160));
        page.line(&format!(
            "{} {}  {text}",
            paint(style, word),
            sentence.place
        ));
        if !sentence.requirements.is_empty() {
            page.line(&format!("    {}", sentence.requirements.join(" ")));
        }
    }
    if !difference.sentences.is_empty() {
        page.gap();
    }
    page.line(&summary(difference));
    page.finish()
}

fn one(page: &mut Page, change: &Change) {
    let style = match change.worst() {
        Class::Breaking => BAD,
        Class::Tightening => OPEN,
        Class::Compatible => GOOD,
        Class::Editorial => STRONG,
    };
    let head = paint(style, &plain::safe(&change.subject));
    page.line(&format!("{head}: {}", plain::safe(&change.what)));
    page.line(&format!(
        "  producers {}, consumers {}",
        change.producers.as_str(),
        change.consumers.as_str()
    ));
    let at = |place: &Option<crate::draft::Place>| {
        place
            .as_ref()
            .map_or_else(|| "-".to_owned(), |place| plain::safe(&place.to_string()))
    };
    page.line(&format!(
        "  {} {}  {} {}",
        paint(QUIET, "old"),
        at(&change.old),
        paint(QUIET, "new"),
        at(&change.new)
    ));
    if !change.requirements.is_empty() {
        page.field_items("requirements", &change.requirements);
    }
    if !change.checks.is_empty() {
        page.field_items("checks", &change.checks);
    }
    page.gap();
}

/// How many changes there are of each class.
fn summary(difference: &Difference) -> String {
    let side = |class_of: fn(&Change) -> Class| {
        let counts: Vec<String> = Class::ALL
            .iter()
            .map(|class| {
                let count = difference
                    .changes
                    .iter()
                    .filter(|c| class_of(c) == *class)
                    .count();
                format!("{count} {}", class.as_str())
            })
            .collect();
        counts.join(", ")
    };
    let added = difference
        .sentences
        .iter()
        .filter(|sentence| sentence.added)
        .count();
    format!(
        "{}. Producers: {}. Consumers: {}.\n{} that oblige came, {} went.",
        plain::many(difference.changes.len(), "change"),
        side(|change| change.producers),
        side(|change| change.consumers),
        plain::many(added, "sentence"),
        difference.sentences.len() - added
    )
}

/// As Markdown, for a pull request or release notes.
pub fn markdown(difference: &Difference) -> String {
    let mut text = String::from("# What changed\n\n");
    let _ = writeln!(text, "{}\n", summary(difference).replace('\n', " "));
    if !difference.changes.is_empty() {
        text.push_str(
            "| what | change | producers | consumers | requirements |\n|---|---|---|---|---|\n",
        );
    }
    for change in &difference.changes {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            cell(&change.subject),
            cell(&change.what),
            change.producers.as_str(),
            change.consumers.as_str(),
            change.requirements.join(" ")
        );
    }
    for (added, title) in [
        (true, "Sentences that came"),
        (false, "Sentences that went"),
    ] {
        let own = difference
            .sentences
            .iter()
            .filter(|sentence| sentence.added == added);
        for (index, sentence) in own.enumerate() {
            if index == 0 {
                let _ = writeln!(text, "\n## {title}\n");
            }
            let ids = sentence.requirements.join(" ");
            let _ = writeln!(
                text,
                "- `{}` {} {ids}",
                sentence.place,
                plain::safe(&sentence.text)
            );
        }
    }
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

fn cell(text: &str) -> String {
    plain::safe(text).replace('|', "\\|")
}

/// As JSON, ending with a line end.
///
/// # Errors
/// Never for differences; the serialiser's error is passed on.
pub fn json(difference: &Difference) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(difference)? + "\n")
}
