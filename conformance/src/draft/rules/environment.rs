//! Environment variables.

use std::collections::BTreeMap;

use cabincrew_protocol::requirement::Catalogue;

use crate::draft::chapter::{Chapter, Item};
use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};
use crate::draft::words::{has_word, quoted, words};

/// How the protocol's variables begin.
const PREFIX: &str = "CABINCREW_";

pub(super) const RULES: &[Rule] = &[Rule {
    code: "CCS-070",
    name: "variable-unlisted",
    weight: Weight::Error,
    holds: "An environment variable that any place names is in every list of them.",
    why: "One side sets it and the other never looks, or waits for what is never set.",
    remedy: "Complete the lists, or drop the variable.",
    check: unlisted,
}];

/// A list of variables.
struct List<'a> {
    chapter: &'a Chapter,
    line: usize,
    names: Vec<&'a str>,
}

fn variables(text: &str) -> impl Iterator<Item = (usize, &str)> {
    words(text).filter(|(_, word)| word.len() > PREFIX.len() && word.starts_with(PREFIX))
}

/// Lists below a heading or lead that speaks of the environment. Items and headings begin with a
/// variable; what explains one stands between them.
fn lists(draft: &Draft) -> Vec<List<'_>> {
    let mut found: Vec<List<'_>> = Vec::new();
    for chapter in &draft.chapters {
        let mut open: Option<(bool, usize)> = None;
        for (index, block) in chapter.blocks.iter().enumerate() {
            let first = variables(&block.text).find(|(at, _)| *at <= 1);
            let name = first.filter(|(_, name)| match block.item {
                Item::Item { .. } => true,
                Item::Heading => *name == block.text.trim(),
                Item::Paragraph | Item::Cell { .. } => false,
            });
            let is_heading = block.item == Item::Heading;
            let parent = if is_heading {
                outer(chapter, block.section)
            } else {
                block.section
            };
            let lead = chapter.lead(index).map_or("", |lead| lead.text.as_str());
            let speaks = has_word(&chapter.section(parent).heading, "environment")
                || (!is_heading && has_word(lead, "environment"));
            let Some((_, name)) = name.filter(|_| speaks) else {
                continue;
            };
            match (open, found.last_mut()) {
                (Some(last), Some(list)) if last == (is_heading, parent) => list.names.push(name),
                _ => found.push(List {
                    chapter,
                    line: block.line,
                    names: vec![name],
                }),
            }
            open = Some((is_heading, parent));
        }
    }
    found.retain(|list| list.names.len() > 1);
    found
}

/// The section around a section.
fn outer(chapter: &Chapter, index: usize) -> usize {
    let level = chapter.section(index).level;
    (0..index)
        .rev()
        .find(|before| chapter.section(*before).level < level)
        .unwrap_or(0)
}

/// Where each variable is named first.
fn mentions(draft: &Draft) -> BTreeMap<&str, (&str, usize)> {
    let mut found: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for schema in &draft.schemas {
        for definition in &schema.definitions {
            let texts = definition
                .members
                .iter()
                .map(|member| (member.line, member.description()));
            for (line, text) in texts.chain([(definition.line, definition.description())]) {
                for (_, name) in variables(text) {
                    found.entry(name).or_insert((&schema.path, line));
                }
            }
        }
    }
    for chapter in &draft.chapters {
        for block in &chapter.blocks {
            for (_, name) in variables(&block.text) {
                found.entry(name).or_insert((&chapter.path, block.line));
            }
        }
    }
    found
}

fn unlisted(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mentions = mentions(draft);
    let mut found = Vec::new();
    for list in lists(draft) {
        let missing: Vec<&&str> = mentions
            .keys()
            .filter(|name| !list.names.contains(name))
            .collect();
        let Some((file, line)) = missing.first().and_then(|name| mentions.get(**name)) else {
            continue;
        };
        let finding = Finding::new(
            &list.chapter.path,
            list.line,
            format!(
                "this list of environment variables lacks {}",
                quoted(&missing)
            ),
        );
        found.push(finding.against(file, *line, format!("`{}` is named here", missing[0])));
    }
    found
}
