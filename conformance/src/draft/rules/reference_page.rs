//! A page that gives all types as tables, against the schema it was made from.

use std::collections::{BTreeMap, BTreeSet};

use cabincrew_protocol::requirement::Catalogue;

use crate::draft::chapter::{Chapter, Item};
use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};
use crate::draft::schema::Definition;
use crate::draft::words::quoted;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "CCS-028",
        name: "reference-page-incomplete",
        weight: Weight::Error,
        holds: "A page that tables the types of a schema has all of them.",
        why: "Who reads the page does not know that the others exist.",
        remedy: "Generate the page again, from the whole schema.",
        check: missing_types,
    },
    Rule {
        code: "CCS-029",
        name: "reference-page-differs",
        weight: Weight::Error,
        holds: "The table of a type has its members, and says of each whether it is required.",
        why: "Who writes by the page is refused by the schema.",
        remedy: "Generate the page again.",
        check: different_tables,
    },
];

/// Whether a chapter tables types: at least three headings are names of types, with a table below.
pub(super) fn is_one(draft: &Draft, chapter: &Chapter) -> bool {
    let tabled = headings(draft, chapter)
        .into_iter()
        .filter(|(section, _)| !rows(chapter, *section).is_empty());
    tabled.count() >= 3
}

fn headings<'a>(draft: &'a Draft, chapter: &Chapter) -> Vec<(usize, &'a Definition)> {
    let sections = chapter.sections.iter().enumerate();
    sections
        .filter_map(|(index, section)| Some((index, draft.definition(&section.heading)?)))
        .collect()
}

fn missing_types(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for chapter in draft
        .chapters
        .iter()
        .filter(|chapter| is_one(draft, chapter))
    {
        let tabled: BTreeSet<&str> = headings(draft, chapter)
            .into_iter()
            .map(|(_, definition)| definition.name.as_str())
            .collect();
        // A map without members needs no table.
        let missing: Vec<&Definition> = draft
            .definitions()
            .filter(|definition| definition.is_object() || !definition.values.is_empty())
            .filter(|definition| !tabled.contains(definition.name.as_str()))
            .collect();
        if let Some(first) = missing.first() {
            let names: Vec<&String> = missing.iter().map(|definition| &definition.name).collect();
            let finding = Finding::new(
                &chapter.path,
                1,
                format!(
                    "{} of the schema's types are missing: {}",
                    missing.len(),
                    quoted(&names)
                ),
            );
            found.push(finding.against(
                &first.file,
                first.line,
                format!("the first of them, {}", first.name),
            ));
        }
    }
    found
}

/// Name, line and `Required` of each row below a heading.
fn rows(chapter: &Chapter, section: usize) -> BTreeMap<String, (usize, Option<bool>)> {
    let mut found = BTreeMap::new();
    let mut required_column = None;
    let mut name = String::new();
    for block in chapter
        .blocks
        .iter()
        .filter(|block| block.section == section)
    {
        let Item::Cell { row, column, .. } = block.item else {
            continue;
        };
        let text = block.text.trim();
        if row == 0 {
            if text.eq_ignore_ascii_case("required") {
                required_column = Some(column);
            }
        } else if column == 0 {
            text.clone_into(&mut name);
            found.insert(name.clone(), (block.line, None));
        } else if Some(column) == required_column
            && let Some(entry) = found.get_mut(&name)
        {
            entry.1 = Some(text.eq_ignore_ascii_case("yes"));
        }
    }
    found
}

fn different_tables(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for chapter in draft
        .chapters
        .iter()
        .filter(|chapter| is_one(draft, chapter))
    {
        for (section, definition) in headings(draft, chapter) {
            let rows = rows(chapter, section);
            if rows.is_empty() || !definition.is_object() {
                continue;
            }
            let line = chapter.sections[section].line;
            for member in &definition.members {
                let message = match rows.get(&member.name) {
                    None => format!("{}: the table lacks `{}`", definition.name, member.name),
                    Some((_, Some(required))) if *required != member.required => {
                        format!(
                            "{}: `{}` is {} here",
                            definition.name,
                            member.name,
                            if *required { "required" } else { "optional" }
                        )
                    }
                    Some(_) => continue,
                };
                let line = rows.get(&member.name).map_or(line, |(line, _)| *line);
                let says = if member.required {
                    "required"
                } else {
                    "optional"
                };
                let finding = Finding::new(&chapter.path, line, message);
                found.push(finding.against(&definition.file, member.line, says));
            }
            for (name, (line, _)) in &rows {
                if definition.member(name).is_none() {
                    let message = format!("{} has no member `{name}`", definition.name);
                    let finding = Finding::new(&chapter.path, *line, message);
                    found.push(finding.against(&definition.file, definition.line, "the type"));
                }
            }
        }
    }
    found
}
