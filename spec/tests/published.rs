//! Our schemas, the published one and the Rust types judge alike, over generated documents.

mod generate;

use std::collections::BTreeMap;
use std::path::Path;

use cabincrew_fixtures::{Kind, documents};
use cabincrew_protocol::schema;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};

use crate::documents::{types, value};

/// Validators of the published file, or nothing where it is not at hand.
#[expect(
    clippy::print_stderr,
    reason = "a comparison that is left out must be seen"
)]
fn published() -> Option<BTreeMap<&'static str, jsonschema::Validator>> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/protocol/published-schema.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: the published schema is not at {}", path.display());
        return None;
    };
    let root: Value = serde_json::from_str(&text).unwrap();
    Some(
        types::definitions()
            .map(|name| (name, compile(&root, name)))
            .collect(),
    )
}

fn compile(root: &Value, definition: &str) -> jsonschema::Validator {
    let mut schema = root.clone();
    schema["allOf"] = json!([{ "$ref": format!("#/definitions/{definition}") }]);
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .should_validate_formats(true)
        .offline()
        .build(&schema)
        .unwrap()
}

#[test]
fn published_names_are_ours() {
    let Some(published) = published() else { return };
    assert_eq!(published.len(), 57);
}

#[test]
fn the_corpus_is_judged_alike() {
    let Some(published) = published() else { return };
    for kind in [Kind::Valid, Kind::Invalid, Kind::Semantic] {
        for document in documents(kind) {
            let (definition, name) = (document.definition, document.name);
            let value = value(&document);
            let theirs = published[definition].is_valid(&value);
            assert_eq!(theirs, kind != Kind::Invalid, "{definition}/{name}");
            let ours = schema::violations(definition, &value).is_empty();
            assert_eq!(ours, theirs, "{definition}/{name}");
        }
    }
}

#[test]
fn generated_documents_are_judged_alike() {
    let published = published();
    let root: Value = serde_json::from_str(schema::DEFINITIONS).unwrap();
    for definition in types::definitions() {
        let mut runner = TestRunner::new(Config {
            cases: 128,
            rng_seed: RngSeed::Fixed(1),
            failure_persistence: None,
            ..Config::default()
        });
        let mut accepted = std::cell::Cell::new(0_u32);
        let mut refused = std::cell::Cell::new(0_u32);
        let documents = generate::document(&root, definition);
        let verdict = runner.run(&documents, |(whole, mutated)| {
            for document in [&whole, &mutated] {
                let count = if judge(published.as_ref(), definition, document) {
                    &accepted
                } else {
                    &refused
                };
                count.set(count.get() + 1);
            }
            Ok(())
        });
        verdict.unwrap_or_else(|error| panic!("{definition}: {error}"));
        assert!(
            *accepted.get_mut() > 5,
            "{definition}: hardly ever accepted"
        );
        assert!(*refused.get_mut() > 5, "{definition}: hardly ever refused");
    }
}

/// Whether all three accept a document; panics when they differ.
fn judge(
    published: Option<&BTreeMap<&'static str, jsonschema::Validator>>,
    definition: &str,
    document: &Value,
) -> bool {
    let ours = schema::violations(definition, document).is_empty();
    if let Some(published) = published {
        let theirs = published[definition].is_valid(document);
        assert_eq!(
            ours, theirs,
            "{definition}: ours {ours}, published {theirs}: {document}"
        );
    }
    if let Some(read) = types::reader(definition) {
        let shaped = !types::breaks_more_than_formats(definition, document);
        let expected = shaped && !types::breaks_payload_rule(definition, document);
        let read = read(document.clone());
        assert_eq!(read.is_ok(), expected, "{definition}: {read:?}: {document}");
    }
    ours
}
