//! Names: those of the prose are in the schemas, and those of the schemas are in the prose.

use std::collections::BTreeSet;

use cabincrew_protocol::requirement::Catalogue;

use crate::draft::chapter::{Block, Chapter};
use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};
use crate::draft::words::{is_snake, quoted, words};

use super::structures::listings;
use super::{reference_page, states};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "CCS-023",
        name: "name-not-in-schema",
        weight: Weight::Warning,
        holds: "A name that prose marks as one is a member, a value or a type of the schemas.",
        why: "Readers look for it in vain, or write it and are refused.",
        remedy: "Use the schema's name, or add it there.",
        check: unknown_names,
    },
    Rule {
        code: "CCS-024",
        name: "member-silent",
        weight: Weight::Warning,
        holds: "A member is described by the schema or named in the prose.",
        why: "Nothing says what it is for; whoever fills it and whoever reads it mean two things.",
        remedy: "Describe it, or take it out.",
        check: silent_members,
    },
    Rule {
        code: "CCS-025",
        name: "value-silent",
        weight: Weight::Warning,
        holds: "Every value of an enumeration occurs in the prose.",
        why: "Nothing says when it is written or what follows from it.",
        remedy: "Say what it means, or take it out.",
        check: silent_values,
    },
];

/// Marked names of a block that are members or values in form: `plan_token`.
fn marked(block: &Block) -> impl Iterator<Item = (usize, &str)> {
    block.spans.iter().flat_map(|span| {
        let text = span.text.as_str();
        let typed = text.contains(['/', '(', '=', '$']) || text.contains("--");
        words(text)
            .filter(move |(at, word)| {
                let before = text[..*at].chars().next_back();
                let after = text[*at + word.len()..].chars().next();
                let is_part = [before, after]
                    .iter()
                    .flatten()
                    .any(|c| ".-@*<>".contains(*c));
                !typed && !is_part && is_snake(word)
            })
            .map(|(_, word)| (span.line, word))
    })
}

/// Chapters that people wrote: all but those that are made from the schema.
fn about_protocol(draft: &Draft) -> Vec<&Chapter> {
    draft
        .chapters
        .iter()
        .filter(|chapter| !reference_page::is_one(draft, chapter))
        .collect()
}

/// Blocks that other rules speak about: lists of members and of states.
fn found_elsewhere(draft: &Draft, requirements: &Catalogue) -> BTreeSet<(String, usize)> {
    let listed = listings(draft);
    let listed = listed.iter().flat_map(|listing| {
        let path = &listing.chapter.path;
        listing
            .items
            .iter()
            .map(|entry| (path.clone(), entry.block.line))
    });
    let states = states::unknown(draft, requirements);
    let states = states
        .into_iter()
        .map(|finding| (finding.place.file, finding.place.line));
    listed.chain(states).collect()
}

fn unknown_names(draft: &Draft, requirements: &Catalogue) -> Vec<Finding> {
    if draft.definitions().next().is_none() {
        return Vec::new();
    }
    let elsewhere = found_elsewhere(draft, requirements);
    let mut found = Vec::new();
    for chapter in about_protocol(draft) {
        let mut said: BTreeSet<(usize, &str)> = BTreeSet::new();
        for block in &chapter.blocks {
            if elsewhere.contains(&(chapter.path.clone(), block.line)) {
                continue;
            }
            for (line, name) in marked(block) {
                if !draft.knows(name) && said.insert((block.section, name)) {
                    found.push(Finding::new(
                        &chapter.path,
                        line,
                        format!("`{name}` is no member, value or type of the schemas"),
                    ));
                }
            }
        }
    }
    found
}

/// Every word of the prose, code included, in lower case.
fn prose(draft: &Draft) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for chapter in about_protocol(draft) {
        let texts = chapter.blocks.iter().map(|block| &block.text);
        for text in texts.chain(chapter.codes.iter().map(|code| &code.text)) {
            all.extend(words(text).map(|(_, word)| word.to_lowercase()));
            let plain: Vec<&str> = words(text).map(|(_, word)| word).collect();
            for width in [2, 3] {
                let phrases = plain
                    .windows(width)
                    .map(|words| words.join("_").to_lowercase());
                all.extend(phrases);
            }
        }
    }
    all
}

fn silent_members(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let prose = prose(draft);
    if prose.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for definition in draft.definitions() {
        let silent: Vec<_> = definition
            .members
            .iter()
            .filter(|member| member.description().trim().is_empty())
            .filter(|member| !prose.contains(&member.name))
            .collect();
        if let Some(line) = silent.iter().map(|member| member.line).min() {
            let names: Vec<&String> = silent.iter().map(|member| &member.name).collect();
            found.push(Finding::new(
                &definition.file,
                line,
                format!(
                    "{}: neither described nor named in prose: {}",
                    definition.name,
                    quoted(&names)
                ),
            ));
        }
    }
    found
}

fn silent_values(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let prose = prose(draft);
    if prose.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for definition in draft.definitions() {
        let silent: Vec<&String> = definition
            .values
            .iter()
            .filter(|value| value.parse::<f64>().is_err())
            .filter(|value| !prose.contains(&value.replace('-', "_").to_lowercase()))
            .filter(|value| !prose.contains(&value.to_lowercase()))
            .collect();
        if !silent.is_empty() {
            found.push(Finding::new(
                &definition.file,
                definition.line,
                format!(
                    "{}: no prose says what {} means",
                    definition.name,
                    quoted(&silent)
                ),
            ));
        }
    }
    found
}
