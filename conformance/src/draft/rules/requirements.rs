//! Sentences that oblige, against the requirements that were read from them.

use std::collections::BTreeMap;

use cabincrew_protocol::requirement::Catalogue;

use crate::draft::chapter::{Chapter, Item, Section};
use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};
use crate::draft::words::{duty, quoted, sentences, short};

use super::reference_page;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "CCS-050",
        name: "obligation-unclaimed",
        weight: Weight::Warning,
        holds: "A sentence with must, shall, should or MAY lies in a section that a requirement was read from.",
        why: "Nothing tests it, and nobody decided that nothing should.",
        remedy: "Add a requirement, or list the finding as one that is none.",
        check: unclaimed,
    },
    Rule {
        code: "CCS-051",
        name: "source-missing",
        weight: Weight::Error,
        holds: "The sections and types that a requirement was read from exist.",
        why: "The requirement can no longer be traced to what the draft says.",
        remedy: "Name the section where it stands now, or retire the requirement.",
        check: missing,
    },
    Rule {
        code: "CCS-052",
        name: "obligation-vague",
        weight: Weight::Note,
        holds: "A sentence that obliges can be kept or broken.",
        why: "Nobody can test it, and two implementers read it in two ways.",
        remedy: "Give a number or a condition, or take the sentence out.",
        check: vague,
    },
];

/// Short names of chapters in sources, and the files they stand for.
const ALIASES: [(&str, &str); 9] = [
    ("lifecycle", "workflow-lifecycle.md"),
    ("approval.md", "orchestrator-approval.md"),
    ("preflight.md", "orchestrator-preflight.md"),
    ("orchestrator-guide", "orchestrator-implementers-guide.md"),
    ("engine-guide", "engine-implementers-guide.md"),
    ("gateway-guide", "gateway-implementers-guide.md"),
    ("mcp-guide", "mcp-integration-guide.md"),
    ("llm-guide", "llm-safety-guide.md"),
    ("diagrams", "architecture-diagrams.md"),
];

/// What measures nothing. Each is looked for as words, in sentences that oblige.
const VAGUE: [&str; 12] = [
    "minimal latency",
    "as appropriate",
    "where appropriate",
    "if applicable",
    "where possible",
    "whenever possible",
    "if needed",
    "rich enough",
    "complete enough",
    "reasonable",
    "as needed",
    "sufficiently",
];

/// Where a requirement was read from.
enum Source<'a> {
    /// A section of a chapter; the whole chapter when the section is empty.
    Section(&'a Chapter, &'a str),
    /// A type of a schema, and a member of it.
    Type(&'a str, Option<&'a str>),
}

fn source<'a>(draft: &'a Draft, text: &'a str) -> Option<Source<'a>> {
    if let Some(name) = text.strip_prefix("schema:") {
        let name = name.split(' ').next().unwrap_or(name);
        return Some(match name.split_once('.') {
            Some((name, member)) => Source::Type(name, Some(member)),
            None => Source::Type(name, None),
        });
    }
    let (file, place) = text.split_once(' ').unwrap_or((text, ""));
    let file = file.rsplit('/').next().unwrap_or(file);
    let file = ALIASES
        .iter()
        .find(|(name, _)| *name == file)
        .map_or(file, |(_, path)| path);
    let chapter = draft.chapters.iter().find(|chapter| {
        chapter.name() == file || chapter.name().strip_suffix(".md") == Some(file)
    })?;
    Some(Source::Section(
        chapter,
        place.strip_prefix("section ").unwrap_or(place),
    ))
}

/// Whether a section is the one that a source names: by number, or by its heading.
fn is_named(section: &Section, place: &str) -> bool {
    let place = place.trim_matches(['(', ')']);
    let heading = section
        .heading
        .trim_start_matches(|c: char| !c.is_alphanumeric());
    place.is_empty() || section.number == place || heading.eq_ignore_ascii_case(place)
}

/// A section and the ones around it, from the inside out.
fn around(chapter: &Chapter, index: usize) -> Vec<&Section> {
    let mut found = vec![chapter.section(index)];
    for section in chapter.sections[..index].iter().rev() {
        if found
            .last()
            .is_some_and(|inner| section.level < inner.level)
        {
            found.push(section);
        }
    }
    found
}

/// The places in a chapter that requirements were read from.
fn claims<'a>(draft: &'a Draft, requirements: &'a Catalogue) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut claims: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for text in requirements
        .iter()
        .flat_map(|requirement| &requirement.sources)
    {
        if let Some(Source::Section(chapter, place)) = source(draft, text) {
            claims.entry(&chapter.path).or_default().push(place);
        }
    }
    claims
}

/// The ids of requirements that were read from a section of a chapter, or from one around it.
pub(in crate::draft) fn read_from(
    draft: &Draft,
    requirements: &Catalogue,
    chapter: &Chapter,
    section: usize,
) -> Vec<String> {
    let around = around(chapter, section);
    requirements
        .iter()
        .filter(|requirement| {
            requirement
                .sources
                .iter()
                .any(|text| match source(draft, text) {
                    Some(Source::Section(other, place)) => {
                        other.path == chapter.path
                            && around.iter().any(|section| is_named(section, place))
                    }
                    Some(Source::Type(..)) | None => false,
                })
        })
        .map(|requirement| requirement.id.clone())
        .collect()
}

fn unclaimed(draft: &Draft, requirements: &Catalogue) -> Vec<Finding> {
    let claims = claims(draft, requirements);
    let mut found = Vec::new();
    for chapter in draft
        .chapters
        .iter()
        .filter(|chapter| is_of_protocol(chapter))
    {
        if reference_page::is_one(draft, chapter) {
            continue;
        }
        let mut open: BTreeMap<usize, Vec<(usize, &str)>> = BTreeMap::new();
        for block in chapter
            .blocks
            .iter()
            .filter(|block| block.item != Item::Heading && !block.quoted)
        {
            for sentence in sentences(&block.text)
                .into_iter()
                .filter(|s| duty(s).is_some())
            {
                open.entry(block.section)
                    .or_default()
                    .push((block.line, sentence));
            }
        }
        for (index, sentences) in open {
            let places = claims
                .get(chapter.path.as_str())
                .map_or(&[][..], Vec::as_slice);
            let is_claimed = around(chapter, index)
                .iter()
                .any(|section| places.iter().any(|place| is_named(section, place)));
            if let Some((line, first)) = sentences.first().filter(|_| !is_claimed) {
                let more = match sentences.len() {
                    1 => String::new(),
                    count => format!(", and {} more in this section", count - 1),
                };
                found.push(Finding::new(
                    &chapter.path,
                    *line,
                    format!(
                        "no requirement was read from here: \"{}\"{more}",
                        short(first, 100)
                    ),
                ));
            }
        }
    }
    found
}

/// Whether a chapter speaks about the protocol. Pages in capitals, as on contributing, and those on
/// libraries, tools and tests do not.
pub(in crate::draft) fn is_of_protocol(chapter: &Chapter) -> bool {
    let stem = chapter.name().split('.').next().unwrap_or_default();
    let first = chapter.path.split('/').next().unwrap_or_default();
    stem.chars().any(char::is_lowercase) && !["lib", "tools", "tests", "src"].contains(&first)
}

fn missing(draft: &Draft, requirements: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut types: BTreeMap<(&str, Option<&str>), Vec<&str>> = BTreeMap::new();
    for requirement in requirements.iter() {
        for text in &requirement.sources {
            let id = requirement.id.as_str();
            match source(draft, text) {
                Some(Source::Section(chapter, place)) => {
                    found.extend(missing_section(id, chapter, place));
                }
                Some(Source::Type(name, member)) => {
                    types.entry((name, member)).or_default().push(id);
                }
                None => {}
            }
        }
    }
    // A draft with none of the types is about something else, or has no schema yet.
    if types
        .keys()
        .any(|(name, _)| draft.definition(name).is_some())
    {
        for ((name, member), ids) in types {
            found.extend(missing_type(draft, (name, member), &ids));
        }
    }
    found
}

fn missing_section(id: &str, chapter: &Chapter, place: &str) -> Option<Finding> {
    let is_there = chapter
        .sections
        .iter()
        .any(|section| is_named(section, place));
    let text = format!("{id} was read from section {place}, which is not here");
    (!is_there).then(|| Finding::new(&chapter.path, 1, text))
}

/// A type or member that requirements were read from, and that is not there.
fn missing_type(draft: &Draft, source: (&str, Option<&str>), ids: &[&str]) -> Option<Finding> {
    let (name, member) = source;
    let ids = quoted(ids);
    let Some(definition) = draft.definition(name) else {
        let file = draft
            .schemas
            .iter()
            .find(|file| !file.definitions.is_empty())?;
        let is_type = name.starts_with(|c: char| c.is_ascii_uppercase());
        let text = format!("there is no type {name}, from which was read: {ids}");
        return is_type.then(|| Finding::new(&file.path, 1, text));
    };
    let member = member?;
    let is_there = definition.member(member).is_some() || definition.schema.get(member).is_some();
    let text = format!("there is no {name}.{member}, from which was read: {ids}");
    (!is_there).then(|| Finding::new(&definition.file, definition.line, text))
}

fn vague(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for chapter in draft
        .chapters
        .iter()
        .filter(|chapter| is_of_protocol(chapter))
    {
        for (index, block) in chapter.blocks.iter().enumerate() {
            let lead = chapter.lead(index).map_or("", |lead| lead.text.as_str());
            let is_item = matches!(block.item, Item::Item { .. });
            for sentence in sentences(&block.text) {
                let last = sentences(lead).pop().unwrap_or_default();
                let obliges = duty(sentence).is_some()
                    || (is_item && (duty(last).is_some() || last.starts_with("Requirements")));
                let lower = sentence.to_lowercase();
                let word = VAGUE.iter().find(|word| lower.contains(**word));
                if let (true, Some(word)) = (obliges, word) {
                    found.push(Finding::new(
                        &chapter.path,
                        block.line,
                        format!("nothing measures `{word}`: \"{}\"", short(sentence, 100)),
                    ));
                }
            }
        }
    }
    found
}
