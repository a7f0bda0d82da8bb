//! Validation through the `jsonschema` crate, each definition compiled once.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use serde_json::{Map, Value, json};

use super::TEXTS;
use super::document::ROOT;

/// One way in which a document breaks its schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct SchemaViolation {
    /// The schema keyword that is not satisfied, as `required` or `additionalProperties`.
    pub keyword: String,
    /// JSON pointer into the document.
    pub instance_path: String,
    /// JSON pointer into the schema.
    pub schema_path: String,
    /// What is wrong, without the values of the document.
    pub message: String,
}

/// A compiled definition.
#[derive(Debug)]
pub struct Validator(jsonschema::Validator);

impl Validator {
    /// Wraps a compiled schema.
    pub(super) const fn new(compiled: jsonschema::Validator) -> Self {
        Self(compiled)
    }

    /// Every violation of `value`, in the order of the schema; empty when it is valid.
    #[must_use]
    pub fn violations(&self, value: &Value) -> Vec<SchemaViolation> {
        self.0
            .iter_errors(value)
            .map(|error| violation(&error))
            .collect()
    }
}

/// The validator of a wire type by its name in the published schema (`EngineInput`, ..), or of a
/// document by the name of its schema file (`workflow`, `engine-input`, ..). `None` for an unknown
/// name.
#[must_use]
pub fn validator(name: &str) -> Option<&'static Validator> {
    SLOTS
        .get(name)
        .map(|slot| slot.get_or_init(|| compile(name)))
}

/// Every violation of a document against a schema, named as in [`validator`]; empty when it is
/// valid. For an unknown name there is one violation, whose keyword is `$ref`.
#[must_use]
pub fn violations(definition: &str, value: &Value) -> Vec<SchemaViolation> {
    validator(definition).map_or_else(
        || vec![unknown_definition(definition)],
        |validator| validator.violations(value),
    )
}

static SLOTS: LazyLock<BTreeMap<String, OnceLock<Validator>>> = LazyLock::new(|| {
    let definitions = ROOT["definitions"]
        .as_object()
        .into_iter()
        .flat_map(Map::keys);
    let files = TEXTS
        .iter()
        .filter_map(|(file, _)| file.strip_suffix(".schema.json"));
    let files = files
        .filter(|name| *name != "definitions")
        .map(str::to_owned);
    definitions
        .cloned()
        .chain(files)
        .map(|name| (name, OnceLock::new()))
        .collect()
});

fn compile(name: &str) -> Validator {
    let file = TEXTS
        .iter()
        .find(|(file, _)| file.strip_suffix(".schema.json") == Some(name));
    let schema = match file {
        Some((_, text)) => serde_json::from_str(text).expect("the tests read every file"),
        None => wire_type(name),
    };
    let compiled = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .offline()
        .build(&schema)
        .expect("the tests compile every schema");
    Validator(compiled)
}

/// Draft-07 ignores what stands beside `$ref`, so the reference goes into an `allOf`.
fn wire_type(definition: &str) -> Value {
    let mut root = ROOT.clone();
    root["allOf"] = json!([{ "$ref": format!("#/definitions/{definition}") }]);
    root
}

pub(super) fn violation(error: &jsonschema::ValidationError<'_>) -> SchemaViolation {
    SchemaViolation {
        keyword: error.kind().keyword().to_owned(),
        instance_path: error.instance_path().to_string(),
        schema_path: error.schema_path().to_string(),
        message: error.masked().to_string(),
    }
}

fn unknown_definition(definition: &str) -> SchemaViolation {
    SchemaViolation {
        keyword: "$ref".to_owned(),
        instance_path: String::new(),
        schema_path: format!("/definitions/{definition}"),
        message: format!("no definition is called {definition}"),
    }
}
