//! Which texts bind, and how they say what they say.

use cabincrew_protocol::requirement::Catalogue;
use serde_json::Value;

use crate::draft::chapter::{Chapter, Item};
use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};
use crate::draft::words::{duty, has_word, sentences, short};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "CCS-053",
        name: "binding-unstated",
        weight: Weight::Warning,
        holds: "A chapter that obliges says whether it is normative.",
        why: "Half of its readers test by it, and the other half ignore it.",
        remedy: "Say in the introduction whether the chapter is normative or what it supplements.",
        check: unstated,
    },
    Rule {
        code: "CCS-054",
        name: "binding-denied",
        weight: Weight::Error,
        holds: "A chapter that calls itself non-normative, or no replacement of the normative ones, has no MUST in capitals.",
        why: "The sentence binds or it does not; both can be argued.",
        remedy: "Move the sentence to a normative chapter.",
        check: denied,
    },
    Rule {
        code: "CCS-055",
        name: "time-format-two-ways",
        weight: Weight::Note,
        holds: "Prose names the format of times that the schema uses.",
        why: "ISO 8601 permits forms that date-time, which is RFC 3339, does not: week dates, no zone, no colons.",
        remedy: "Say RFC 3339.",
        check: time_format,
    },
];

/// Chapters outside the folder of specifications: guides, whose standing is a question.
fn is_guide(chapter: &Chapter) -> bool {
    let first = chapter.path.split('/').next().unwrap_or_default();
    first == "docs"
}

fn says(chapter: &Chapter, words: &[&str]) -> Option<(usize, String)> {
    chapter.blocks.iter().find_map(|block| {
        let lower = block.text.to_lowercase().replace('\u{2011}', "-");
        let found = words.iter().any(|word| lower.contains(word));
        (found && block.item != Item::Heading).then(|| (block.line, short(&block.text, 80)))
    })
}

fn duties(chapter: &Chapter) -> impl Iterator<Item = (usize, &str)> {
    chapter
        .blocks
        .iter()
        .filter(|block| block.item != Item::Heading && !block.quoted)
        .flat_map(|block| {
            sentences(&block.text)
                .into_iter()
                .map(|sentence| (block.line, sentence))
        })
        .filter(|(_, sentence)| {
            duty(sentence).is_some_and(|word| !word.eq_ignore_ascii_case("may"))
        })
}

fn unstated(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for chapter in draft.chapters.iter().filter(|chapter| is_guide(chapter)) {
        if says(
            chapter,
            &["normative", "supplement", "companion", "non-binding"],
        )
        .is_some()
        {
            continue;
        }
        if let Some((line, sentence)) = duties(chapter).next() {
            let count = duties(chapter).count();
            found.push(Finding::new(
                &chapter.path,
                line,
                format!(
                    "nothing says whether the {count} of its sentences that oblige bind; the first: \"{}\"",
                    short(sentence, 80)
                ),
            ));
        }
    }
    found
}

fn denied(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for chapter in &draft.chapters {
        let denial = says(
            chapter,
            &["non-normative", "does not replace) the normative"],
        );
        let Some((line, text)) = denial else { continue };
        for (at, sentence) in duties(chapter) {
            if duty(sentence) == Some("MUST") {
                let finding = Finding::new(
                    &chapter.path,
                    at,
                    format!("obliges in capitals: \"{}\"", short(sentence, 100)),
                );
                found.push(finding.against(&chapter.path, line, format!("\"{text}\"")));
            }
        }
    }
    found
}

fn time_format(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let formatted = draft.definitions().find_map(|definition| {
        let member = definition.members.iter().find(|member| {
            member.schema.get("format").and_then(Value::as_str) == Some("date-time")
        })?;
        Some((definition, member))
    });
    let Some((definition, member)) = formatted else {
        return Vec::new();
    };
    let is_iso = |text: &str| has_word(text, "8601") || has_word(text, "ISO8601");
    let mut found = Vec::new();
    for chapter in &draft.chapters {
        let lines: Vec<usize> = chapter
            .blocks
            .iter()
            .filter(|block| is_iso(&block.text))
            .map(|block| block.line)
            .collect();
        if let Some(line) = lines.first() {
            let places = if lines.len() == 1 {
                "once"
            } else {
                "several times"
            };
            found.push(
                Finding::new(
                    &chapter.path,
                    *line,
                    format!("times are called ISO 8601, {places}"),
                )
                .against(
                    &definition.file,
                    member.line,
                    format!(
                        "{}.{} has the format date-time, which is RFC 3339",
                        definition.name, member.name
                    ),
                ),
            );
        }
    }
    for other in draft.definitions() {
        for described in other
            .members
            .iter()
            .filter(|member| is_iso(member.description()))
        {
            found.push(Finding::new(
                &other.file,
                described.line,
                format!(
                    "{}.{} is called ISO 8601 and has the format date-time, which is RFC 3339",
                    other.name, described.name
                ),
            ));
        }
    }
    found
}
