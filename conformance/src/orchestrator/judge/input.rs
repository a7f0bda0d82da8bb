//! What engines are given on standard input.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::documents::{against_rules, against_schema};
use super::launch::engines;
use super::look::{Problems, Told, problem, unless};
use super::plan::{given, step_id};
use super::view::{View, Views, items, text};
use crate::judge::words;
use crate::orchestrator::observe::ProgramSeen;

/// The step of the workflow document that a launch is about.
fn planned_as<'v>(view: &'v View<'_>, program: &ProgramSeen) -> Option<&'v Value> {
    let wanted = step_id(program)?;
    items(&view.run.workflow, "/steps")
        .iter()
        .find(|step| text(step, "/step_id") == Some(wanted.as_str()))
}

/// One EngineInput that validates and holds the step's config.
pub(super) fn valid(view: &View<'_>) -> Told {
    engines(view, |program| {
        let input = match given(program) {
            Ok(input) => input,
            Err(why) => return problem("one EngineInput document", why),
        };
        let mut problems = against_schema("EngineInput", &input);
        problems.extend(against_rules("EngineInput", &input));
        let empty = Value::Object(serde_json::Map::new());
        if let Some(step) = planned_as(view, program) {
            let wanted = step.get("config").unwrap_or(&empty);
            let found = input.get("config").unwrap_or(&empty);
            problems.extend(unless(
                found == wanted,
                format!("the config {wanted}"),
                found.to_string(),
            ));
        }
        problems
    })
}

/// The ids are the workflow's.
pub(super) fn ids(view: &View<'_>) -> Told {
    let steps = view.step_ids();
    engines(view, |program| {
        let Ok(input) = given(program) else {
            return Vec::new();
        };
        let found = (
            text(&input, "/meta/workflow_id"),
            text(&input, "/meta/step_id"),
        );
        let held = found.0 == Some(view.id()) && found.1.is_some_and(|it| steps.contains(&it));
        unless(
            held,
            format!(
                "workflow_id {} and a step_id among {}",
                view.id(),
                words::names(&steps)
            ),
            format!("{} and {}", words::found(found.0), words::found(found.1)),
        )
    })
}

/// `run_index` counts the launches of a step in a mode from 0 (C-89).
pub(super) fn run_index(view: &View<'_>, views: &Views<'_>) -> Told {
    let mut counted: BTreeMap<(Option<String>, &str), u64> = BTreeMap::new();
    let mut problems = Problems::new();
    let killed = views
        .up_to(view)
        .any(|other| other.step.point.is_some() || other.tampered);
    if killed || (view.engines("flight-plan").count() + view.engines("take-off").count()) == 0 {
        return None;
    }
    for mode in ["flight-plan", "take-off"] {
        for program in views.launches(view, mode) {
            let count = counted.entry((step_id(program), mode)).or_insert(0);
            let input = given(program).ok()?;
            let found = input
                .pointer("/orchestrator/run_index")
                .and_then(Value::as_u64);
            problems.extend(unless(
                found == Some(*count),
                format!("orchestrator.run_index {count} for {mode}"),
                words::found(found),
            ));
            *count += 1;
        }
    }
    Some(problems)
}

/// Exactly the secrets that the workflow maps, each allowed by name.
pub(super) fn secrets(view: &View<'_>) -> Told {
    engines(view, |program| {
        let (Ok(input), Some(step)) = (given(program), planned_as(view, program)) else {
            return Vec::new();
        };
        let names = |value: Option<&Value>| -> BTreeSet<String> {
            let members = value.and_then(Value::as_object);
            members
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone())
                .collect()
        };
        let wanted = names(step.get("secrets"));
        let found = names(input.get("secrets"));
        let mut problems = unless(
            found == wanted,
            format!("the secrets {}", words::names(&wanted)),
            words::names(&found),
        );
        let allowed: BTreeSet<String> = items(&input, "/allowed_secrets")
            .iter()
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect();
        problems.extend(unless(
            allowed == wanted,
            format!("allowed_secrets {}", words::names(&wanted)),
            words::names(&allowed),
        ));
        for (name, value) in input
            .get("secrets")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let canary = view
                .run
                .canaries
                .iter()
                .find(|it| it.name == format!("secrets.{name}"));
            if let Some(canary) = canary {
                problems.extend(unless(
                    value.as_str() == Some(&canary.value),
                    format!("the value of {name}"),
                    "another value",
                ));
            }
        }
        problems
    })
}
