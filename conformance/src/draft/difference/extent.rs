//! What a schema permits, in the few terms in which drafts are written, and how two compare.

use std::collections::BTreeSet;

use serde_json::Value;

use super::change::Relation;
use crate::draft::model::Draft;
use crate::draft::schema::{Definition, target, values};

/// Most references and arrays that are followed into each other.
const DEPTH_MAX: usize = 16;

/// What values a schema permits, apart from the members of objects.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Extent {
    /// JSON types; `number` counts as `integer` and `fraction`. Empty permits all.
    types: BTreeSet<String>,
    /// Listed values; `None` permits all of the types.
    values: Option<BTreeSet<String>>,
    /// `format` and `pattern`, each as `keyword value`.
    forms: BTreeSet<String>,
    /// Least number.
    minimum: Option<f64>,
    /// The type of object that is referred to.
    refers: Option<String>,
    /// Alternatives, written out without descriptions.
    alternatives: BTreeSet<String>,
    /// Whether an object of no named members may have no members at all.
    closed: bool,
    /// What the elements of an array may be.
    items: Option<Box<Self>>,
}

impl Extent {
    /// The extent of a schema within a draft, references to plain types included.
    pub(super) fn of(draft: &Draft, schema: &Value) -> Self {
        Self::within(draft, schema, 0)
    }

    fn within(draft: &Draft, schema: &Value, depth: usize) -> Self {
        if depth > DEPTH_MAX {
            return Self::default();
        }
        if let Some(name) = target(schema) {
            return match draft.definition(name) {
                Some(definition) if is_plain(definition) => {
                    Self::within(draft, &definition.schema, depth + 1)
                }
                Some(_) | None => Self {
                    refers: Some(name.to_owned()),
                    ..Self::default()
                },
            };
        }
        let alternatives = ["anyOf", "oneOf", "allOf"]
            .iter()
            .filter_map(|word| schema.get(word)?.as_array())
            .flatten();
        let listed: BTreeSet<String> = values(schema).into_iter().collect();
        let form = |word: &&str| Some(format!("{word} {}", schema.get(word)?));
        Self {
            types: types(schema),
            values: (!listed.is_empty()).then_some(listed),
            forms: ["format", "pattern"].iter().filter_map(form).collect(),
            minimum: schema.get("minimum").and_then(Value::as_f64),
            refers: None,
            closed: schema.get("additionalProperties") == Some(&false.into()),
            alternatives: alternatives
                .map(|branch| bare(branch).to_string())
                .collect(),
            items: schema
                .get("items")
                .map(|items| Box::new(Self::within(draft, items, depth + 1))),
        }
    }

    /// How `new` relates to this, and what differs in words. Types of objects are the same when
    /// `same` says so.
    pub(super) fn relate(
        &self,
        new: &Self,
        same: &dyn Fn(&str, &str) -> bool,
    ) -> (Relation, Vec<String>) {
        let mut relation = Relation::Same;
        let mut words = Vec::new();
        let mut note = |part: Relation, text: String| {
            if part != Relation::Same {
                relation = relation.and(part);
                words.push(text);
            }
        };
        note(
            subset(all_if_empty(&self.types), all_if_empty(&new.types)),
            format!("the type {} became {}", told(&self.types), told(&new.types)),
        );
        note(
            listed(self.values.as_ref(), new.values.as_ref()),
            self.listed_words(new),
        );
        note(
            subset(Some(&new.forms), Some(&self.forms)),
            format!("the form {} became {}", told(&self.forms), told(&new.forms)),
        );
        note(
            bounds(self.minimum, new.minimum),
            "the least value changed".to_owned(),
        );
        note(self.references(new, same), self.reference_words(new));
        note(
            alternatives(&self.alternatives, &new.alternatives),
            "the alternatives changed".to_owned(),
        );
        note(
            match (self.closed, new.closed) {
                (false, true) => Relation::Narrower,
                (true, false) => Relation::Wider,
                (true, true) | (false, false) => Relation::Same,
            },
            format!(
                "an object may {} members",
                if new.closed { "have no" } else { "have any" }
            ),
        );
        if let (Some(old), Some(new)) = (&self.items, &new.items) {
            let (part, inner) = old.relate(new, same);
            note(part, format!("of its elements, {}", inner.join(", ")));
        } else {
            let old_has = self.items.is_some();
            let part = match (old_has, new.items.is_some()) {
                (false, true) => Relation::Narrower,
                (true, false) => Relation::Wider,
                _ => Relation::Same,
            };
            note(part, "what the elements may be changed".to_owned());
        }
        (relation, words)
    }

    fn references(&self, new: &Self, same: &dyn Fn(&str, &str) -> bool) -> Relation {
        match (&self.refers, &new.refers) {
            (Some(old), Some(new)) if old == new || same(old, new) => Relation::Same,
            (None, None) => Relation::Same,
            (Some(_), _) | (None, Some(_)) => Relation::Other,
        }
    }

    fn reference_words(&self, new: &Self) -> String {
        let name = |refers: &Option<String>| refers.clone().unwrap_or_else(|| "no type".to_owned());
        format!(
            "the reference to {} became {}",
            name(&self.refers),
            name(&new.refers)
        )
    }

    fn listed_words(&self, new: &Self) -> String {
        let none = BTreeSet::new();
        let (old, new) = (
            self.values.as_ref().unwrap_or(&none),
            new.values.as_ref().unwrap_or(&none),
        );
        let gone: BTreeSet<String> = old.difference(new).cloned().collect();
        let come: BTreeSet<String> = new.difference(old).cloned().collect();
        match (
            old.is_empty(),
            new.is_empty(),
            gone.is_empty(),
            come.is_empty(),
        ) {
            (true, false, _, _) => format!("only {} are permitted", told(new)),
            (false, true, _, _) => "any value is permitted".to_owned(),
            (_, _, true, false) => format!("the values {} came", told(&come)),
            (_, _, false, true) => format!("the values {} went", told(&gone)),
            _ => format!("the values {} went and {} came", told(&gone), told(&come)),
        }
    }
}

/// Whether a type is a plain one, whose extent stands for it wherever it is referred to: no object
/// with members.
fn is_plain(definition: &Definition) -> bool {
    !definition.is_object()
}

fn types(schema: &Value) -> BTreeSet<String> {
    let named = match schema.get("type") {
        Some(Value::String(name)) => vec![name.clone()],
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    };
    named
        .into_iter()
        .flat_map(|name| match name.as_str() {
            "number" => vec!["integer".to_owned(), "fraction".to_owned()],
            _ => vec![name],
        })
        .collect()
}

/// A schema without what only people read.
pub(super) fn bare(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => members
            .iter()
            .filter(|(name, value)| {
                !(["description", "title"].contains(&name.as_str()) && value.is_string())
            })
            .map(|(name, value)| (name.clone(), bare(value)))
            .collect(),
        Value::Array(elements) => elements.iter().map(bare).collect(),
        plain => plain.clone(),
    }
}

fn all_if_empty(types: &BTreeSet<String>) -> Option<&BTreeSet<String>> {
    if types.is_empty() { None } else { Some(types) }
}

/// How the second set relates to the first; `None` holds everything.
fn subset(old: Option<&BTreeSet<String>>, new: Option<&BTreeSet<String>>) -> Relation {
    match (old, new) {
        (None, None) => Relation::Same,
        (None, Some(_)) => Relation::Narrower,
        (Some(_), None) => Relation::Wider,
        (Some(old), Some(new)) if old == new => Relation::Same,
        (Some(old), Some(new)) if new.is_subset(old) => Relation::Narrower,
        (Some(old), Some(new)) if old.is_subset(new) => Relation::Wider,
        (Some(_), Some(_)) => Relation::Other,
    }
}

fn listed(old: Option<&BTreeSet<String>>, new: Option<&BTreeSet<String>>) -> Relation {
    subset(old, new)
}

/// No alternatives permit everything; one more permits more.
fn alternatives(old: &BTreeSet<String>, new: &BTreeSet<String>) -> Relation {
    subset(all_if_empty(old), all_if_empty(new))
}

fn bounds(old: Option<f64>, new: Option<f64>) -> Relation {
    match (old, new) {
        (None, Some(_)) => Relation::Narrower,
        (Some(_), None) => Relation::Wider,
        (Some(old), Some(new)) if new > old => Relation::Narrower,
        (Some(old), Some(new)) if new < old => Relation::Wider,
        (Some(_), Some(_)) | (None, None) => Relation::Same,
    }
}

/// Names in words; `any` for none.
fn told(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return "any".to_owned();
    }
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.contains(&"fraction") {
        names.retain(|name| !["fraction", "integer"].contains(name));
        names.push("number");
    }
    names.join(" | ")
}
