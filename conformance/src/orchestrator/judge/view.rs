//! An observation as the judge reads it: every exported document parsed once.

use std::collections::BTreeMap;

use cabincrew_protocol::json::{self, Limits};
use cabincrew_protocol::workflow::State;
use serde_json::Value;

use crate::judge::words;
use crate::observe::End;
pub(super) use crate::orchestrator::observe::group;
use crate::orchestrator::observe::{
    ActSeen, Document, Exports, Observation, ProgramSeen, Run, StepSeen,
};

/// Why a document cannot be judged.
pub(super) type Unreadable = String;

/// All steps of an observation.
#[derive(Debug)]
pub(super) struct Views<'a> {
    pub(super) seen: &'a Observation,
    pub(super) steps: Vec<View<'a>>,
}

/// One step, with the run it belongs to.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) run: &'a Run,
    /// Which run, counted from 0.
    pub(super) run_at: usize,
    /// Which step of the run, counted from 0.
    pub(super) at: usize,
    pub(super) step: &'a StepSeen,
    /// The drill has damaged what the orchestrator keeps, in this step or before.
    pub(super) tampered: bool,
    pub(super) docs: Option<Docs>,
}

/// The exported documents.
#[derive(Debug)]
pub(super) struct Docs {
    pub(super) state: Result<Value, Unreadable>,
    pub(super) wal: Result<Vec<Value>, Unreadable>,
    pub(super) events: Result<Vec<Event>, Unreadable>,
    pub(super) token: Result<Value, Unreadable>,
    pub(super) requests: Result<Vec<Value>, Unreadable>,
    pub(super) artifacts: Result<Value, Unreadable>,
}

/// One audit event.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// Its type in our words.
    pub(super) kind: String,
    /// As exported.
    pub(super) value: Value,
}

impl<'a> Views<'a> {
    pub(super) fn new(seen: &'a Observation) -> Self {
        let names: BTreeMap<&str, &str> = seen
            .event_names
            .iter()
            .map(|(ours, theirs)| (theirs.as_str(), ours.as_str()))
            .collect();
        let mut steps = Vec::new();
        for (run_at, run) in seen.runs.iter().enumerate() {
            let mut tampered = false;
            for (at, step) in run.steps.iter().enumerate() {
                tampered |= step.act == ActSeen::Tamper;
                let docs = step.exports.as_ref().map(|it| Docs::read(it, &names));
                steps.push(View {
                    run,
                    run_at,
                    at,
                    step,
                    tampered,
                    docs,
                });
            }
        }
        Self { seen, steps }
    }

    /// The steps of the same workflow in the same run up to and with this one, in order. What was
    /// done to one file after the other, `EACH.N.STEP`, was undone each time: only the steps of the
    /// same `EACH.N` count.
    pub(super) fn up_to<'v>(&'v self, view: &View<'_>) -> impl Iterator<Item = &'v View<'a>> {
        let (run_at, at) = (view.run_at, view.at);
        let label = view.step.workflow.clone();
        let own = group(&view.step.name).map(str::to_owned);
        self.steps.iter().filter(move |other| {
            let theirs = group(&other.step.name);
            other.run_at == run_at
                && other.at <= at
                && other.step.workflow == label
                && (theirs.is_none() || theirs == own.as_deref())
        })
    }

    /// The last step before this one whose documents could be read.
    pub(super) fn before<'v>(&'v self, view: &View<'_>) -> Option<&'v View<'a>> {
        let readable = |other: &&View<'_>| other.docs.as_ref().is_some_and(|it| it.state.is_ok());
        self.up_to(view)
            .filter(|other| other.at < view.at)
            .filter(readable)
            .last()
    }

    /// The engines that were launched for this workflow up to this step, in order.
    pub(super) fn launches<'v>(&'v self, view: &View<'_>, mode: &str) -> Vec<&'v ProgramSeen> {
        let mode = mode.to_owned();
        self.up_to(view)
            .flat_map(|other| other.step.programs.iter())
            .filter(|program| program.mode == mode)
            .collect()
    }
}

impl View<'_> {
    /// `DRILL:CASE/STEP`.
    pub(super) fn name(&self) -> String {
        match &self.run.case {
            Some(case) => format!("{}:{case}/{}", self.run.drill, self.step.name),
            None => format!("{}:{}", self.run.drill, self.step.name),
        }
    }

    /// The id of the workflow that the step is about.
    pub(super) fn id(&self) -> &str {
        self.run
            .ids
            .get(&self.step.workflow)
            .map_or("", String::as_str)
    }

    /// The ids of the workflow's steps, as the workflow document has them.
    pub(super) fn step_ids(&self) -> Vec<&str> {
        let steps = self.run.workflow.get("steps").and_then(Value::as_array);
        steps
            .into_iter()
            .flatten()
            .filter_map(|step| step.get("step_id")?.as_str())
            .collect()
    }

    /// The documents, where they are there and no drill has damaged them.
    pub(super) fn whole(&self) -> Option<&Docs> {
        self.docs.as_ref().filter(|_| !self.tampered)
    }

    /// As [`View::whole`], and the orchestrator came to rest: it ended by itself and no other one
    /// was being held. Only then must documents agree with one another.
    pub(super) fn settled(&self) -> Option<&Docs> {
        let at_rest = matches!(self.step.end, Some(End::Exited(_))) && self.step.within.is_none();
        self.whole().filter(|_| at_rest)
    }

    /// The exported state.
    pub(super) fn state(&self) -> Option<State> {
        self.docs.as_ref().and_then(Docs::state)
    }

    /// The engines launched in this step in one mode.
    pub(super) fn engines(&self, mode: &str) -> impl Iterator<Item = &ProgramSeen> {
        let mode = mode.to_owned();
        self.step
            .programs
            .iter()
            .filter(move |program| program.mode == mode)
    }
}

impl Docs {
    fn read(exports: &Exports, names: &BTreeMap<&str, &str>) -> Self {
        let event = |value: Value| {
            let theirs = text(&value, "/event_type").unwrap_or_default();
            let kind = names.get(theirs).copied().unwrap_or(theirs).to_owned();
            Event { kind, value }
        };
        Self {
            state: one(&exports.state),
            wal: lines(&exports.wal),
            events: lines(&exports.audit).map(|it| it.into_iter().map(event).collect()),
            token: one(&exports.plan_token),
            requests: lines(&exports.approvals),
            artifacts: one(&exports.artifacts),
        }
    }

    /// `current_state`.
    pub(super) fn state(&self) -> Option<State> {
        State::from_wire(text(self.state.as_ref().ok()?, "/current_state")?)
    }

    /// The events; none if they cannot be read.
    pub(super) fn log(&self) -> &[Event] {
        self.events.as_deref().unwrap_or_default()
    }

    /// The plan token, if there is one.
    pub(super) fn plan_token(&self) -> Option<&Value> {
        self.token.as_ref().ok().filter(|it| it.is_object())
    }

    /// The requests; none if they cannot be read.
    pub(super) fn asked(&self) -> &[Value] {
        self.requests.as_deref().unwrap_or_default()
    }
}

impl Event {
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        text(&self.value, pointer)
    }

    /// `workflow_state`, if it is one of the enumeration.
    pub(super) fn state(&self) -> Option<State> {
        State::from_wire(self.text("/workflow_state")?)
    }
}

/// The text at a JSON pointer.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

/// The items at a JSON pointer; none if there is no array.
pub(super) fn items<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// One strict JSON document.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    json::parse(bytes, &Limits::DOCUMENT).map_err(|error| error.to_string())
}

fn printed(document: &Document) -> Result<&[u8], Unreadable> {
    match &document.end {
        End::Exited(0) if document.text.is_whole() => Ok(&document.text.kept),
        End::Exited(0) => Err("more was exported than the harness keeps".to_owned()),
        End::Exited(status) => Err(format!("the export ended with exit status {status}")),
        other => Err(format!(
            "the export did not end by itself: {}",
            words::end(Some(other))
        )),
    }
}

fn one(document: &Document) -> Result<Value, Unreadable> {
    parse(printed(document)?)
}

fn lines(document: &Document) -> Result<Vec<Value>, Unreadable> {
    let bytes = printed(document)?;
    let lines = bytes.split(|byte| *byte == b'\n');
    let filled = lines.filter(|line| !line.iter().all(u8::is_ascii_whitespace));
    filled
        .enumerate()
        .map(|(at, line)| parse(line).map_err(|why| format!("line {}: {why}", at + 1)))
        .collect()
}
