//! The documents of the corpus against our schemas and against the Rust types.

pub(crate) mod types;

use cabincrew_fixtures::{Document, Kind, documents};
use cabincrew_protocol::canonical;
use cabincrew_protocol::json::{self, Limits};
use cabincrew_protocol::schema;
use serde_json::Value;

pub(crate) fn value(document: &Document) -> Value {
    json::parse(document.bytes, &Limits::DOCUMENT)
        .unwrap_or_else(|error| panic!("{}/{}: {error}", document.definition, document.name))
}

#[test]
fn valid_documents_are_accepted() {
    let mut count = 0;
    for document in documents(Kind::Valid) {
        let (definition, name) = (document.definition, document.name);
        let found = schema::violations(definition, &value(&document));
        assert!(found.is_empty(), "{definition}/{name}: {found:?}");
        count += 1;
    }
    assert!(count > 57, "only {count} valid documents");
}

#[test]
fn invalid_documents_are_refused() {
    let mut count = 0;
    for document in documents(Kind::Invalid) {
        let (definition, name) = (document.definition, document.name);
        let found = schema::violations(definition, &value(&document));
        assert!(!found.is_empty(), "{definition}/{name} is accepted");
        assert!(
            found.iter().all(|it| it.keyword != "$ref"),
            "{definition} is unknown"
        );
        count += 1;
    }
    assert!(count > 57, "only {count} invalid documents");
}

#[test]
fn types_read_what_the_schema_accepts_and_write_it_back() {
    for document in documents(Kind::Valid).chain(documents(Kind::Semantic)) {
        let (definition, name) = (document.definition, document.name);
        let value = value(&document);
        let Some(read) = types::reader(definition) else {
            continue;
        };
        match read(value.clone()) {
            Ok(written) => assert_eq!(
                canonical::to_vec(&written).unwrap(),
                canonical::to_vec(&value).unwrap(),
                "{definition}/{name}"
            ),
            // The payload rule is kept by the type itself.
            Err(error) => {
                assert!(
                    types::breaks_payload_rule(definition, &value),
                    "{definition}/{name}: {error}"
                );
            }
        }
    }
}

#[test]
fn types_refuse_what_the_schema_refuses_but_for_formats() {
    for document in documents(Kind::Invalid) {
        let (definition, name) = (document.definition, document.name);
        let value = value(&document);
        let Some(read) = types::reader(definition) else {
            continue;
        };
        if types::breaks_more_than_formats(definition, &value) {
            assert!(read(value).is_err(), "{definition}/{name} is read");
        }
    }
}
