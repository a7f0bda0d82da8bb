//! The real policies of the fixtures against their cases.

use std::collections::BTreeSet;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cabincrew_governance::GovernedArtifact;
use cabincrew_protocol::decision::Decision;
use cabincrew_protocol::preflight::PreflightOutput;
use serde::Deserialize;
use serde_json::Value;

use super::stage::{evaluate_with, fixtures, governor, input_with, rego};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    policy: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    context: Value,
    output: PreflightOutput,
}

#[test]
fn policies_decide_as_their_cases_say() {
    let mut governor = governor();
    let mut wrong = Vec::new();
    for cases in all() {
        let policy = rego(&cases.policy);
        for case in cases.cases {
            let artifacts = artifacts(&case.context);
            let input = input_with(case.context);
            let evaluation = evaluate_with(&mut governor, &policy, &input, &artifacts);
            if evaluation.output.as_ref() != Some(&case.output) {
                wrong.push(format!("{}/{}: {evaluation:?}", cases.policy, case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_policy_is_seen_permitting_and_not() {
    let mut names = BTreeSet::new();
    for cases in all() {
        let permits = |case: &Case| case.output.decision == Decision::Allow;
        assert!(cases.cases.iter().any(permits), "{}", cases.policy);
        assert!(!cases.cases.iter().all(permits), "{}", cases.policy);
        names.insert(cases.policy);
    }
    let files: BTreeSet<_> = fs::read_dir(fixtures().join("policies"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "rego")
        })
        .map(|path| path.file_stem().unwrap().display().to_string())
        .filter(|name| !name.starts_with("always-"))
        .collect();
    assert_eq!(names, files);
}

fn all() -> Vec<Cases> {
    fs::read_dir(fixtures().join("policies/cases"))
        .unwrap()
        .map(|entry| serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap())
        .collect()
}

/// The artifacts behind `context.artifacts`.
fn artifacts(context: &Value) -> Vec<GovernedArtifact> {
    let listed = context["artifacts"].as_array().unwrap();
    listed
        .iter()
        .map(|item| {
            let text = item.get("body_text").and_then(Value::as_str);
            let base64 = item.get("body_base64").and_then(Value::as_str);
            GovernedArtifact {
                name: item["name"].as_str().unwrap().to_owned(),
                role: serde_json::from_value(item["role"].clone()).unwrap(),
                artifact: item["artifact"].clone(),
                body: text
                    .map(|text| text.as_bytes().to_vec())
                    .or_else(|| base64.map(|text| STANDARD.decode(text).unwrap())),
            }
        })
        .collect()
}
