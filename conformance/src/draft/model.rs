//! A draft in memory.

use std::collections::{BTreeMap, BTreeSet};

use super::chapter::Chapter;
use super::schema::{Definition, SchemaFile};

/// A draft: its chapters, its schemas, and the paths of all its files.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Every file and folder, relative and `/`-separated.
    pub paths: BTreeSet<String>,
    /// Markdown files, by path.
    pub chapters: Vec<Chapter>,
    /// Schema files, by path.
    pub schemas: Vec<SchemaFile>,
}

impl Draft {
    /// A draft of texts, by path. Which kind of file a text is follows from its name and content.
    pub fn of_texts(texts: &BTreeMap<String, String>) -> Self {
        let mut draft = Self::default();
        for (path, text) in texts {
            draft.paths.insert(path.clone());
            if path.ends_with(".md") || path.ends_with(".mdx") {
                draft.chapters.push(Chapter::parse(path, text));
            } else if is_schema(path, text) {
                draft.schemas.push(SchemaFile::parse(path, text));
            }
        }
        draft
    }

    /// All named types of all schemas.
    pub fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.schemas.iter().flat_map(|schema| &schema.definitions)
    }

    /// The type with that name.
    pub fn definition(&self, name: &str) -> Option<&Definition> {
        self.definitions()
            .find(|definition| definition.name == name)
    }

    /// The type with the longest name that a text names, spelt as it is or in words:
    /// `ApprovalRequest`, `approval request`, `Plan-Token`, `artifact.json`.
    pub(super) fn named_in(&self, text: &str) -> Option<&Definition> {
        let squeezed = squeeze(text);
        self.definitions()
            .filter(|definition| definition.is_object())
            .filter(|definition| {
                squeezed.contains(&format!(" {} ", squeeze_name(&definition.name)))
            })
            .max_by_key(|definition| definition.name.len())
    }

    /// Whether a word is a member, a value or a type of any schema.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.definitions().any(|definition| {
            definition.name == word
                || definition.member(word).is_some()
                || definition.values.iter().any(|value| value == word)
                || definition.members.iter().any(|member| {
                    super::schema::values(&member.schema)
                        .iter()
                        .any(|v| v == word)
                })
        })
    }
}

/// Whether a file is a schema: its name says so, or its text names a schema language.
fn is_schema(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_json = std::path::Path::new(name)
        .extension()
        .is_some_and(|e| e == "json");
    name == "schema.json"
        || name.ends_with(".schema.json")
        || (is_json && text.contains("json-schema.org/"))
}

/// Lower-case letters and digits of each word, words put together at hyphens and apart elsewhere,
/// with a blank on both ends.
fn squeeze(text: &str) -> String {
    let mut out = String::from(" ");
    for c in text.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.ends_with(' ') && c != '-' && c != '_' {
            out.push(' ');
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    let words: Vec<&str> = out.split_whitespace().collect();
    // Neighbours once more as one word, so that `audit event` is found as `auditevent`.
    let pairs: Vec<String> = words.windows(2).map(|pair| pair.concat()).collect();
    format!(" {} {} ", words.join(" "), pairs.join(" "))
}

fn squeeze_name(name: &str) -> String {
    name.to_lowercase()
}
