//! The plan token: form, content, and that it stays what it is.

use cabincrew_protocol::plan_token::{self, PlanToken};
use serde_json::Value;

use super::course::{kinds, written_before};
use super::documents::{against_rules, against_schema};
use super::look::{Problems, Told, problem, unless};
use super::outcome::Judged;
use super::plan::step_id;
use super::planned::{Planned, planned};
use super::time;
use super::view::{Docs, Event, View, Views, items, parse, text};

fn token<'v>(view: &'v View<'_>) -> Option<&'v Value> {
    view.whole()?.plan_token()
}

/// How a member of the exported token compares with that of another step.
pub(super) fn compare(
    view: &View<'_>,
    twin: &View<'_>,
    member: Option<&str>,
    equal: bool,
) -> Judged {
    let member = member.unwrap_or("token");
    let value = |of: &View<'_>| {
        let token = of.docs.as_ref().and_then(Docs::plan_token);
        token
            .and_then(|it| Some(it.get(member)?.as_str()?.to_owned()))
            .ok_or_else(|| format!("no plan token with a {member} after {}", of.name()))
    };
    let (this, other) = (value(view)?, value(twin)?);
    if equal && this != other && covers_its_directories(view, twin) {
        return Ok(Problems::new());
    }
    let relation = if equal { "the same" } else { "not the same" };
    Ok(unless(
        (this == other) == equal,
        format!("{relation} {member} as after {}: {other}", twin.name()),
        this,
    ))
}

/// Two tokens differ in what they say of governance alone, and the workflow files name different
/// directories: C-53 lets the digest cover the file as it was handed over (decision 15).
fn covers_its_directories(view: &View<'_>, twin: &View<'_>) -> bool {
    if view.run.workflow == twin.run.workflow {
        return false;
    }
    let rest = |of: &View<'_>| {
        let token = of.docs.as_ref().and_then(Docs::plan_token)?;
        let mut rest = token.as_object()?.clone();
        let of_its_own = ["token", "created_at"];
        let governance = rest.remove("governance_hash")?;
        rest.retain(|name, _| !of_its_own.contains(&name.as_str()));
        Some((rest, governance))
    };
    match (rest(view), rest(twin)) {
        (Some((this, own)), Some((other, others))) => this == other && own != others,
        _ => false,
    }
}

/// The artifacts that the exported token is about: those of the step planned last.
fn of_token(view: &View<'_>, views: &Views<'_>) -> Option<Vec<Planned>> {
    let launched = views.launches(view, "flight-plan");
    let step = launched
        .iter()
        .rev()
        .find(|it| it.ended)
        .and_then(|it| step_id(it))?;
    let mut all = planned(view, views)?;
    all.retain(|artifact| artifact.step == step);
    Some(all)
}

/// It validates, and names the engine that planned and a time of this run.
pub(super) fn valid(view: &View<'_>, views: &Views<'_>) -> Told {
    let token = token(view)?;
    let mut problems = against_schema("PlanToken", token);
    problems.extend(against_rules("PlanToken", token));
    let launched = views.launches(view, "flight-plan");
    let receipt = launched
        .iter()
        .rev()
        .find_map(|it| parse(&it.stdout.kept).ok());
    if let Some(wanted) = receipt.as_ref().and_then(|it| text(it, "/engine_id")) {
        let found = text(token, "/engine_id").unwrap_or_default();
        problems.extend(unless(
            found == wanted,
            format!("engine_id {wanted:?}, as in the receipt"),
            format!("{found:?}"),
        ));
    }
    let version = text(token, "/version").unwrap_or_default();
    problems.extend(unless(
        !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()),
        "a version of digits",
        format!("{version:?}"),
    ));
    let created = text(token, "/created_at").unwrap_or_default();
    let first = views.up_to(view).map(|it| it.step.started_s).min()?;
    let last = view.step.ended_s;
    let second = |nanoseconds: i128| nanoseconds.div_euclid(1_000_000_000);
    let in_run = time::nanoseconds(created)
        .is_some_and(|at| (i128::from(first) - 2..=i128::from(last) + 2).contains(&second(at)));
    problems.extend(unless(in_run, "created_at within the run", created));
    problems.extend(before_planning(view, created));
    Some(problems)
}

/// A token is not older than the last start of an engine to plan, which it is made after.
fn before_planning(view: &View<'_>, created: &str) -> Problems {
    let log = view.whole().map(Docs::log).unwrap_or_default();
    let mut starts = log.iter().rev().filter(|event| {
        event.kind == "engine_start" && event.text("/workflow/mode") == Some("flight-plan")
    });
    let started = starts.next().and_then(|event| event.text("/timestamp"));
    let (Some(said), Some(started), Some(at)) = (
        started,
        started.and_then(time::nanoseconds),
        time::nanoseconds(created),
    ) else {
        return Problems::new();
    };
    // Some write whole seconds, and round.
    unless(
        at + 1_000_000_000 >= started,
        format!("created_at after the engine was started to plan, {said}"),
        created,
    )
}

/// Its model is that of the step in the workflow file, or none (C-52).
pub(super) fn model(view: &View<'_>, views: &Views<'_>) -> Told {
    let found = text(token(view)?, "/model")?;
    let launched = views.launches(view, "flight-plan");
    let id = launched
        .iter()
        .rev()
        .find(|it| it.ended)
        .and_then(|it| step_id(it))?;
    let mut steps = items(&view.run.workflow, "/steps").iter();
    let step = steps.find(|it| text(it, "/step_id") == Some(&id))?;
    let wanted = text(step, "/model").unwrap_or("none");
    Some(unless(
        found == wanted,
        format!("model {wanted:?}, as the workflow file says of {id}"),
        format!("{found:?}"),
    ))
}

/// It names every planned artifact and no other.
pub(super) fn names(view: &View<'_>, views: &Views<'_>) -> Told {
    let token = token(view)?;
    let mut found: Vec<&str> = items(token, "/artifacts")
        .iter()
        .filter_map(|it| text(it, "/name"))
        .collect();
    found.sort_unstable();
    let planned = of_token(view, views)?;
    let wanted: Vec<&str> = planned.iter().map(|it| it.name.as_str()).collect();
    Some(unless(
        found == wanted,
        format!("artifacts {wanted:?}"),
        format!("{found:?}"),
    ))
}

/// Digests are descriptor digests, sizes those of the bodies (C-05, C-68).
pub(super) fn hashes(view: &View<'_>, views: &Views<'_>) -> Told {
    let token = token(view)?;
    let listed = items(token, "/artifacts");
    let mut problems = Problems::new();
    for artifact in of_token(view, views)? {
        let mut listed = listed.iter();
        let Some(entry) = listed.find(|it| text(it, "/name") == Some(&artifact.name)) else {
            continue;
        };
        let hash = text(entry, "/hash").unwrap_or_default();
        problems.extend(unless(
            hash == artifact.descriptor,
            format!("hash {} of {}", artifact.descriptor, artifact.name),
            hash,
        ));
        let size = entry.get("size").and_then(Value::as_u64);
        problems.extend(unless(
            size == Some(artifact.body_size),
            format!("size {} of {}", artifact.body_size, artifact.name),
            format!("{size:?}"),
        ));
    }
    Some(problems)
}

/// Artifacts stand in the order of their names' bytes.
pub(super) fn order(view: &View<'_>) -> Told {
    let token = token(view)?;
    let names: Vec<&str> = items(token, "/artifacts")
        .iter()
        .filter_map(|it| text(it, "/name"))
        .collect();
    Some(unless(
        names.is_sorted(),
        "artifacts in the order of their names",
        format!("{names:?}"),
    ))
}

/// The composite is what the other members, the workflow and the step add up to (C-02).
pub(super) fn composite(view: &View<'_>) -> Told {
    let token = token(view)?;
    let document: PlanToken = serde_json::from_value(token.clone()).ok()?;
    let sums: Vec<String> = view
        .step_ids()
        .into_iter()
        .filter_map(|step| plan_token::compute(&document, view.id(), step).ok())
        .map(|sum| sum.to_string())
        .collect();
    let first = sums.first()?;
    Some(unless(
        sums.contains(&document.token),
        format!("token {first}"),
        document.token,
    ))
}

/// One event of creation for each token, with the token in it.
pub(super) fn event(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let token = docs.plan_token()?;
    let created: Vec<&Value> = docs
        .log()
        .iter()
        .filter(|event| event.kind == "plan_token_created")
        .filter_map(|event| event.value.get("plan_token"))
        .collect();
    let same = created.iter().filter(|it| **it == token).count();
    let steps = view.step_ids().len();
    let mut problems = unless(
        same == 1,
        "one plan_token_created that carries the exported token",
        format!("{same} of {} such events", created.len()),
    );
    problems.extend(unless(
        created.len() <= steps,
        format!("at most one plan_token_created for each of {steps} step(s)"),
        format!("{}", created.len()),
    ));
    Some(problems)
}

/// A value in a comparison of tokens.
pub(super) fn compared<'e>(event: &'e Event, name: &str) -> Option<&'e Value> {
    event.value.pointer(&format!("/integrity_check/{name}"))
}

/// Whether the two tokens of a comparison are the same; none where one is missing.
pub(super) fn same(event: &Event) -> Option<bool> {
    let expected = compared(event, "expected_plan_token")?;
    Some(expected == compared(event, "actual_plan_token")?)
}

/// That the plan was changed is audited, and no tokens that are the same are said to differ.
pub(super) fn mismatch_told(view: &View<'_>, views: &Views<'_>) -> Judged {
    let log = view.docs.as_ref().ok_or("nothing was exported")?.log();
    let new = &log[written_before(view, views).min(log.len())..];
    let no = Some(&Value::Bool(false));
    let told: Vec<&Event> = new
        .iter()
        .filter(|event| event.kind == "plan_token_verified")
        .filter(|event| compared(event, "artifacts_match") == no)
        .collect();
    let Some(first) = told.first() else {
        let wanted = "an event plan_token_verified with artifacts_match = false";
        return Ok(problem(wanted, kinds(new)));
    };
    let shown =
        |event: &&Event| compared(event, "plan_token_match") != no || same(event) != Some(true);
    Ok(unless(
        told.iter().any(shown),
        "two tokens that differ beside plan_token_match = false",
        first.value["integrity_check"].to_string(),
    ))
}

/// A token once made stays as it is, byte for byte.
pub(super) fn stays(view: &View<'_>, views: &Views<'_>) -> Told {
    if view.step_ids().len() != 1 {
        return None;
    }
    let docs = view.whole()?;
    let old = views.before(view)?.docs.as_ref()?.plan_token()?;
    Some(match docs.plan_token() {
        Some(new) => unless(new == old, format!("the token {old}"), new.to_string()),
        None => problem(format!("the token {old}"), "there is none"),
    })
}
