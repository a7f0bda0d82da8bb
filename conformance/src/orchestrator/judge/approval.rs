//! What comes of responses: records of approvals, and the events about them.

use cabincrew_protocol::workflow::State;
use serde_json::Value;

use super::course::{kinds, written_before};
use super::look::{Problems, Told, unless};
use super::planned::planned;
use super::time;
use super::view::{Docs, Event, View, Views, items, parse, text};
use crate::observe::End;
use crate::orchestrator::observe::ActSeen;

/// Responses delivered in the run up to here, as far as they can be read.
fn delivered(view: &View<'_>, views: &Views<'_>) -> Vec<Value> {
    views
        .up_to(view)
        .filter_map(|step| step.step.response.as_deref())
        .filter_map(|text| parse(text.as_bytes()).ok())
        .collect()
}

/// Each approval record is a response that was delivered, bound to the token.
pub(super) fn records(view: &View<'_>, views: &Views<'_>) -> Told {
    let docs = view.settled()?;
    let state = docs.state.as_ref().ok()?;
    let records = items(state, "/approvals");
    let delivered = delivered(view, views);
    let mut problems = Problems::new();
    for record in records {
        let same = |response: &Value| {
            ["approval_id", "approved", "approver"]
                .iter()
                .all(|name| record.get(name) == response.get(name))
        };
        problems.extend(unless(
            delivered.iter().any(same),
            "approval records that repeat a delivered response",
            record.to_string(),
        ));
        let written = text(record, "/approved_at").unwrap_or_default();
        let times = delivered.iter().filter(|it| same(it));
        let times: Vec<&str> = times.filter_map(|it| text(it, "/timestamp")).collect();
        problems.extend(unless(
            times.is_empty() || times.iter().any(|said| time::fits(said, written)),
            format!(
                "approved_at of the response, which says {}, or of its arrival",
                times.join(" or ")
            ),
            record.to_string(),
        ));
        let request = docs
            .asked()
            .iter()
            .find(|request| request.get("approval_id") == record.get("approval_id"));
        let bound =
            request.is_some_and(|it| it.get("plan_token_hash") == record.get("plan_token_hash"));
        let wanted = if request.is_some() {
            "the plan_token_hash of the request in its approval record"
        } else {
            "the request of each approval record among the exported ones"
        };
        problems.extend(unless(bound, wanted, record.to_string()));
        problems.extend(unpermitted(view, record, request));
        problems.extend(unless(
            !items(record, "/evidence_hashes").is_empty(),
            "evidence_hashes that name what was reviewed",
            record.to_string(),
        ));
    }
    let granted = !docs.asked().is_empty()
        && matches!(
            docs.state()?,
            State::Approved | State::ReadyForTakeoff | State::ExecutionComplete | State::Completed
        );
    if granted {
        problems.extend(unless(
            !records.is_empty(),
            "an approval record for the granted request",
            "approvals is empty",
        ));
    }
    let rejected = rejected(view, docs);
    if let Some(id) = rejected {
        problems.extend(unless(
            records
                .iter()
                .any(|it| text(it, "/approval_id") == Some(id)),
            format!("an approval record of the rejection of {id}"),
            format!("{} record(s)", records.len()),
        ));
    }
    (granted || rejected.is_some() || !records.is_empty()).then_some(problems)
}

/// An approval is that of somebody to whom the roster gives the role that was asked for.
fn unpermitted(view: &View<'_>, record: &Value, request: Option<&Value>) -> Problems {
    let roster = items(&view.run.roster, "/approvers");
    let role = request.and_then(|it| it.get("required_role"));
    let Some(role) = role.filter(|_| !roster.is_empty() && record["approved"] == true) else {
        return Problems::new();
    };
    unless(
        roster.iter().any(|person| holds(person, record, role)),
        format!("no approval by somebody who has not the role {role}"),
        record.to_string(),
    )
}

/// Whether a person of the roster is the approver of a document, and has that role.
fn holds(person: &Value, document: &Value, role: &Value) -> bool {
    person.get("approver") == document.get("approver") && items(person, "/roles").contains(role)
}

/// What an approval record says was reviewed are the governed artifacts, by their descriptor digests.
pub(super) fn reviewed(view: &View<'_>, views: &Views<'_>) -> Told {
    let docs = view.settled()?;
    let state = docs.state.as_ref().ok()?;
    let planned = planned(view, views)?;
    let records = items(state, "/approvals");
    let mut problems = Problems::new();
    for record in records {
        let step = text(record, "/step_id");
        let of_step = || planned.iter().filter(|it| Some(it.step.as_str()) == step);
        let told: Vec<&str> = items(record, "/evidence_hashes")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        for artifact in of_step().filter(|it| it.role != "log") {
            problems.extend(unless(
                told.contains(&artifact.descriptor.as_str()),
                format!(
                    "the descriptor digest of {} in evidence_hashes",
                    artifact.name
                ),
                format!("{told:?}"),
            ));
        }
        let other = told
            .iter()
            .find(|hash| !of_step().any(|it| it.descriptor == **hash));
        problems.extend(unless(
            other.is_none(),
            "evidence_hashes of planned artifacts alone",
            format!("{other:?}"),
        ));
    }
    (!records.is_empty()).then_some(problems)
}

/// The request that was rejected in this step, by somebody who may and in time, and failed the workflow.
fn rejected<'v>(view: &View<'_>, docs: &'v Docs) -> Option<&'v str> {
    let lapses = view.run.workflow.pointer("/approval/expires_after_s");
    if lapses.is_some() || docs.state()? != State::Failed || view.step.end != Some(End::Exited(1)) {
        return None;
    }
    let response = parse(view.step.response.as_deref()?.as_bytes()).ok()?;
    let members = response.as_object()?;
    let plain = ["approval_id", "approved", "approver", "reason", "timestamp"];
    let is_plain = members.keys().all(|name| plain.contains(&name.as_str()));
    if !is_plain || response.get("approved") != Some(&Value::Bool(false)) {
        return None;
    }
    time::nanoseconds(text(&response, "/timestamp")?)?;
    let request = docs
        .asked()
        .iter()
        .find(|it| it.get("approval_id") == response.get("approval_id"))?;
    let role = request.get("required_role")?;
    let mut roster = items(&view.run.roster, "/approvers").iter();
    roster.find(|person| holds(person, &response, role))?;
    text(request, "/approval_id")
}

fn responded(view: &View<'_>) -> bool {
    view.step.act == ActSeen::Respond && matches!(view.step.end, Some(End::Exited(0..=3)))
}

/// A delivered response leaves an event.
pub(super) fn audited(view: &View<'_>, views: &Views<'_>) -> Told {
    let docs = view.settled().filter(|_| responded(view))?;
    let events = docs.events.as_ref().ok()?;
    let before = written_before(view, views);
    views.before(view)?;
    Some(unless(
        events.len() > before,
        "an event about the response",
        format!("the log ends as before: {}", kinds(events)),
    ))
}

/// The events about responses, or what else there is.
fn answers(docs: &Docs) -> String {
    let told = docs
        .log()
        .iter()
        .filter(|it| it.kind == "approval_response");
    let told: Vec<String> = told.map(|it| it.value["approval"].to_string()).collect();
    if told.is_empty() {
        return kinds(docs.log());
    }
    told.join(", ")
}

/// An accepted response's event says what the response says.
pub(super) fn event(view: &View<'_>, views: &Views<'_>) -> Told {
    let docs = view.settled().filter(|_| responded(view))?;
    let state = docs.state.as_ref().ok()?;
    let old = views.before(view)?.docs.as_ref()?.state.as_ref().ok()?;
    let known = items(old, "/approvals").len();
    let record = items(state, "/approvals").get(known)?;
    let response = parse(view.step.response.as_deref()?.as_bytes()).ok()?;
    let said = text(&response, "/timestamp");
    let in_time = |written: &str| said.is_none_or(|said| time::fits(said, written));
    let same = |event: &Event| {
        let block = event.value.get("approval");
        let equal = |name: &str| block.and_then(|it| it.get(name)) == response.get(name);
        event.kind == "approval_response"
            && ["approval_id", "approved", "approver", "reason"]
                .iter()
                .all(|name| equal(name))
            && block.and_then(|it| it.get("plan_token_hash")) == record.get("plan_token_hash")
            && block
                .and_then(|it| text(it, "/timestamp"))
                .is_some_and(in_time)
    };
    Some(unless(
        docs.log().iter().any(same),
        "an event approval_response with approver, outcome, reason, token and time of the response",
        answers(docs),
    ))
}
