//! Generated files are what the tables give now. `UPDATE=1` rewrites them.

use std::path::Path;

use cabincrew_protocol::audit::vocabulary::EVENT_TYPES;
use cabincrew_protocol::replay::ENCODING;
use cabincrew_protocol::{schema, workflow};
use serde::Serialize;

fn expect_fresh(file: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{file} is stale: UPDATE=1 cargo test rewrites it"
    );
}

fn pretty<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

#[test]
fn lifecycle_diagram() {
    expect_fresh("generated/lifecycle.mmd", &workflow::mermaid());
}

#[test]
fn transition_table() {
    expect_fresh("generated/transitions.json", &pretty(&workflow::to_json()));
}

#[test]
fn wal_encoding() {
    expect_fresh("generated/wal-encoding.json", &pretty(&ENCODING));
}

#[test]
fn event_types() {
    expect_fresh("generated/event-types.json", &pretty(&EVENT_TYPES));
}

#[test]
fn schema_documents() {
    for (name, definition) in schema::DOCUMENTS {
        let document = schema::document(definition).unwrap();
        expect_fresh(&format!("schemas/{name}.schema.json"), &pretty(&document));
    }
}

#[test]
fn no_schema_file_is_left_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let listed = |name: &str| schema::TEXTS.iter().any(|(file, _)| *file == name);
    // Written beside these by the parts of the kit that own the documents.
    let elsewhere = [
        "report.schema.json",
        "adapter.schema.json",
        "orchestrator-adapter.schema.json",
        "scenario.schema.json",
    ];
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            listed(&name) || elsewhere.contains(&name.as_str()),
            "{name} is not in TEXTS"
        );
    }
    for (name, _) in schema::DOCUMENTS {
        assert!(
            listed(&format!("{name}.schema.json")),
            "{name} is not in TEXTS"
        );
    }
}
