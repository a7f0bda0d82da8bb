//! What a report tells of a run: launches, kills, restarts and approvals up to a step, and the states
//! that the workflow passed through.

use cabincrew_protocol::workflow::State;
use serde_json::Value;

use super::observe::{ActSeen, Done, Exports, Run, StepSeen, group};
use crate::judge::words;
use crate::observe::End;
use crate::receipt;
use crate::report::course::{Course, CourseStep, Moment, MomentKind};
use crate::report::plain;

/// Most steps that are told; of more, the last ones.
const STEPS_MAX: usize = 24;
/// Most programs of one step that are told.
const PROGRAMS_MAX: usize = 16;

/// The course of a run up to and with the step at `last`, counted from 0.
pub fn of_run(run: &Run, last: usize) -> Course {
    let upto = run.steps.get(..=last).unwrap_or(&run.steps);
    let own = upto.last().and_then(|step| group(&step.name));
    // What was done to one file after the other was undone each time.
    let relevant: Vec<&StepSeen> = upto
        .iter()
        .filter(|step| group(&step.name).is_none() || group(&step.name) == own)
        .collect();
    let label = upto.last().map(|step| step.workflow.as_str());
    let exports = relevant
        .iter()
        .rev()
        .filter(|step| Some(step.workflow.as_str()) == label)
        .find_map(|step| step.exports.as_ref());
    let told = relevant.len().saturating_sub(STEPS_MAX);
    Course {
        path: exports.map(path).unwrap_or_default(),
        steps: relevant[told..].iter().map(|step| of_step(step)).collect(),
    }
}

/// The states of the audit log, read as leniently as possible: what is wrong with the log is the
/// judge's business.
fn path(exports: &Exports) -> Vec<State> {
    let lines = exports.audit.text.kept.split(|byte| *byte == b'\n');
    let mut states: Vec<State> = lines
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter_map(|event| State::from_wire(event.get("workflow_state")?.as_str()?))
        .collect();
    states.dedup();
    states
}

fn of_step(step: &StepSeen) -> CourseStep {
    let mut moments = vec![beginning(step)];
    for program in step.programs.iter().take(PROGRAMS_MAX) {
        let cut = if program.ended { "" } else { ", cut short" };
        let text = format!("{} {}{cut}", program.script, program.mode);
        moments.push(moment(MomentKind::Launch, &text));
    }
    if step.programs.len() > PROGRAMS_MAX {
        let more = step.programs.len() - PROGRAMS_MAX;
        moments.push(moment(MomentKind::Launch, &format!("and {more} more")));
    }
    moments.extend(stop(step));
    moments.extend(asked(step));
    if let Some(end) = &step.end {
        let state = step.exports.as_ref().and_then(state);
        let state = state.map_or_else(String::new, |state| format!(", {state}"));
        let text = format!("{}{state}", receipt::describe_end(end));
        moments.push(moment(MomentKind::End, &text));
    }
    CourseStep {
        name: step.name.clone(),
        moments,
    }
}

/// What the step begins with: a call, or something that the kit does itself.
fn beginning(step: &StepSeen) -> Moment {
    let command = step.command.join(" ");
    match step.act {
        ActSeen::Run => moment(MomentKind::Call, &command),
        ActSeen::Resume => moment(MomentKind::Restart, &command),
        ActSeen::Respond => {
            let answer = step.response.as_deref().map_or("", str::trim);
            let said = answered(answer).unwrap_or_else(|| format!("answered {answer}"));
            moment(MomentKind::Approval, &said)
        }
        ActSeen::Edit => changed("the workspace", step),
        ActSeen::Change => changed("the stage", step),
        ActSeen::Tamper => changed("what the orchestrator keeps", step),
        ActSeen::Wait => moment(MomentKind::Change, "time goes by"),
    }
}

/// A well-formed answer in words.
fn answered(text: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(text).ok()?;
    let word = if answer.get("approved")?.as_bool()? {
        "approved"
    } else {
        "rejected"
    };
    let who = answer.get("approver")?.as_str()?;
    Some(format!("{word} by {who}"))
}

fn changed(what: &str, step: &StepSeen) -> Moment {
    let text = match &step.done {
        Some(Done::Changed(paths)) => format!("the kit changes {what}: {}", paths.join(", ")),
        Some(Done::NothingFound(why)) => format!("the kit could not change {what}: {why}"),
        None => format!("the kit changes {what}"),
    };
    moment(MomentKind::Change, &text)
}

/// Where the orchestrator was stopped, or was to be.
fn stop(step: &StepSeen) -> Option<Moment> {
    let killed = matches!(step.end, Some(End::Signalled(9)));
    match (&step.reached, &step.point) {
        (Some(point), _) if killed => Some(moment(MomentKind::Kill, &format!("at {point}"))),
        (Some(point), _) => Some(moment(MomentKind::Hold, &format!("at {point}"))),
        (None, Some(point)) => {
            let text = format!("was to come at {point}, which was not reached");
            Some(moment(MomentKind::Kill, &text))
        }
        (None, None) => None,
    }
}

/// Whom the orchestrator waits for afterwards.
fn asked(step: &StepSeen) -> Option<Moment> {
    let exports = step.exports.as_ref()?;
    if state(exports)? != State::AwaitingApproval {
        return None;
    }
    let requests = &exports.approvals.text.kept;
    let line = requests
        .split(|byte| *byte == b'\n')
        .rfind(|it| !it.is_empty())?;
    let request: Value = serde_json::from_slice(line).ok()?;
    let role = request.get("required_role")?.as_str()?;
    Some(moment(MomentKind::Approval, &format!("asked for: {role}")))
}

fn state(exports: &Exports) -> Option<State> {
    let record: Value = serde_json::from_slice(&exports.state.text.kept).ok()?;
    State::from_wire(record.get("current_state")?.as_str()?)
}

fn moment(kind: MomentKind, text: &str) -> Moment {
    Moment {
        kind,
        text: words::short(&plain::safe(text)),
    }
}
