//! The rules beyond the schema: the documents of the corpus, then each rule by itself.

use cabincrew_fixtures::{Kind, documents};
use cabincrew_protocol::artifact::{Artifact, Role};
use cabincrew_protocol::audit::AuditPolicy;
use cabincrew_protocol::engine::EngineOutput;
use cabincrew_protocol::rules::{self, Finding};
use cabincrew_protocol::schema;
use serde_json::{Value, json};

use crate::documents::value;

#[test]
fn documents_break_the_one_rule_that_they_are_filed_under() {
    let mut rules_seen = std::collections::BTreeSet::new();
    for document in documents(Kind::Semantic) {
        let (definition, name) = (document.definition, document.name);
        let rule = document.rule.unwrap();
        let value = value(&document);
        let violations = schema::violations(definition, &value);
        assert!(violations.is_empty(), "{rule}/{name}: {violations:?}");
        let findings = rules::findings(definition, &value);
        assert_eq!(
            findings.is_empty(),
            document.accept,
            "{rule}/{name}: {findings:?}"
        );
        for finding in findings {
            let decision = finding.decision();
            assert!(
                decision == rule || decision == format!("CC-{rule}"),
                "{rule}/{name}: {finding}"
            );
        }
        rules_seen.insert(rule);
    }
    assert!(rules_seen.len() >= 16, "{rules_seen:?}");
}

fn artifact(more: &Value) -> Artifact {
    let mut document = json!({"artifact_type": "patch", "action": "apply", "mime": "text/plain"});
    document
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    serde_json::from_value(document).unwrap()
}

#[test]
fn a_body_file_is_there_exactly_when_it_is_named() {
    let named = artifact(&json!({"body_file": "body.data"}));
    let bare = artifact(&json!({}));
    assert_eq!(rules::body_placement(&named, true), []);
    assert_eq!(rules::body_placement(&bare, false), []);
    assert_eq!(
        rules::body_placement(&named, false),
        [Finding::BodyFileMissing]
    );
    assert_eq!(
        rules::body_placement(&bare, true),
        [Finding::BodyFileUnnamed]
    );
    let wrong = artifact(&json!({"body_file": "../x", "body": "y"}));
    let name = "../x".to_owned();
    let expected = [Finding::BodyFileName { name }, Finding::BodyTwice];
    assert_eq!(rules::body_placement(&wrong, false), expected);
}

#[test]
fn a_role_in_the_metadata_agrees_with_the_receipt() {
    let says = |role: Value| artifact(&json!({"metadata": {"role": role}}));
    assert_eq!(
        rules::role_agrees(&artifact(&json!({})), &Role::State),
        None
    );
    assert_eq!(
        rules::role_agrees(&says(json!("state")), &Role::State),
        None
    );
    for other in [json!("log"), json!(null), json!(["state"])] {
        let found = rules::role_agrees(&says(other), &Role::State).unwrap();
        assert_eq!(found.decision(), "C-11");
    }
}

#[test]
fn take_off_repeats_the_token_or_none() {
    let receipt = |token: Option<&str>| -> EngineOutput {
        let mut document = json!({
            "protocol_version": "1.0.0", "engine_id": "e", "mode": "take-off", "receipt_id": "r",
            "status": "success",
        });
        if let Some(token) = token {
            document["plan_token"] = json!(token);
        }
        serde_json::from_value(document).unwrap()
    };
    assert_eq!(rules::token_echo(&receipt(None), "aa"), None);
    assert_eq!(rules::token_echo(&receipt(Some("aa")), "aa"), None);
    let found = rules::token_echo(&receipt(Some("ab")), "aa").unwrap();
    assert_eq!(
        found.to_string(),
        "plan_token is \"ab\" where \"aa\" was given"
    );
}

#[test]
fn an_aggregate_is_never_weaker_than_an_evaluation() {
    let policy = |decision: &str, method: &str| -> AuditPolicy {
        serde_json::from_value(json!({
            "decision": decision, "aggregation_method": method, "workflow_state": "INIT",
            "policy_evaluations": [{
                "source": "opa", "policy_id": "p", "decision": "require_approval", "severity": 2,
                "evaluated_at": "2025-03-01T12:00:00Z",
            }],
        }))
        .unwrap()
    };
    assert_eq!(rules::aggregation(&policy("deny", "most_restrictive")), []);
    assert_eq!(
        rules::aggregation(&policy("require_approval", "most_restrictive")),
        []
    );
    let found = rules::aggregation(&policy("warn", "majority"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|it| it.decision() == "C-08"));
}

#[test]
fn names_collide_in_any_case_and_each_pair_is_named_once() {
    let found = rules::names_unique(["a", "b", "A", "B", "a"]);
    let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert_eq!(shown[0], "the artifact names \"a\" and \"A\" collide");
}
