//! Expectations on how a step ended: state, launches, documents before and after.

use std::cmp::Ordering;

use cabincrew_protocol::workflow::State;

use super::course;
use super::guard;
use super::look::{Problems, problem, unless};
use super::plan;
use super::record;
use super::select;
use super::token;
use super::view::{Docs, View, Views};
use crate::judge::words;
use crate::observe::End;
use crate::orchestrator::expect::{Expect, Kept};

/// What speaks against a step, or why it cannot be judged.
pub(super) type Judged = Result<Problems, String>;

/// One arm for each expectation: the list of what can be expected, and where it is judged.
#[expect(
    clippy::too_many_lines,
    reason = "a table: one arm for each expectation"
)]
pub(super) fn judge(expect: &Expect, view: &View<'_>, views: &Views<'_>, own: &str) -> Judged {
    use Expect as E;
    match expect {
        // Rules are applied before it comes to this.
        E::Always { .. } => Err("a rule is no expectation on one step".to_owned()),
        E::Confined => guard::confined(view),
        E::Offline => guard::offline(view),
        E::Completed => Ok(completed(view, views)),
        E::Event {
            event,
            with,
            absent,
        } => course::event(view, views, event, with, *absent),
        E::MismatchTold => token::mismatch_told(view, views),
        E::EventOrder { events } => course::order(view, events),
        E::Evaluation {
            policy,
            source,
            decision,
            mentions,
        } => course::evaluation(view, (policy, *source, *decision), mentions),
        E::Failed { never, took_off } => failed(view, views, never, *took_off),
        E::Found {
            mark,
            place,
            absent,
        } => Ok(record::found(view, mark, place, *absent)),
        E::GraverEvent => guard::graver_event(view, views),
        E::IntegrityFinding => guard::integrity_finding(view, views),
        E::Input { mode, has, lacks } => plan::input(view, mode, has, lacks),
        E::Kept { since, documents } => kept(view, views, since, documents),
        E::Launches { .. } => Ok(launches(expect, view, views)),
        E::NotPermitted => Ok(guard::not_permitted(view, views)),
        E::NotStarted => Ok(not_started(view)),
        E::NotYet { states } => Ok(course::not_yet(view, states)),
        E::Path { states } => course::path(view, states),
        E::PlanningGuarded => guard::planning(view),
        E::PolicySaw {
            script,
            step,
            has,
            mentions,
            omits,
        } => {
            let of = (script.as_str(), step.as_deref());
            plan::policy_saw(view, of, has, &plan::Words { mentions, omits })
        }
        E::Refused => refused(view, views),
        E::Request {
            at,
            has,
            mentions,
            omits,
        } => plan::request(view, at, has, &plan::Words { mentions, omits }),
        E::SameCourse { r#as } => course::same(view, views, own, r#as),
        E::SameOrStopped { r#as, keeps_logs } => {
            guard::same_or_stopped(view, views, own, (r#as, *keeps_logs))
        }
        E::ScoreRecorded { policy } => course::score(view, policy),
        E::Stopped { never } => Ok([stopped(view), course::entered(view, never)].concat()),
        E::TakeOffAsPlanned => guard::take_off_as_planned(view, views),
        E::StoreDeleted => guard::store_deleted(view),
        E::TakeOffsLogged => Ok(guard::take_offs_logged(view, views)),
        E::TempGoneOrFailed => guard::temp_gone_or_failed(view, views),
        E::Token {
            r#as,
            member,
            equal,
        } => token::compare(view, twin(views, own, r#as)?, member.as_deref(), *equal),
        E::TriggeredOnly { policies } => plan::triggered_only(view, policies),
        E::TurnedDown { must_fail } => Ok(turned_down(view, *must_fail)),
        E::Unchanged => unchanged(view, views),
        E::Waiting => Ok(waiting(view, views)),
        E::Workspace {
            unchanged,
            has,
            lacks,
        } => Ok(record::workspace(view, *unchanged, has, lacks)),
    }
}

/// The one step that a selector names.
pub(super) fn twin<'v, 'a>(
    views: &'v Views<'a>,
    own: &str,
    selector: &str,
) -> Result<&'v View<'a>, String> {
    let found = select::select(views, own, selector);
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(format!(
            "{selector}, which it is compared with, was not taken"
        )),
        _ => Err(format!("{selector} names several steps")),
    }
}

/// The state in words, or why there is none.
pub(super) fn state_words(view: &View<'_>) -> String {
    match view.docs.as_ref().map(|docs| (&docs.state, docs.state())) {
        Some((_, Some(state))) => state.to_string(),
        Some((Err(why), _)) => format!("no state: {why}"),
        Some((Ok(_), None)) => "a state that is none".to_owned(),
        None => "no state: nothing was exported".to_owned(),
    }
}

fn in_state(view: &View<'_>, wanted: State) -> Problems {
    unless(
        view.state() == Some(wanted),
        wanted.as_str(),
        state_words(view),
    )
}

fn completed(view: &View<'_>, views: &Views<'_>) -> Problems {
    let mut problems = in_state(view, State::Completed);
    let steps = view.step_ids().len();
    let launched = views.launches(view, "take-off").len();
    if problems.is_empty() {
        problems = unless(
            launched == steps,
            format!("{steps} take-off(s), one for each step of the workflow"),
            format!("{launched} take-off(s)"),
        );
    }
    problems
}

fn no_take_off(view: &View<'_>, views: &Views<'_>) -> Problems {
    let launched = views.launches(view, "take-off").len();
    unless(
        launched == 0,
        "no take-off",
        format!("{launched} take-off(s)"),
    )
}

fn failed(view: &View<'_>, views: &Views<'_>, never: &[State], took_off: bool) -> Judged {
    let mut problems = in_state(view, State::Failed);
    if !took_off {
        problems.extend(no_take_off(view, views));
    }
    problems.extend(course::entered(view, never));
    Ok(problems)
}

fn waiting(view: &View<'_>, views: &Views<'_>) -> Problems {
    let mut problems = in_state(view, State::AwaitingApproval);
    problems.extend(no_take_off_since_plan(view, views));
    let asked = view.docs.as_ref().map_or(0, |docs| docs.asked().len());
    if problems.is_empty() {
        problems = unless(asked > 0, "a request to answer", "no request is exported");
    }
    problems
}

/// A workflow of several steps may have taken off in an earlier step; one launch for each plan but
/// the last is due.
fn no_take_off_since_plan(view: &View<'_>, views: &Views<'_>) -> Problems {
    let planned = views.launches(view, "flight-plan");
    let last = planned.last().map(|program| plan::step_id(program));
    let took_off = views.launches(view, "take-off");
    let premature = took_off
        .iter()
        .any(|program| Some(plan::step_id(program)) == last);
    unless(
        !premature,
        "no take-off while approval is outstanding",
        "a take-off",
    )
}

fn not_started(view: &View<'_>) -> Problems {
    let launched = view
        .step
        .programs
        .iter()
        .find(|program| matches!(program.mode.as_str(), "flight-plan" | "take-off"));
    if let Some(program) = launched {
        return problem(
            "no engine launched",
            format!("a launch for {}", program.mode),
        );
    }
    let ended_badly = match &view.step.end {
        Some(End::Exited(status)) => !matches!(status, 0 | 3),
        _ => false,
    };
    let failed = view.state().is_none_or(|state| state == State::Failed);
    unless(
        ended_badly && failed,
        "an error, or FAILED",
        format!(
            "{}, {}",
            words::end(view.step.end.as_ref()),
            state_words(view)
        ),
    )
}

fn launches(expect: &Expect, view: &View<'_>, views: &Views<'_>) -> Problems {
    let Expect::Launches {
        script,
        mode,
        count,
        at_most,
        at_least,
        in_run,
    } = expect
    else {
        return Vec::new();
    };
    let of_script = |name: &str| script.as_deref().is_none_or(|script| script == name);
    let launched = if *in_run {
        let all = views.launches(view, mode);
        all.iter().filter(|it| of_script(&it.script)).count()
    } else {
        view.engines(mode)
            .filter(|it| of_script(&it.script))
            .count()
    };
    let held = match launched.cmp(count) {
        Ordering::Less => *at_most,
        Ordering::Equal => true,
        Ordering::Greater => *at_least,
    };
    let bound = match (at_most, at_least) {
        (true, _) => "at most ",
        (false, true) => "at least ",
        (false, false) => "",
    };
    let name = script.as_deref().unwrap_or("any program");
    unless(
        held,
        format!("{bound}{count} launch(es) of {name} for {mode}"),
        format!("{launched}"),
    )
}

/// Nothing launched; state, journal, token and requests as before.
fn unchanged(view: &View<'_>, views: &Views<'_>) -> Judged {
    let before = views
        .before(view)
        .ok_or("no documents from before the step")?;
    let launched = view
        .step
        .programs
        .iter()
        .filter(|it| matches!(it.mode.as_str(), "flight-plan" | "take-off"))
        .count();
    let mut problems = unless(
        launched == 0,
        "nothing launched",
        format!("{launched} launch(es)"),
    );
    use Kept as K;
    let documents = [K::State, K::Wal, K::Token, K::Requests, K::Approvals];
    problems.extend(differences(before, view, &documents)?);
    Ok(problems)
}

fn refused(view: &View<'_>, views: &Views<'_>) -> Judged {
    let mut problems = unless(
        matches!(view.step.end, Some(End::Exited(2 | 4))),
        "exit status 2 or 4",
        words::end(view.step.end.as_ref()),
    );
    problems.extend(unchanged(view, views)?);
    Ok(problems)
}

fn kept(view: &View<'_>, views: &Views<'_>, since: &str, documents: &[Kept]) -> Judged {
    let mut steps = views.up_to(view);
    let before = steps
        .find(|other| other.step.name == since)
        .ok_or_else(|| format!("the step {since} was not taken"))?;
    differences(before, view, documents)
}

fn differences(before: &View<'_>, after: &View<'_>, documents: &[Kept]) -> Judged {
    let old = before.docs.as_ref();
    let old = old.ok_or_else(|| format!("nothing was exported after {}", before.name()))?;
    let new = after.docs.as_ref();
    let new = new.ok_or("nothing was exported")?;
    let mut problems = Vec::new();
    for document in documents {
        let (name, was) = extract(old, *document);
        let was = was.ok_or_else(|| format!("no readable {name} after {}", before.name()))?;
        let (_, is) = extract(new, *document);
        problems.extend(match is {
            Some(is) => unless(
                was == is,
                format!("{name} as after {}: {was}", before.step.name),
                is,
            ),
            None => problem(format!("{name} as before"), format!("no readable {name}")),
        });
    }
    Ok(problems)
}

fn extract(docs: &Docs, document: Kept) -> (&'static str, Option<String>) {
    let state = docs.state.as_ref().ok();
    let member = |name: &str| state.and_then(|it| it.get(name)).map(ToString::to_string);
    match document {
        Kept::Approvals => ("approvals of the record", member("approvals")),
        Kept::Artifacts => ("artifacts of the record", member("artifacts")),
        Kept::Requests => ("requests", docs.requests.as_ref().ok().map(|it| lines(it))),
        Kept::State => ("current_state", member("current_state")),
        Kept::Token => (
            "plan token",
            docs.token.as_ref().ok().map(ToString::to_string),
        ),
        Kept::Wal => (
            "write-ahead log",
            docs.wal.as_ref().ok().map(|it| lines(it)),
        ),
    }
}

fn lines(values: &[serde_json::Value]) -> String {
    let lines: Vec<String> = values.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Halted: nothing taken off in this step, and FAILED or exit status 4.
pub(super) fn stopped(view: &View<'_>) -> Problems {
    let launched = view.engines("take-off").count();
    let mut problems = unless(
        launched == 0,
        "no take-off",
        format!("{launched} take-off(s)"),
    );
    let halted =
        matches!(view.step.end, Some(End::Exited(4))) || view.state() == Some(State::Failed);
    problems.extend(unless(
        halted,
        "FAILED, or exit status 4",
        format!(
            "{}, {}",
            words::end(view.step.end.as_ref()),
            state_words(view)
        ),
    ));
    problems
}

fn turned_down(view: &View<'_>, must_fail: bool) -> Problems {
    let launched = view.engines("take-off").count();
    let mut problems = unless(
        launched == 0,
        "no take-off",
        format!("{launched} take-off(s)"),
    );
    let (held, wanted) = match view.state() {
        Some(State::Failed) => (true, ""),
        Some(State::AwaitingApproval) => (!must_fail, "FAILED"),
        _ => (false, "FAILED or AWAITING_APPROVAL"),
    };
    problems.extend(unless(held, wanted, state_words(view)));
    problems
}
