//! What policies are given.

use serde_json::Value;

use super::documents::against_schema;
use super::look::{Problems, Told, problem, unless};
use super::plan::{given, step_id};
use super::planned::planned;
use super::view::{View, Views, items, parse, text};
use crate::orchestrator::observe::ProgramSeen;

fn inputs<'v>(
    view: &'v View<'_>,
) -> impl Iterator<Item = (&'v ProgramSeen, Result<Value, String>)> {
    view.engines("evaluate")
        .map(|program| (program, given(program)))
}

fn told(any: bool, problems: Problems) -> Told {
    any.then_some(problems)
}

/// One PreflightInput that validates.
pub(super) fn valid(view: &View<'_>) -> Told {
    let mut any = false;
    let mut problems = Problems::new();
    for (program, input) in inputs(view) {
        any = true;
        problems.extend(match input {
            Ok(input) => against_schema("PreflightInput", &input),
            Err(why) => problem(
                format!("one PreflightInput document for {}", program.script),
                why,
            ),
        });
    }
    told(any, problems)
}

/// Ids, mode, token and receipt are those of the run.
pub(super) fn context(view: &View<'_>, views: &Views<'_>) -> Told {
    let steps = view.step_ids();
    let token = view.whole().and_then(|docs| docs.plan_token());
    let mut any = false;
    let mut problems = Problems::new();
    for (_, input) in inputs(view) {
        let Ok(input) = input else { continue };
        any = true;
        let id = text(&input, "/workflow_id");
        let step = text(&input, "/step_id");
        let receipts = receipts(views, view, ("flight-plan", step));
        problems.extend(unless(
            id == Some(view.id()) && step.is_some_and(|it| steps.contains(&it)),
            format!("workflow_id {:?} and a step_id among {steps:?}", view.id()),
            format!("{id:?}, {step:?}"),
        ));
        let after = text(&input, "/mode") == Some("take-off");
        if after {
            continue;
        }
        problems.extend(unless(
            text(&input, "/mode") == Some("flight-plan"),
            "mode flight-plan before take-off",
            format!("{:?}", input.get("mode")),
        ));
        let given = text(&input, "/plan_token/token");
        let wanted = token
            .filter(|_| steps.len() == 1)
            .and_then(|it| text(it, "/token"));
        problems.extend(unless(
            given.is_some() && (wanted.is_none() || given == wanted),
            format!("the plan token {wanted:?}"),
            format!("{given:?}"),
        ));
        problems.extend(holds_one(&input, &receipts));
    }
    told(any, problems)
}

/// After take-off the receipt of a take-off is given, and not that of planning.
pub(super) fn results(view: &View<'_>, views: &Views<'_>) -> Told {
    let all = receipts(views, view, ("take-off", None));
    let mut any = false;
    let mut problems = Problems::new();
    for (_, input) in inputs(view) {
        let Ok(input) = input else { continue };
        if text(&input, "/mode") != Some("take-off") || all.is_empty() {
            continue;
        }
        any = true;
        let receipts = receipts(views, view, ("take-off", text(&input, "/step_id")));
        problems.extend(holds_one(&input, &receipts));
    }
    told(any, problems)
}

/// Ids of the receipts that engines gave in a mode, up to now: those of a workflow's step, or of all.
fn receipts(views: &Views<'_>, view: &View<'_>, (mode, step): (&str, Option<&str>)) -> Vec<String> {
    let launched = views.launches(view, mode);
    let id = |it: &&ProgramSeen| {
        if step.is_some() && step_id(it).as_deref() != step {
            return None;
        }
        let receipt = parse(&it.stdout.kept).ok()?;
        text(&receipt, "/receipt_id").map(str::to_owned)
    };
    launched.iter().filter_map(id).collect()
}

/// One of these receipts stands in `engine_output`.
fn holds_one(input: &Value, receipts: &[String]) -> Problems {
    let output = input
        .get("engine_output")
        .map(ToString::to_string)
        .unwrap_or_default();
    unless(
        receipts
            .iter()
            .any(|receipt| output.contains(receipt.as_str())),
        format!("the receipt, one of {receipts:?}, in engine_output"),
        output,
    )
}

/// Every artifact but logs is evidence, with the digest of the file that its path names.
pub(super) fn evidence(view: &View<'_>, views: &Views<'_>) -> Told {
    let planned = planned(view, views)?;
    let mut any = false;
    let mut problems = Problems::new();
    for (_, input) in inputs(view) {
        let Ok(input) = input else { continue };
        if text(&input, "/mode") != Some("flight-plan") {
            continue;
        }
        any = true;
        let step = text(&input, "/step_id");
        let governed = planned
            .iter()
            .filter(|it| it.role != "log" && Some(it.step.as_str()) == step);
        for artifact in governed {
            let held = items(&input, "/evidence").iter().any(|it| {
                let path = text(it, "/path").unwrap_or_default();
                let file = artifact.file(path);
                text(it, "/name") == Some(&artifact.name)
                    && file.is_some()
                    && text(it, "/hash") == file
            });
            problems.extend(unless(
                held,
                format!("evidence of {} with path and hash", artifact.name),
                input
                    .get("evidence")
                    .map_or_else(|| "no evidence".to_owned(), ToString::to_string),
            ));
        }
    }
    told(any, problems)
}

/// Logs are not evidence before take-off.
pub(super) fn no_log(view: &View<'_>, views: &Views<'_>) -> Told {
    let planned = planned(view, views)?;
    let logs: Vec<&str> = planned
        .iter()
        .filter(|it| it.role == "log")
        .map(|it| it.name.as_str())
        .collect();
    if logs.is_empty() {
        return None;
    }
    let mut any = false;
    let mut problems = Problems::new();
    for (_, input) in inputs(view) {
        let Ok(input) = input else { continue };
        if text(&input, "/mode") != Some("flight-plan") {
            continue;
        }
        any = true;
        let log = items(&input, "/evidence")
            .iter()
            .find(|it| text(it, "/name").is_some_and(|name| logs.contains(&name)));
        if let Some(log) = log {
            problems.extend(problem(
                "no log artifact among the evidence",
                log.to_string(),
            ));
        }
    }
    told(any, problems)
}
