//! Take-off: how often, after what, with which bytes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::course::kinds;
use super::look::{Problems, Told, problem, unless};
use super::plan::{given, step_id};
use super::planned::{Planned, planned};
use super::trail;
use super::view::{Event, View, Views, items, text};
use crate::judge::words;

/// One take-off for each step at most, in the whole run.
pub(super) fn once(view: &View<'_>, views: &Views<'_>) -> Told {
    let launched = views.launches(view, "take-off");
    let mut counted: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for program in &launched {
        *counted.entry(step_id(program)).or_insert(0) += 1;
    }
    let twice = counted.into_iter().find(|(_, count)| *count > 1);
    let told = twice.map_or_else(Vec::new, |(step, count)| {
        problem(
            format!("at most one take-off of {}", step.unwrap_or_default()),
            format!("{count}"),
        )
    });
    view.step.end.as_ref().map(|_| told)
}

/// Token, decision or approval, and verification stand in the log before any take-off.
pub(super) fn cleared(view: &View<'_>) -> Told {
    let docs = view.whole()?;
    view.engines("take-off").next()?;
    let log = docs.events.as_ref().ok()?;
    let start = log.iter().rposition(|event| {
        event.kind == "engine_start" && event.text("/workflow/mode") == Some("take-off")
    });
    let before = &log[..start.unwrap_or(log.len())];
    let has = |wanted: &dyn Fn(&Event) -> bool| before.iter().any(wanted);
    let mut problems = unless(
        has(&|event| event.kind == "plan_token_created"),
        "plan_token_created before take-off",
        kinds(before),
    );
    let decided = |event: &Event| {
        event.kind == "preflight_decision"
            && matches!(event.text("/policy/decision"), Some("allow" | "warn"))
    };
    let approved = |event: &Event| {
        event.kind == "approval_response"
            && event.value.pointer("/approval/approved") == Some(&Value::Bool(true))
    };
    problems.extend(unless(
        has(&decided) || has(&approved),
        "a decision allow or warn, or a granted approval, before take-off",
        kinds(before),
    ));
    let verified = |event: &Event| {
        ["plan_token_match", "artifacts_match"].iter().all(|name| {
            event.value.pointer(&format!("/integrity_check/{name}")) == Some(&Value::Bool(true))
        })
    };
    problems.extend(unless(
        has(&verified),
        "a verification with plan_token_match and artifacts_match before take-off",
        kinds(before),
    ));
    Some(problems)
}

/// The token is given in take-off, and only there.
pub(super) fn token(view: &View<'_>) -> Told {
    let wanted = view.whole().and_then(|docs| docs.plan_token());
    let wanted = wanted.and_then(|it| text(it, "/token"));
    super::launch::engines(view, |program| {
        let Ok(input) = given(program) else {
            return Vec::new();
        };
        let found = text(&input, "/expected_plan_token");
        if program.mode == "flight-plan" {
            return unless(
                input.get("expected_plan_token").is_none(),
                "no expected_plan_token in planning",
                words::found(found),
            );
        }
        let minted = step_id(program).and_then(|step| trail::minted(view, &step));
        let wanted = minted.or(wanted.filter(|_| view.step_ids().len() == 1));
        unless(
            found.is_some() && (wanted.is_none() || found == wanted),
            format!("expected_plan_token {}", words::found(wanted)),
            words::found(found),
        )
    })
}

/// Config and context of planning are repeated; the context may have more.
pub(super) fn input(view: &View<'_>, views: &Views<'_>) -> Told {
    let plans = views.launches(view, "flight-plan");
    let mut told = None;
    for program in view.engines("take-off") {
        let step = step_id(program);
        let plan = plans.iter().rev().find(|it| step_id(it) == step)?;
        let (now, then) = (given(program).ok()?, given(plan).ok()?);
        let empty = Value::Object(serde_json::Map::new());
        let member = |of: &Value, name: &str| of.get(name).unwrap_or(&empty).clone();
        let problems: &mut Problems = told.get_or_insert_with(Vec::new);
        problems.extend(unless(
            member(&now, "config") == member(&then, "config"),
            format!("the config of planning: {}", member(&then, "config")),
            member(&now, "config").to_string(),
        ));
        let context = member(&now, "context");
        for (name, value) in member(&then, "context").as_object().into_iter().flatten() {
            problems.extend(unless(
                context.get(name) == Some(value),
                format!("context.{name} as in planning: {value}"),
                context.to_string(),
            ));
        }
    }
    told
}

fn of_step(planned: &[Planned], step: Option<&str>) -> Vec<Planned> {
    let mut own = planned.to_vec();
    own.retain(|artifact| Some(artifact.step.as_str()) == step);
    own
}

/// Take-off finds every state artifact with the planned bytes, and nothing planned with others.
pub(super) fn bytes(view: &View<'_>, views: &Views<'_>) -> Told {
    let planned = planned(view, views)?;
    let mut told = None;
    for program in view.engines("take-off") {
        let problems: &mut Problems = told.get_or_insert_with(Vec::new);
        for artifact in of_step(&planned, step_id(program).as_deref()) {
            for (path, sha256) in &artifact.files {
                let found = program.artifacts_before.get(path);
                let held = match found {
                    Some(found) => found == sha256,
                    None => artifact.role != "state",
                };
                problems.extend(unless(
                    held,
                    format!("{path} with the planned bytes, {sha256}"),
                    found.map_or("nothing is there", String::as_str),
                ));
            }
        }
    }
    told
}

/// No log artifact and nothing that was not planned is restored.
pub(super) fn no_log(view: &View<'_>, views: &Views<'_>) -> Told {
    let planned = planned(view, views)?;
    let mut told = None;
    for program in view.engines("take-off") {
        let problems: &mut Problems = told.get_or_insert_with(Vec::new);
        let own = of_step(&planned, step_id(program).as_deref());
        let allowed = |path: &str| {
            let restored = own.iter().filter(|it| it.role != "log");
            restored.clone().any(|it| it.files.contains_key(path))
        };
        let files = program
            .artifacts_before
            .iter()
            .filter(|(_, sha256)| !sha256.is_empty());
        for (path, _) in files.filter(|(path, _)| !allowed(path)) {
            problems.extend(problem(
                "only state and evidence of the plan in the artifacts directory",
                path.as_str(),
            ));
        }
    }
    told
}

/// `context.state_artifacts` lists what was restored (C-18).
pub(super) fn listed(view: &View<'_>, views: &Views<'_>) -> Told {
    let planned = planned(view, views)?;
    let mut told = None;
    for program in view.engines("take-off") {
        let input = given(program).ok()?;
        let list = items(&input, "/context/state_artifacts");
        let problems: &mut Problems = told.get_or_insert_with(Vec::new);
        let mut own = of_step(&planned, step_id(program).as_deref());
        own.retain(|artifact| artifact.role == "state");
        for artifact in &own {
            let held = list.iter().any(|it| {
                let file = text(it, "/path").and_then(|path| artifact.files.get(path));
                text(it, "/name") == Some(&artifact.name)
                    && file.is_some()
                    && text(it, "/hash") == file.map(String::as_str)
            });
            problems.extend(unless(
                held,
                format!(
                    "context.state_artifacts with {} and its hash",
                    artifact.name
                ),
                words::short(&Value::from(list.to_vec()).to_string()),
            ));
        }
        problems.extend(unless(
            list.len() == own.len(),
            format!("{} state artifact(s) listed", own.len()),
            format!("{}", list.len()),
        ));
    }
    told
}
