//! What the audit log says of single steps and decisions.

use std::collections::BTreeSet;

use cabincrew_protocol::decision::Decision;
use cabincrew_protocol::workflow::State;
use serde_json::Value;

use super::course::kinds;
use super::look::{Problems, Told, problem, unless};
use super::plan::step_id;
use super::view::{Event, View, Views, items, parse, text};

/// Each launch that was seen is told of under the step it was made for.
pub(super) fn steps(view: &View<'_>, views: &Views<'_>) -> Told {
    let log = view.settled()?.log();
    let mut told = None;
    for mode in ["flight-plan", "take-off"] {
        let launched = views.launches(view, mode);
        for step in view.step_ids() {
            let is_of_step = |it: &str| it == step;
            if !launched
                .iter()
                .any(|it| step_id(it).as_deref().is_some_and(is_of_step))
            {
                continue;
            }
            let starts = |event: &&Event| {
                let of_mode = event.text("/workflow/mode").is_none_or(|it| it == mode);
                event.kind == "engine_start" && of_mode
            };
            let named: Vec<&str> = log
                .iter()
                .filter(starts)
                .filter_map(|event| event.text("/workflow/step_id"))
                .collect();
            told.get_or_insert_with(Problems::new).extend(unless(
                named.contains(&step),
                format!("an engine_start of the step {step:?} for {mode}"),
                format!("engine_start for {mode} of {named:?}"),
            ));
        }
    }
    told
}

/// Each decision is the most restrictive of the evaluations that it is told with (C-08). What the
/// workflow file demands by itself need not be an evaluation, and neither does a policy that failed.
pub(super) fn basis(view: &View<'_>) -> Told {
    let log = view.settled()?.log();
    let always = view.run.workflow.pointer("/approval/always");
    if always == Some(&Value::Bool(true)) || !all_policies_answered(view) {
        return None;
    }
    let mut told = None;
    for event in log.iter().filter(|it| it.kind == "preflight_decision") {
        let decided = event.text("/policy/decision").and_then(decision);
        let evaluations = items(&event.value, "/policy/policy_evaluations");
        let said = evaluations
            .iter()
            .filter_map(|it| decision(text(it, "/decision")?));
        let (Some(decided), Some(gravest)) = (decided, said.max()) else {
            continue;
        };
        let problems = told.get_or_insert_with(Problems::new);
        // After execution a question counts as a denial (C-35).
        let executed = event.text("/workflow_state") == Some(State::ExecutionComplete.as_str());
        let asks = executed && gravest == Decision::RequireApproval && decided == Decision::Deny;
        if decided > gravest && !asks {
            let expected = format!("{decided} with an evaluation that says so");
            let observed = format!("evaluations up to {gravest} in {}", event.value);
            problems.extend(problem(expected, observed));
        }
    }
    told
}

/// Whether every policy of the workflow file is a program that was seen to say one of the four words.
fn all_policies_answered(view: &View<'_>) -> bool {
    let policies = items(&view.run.workflow, "/governance/policies");
    let mut answered = BTreeSet::new();
    for program in view.engines("evaluate") {
        let said = parse(&program.stdout.kept).ok();
        if said.is_none_or(|it| text(&it, "/decision").and_then(decision).is_none()) {
            return false;
        }
        answered.insert(program.script.as_str());
    }
    let programs = policies.iter().filter_map(|policy| {
        let command = items(policy, "/command").first()?.as_str()?;
        command.rsplit('/').next()
    });
    let wanted: Vec<&str> = programs.collect();
    wanted.len() == policies.len() && wanted.iter().all(|script| answered.contains(script))
}

fn decision(word: &str) -> Option<Decision> {
    Decision::ALL.into_iter().find(|it| it.as_str() == word)
}

/// The token that the log tells of for a step; none where it does not tell the steps apart.
pub(super) fn minted<'v>(view: &'v View<'_>, step: &str) -> Option<&'v str> {
    let log = view.whole()?.log().iter();
    let created: Vec<&Event> = log
        .filter(|event| event.kind == "plan_token_created")
        .collect();
    let of_step = |event: &&&Event| event.text("/workflow/step_id") == Some(step);
    match created.iter().filter(of_step).collect::<Vec<_>>()[..] {
        [one] => one.text("/plan_token/token"),
        _ => None,
    }
}

/// Once a token is there, the write-ahead log tells of its making (C-13).
pub(super) fn mint(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let token = text(docs.plan_token()?, "/token")?;
    let entries = docs.wal.as_deref().ok()?;
    let made = |entry: &Value| {
        text(entry, "/entry_type") == Some("artifact_created")
            && text(entry, "/data/artifact_id") == Some("plan-token")
            && text(entry, "/data/artifact_hash") == Some(token)
    };
    Some(unless(
        entries.iter().any(made),
        format!("an entry artifact_created for plan-token with the hash {token}"),
        format!(
            "none among {} entries; events: {}",
            entries.len(),
            kinds(docs.log())
        ),
    ))
}
