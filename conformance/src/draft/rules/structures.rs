//! Lists of members in prose, against the type that they are the members of.

use std::collections::BTreeSet;

use cabincrew_protocol::requirement::Catalogue;

use crate::draft::chapter::{Block, Chapter, Item};
use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};
use crate::draft::schema::Definition;
use crate::draft::words::{has_word, is_lower, is_snake, quoted, singular, words};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "CCS-020",
        name: "list-names-no-member",
        weight: Weight::Error,
        holds: "A list of a type's members names only members that the type has.",
        why: "A document written from the prose is refused by the schema, whose types are closed.",
        remedy: "Use the member's name, or add the member to the schema.",
        check: unknown_members,
    },
    Rule {
        code: "CCS-021",
        name: "list-leaves-out-a-required-member",
        weight: Weight::Error,
        holds: "A list of a type's members names every member that is required.",
        why: "A document written from the prose lacks what the schema requires.",
        remedy: "Complete the list, or make the member optional.",
        check: left_out,
    },
    Rule {
        code: "CCS-022",
        name: "optional-here-required-there",
        weight: Weight::Error,
        holds: "A member that a list calls optional is not required by the schema.",
        why: "Documents without it are valid by the prose and invalid by the schema.",
        remedy: "Change the one that is wrong.",
        check: optional,
    },
];

/// Words of a lead that say that members follow.
const LEADS: [&str; 11] = [
    "contains",
    "containing",
    "contain",
    "includes",
    "include",
    "fields",
    "members",
    "provides",
    "respond",
    "following",
    "consists",
];

/// A list of members in prose.
pub(super) struct Listing<'a> {
    pub(super) chapter: &'a Chapter,
    pub(super) definition: &'a Definition,
    pub(super) items: Vec<Entry<'a>>,
}

/// One item of such a list.
pub(super) struct Entry<'a> {
    pub(super) block: &'a Block,
    /// Names that the item puts forward as members.
    pub(super) names: Vec<String>,
}

/// The lists of members of all chapters.
pub(super) fn listings(draft: &Draft) -> Vec<Listing<'_>> {
    let mut found = Vec::new();
    for chapter in &draft.chapters {
        let mut index = 0;
        while index < chapter.blocks.len() {
            let end = list_end(chapter, index);
            if end == index {
                index += 1;
                continue;
            }
            if let Some(definition) = subject(draft, chapter, index) {
                found.extend(split(
                    draft,
                    chapter,
                    definition,
                    &chapter.blocks[index..end],
                ));
            }
            index = end;
        }
    }
    found
}

/// The end of the list that begins at a block; the block itself when it is no item.
fn list_end(chapter: &Chapter, start: usize) -> usize {
    let section = chapter.blocks[start].section;
    let more = chapter.blocks[start..]
        .iter()
        .take_while(|block| matches!(block.item, Item::Item { .. }) && block.section == section);
    start + more.count()
}

/// The type whose members a list gives: its lead says that it does, and its lead or the heading
/// over it names a type.
fn subject<'a>(draft: &'a Draft, chapter: &Chapter, index: usize) -> Option<&'a Definition> {
    let lead = chapter.lead(index)?;
    let section = chapter.section(chapter.blocks[index].section);
    let is_list = lead.text.trim_end().ends_with(':')
        || (lead.item == Item::Heading && lead.text.trim_end().ends_with(':'));
    let says = LEADS.iter().any(|word| has_word(&lead.text, word));
    let headed = ["structure", "format", "fields", "members"]
        .iter()
        .any(|word| has_word(&section.heading, word));
    if !is_list || !(says || headed) || has_word(&lead.text, "events") {
        return None;
    }
    let by_heading = headed.then(|| draft.named_in(&section.heading)).flatten();
    let by_lead = draft.named_in(&lead.text);
    // `The receipt contains` below `Engine Output Format`.
    by_heading.or(if headed || says { by_lead } else { None })
}

/// The list itself, and each list below an item whose member is of a type of its own.
fn split<'a>(
    draft: &'a Draft,
    chapter: &'a Chapter,
    definition: &'a Definition,
    blocks: &'a [Block],
) -> Vec<Listing<'a>> {
    let depth_of = |block: &Block| match block.item {
        Item::Item { depth } => depth,
        Item::Heading | Item::Paragraph | Item::Cell { .. } => 0,
    };
    let top = blocks.iter().map(depth_of).min().unwrap_or(1);
    let mut found = vec![Listing {
        chapter,
        definition,
        items: Vec::new(),
    }];
    for block in blocks {
        if depth_of(block) == top {
            let entry = Entry {
                block,
                names: names(block),
            };
            let inner = entry
                .names
                .iter()
                .find_map(|name| element(draft, definition, name));
            found[0].items.push(entry);
            if let Some(definition) = inner {
                found.push(Listing {
                    chapter,
                    definition,
                    items: Vec::new(),
                });
            }
        } else if found.len() > 1
            && let Some(last) = found.last_mut()
        {
            last.items.push(Entry {
                block,
                names: names(block),
            });
        }
    }
    found.retain(|listing| is_about_members(draft, listing));
    found
}

/// The type of a member, or of a member one step further in.
fn element<'a>(draft: &'a Draft, definition: &Definition, name: &str) -> Option<&'a Definition> {
    let own = definition.member(name).and_then(|member| member.target());
    let target = own.or_else(|| {
        definition
            .members
            .iter()
            .filter_map(|member| draft.definition(member.target()?))
            .find_map(|inner| inner.member(name)?.target())
    })?;
    draft.definition(target).filter(|inner| inner.is_object())
}

/// A list counts when at least two of its names are members, or one is and another is a name; below
/// a heading that promises a type's structure, three names that look like members are enough.
fn is_about_members(draft: &Draft, listing: &Listing<'_>) -> bool {
    let names: Vec<&String> = listing
        .items
        .iter()
        .flat_map(|entry| &entry.names)
        .collect();
    let known = names
        .iter()
        .filter(|name| listing.definition.member(name).is_some() || has_deep(draft, listing, name))
        .count();
    let items = listing.items.iter().filter(|entry| !entry.names.is_empty());
    let section = listing.items.first().map(|entry| entry.block.section);
    let is_headed = section
        .is_some_and(|section| has_word(&listing.chapter.section(section).heading, "structure"));
    let formed = names.iter().filter(|name| is_snake(name)).count();
    known >= 2 || (known == 1 && items.count() >= 2) || (is_headed && formed >= 3)
}

fn has_deep(draft: &Draft, listing: &Listing<'_>, name: &str) -> bool {
    owner(draft, listing.definition, name).is_some()
}

/// The member through which a name is reached one step further in.
fn owner<'a>(
    draft: &'a Draft,
    definition: &'a Definition,
    name: &str,
) -> Option<(&'a str, &'a Definition)> {
    definition.members.iter().find_map(|member| {
        let inner = draft.definition(member.target()?)?;
        inner.member(name).map(|_| (member.name.as_str(), inner))
    })
}

/// What an item puts forward as names of members: its marked beginning, or its first word when
/// nothing but a remark follows.
fn names(block: &Block) -> Vec<String> {
    let text = block.text.trim_start();
    let lead = ["optional ", "integrity "]
        .iter()
        .find_map(|word| text.strip_prefix(word))
        .unwrap_or(text);
    let skipped = block.text.len() - lead.len();
    let marked = block.spans.iter().find(|span| span.at == skipped);
    let head = marked.map_or_else(
        || {
            let end = lead.find([':', '(', '\n', ',']).unwrap_or(lead.len());
            lead[..end].trim()
        },
        |span| span.text.trim(),
    );
    let parts = head.split(" / ").flat_map(|part| part.split(" and "));
    let mut found = Vec::new();
    for part in parts {
        let name = part.trim().trim_end_matches(':').replace(' ', "_");
        let single = !part.trim().contains(' ');
        if (single || marked.is_some_and(|span| !span.code)) && is_lower(&name) {
            found.push(name);
        }
    }
    found
}

/// Whether a name is close enough to a member for a reader: `timestamps` for `timestamp`.
fn has(definition: &Definition, name: &str) -> bool {
    definition.member(name).is_some()
        || definition.member(singular(name)).is_some()
        || definition.member(&format!("{name}s")).is_some()
}

fn unknown_members(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for listing in listings(draft) {
        let definition = listing.definition;
        let is_closed = definition.schema.get("additionalProperties") == Some(&false.into());
        if !is_closed {
            continue;
        }
        for entry in &listing.items {
            for name in &entry.names {
                if has(definition, name) || says_where(draft, definition, entry.block, name) {
                    continue;
                }
                let mut message = format!(
                    "`{name}` is listed, and {} has no such member",
                    definition.name
                );
                if let Some((member, inner)) = owner(draft, definition, name) {
                    message = format!("{message}; {} has it, in `{member}`", inner.name);
                }
                let finding = Finding::new(&listing.chapter.path, entry.block.line, message);
                let known: Vec<&String> = definition.members.iter().map(|m| &m.name).collect();
                found.push(finding.against(
                    &definition.file,
                    definition.line,
                    format!("{} is closed and has {}", definition.name, quoted(&known)),
                ));
            }
        }
    }
    found
}

/// Whether an item says in which member of the type its name is found: `(in policy field)`.
fn says_where(draft: &Draft, definition: &Definition, block: &Block, name: &str) -> bool {
    owner(draft, definition, name)
        .is_some_and(|(member, _)| block.text.contains(&format!("(in {member} ")))
}

fn left_out(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for listing in listings(draft) {
        let text: Vec<&str> = listing
            .items
            .iter()
            .map(|entry| entry.block.text.as_str())
            .collect();
        let text = text.join("\n").to_lowercase().replace('-', " ");
        let mentioned: BTreeSet<&str> = words(&text).map(|(_, word)| word).collect();
        let missing: Vec<&String> = listing
            .definition
            .members
            .iter()
            .filter(|member| member.required)
            .filter(|member| {
                let spaced = member.name.replace('_', " ");
                !mentioned.contains(member.name.as_str()) && !text.contains(&spaced)
            })
            .map(|member| &member.name)
            .collect();
        // A list that names nothing required speaks of parts, unless it is full of names.
        let required = listing
            .definition
            .members
            .iter()
            .filter(|member| member.required);
        let names = listing.items.iter().flat_map(|entry| &entry.names);
        let is_of_members =
            missing.len() < required.count() || names.filter(|name| is_snake(name)).count() >= 3;
        let Some(first) = listing
            .items
            .first()
            .filter(|_| is_of_members && !missing.is_empty())
        else {
            continue;
        };
        let definition = listing.definition;
        let finding = Finding::new(
            &listing.chapter.path,
            first.block.line,
            format!(
                "this list of {} leaves out {}",
                definition.name,
                quoted(&missing)
            ),
        );
        found.push(finding.against(
            &definition.file,
            definition.line,
            format!("{} requires {}", definition.name, quoted(&missing)),
        ));
    }
    found
}

fn optional(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for listing in listings(draft) {
        for entry in &listing.items {
            let first = entry.block.text.lines().next().unwrap_or_default();
            let calls = first.contains("(optional)") || first.starts_with("optional ");
            for name in entry.names.iter().filter(|_| calls) {
                let Some(member) = listing.definition.member(name).filter(|m| m.required) else {
                    continue;
                };
                let finding = Finding::new(
                    &listing.chapter.path,
                    entry.block.line,
                    format!("`{name}` is called optional"),
                );
                found.push(finding.against(
                    &listing.definition.file,
                    member.line,
                    format!("{} requires it", listing.definition.name),
                ));
            }
        }
    }
    found
}
