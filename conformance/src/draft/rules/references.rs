//! Files and sections that a text refers to.

use cabincrew_protocol::requirement::Catalogue;

use crate::draft::chapter::{Chapter, Code};
use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "CCS-040",
        name: "file-missing",
        weight: Weight::Error,
        holds: "A file that is named or linked to exists.",
        why: "What the text leaves to the file is said nowhere.",
        remedy: "Write the file, or name the one that is meant.",
        check: missing_files,
    },
    Rule {
        code: "CCS-041",
        name: "section-missing",
        weight: Weight::Error,
        holds: "A section that is linked to exists.",
        why: "Readers end up at the top of the page and look for it in vain.",
        remedy: "Correct the anchor.",
        check: missing_sections,
    },
];

fn missing_files(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for chapter in &draft.chapters {
        for (line, name) in named(chapter) {
            if !exists(draft, chapter, &name) {
                found.push(Finding::new(
                    &chapter.path,
                    line,
                    format!("there is no file `{name}`"),
                ));
            }
        }
        for code in &chapter.codes {
            for (line, path) in tree(draft, code) {
                if !draft.paths.contains(&path) {
                    found.push(Finding::new(
                        &chapter.path,
                        line,
                        format!("there is no `{path}`"),
                    ));
                }
            }
        }
    }
    for schema in &draft.schemas {
        for definition in &schema.definitions {
            let texts = definition
                .members
                .iter()
                .map(|member| (member.line, member.description()));
            for (line, text) in texts.chain([(definition.line, definition.description())]) {
                for name in text
                    .split_whitespace()
                    .map(trimmed)
                    .filter(|word| is_reference(word))
                {
                    if !in_draft(draft, name) {
                        found.push(Finding::new(
                            &schema.path,
                            line,
                            format!("there is no file `{name}`"),
                        ));
                    }
                }
            }
        }
    }
    found
}

/// Files that a chapter names or links to, each with its line.
fn named(chapter: &Chapter) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for link in &chapter.links {
        let target = link.target.split('#').next().unwrap_or_default();
        if !target.is_empty() && !target.contains(':') {
            found.push((link.line, target.to_owned()));
        }
    }
    for block in &chapter.blocks {
        for (index, text) in block.text.split('\n').enumerate() {
            for word in text
                .split_whitespace()
                .map(trimmed)
                .filter(|word| is_reference(word))
            {
                found.push((block.line + index, word.to_owned()));
            }
        }
    }
    found.dedup();
    found
}

fn trimmed(word: &str) -> &str {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/' && c != '.');
    word.trim_end_matches(['.', '/'])
}

/// A Markdown file or a schema file, as a word of prose. Patterns and dates to be filled in are not.
fn is_reference(word: &str) -> bool {
    let ends = [".md", ".mdx", ".schema.json", "schema.json"];
    ends.iter()
        .any(|end| word.len() > end.len() && word.ends_with(end))
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}

/// Whether a name leads to a file: beside the chapter, from the root, or by its name alone.
fn exists(draft: &Draft, chapter: &Chapter, name: &str) -> bool {
    let folder = chapter
        .path
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    draft.paths.contains(&parts.join("/")) || in_draft(draft, name)
}

fn in_draft(draft: &Draft, name: &str) -> bool {
    let name = name.trim_start_matches("./");
    draft.paths.contains(name)
        || (!name.contains('/')
            && draft
                .paths
                .iter()
                .any(|path| path.rsplit('/').next() == Some(name)))
}

/// Paths of a folder drawn as an indented tree below one line, which is the repository itself. A
/// tree that shares no folder with the draft is a picture of something else.
fn tree(draft: &Draft, code: &Code) -> Vec<(usize, String)> {
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
    };
    let mut lines = code.text.lines().enumerate();
    let root = lines.next().map_or("", |(_, line)| line);
    let is_root = root.ends_with('/') && !root.starts_with('/') && is_name(root);
    if !code.language.is_empty() || !is_root {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut open: Vec<(usize, String)> = Vec::new();
    for (index, line) in lines {
        let name = line.trim();
        let indent = line.len() - line.trim_start().len();
        if indent == 0 && !name.is_empty() {
            return Vec::new();
        }
        if name.is_empty() || !is_name(name) {
            continue;
        }
        open.retain(|(depth, _)| *depth < indent);
        open.push((indent, name.trim_end_matches('/').to_owned()));
        let path: Vec<&str> = open.iter().map(|(_, name)| name.as_str()).collect();
        found.push((code.line + index, path.join("/")));
    }
    let is_ours = found
        .iter()
        .any(|(_, path)| path.contains('/') && draft.paths.contains(path));
    if is_ours { found } else { Vec::new() }
}

fn missing_sections(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for chapter in &draft.chapters {
        for link in &chapter.links {
            let Some((target, anchor)) = link.target.split_once('#') else {
                continue;
            };
            if target.contains(':') || anchor.is_empty() {
                continue;
            }
            let name = target.rsplit('/').next().unwrap_or(target);
            let page = match target {
                "" => Some(chapter),
                _ => draft.chapters.iter().find(|other| other.name() == name),
            };
            let Some(page) = page else { continue };
            if !page
                .sections
                .iter()
                .any(|section| anchor_of(&section.heading) == anchor)
            {
                found.push(Finding::new(
                    &chapter.path,
                    link.line,
                    format!("{} has no section `#{anchor}`", page.path),
                ));
            }
        }
    }
    found
}

/// The anchor that renderers make of a heading.
fn anchor_of(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
