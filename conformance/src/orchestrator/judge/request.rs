//! Requests for approval.

use cabincrew_protocol::workflow::State;
use serde_json::Value;

use super::documents::{against_rules, against_schema};
use super::look::{Problems, Told, problem, unless};
use super::planned::planned;
use super::time;
use super::view::{Docs, View, Views, items, text};

fn requests<'v>(view: &'v View<'_>) -> Option<&'v [Value]> {
    Some(view.whole()?.asked()).filter(|it| !it.is_empty())
}

fn each(view: &View<'_>, problems_of: impl Fn(&Value) -> Problems) -> Told {
    Some(requests(view)?.iter().flat_map(problems_of).collect())
}

/// A request validates and says why.
pub(super) fn valid(view: &View<'_>) -> Told {
    each(view, |request| {
        let mut problems = against_schema("ApprovalRequest", request);
        let reason = text(request, "/reason").unwrap_or_default();
        problems.extend(unless(
            !reason.trim().is_empty(),
            "a reason",
            format!("{reason:?}"),
        ));
        problems
    })
}

/// A request is about this workflow and a step of it.
pub(super) fn ids(view: &View<'_>) -> Told {
    let steps = view.step_ids();
    each(view, |request| {
        let found = (text(request, "/workflow_id"), text(request, "/step_id"));
        unless(
            found.0 == Some(view.id()) && found.1.is_some_and(|it| steps.contains(&it)),
            format!("workflow_id {:?} and a step_id among {steps:?}", view.id()),
            format!("{found:?}"),
        )
    })
}

/// The last request carries the token in force; with one step, every request does.
pub(super) fn token(view: &View<'_>) -> Told {
    let token = text(view.whole()?.plan_token()?, "/token")?;
    let all = requests(view)?;
    let from = if view.step_ids().len() == 1 {
        0
    } else {
        all.len() - 1
    };
    if from > 0 && view.state() != Some(State::AwaitingApproval) {
        return None;
    }
    let off = all[from..]
        .iter()
        .find(|request| text(request, "/plan_token_hash") != Some(token));
    Some(off.map_or_else(Vec::new, |request| {
        problem(format!("plan_token_hash {token}"), request.to_string())
    }))
}

/// A request that was exported once is exported from then on.
pub(super) fn stay(view: &View<'_>, views: &Views<'_>) -> Told {
    let ids = |docs: &Docs| -> Option<Vec<String>> {
        let all = docs.requests.as_ref().ok()?.iter();
        Some(
            all.filter_map(|it| Some(text(it, "/approval_id")?.to_owned()))
                .collect(),
        )
    };
    let new = ids(view.whole()?)?;
    let old = ids(views.before(view)?.docs.as_ref()?)?;
    let lost = old.iter().find(|id| !new.contains(id));
    (!old.is_empty()).then(|| {
        lost.map_or_else(Vec::new, |id| {
            let kept = format!("{} request(s), and not this one", new.len());
            problem(format!("the request {id} as before"), kept)
        })
    })
}

/// The id of a request carries its token (C-01).
pub(super) fn binding(view: &View<'_>) -> Told {
    each(view, |request| against_rules("ApprovalRequest", request))
}

/// No id is used twice, here or in any other run.
pub(super) fn unique(view: &View<'_>, views: &Views<'_>) -> Told {
    let id = |request: &Value| text(request, "/approval_id").map(str::to_owned);
    let own: Vec<String> = requests(view)?.iter().filter_map(id).collect();
    let mut sorted = own.clone();
    sorted.sort();
    sorted.dedup();
    if sorted.len() != own.len() {
        return Some(problem("a new id for each request", format!("{own:?}")));
    }
    let elsewhere = views.steps.iter().filter(|other| {
        other.run_at < view.run_at
            || (other.run_at == view.run_at && other.step.workflow != view.step.workflow)
    });
    let mut reused = elsewhere
        .flat_map(|other| requests(other).unwrap_or_default())
        .filter_map(id)
        .filter(|id| own.contains(id));
    Some(reused.next().map_or_else(Vec::new, |id| {
        problem("an id that no other request had", id)
    }))
}

/// Time and requester stand in the request or in the event of it.
pub(super) fn context(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let by = text(&view.run.workflow, "/trigger/by");
    each(view, |request| {
        let id = text(request, "/approval_id");
        let event = docs.log().iter().find(|event| {
            event.kind == "approval_request" && event.text("/approval/approval_id") == id
        });
        let at = [
            text(request, "/engine_output/approval_context/requested_at"),
            event.and_then(|it| it.text("/approval/timestamp")),
            event.and_then(|it| it.text("/timestamp")),
        ];
        let mut problems = unless(
            at.into_iter()
                .flatten()
                .any(|it| time::nanoseconds(it).is_some()),
            "the time of the request",
            request.to_string(),
        );
        if let Some(by) = by {
            let told = request.to_string().contains(by)
                || event.is_some_and(|it| it.value.to_string().contains(by));
            problems.extend(unless(
                told,
                format!("who asked ({by:?}) in the request or its event"),
                request.to_string(),
            ));
        }
        problems
    })
}

/// A request lists what is under review, with paths and digests.
pub(super) fn evidence(view: &View<'_>, views: &Views<'_>) -> Told {
    let planned = planned(view, views)?;
    each(view, |request| {
        let step = text(request, "/step_id");
        let mut problems = Problems::new();
        for artifact in planned
            .iter()
            .filter(|it| it.role != "log" && Some(it.step.as_str()) == step)
        {
            let held = items(request, "/evidence").iter().any(|it| {
                let file = text(it, "/path").and_then(|path| artifact.file(path));
                text(it, "/name") == Some(&artifact.name)
                    && file.is_some()
                    && text(it, "/hash") == file
            });
            problems.extend(unless(
                held,
                format!("evidence of {} with path and hash", artifact.name),
                request
                    .get("evidence")
                    .map_or_else(|| "no evidence".to_owned(), ToString::to_string),
            ));
        }
        problems
    })
}
