//! The schema files by themselves.

use cabincrew_protocol::schema::{self, TEXTS, validator, violations};
use serde_json::{Value, json};

use crate::documents::types;

fn walk(schema: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(path, schema);
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                walk(member, &format!("{path}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{path}/{index}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_file_is_a_schema() {
    for (file, text) in TEXTS {
        let schema: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            schema["$schema"], "http://json-schema.org/draft-07/schema#",
            "{file}"
        );
        assert!(text.is_ascii() && text.ends_with("}\n"), "{file}");
        let name = file.strip_suffix(".schema.json").unwrap();
        assert_eq!(validator(name).is_some(), name != "definitions", "{file}");
    }
}

#[test]
fn every_member_and_definition_is_described() {
    for (file, text) in TEXTS {
        let schema: Value = serde_json::from_str(text).unwrap();
        walk(&schema, "", &mut |path, found| {
            for group in ["properties", "definitions"] {
                for (name, member) in found[group].as_object().into_iter().flatten() {
                    // Beside a reference, draft-07 ignores a description; its target has one.
                    let told = member["description"].is_string() || member["$ref"].is_string();
                    assert!(told, "{file}: {path}/{group}/{name} is not described");
                }
            }
        });
    }
}

#[test]
fn objects_are_closed_unless_they_are_free() {
    let root: Value = serde_json::from_str(schema::DEFINITIONS).unwrap();
    for (name, definition) in root["definitions"].as_object().unwrap() {
        if definition["type"] == "object" {
            let free = matches!(name.as_str(), "AnyMap" | "RecordStringAny");
            assert_eq!(
                definition["additionalProperties"] == json!(false),
                !free,
                "{name}"
            );
        }
    }
}

#[test]
fn the_root_constrains_nothing_so_definitions_must() {
    for name in types::definitions() {
        assert!(
            !violations(name, &json!(42)).is_empty(),
            "{name} accepts a number"
        );
    }
}

#[test]
fn a_document_file_judges_like_its_definition() {
    for (file, definition) in schema::DOCUMENTS {
        for document in [json!({}), json!(null), json!({"unknown": 1})] {
            let (by_file, by_name) = (
                violations(file, &document),
                violations(definition, &document),
            );
            assert_eq!(
                by_file.len(),
                by_name.len(),
                "{file}: {by_file:?} {by_name:?}"
            );
        }
    }
}

#[test]
fn a_violation_says_where_without_showing_values() {
    let event = json!({
        "event_id": "e", "event_type": "t", "workflow_state": "INIT",
        "timestamp": "yesterday, which is no time and must not be shown",
        "artifacts": [{"nmae": "x"}],
    });
    let mut found = violations("AuditEvent", &event);
    found.sort();
    let shown: Vec<_> = found
        .iter()
        .map(|it| (&*it.keyword, &*it.instance_path))
        .collect();
    assert_eq!(
        shown,
        [
            ("additionalProperties", "/artifacts/0"),
            ("format", "/timestamp")
        ]
    );
    assert!(
        found.iter().all(|it| !it.message.contains("yesterday")),
        "{found:?}"
    );
    assert!(
        found[0].schema_path.contains("AuditArtifact"),
        "{}",
        found[0].schema_path
    );
}

#[test]
fn an_unknown_definition_accepts_nothing() {
    let found = violations("NoSuchThing", &json!({}));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].keyword, "$ref");
    assert!(validator("NoSuchThing").is_none());
}

fn workflow() -> Value {
    json!({
        "workflow": "update-dependency", "protocol_version": "1.0.0",
        "steps": [{
            "step_id": "edit",
            "engine": {"command": ["./engine"], "timeout_ms": 60000},
            "model": "none", "config": {}, "secrets": {"TOKEN": {"env": "MY_TOKEN"}},
        }],
        "governance": {
            "policies": [
                {"id": "a", "kind": "opa", "path": "a.rego", "query": "data.a.result"},
                {"id": "b", "kind": "onnx", "path": "b.onnx", "over": ["body", "metadata"],
                 "thresholds": {"warn": 0.3, "require_approval": 0.6, "deny": 0.9}},
                {"id": "c", "kind": "custom", "command": ["./rule"], "timeout_ms": 5},
            ],
            "default_decision": "deny", "recheck_on_restart": true,
            "post_execution": {"policies": [], "on_deny": "fail"},
        },
        "approval": {"roster": "r.json", "default_role": "approver", "expires_after_s": null},
        "gateways": [{"id": "mcp", "probe": {"tcp": "127.0.0.1:7000"}}],
        "retention": {"artifacts": "keep"}, "trigger": {"kind": "user", "by": "alice"},
    })
}

#[test]
fn a_workflow_is_judged_in_every_part() {
    assert_eq!(violations("workflow", &workflow()), []);
    for (pointer, value) in [
        ("/steps", json!([])),
        ("/steps/0/engine/command", json!([])),
        ("/steps/0/engine/sha256", json!("AB")),
        ("/steps/0/engine/timeout_ms", json!(0)),
        ("/steps/0/secrets/TOKEN", json!("plain text")),
        ("/steps/0/unknown", json!(1)),
        ("/governance/policies/0/kind", json!("prolog")),
        ("/governance/policies/0/thresholds", json!({"deny": 1})),
        ("/governance/policies/1/over", json!(["log"])),
        ("/governance/policies/1/thresholds", json!({})),
        ("/governance/policies/1/thresholds/deny", json!(1.5)),
        ("/governance/aggregation_method", json!("majority")),
        ("/governance/default_decision", json!("maybe")),
        ("/governance/post_execution/on_deny", json!("ignore")),
        ("/approval/expires_after_s", json!(0)),
        ("/gateways/0/probe/unix", json!("/run/x")),
        ("/retention/artifacts", json!("burn")),
        ("/unknown", json!(null)),
    ] {
        let mut changed = workflow();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[name] = value;
        assert!(
            !violations("workflow", &changed).is_empty(),
            "{pointer} is accepted"
        );
    }
    for required in ["workflow", "protocol_version", "steps", "governance"] {
        let mut changed = workflow();
        changed.as_object_mut().unwrap().remove(required);
        assert!(
            !violations("workflow", &changed).is_empty(),
            "{required} is not required"
        );
    }
}

#[test]
fn a_roster_names_approvers_and_their_roles() {
    let good = json!({"approvers": [{"approver": "alice", "roles": ["approver"], "key": "k+0+a"}]});
    assert_eq!(violations("roster", &good), []);
    for wrong in [
        json!({}),
        json!({"approvers": [{"approver": "alice"}]}),
        json!({"approvers": [{"approver": "alice", "roles": "approver"}]}),
        json!({"approvers": [], "admins": []}),
    ] {
        assert!(
            !violations("roster", &wrong).is_empty(),
            "{wrong} is accepted"
        );
    }
}
