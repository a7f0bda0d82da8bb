//! The schemas of files that users write or read.

use std::path::Path;

use cabincrew_conform::adapter::Adapter;
use cabincrew_conform::orchestrator::adapter::OrchestratorAdapter;
use cabincrew_conform::scenario::Scenario;
use serde_json::{Value, json};

use crate::conform::{Conform, fault};

fn schema(name: &str) -> jsonschema::Validator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/schemas");
    let text =
        std::fs::read_to_string(folder.join(format!("{name}.schema.json"))).expect("it exists");
    let schema: Value = serde_json::from_str(&text).expect("it is JSON");
    jsonschema::draft7::new(&schema).expect("it is a schema")
}

fn toml(value: &Value) -> String {
    ::toml::to_string(value).expect("it is a table")
}

#[test]
fn a_real_report_satisfies_its_schema() {
    let conform = Conform::new();
    conform.engine(&["--filter", "ENG"], &fault("formats-in-place"));
    let text = conform.read(".cabincrew-conform/last/report.json");
    let report: Value = serde_json::from_str(&text).unwrap();
    let errors: Vec<String> = schema("report")
        .iter_errors(&report)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn schema_and_loader_agree_on_adapters() {
    let schema = schema("adapter");
    let conform = Conform::new();
    let cases = [
        (json!({}), true),
        (json!({"name": "x", "timeout_ms": 5}), true),
        (json!({"nam": "x"}), false),
        (json!({"name": 1}), false),
        (json!({"timeout_ms": "5"}), false),
        (json!({"timeout_ms": -1}), false),
    ];
    for (adapter, valid) in cases {
        conform.write("conform.toml", &toml(&adapter));
        assert_eq!(schema.is_valid(&adapter), valid, "{adapter}");
        assert_eq!(
            Adapter::load(&conform.path("conform.toml")).is_ok(),
            valid,
            "{adapter}"
        );
    }
}

/// A key as an adapter gives it.
const KEY: &str = include_str!("../../reference/audit.vkey");

#[test]
fn schema_and_loader_agree_on_adapters_of_orchestrators() {
    let schema = schema("orchestrator-adapter");
    let conform = Conform::new();
    let cases = [
        (json!({}), true),
        (
            json!({"verbs": {"export": ["show", "{workflow_id}"]}}),
            true,
        ),
        (json!({"capabilities": {"opa": true, "onnx": false}}), true),
        (
            json!({"events": {"workflow_start": "begun"}, "timeout_ms": 9}),
            true,
        ),
        (json!({"checkpoint": ["sign"], "version": ["-V"]}), true),
        (
            json!({"artifacts_dir": "{state_dir}/a", "audit_key": KEY}),
            true,
        ),
        (json!({"verbs": {"start": ["x"]}}), false),
        (json!({"verbs": {"run": "x"}}), false),
        (json!({"capabilities": {"mounts": true}}), false),
        (json!({"capabilities": {"opa": "yes"}}), false),
        (json!({"nam": "x"}), false),
    ];
    for (adapter, valid) in cases {
        conform.write("conform.toml", &toml(&adapter));
        assert_eq!(schema.is_valid(&adapter), valid, "{adapter}");
        assert_eq!(
            OrchestratorAdapter::load(&conform.path("conform.toml")).is_ok(),
            valid,
            "{adapter}"
        );
    }
}

#[test]
fn schema_and_loader_agree_on_scenarios() {
    let schema = schema("scenario");
    let conform = Conform::new();
    std::fs::create_dir(conform.path("workspace")).unwrap();
    conform.write("workspace/a.txt", "a\n");
    let full = json!({
        "summary": "everything",
        "input": {"config": {"a": [1]}, "context": {"b": {}}, "secrets": {"TOKEN": "any"}},
        "workspace": {"executable": ["a.txt"], "links": {"b": "a.txt"}},
        "invalid_config": [{"why": "x", "config": {}}],
        "expect": {"takeoff": "no-change"},
    });
    let broken = |pointer: &str, value: Value| {
        let mut changed = full.clone();
        *changed.pointer_mut(pointer).expect("it is there") = value;
        changed
    };
    let cases = [
        (full.clone(), true),
        (json!({"summary": "least"}), true),
        (json!({}), false),
        (json!({"summary": "x", "inputs": {}}), false),
        (broken("/input", json!({"cfg": {}})), false),
        (broken("/input/config", json!([])), false),
        (broken("/workspace/links", json!({"b": 1})), false),
        (broken("/invalid_config/0", json!({"config": {}})), false),
        (
            broken(
                "/invalid_config/0",
                json!({"why": "x", "config": {}, "more": 1}),
            ),
            false,
        ),
        (broken("/expect/takeoff", json!("maybe")), false),
    ];
    for (scenario, valid) in cases {
        conform.write("scenario.toml", &toml(&scenario));
        assert_eq!(schema.is_valid(&scenario), valid, "{scenario}");
        let loaded = Scenario::load(&conform.path("."));
        assert_eq!(loaded.is_ok(), valid, "{scenario}: {loaded:?}");
    }
}
