//! Values in prose, against what the schemas permit.

use std::collections::BTreeSet;

use cabincrew_protocol::requirement::Catalogue;

use crate::draft::chapter::{Chapter, Item};
use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};
use crate::draft::schema::{Definition, Member, target, values};
use crate::draft::words::{is_lower, quoted, singular, words};

use super::structures::listings;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "CCS-026",
        name: "prose-closes-what-schema-leaves-open",
        weight: Weight::Warning,
        holds: "Where prose lists the values of a member, the schema permits those and no others.",
        why: "A misspelt or invented value is valid, and readers that know the list do not know what to do with it.",
        remedy: "Make it an enumeration, or say in the prose that other values may occur.",
        check: closed_by_prose,
    },
    Rule {
        code: "CCS-027",
        name: "value-not-permitted",
        weight: Weight::Error,
        holds: "A value that prose gives for a type or member is one that the schema permits.",
        why: "Documents that follow the prose are refused.",
        remedy: "Write the value as the schema does.",
        check: not_permitted,
    },
];

/// A list of values in prose: where, of which member, and the values.
struct Values<'a> {
    chapter: &'a Chapter,
    line: usize,
    name: String,
    values: Vec<String>,
}

/// `roles (evidence, state, log)`: words in brackets behind the name of a member.
fn bracketed(chapter: &Chapter) -> Vec<Values<'_>> {
    let mut found = Vec::new();
    for block in &chapter.blocks {
        for (open, _) in block.text.match_indices('(') {
            let Some(inner) = block.text[open + 1..].split(')').next() else {
                continue;
            };
            let parts: Vec<String> = inner
                .split([',', '/'])
                .map(|part| part.trim().to_owned())
                .collect();
            let are_words = parts.len() > 1 && parts.iter().all(|part| is_lower(part));
            // Anything in `etc` or `e.g.` is an example.
            if !are_words || parts.iter().any(|part| part == "etc") {
                continue;
            }
            let before: Vec<&str> = words(&block.text[..open]).map(|(_, word)| word).collect();
            let line = block.line + block.text[..open].matches('\n').count();
            for word in before.iter().rev().take(2) {
                found.push(Values {
                    chapter,
                    line,
                    name: singular(&word.to_lowercase()).to_owned(),
                    values: parts.clone(),
                });
            }
        }
    }
    found
}

/// `.. must declare a role:` with items that begin with a marked word.
fn itemised(chapter: &Chapter) -> Vec<Values<'_>> {
    let mut found = Vec::new();
    for (index, block) in chapter.blocks.iter().enumerate() {
        let Some(lead) = block.text.trim_end().strip_suffix(':') else {
            continue;
        };
        if block.item != Item::Paragraph {
            continue;
        }
        let items: Vec<_> = chapter.blocks[index + 1..]
            .iter()
            .take_while(|item| {
                item.item == Item::Item { depth: 1 } && item.section == block.section
            })
            .collect();
        let marked: Vec<String> = items
            .iter()
            .filter_map(|item| item.spans.iter().find(|span| span.at == 0))
            .map(|span| span.text.trim().to_owned())
            .filter(|text| is_lower(text))
            .collect();
        let name = words(lead)
            .last()
            .map(|(_, word)| singular(word).to_lowercase());
        if let Some(name) = name.filter(|_| marked.len() > 1 && marked.len() == items.len()) {
            found.push(Values {
                chapter,
                line: block.line,
                name,
                values: marked,
            });
        }
    }
    found
}

/// Members with that name, and the restriction of each.
fn members<'a>(draft: &'a Draft, name: &str) -> Vec<(&'a Definition, &'a Member, Vec<String>)> {
    draft
        .definitions()
        .filter_map(|definition| {
            let member = definition.member(name)?;
            Some((definition, member, permitted(draft, member)))
        })
        .collect()
}

/// The values that a member's own schema or the type it refers to permits.
fn permitted(draft: &Draft, member: &Member) -> Vec<String> {
    let own = values(&member.schema);
    if !own.is_empty() {
        return own;
    }
    target(&member.schema)
        .and_then(|name| draft.definition(name))
        .map_or_else(Vec::new, |definition| definition.values.clone())
}

fn closed_by_prose(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut said: BTreeSet<(String, String)> = BTreeSet::new();
    let mut lists: Vec<Values<'_>> = Vec::new();
    for chapter in &draft.chapters {
        lists.extend(itemised(chapter));
        lists.extend(bracketed(chapter));
    }
    for list in lists {
        let all = members(draft, &list.name);
        let is_members = list.values.iter().all(|value| {
            draft
                .definitions()
                .any(|definition| definition.member(value).is_some())
        });
        let is_restricted = all.iter().any(|(_, _, permitted)| {
            !permitted.is_empty() && list.values.iter().all(|value| permitted.contains(value))
        });
        if is_members || is_restricted {
            continue;
        }
        let Some((definition, member, _)) =
            all.iter().find(|(_, member, _)| member.is_open_string())
        else {
            continue;
        };
        if said.insert((list.name.clone(), list.chapter.path.clone())) {
            let message = format!(
                "the values of `{}` are listed: {}",
                list.name,
                quoted(&list.values)
            );
            let says = format!("{}.{} takes any string", definition.name, member.name);
            let finding = Finding::new(&list.chapter.path, list.line, message);
            found.push(finding.against(&definition.file, member.line, says));
        }
    }
    found.extend(listed_under_members(draft));
    found
}

/// A list of members whose item goes on with marked values.
fn listed_under_members(draft: &Draft) -> Vec<Finding> {
    let mut found = Vec::new();
    for listing in listings(draft) {
        for entry in &listing.items {
            let values: Vec<&String> = entry
                .block
                .spans
                .iter()
                .skip(1)
                .filter(|span| span.code)
                .map(|span| &span.text)
                .collect();
            let member = entry
                .names
                .first()
                .and_then(|name| listing.definition.member(name));
            let Some(member) = member.filter(|member| member.is_open_string() && values.len() > 1)
            else {
                continue;
            };
            let message = format!("values of `{}` are named: {}", member.name, quoted(&values));
            let says = format!(
                "{}.{} takes any string",
                listing.definition.name, member.name
            );
            let finding = Finding::new(&listing.chapter.path, entry.block.line, message);
            found.push(finding.against(&listing.definition.file, member.line, says));
        }
    }
    found
}

/// `PreflightOutput.decision: 'REQUIRE_APPROVAL'`, as `Type.member: 'value'` or `Type: 'value'`.
fn typed(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let (name, value) = text.split_once(':')?;
    let value = value.trim();
    let value = value
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .or_else(|| {
            value
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
        })?;
    let name = name.trim();
    match name.split_once('.') {
        Some((name, member)) => Some((name, Some(member), value)),
        None => Some((name, None, value)),
    }
}

fn not_permitted(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for chapter in &draft.chapters {
        for span in chapter.blocks.iter().flat_map(|block| &block.spans) {
            let Some((name, member, value)) = typed(&span.text) else {
                continue;
            };
            let Some(definition) = draft.definition(name) else {
                continue;
            };
            let (permitted, line) = match member.and_then(|member| definition.member(member)) {
                Some(member) => (permitted(draft, member), member.line),
                // A type of object, for the one member that is named like it: WorkflowState has `state`.
                None if definition.is_object() => definition
                    .members
                    .iter()
                    .find(|member| definition.name.to_lowercase().ends_with(&member.name))
                    .map(|member| (permitted(draft, member), member.line))
                    .unwrap_or_default(),
                None => (definition.values.clone(), definition.line),
            };
            if permitted.is_empty() || permitted.iter().any(|known| known == value) {
                continue;
            }
            let finding = Finding::new(
                &chapter.path,
                span.line,
                format!(
                    "`{value}` is no value of {}",
                    span.text.split(':').next().unwrap_or(name)
                ),
            );
            found.push(finding.against(
                &definition.file,
                line,
                format!("permitted are {}", quoted(&permitted)),
            ));
        }
    }
    found
}
