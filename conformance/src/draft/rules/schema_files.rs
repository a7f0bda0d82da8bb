//! Schema files as such: readable, valid, closed under reference, and with a root that constrains.

use std::collections::BTreeSet;

use cabincrew_protocol::requirement::Catalogue;
use cabincrew_protocol::schema::meta_violations;
use serde_json::Value;

use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};
use crate::draft::schema::SchemaFile;
use crate::draft::words::quoted;

/// Keywords by which a root constrains what it accepts.
const CONSTRAINING: [&str; 12] = [
    "type",
    "properties",
    "required",
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
    "enum",
    "const",
    "not",
    "items",
    "if",
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "CCS-001",
        name: "schema-not-json",
        weight: Weight::Error,
        holds: "A schema file is one strict JSON document.",
        why: "A parser that takes the first of two members with one name, and one that takes the last, read two schemas.",
        remedy: "Correct the text at the place that is named.",
        check: not_json,
    },
    Rule {
        code: "CCS-002",
        name: "schema-not-draft-07",
        weight: Weight::Error,
        holds: "A schema names draft-07 and is valid under it.",
        why: "Validators skip keywords they do not know, so that a misspelt keyword constrains nothing.",
        remedy: "Name http://json-schema.org/draft-07/schema# in `$schema` and correct the keyword.",
        check: not_draft_07,
    },
    Rule {
        code: "CCS-003",
        name: "reference-unresolved",
        weight: Weight::Error,
        holds: "Every `$ref` of a schema leads to a schema.",
        why: "Validators refuse the whole file, or fetch something from somewhere.",
        remedy: "Define what is referred to, or refer to what is defined.",
        check: unresolved,
    },
    Rule {
        code: "CCS-004",
        name: "root-accepts-anything",
        weight: Weight::Error,
        holds: "The root of a schema constrains what it accepts.",
        why: "Who validates a document against the file, as its name suggests, accepts every document, even the number 42.",
        remedy: "Publish one file for each kind of document, whose root is or refers to its type.",
        check: open_root,
    },
];

fn not_json(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    draft
        .schemas
        .iter()
        .filter_map(|file| {
            let error = file.document.as_ref().err()?;
            let line = error.split_once("line ").and_then(|(_, rest)| {
                rest.split(|c: char| !c.is_ascii_digit())
                    .next()?
                    .parse()
                    .ok()
            });
            Some(Finding::new(
                &file.path,
                line.unwrap_or(1),
                format!("not a strict JSON document: {error}"),
            ))
        })
        .collect()
}

fn not_draft_07(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, document) in documents(draft) {
        let named = document
            .get("$schema")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !named.contains("json-schema.org/draft-07/schema") {
            found.push(Finding::new(
                &file.path,
                file.line("/$schema"),
                format!("`$schema` is {named:?}, not draft-07"),
            ));
        }
        for violation in meta_violations(document) {
            found.push(Finding::new(
                &file.path,
                file.line(&violation.instance_path),
                format!(
                    "not valid under draft-07 at {}: {}",
                    violation.instance_path, violation.message
                ),
            ));
        }
    }
    found
}

fn unresolved(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, document) in documents(draft) {
        let mut references = Vec::new();
        collect(document, "", &mut references);
        for (pointer, target) in references {
            if !resolves(draft, file, document, &target) {
                found.push(Finding::new(
                    &file.path,
                    file.line(&pointer),
                    format!("the reference `{target}` leads nowhere"),
                ));
            }
        }
    }
    found
}

fn resolves(draft: &Draft, file: &SchemaFile, document: &Value, target: &str) -> bool {
    let (place, pointer) = target.split_once('#').unwrap_or((target, ""));
    if place.is_empty() {
        return document.pointer(pointer).is_some();
    }
    let name = place.rsplit('/').next().unwrap_or(place);
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    documents(draft)
        .filter(|(other, _)| {
            let own = other.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            own == folder && other.path.rsplit('/').next() == Some(name)
        })
        .any(|(_, document)| document.pointer(pointer).is_some())
}

fn collect(value: &Value, pointer: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                let at = format!("{pointer}/{escaped}");
                match inner.as_str() {
                    Some(target) if name == "$ref" => found.push((at, target.to_owned())),
                    Some(_) | None => collect(inner, &at, found),
                }
            }
        }
        Value::Array(elements) => {
            for (index, inner) in elements.iter().enumerate() {
                collect(inner, &format!("{pointer}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn open_root(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    documents(draft)
        .filter(|(_, document)| {
            document
                .as_object()
                .is_none_or(|root| CONSTRAINING.iter().all(|word| !root.contains_key(*word)))
        })
        .map(|(file, document)| {
            let mut message = "the root accepts every document".to_owned();
            let names: BTreeSet<&String> = ["definitions", "$defs"]
                .iter()
                .filter_map(|folder| document.get(folder)?.as_object())
                .flat_map(|types| types.keys())
                .collect();
            if !names.is_empty() {
                let names: Vec<&String> = names.into_iter().collect();
                message = format!(
                    "{message}; what it defines, {}{}, is applied to nothing",
                    quoted(&names[..names.len().min(3)]),
                    if names.len() > 3 { " and others" } else { "" }
                );
            }
            Finding::new(&file.path, 1, message)
        })
        .collect()
}

fn documents(draft: &Draft) -> impl Iterator<Item = (&SchemaFile, &Value)> {
    draft
        .schemas
        .iter()
        .filter_map(|file| Some((file, file.document.as_ref().ok()?)))
}
