//! Schemas that are not ours: a draft's own, as they are being written.

use serde_json::{Value, json};

use super::validate::{SchemaViolation, Validator, violation};

/// Every way in which a schema is not valid under draft-07; empty when it is.
#[must_use]
pub fn meta_violations(schema: &Value) -> Vec<SchemaViolation> {
    match jsonschema::draft7::meta::validate(schema) {
        Ok(()) => Vec::new(),
        Err(error) => vec![violation(&error)],
    }
}

/// A validator for one definition of a foreign schema. `None` when it does not compile, for example
/// because a reference leads nowhere; nothing is ever fetched.
#[must_use]
pub fn foreign_validator(schema: &Value, definition: &str) -> Option<Validator> {
    let mut root = schema.clone();
    root.as_object_mut()?.insert(
        "allOf".to_owned(),
        json!([{ "$ref": format!("#/definitions/{definition}") }]),
    );
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .offline()
        .build(&root)
        .ok()
        .map(Validator::new)
}
