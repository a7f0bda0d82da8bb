//! A JSON Schema file: its definitions and their members, each with its line.

use std::collections::{BTreeMap, BTreeSet};

use cabincrew_protocol::json::{Limits, parse};
use serde_json::{Map, Value};

use super::lines;

/// A schema file of a draft.
#[derive(Debug, Clone)]
pub struct SchemaFile {
    /// Path relative to the draft.
    pub path: String,
    /// The document, or why there is none.
    pub document: Result<Value, String>,
    /// JSON pointer to line.
    pub lines: BTreeMap<String, usize>,
    /// Named types, in the order of their names.
    pub definitions: Vec<Definition>,
}

/// A named type.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// The file that defines it.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The schema itself.
    pub schema: Value,
    /// Members of an object, in the order of their names.
    pub members: Vec<Member>,
    /// Permitted values, as text; empty when it is not an enumeration.
    pub values: Vec<String>,
}

/// A member of an object.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// The line.
    pub line: usize,
    /// Whether it must be there.
    pub required: bool,
    /// Its schema.
    pub schema: Value,
}

impl SchemaFile {
    /// Reads a schema text strictly (C-69, C-70).
    pub fn parse(path: &str, text: &str) -> Self {
        let document = parse(text.as_bytes(), &Limits::DOCUMENT).map_err(|error| error.to_string());
        let lines = match document {
            Ok(_) => lines::pointers(text),
            Err(_) => BTreeMap::new(),
        };
        let definitions = document.as_ref().map_or_else(
            |_| Vec::new(),
            |document| definitions(path, document, &lines),
        );
        Self {
            path: path.to_owned(),
            document,
            lines,
            definitions,
        }
    }

    /// The line of a pointer; 1 when it is not there.
    pub fn line(&self, pointer: &str) -> usize {
        self.lines.get(pointer).copied().unwrap_or(1)
    }
}

impl Definition {
    /// The member with that name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// Whether it describes an object.
    pub fn is_object(&self) -> bool {
        !self.members.is_empty()
    }

    /// The description; empty if there is none.
    pub fn description(&self) -> &str {
        description(&self.schema)
    }
}

impl Member {
    /// The description; empty if there is none.
    pub fn description(&self) -> &str {
        description(&self.schema)
    }

    /// The definition that the member, or each of its elements, refers to.
    pub fn target(&self) -> Option<&str> {
        target(&self.schema).or_else(|| target(self.schema.get("items")?))
    }

    /// Whether any string will do.
    pub fn is_open_string(&self) -> bool {
        let closing = [
            "enum", "const", "pattern", "format", "$ref", "anyOf", "oneOf", "allOf",
        ];
        self.schema.get("type").and_then(Value::as_str) == Some("string")
            && closing.iter().all(|word| self.schema.get(word).is_none())
    }
}

/// The name of the definition that a schema refers to.
pub(super) fn target(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/definitions/")
}

fn description(schema: &Value) -> &str {
    schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn definitions(path: &str, document: &Value, lines: &BTreeMap<String, usize>) -> Vec<Definition> {
    let mut found = Vec::new();
    if document.get("properties").is_some() {
        found.push(definition(
            path,
            &root_name(path, document),
            "",
            document,
            lines,
        ));
    }
    for folder in ["definitions", "$defs"] {
        let named = document.get(folder).and_then(Value::as_object);
        for (name, schema) in named.into_iter().flatten() {
            let pointer = format!("/{folder}/{}", escape(name));
            found.push(definition(path, name, &pointer, schema, lines));
        }
    }
    found
}

fn definition(
    path: &str,
    name: &str,
    pointer: &str,
    schema: &Value,
    lines: &BTreeMap<String, usize>,
) -> Definition {
    let line = |pointer: &str| lines.get(pointer).copied().unwrap_or(1);
    let required: BTreeSet<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let none = Map::new();
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    Definition {
        name: name.to_owned(),
        file: path.to_owned(),
        line: line(pointer),
        schema: schema.clone(),
        members: properties
            .iter()
            .map(|(name, schema)| Member {
                name: name.clone(),
                line: line(&format!("{pointer}/properties/{}", escape(name))),
                required: required.contains(name.as_str()),
                schema: schema.clone(),
            })
            .collect(),
        values: values(schema),
    }
}

/// The values that a schema permits, as text.
pub(super) fn values(schema: &Value) -> Vec<String> {
    let listed = schema.get("enum").and_then(Value::as_array);
    listed
        .into_iter()
        .flatten()
        .map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
        .collect()
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The name of a schema's root: its title, or its file name in the form of a type's name.
fn root_name(path: &str, document: &Value) -> String {
    if let Some(title) = document.get("title").and_then(Value::as_str)
        && !title.contains(' ')
    {
        return title.to_owned();
    }
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split('.').next().unwrap_or(file);
    stem.split(['-', '_'])
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().chain(letters).collect()
            })
        })
        .collect()
}
