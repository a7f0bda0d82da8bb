//! JSON in code blocks, against the type it is an example of.

use cabincrew_protocol::requirement::Catalogue;
use cabincrew_protocol::schema::foreign_validator;
use serde_json::Value;

use crate::draft::chapter::Code;
use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};
use crate::draft::schema::Definition;

/// Members that an example must share with a type to count as one of it.
const SHARED_MIN: usize = 3;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "CCS-042",
        name: "example-invalid",
        weight: Weight::Error,
        holds: "A JSON example is valid under the type it is an example of.",
        why: "Examples are what people copy.",
        remedy: "Correct the example, or the schema.",
        check: invalid,
    },
    Rule {
        code: "CCS-043",
        name: "example-not-json",
        weight: Weight::Error,
        holds: "A code block marked as JSON is JSON.",
        why: "It cannot be copied into a test.",
        remedy: "Correct it, or mark it as text.",
        check: not_json,
    },
];

fn not_json(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for chapter in &draft.chapters {
        for code in chapter.codes.iter().filter(|code| code.language == "json") {
            if let Err(error) = serde_json::from_str::<Value>(&code.text) {
                found.push(Finding::new(
                    &chapter.path,
                    code.line + error.line().saturating_sub(1),
                    format!("marked as JSON, and is not: {error}"),
                ));
            }
        }
    }
    found
}

fn invalid(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for chapter in &draft.chapters {
        for code in &chapter.codes {
            let Some(example) = read(code) else { continue };
            let Some(definition) = best(draft, &example) else {
                continue;
            };
            let file = draft
                .schemas
                .iter()
                .find(|file| file.path == definition.file);
            let schema = file.and_then(|file| file.document.as_ref().ok());
            let Some(validator) = schema.and_then(|s| foreign_validator(s, &definition.name))
            else {
                continue;
            };
            let mut reasons: Vec<String> = validator
                .violations(&example)
                .into_iter()
                .filter(|violation| !is_elided(&example, &violation.instance_path))
                .map(|violation| {
                    format!(
                        "{} at /{}",
                        violation.message,
                        violation.instance_path.trim_start_matches('/')
                    )
                })
                .collect();
            reasons.sort();
            reasons.dedup();
            if !reasons.is_empty() {
                let text = format!(
                    "an example of {} that is not valid: {}",
                    definition.name,
                    reasons.join("; ")
                );
                let finding = Finding::new(&chapter.path, code.line, text);
                found.push(finding.against(
                    &definition.file,
                    definition.line,
                    format!("the type {}", definition.name),
                ));
            }
        }
    }
    found
}

/// A marker for what an example leaves out.
const ELIDED: &str = "...";

/// The value of an example. Besides JSON, what writers of examples do is understood: alternatives
/// with `|`, of which the first is taken, and `{ ... }` or `[ ... ]` for what is left out.
fn read(code: &Code) -> Option<Value> {
    if !code.text.trim_start().starts_with('{') {
        return None;
    }
    if let Ok(value) = serde_json::from_str(&code.text) {
        return Some(value);
    }
    let mut text = String::new();
    for line in code.text.lines() {
        let mut line = line.to_owned();
        while let Some(bar) = line.find("\" | \"") {
            let rest = &line[bar + 5..];
            let end = rest.find('"')?;
            line = format!("{}\"{}", &line[..bar], &rest[end + 1..]);
        }
        text.push_str(&line);
        text.push('\n');
    }
    for (open, close) in [('{', '}'), ('[', ']')] {
        text = without_elisions(&text, open, close);
    }
    serde_json::from_str(&text).ok()
}

/// `{ ... }`, with or without words between the dots, as `"..."`.
fn without_elisions(text: &str, open: char, close: char) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(open) {
        let inner = &rest[at + 1..];
        let end = inner.find(close).unwrap_or(0);
        let elided = inner[..end].trim_start().starts_with("...");
        if elided {
            out.push_str(&rest[..at]);
            out.push_str("\"...\"");
            rest = &inner[end + 1..];
        } else {
            out.push_str(&rest[..=at]);
            rest = inner;
        }
    }
    out.push_str(rest);
    out
}

/// Whether the value at a pointer, or one around it, was left out by the writer.
fn is_elided(example: &Value, pointer: &str) -> bool {
    example.pointer(pointer).and_then(Value::as_str) == Some(ELIDED)
}

/// The type that shares most members with an example; none when two share as many.
fn best<'a>(draft: &'a Draft, example: &Value) -> Option<&'a Definition> {
    let members = example.as_object()?;
    let mut ranked: Vec<(usize, &Definition)> = draft
        .definitions()
        .map(|definition| {
            let shared = members
                .keys()
                .filter(|name| definition.member(name).is_some());
            (shared.count(), definition)
        })
        .filter(|(shared, _)| *shared >= SHARED_MIN && *shared * 2 > members.len())
        .collect();
    ranked.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
    match ranked.as_slice() {
        [(most, _), (next, _), ..] if most == next => None,
        [(_, definition), ..] => Some(definition),
        [] => None,
    }
}
