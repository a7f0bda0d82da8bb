//! The trace of a run: what a reader wants to know of it, without anything that differs from run to
//! run. Implementers pin the traces of their orchestrator in a golden folder and see when it drifts.
//!
//! ```text
//! run   exit status 3
//!   started   edit flight-plan, rule evaluate
//!   state     AWAITING_APPROVAL
//!   entries   workflow_started step_started artifact_created ...
//!   events    INIT workflow_created
//!             PLANNING engine_started ...
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::observe::{Document, Done, Observation, Run, StepSeen};
use crate::golden::Pinned;
use crate::receipt;
use crate::report::plain;

/// Longest word of a subject's that is told, characters.
const WORD_MAX: usize = 60;
/// Longest line of entries, characters.
const WIDTH: usize = 88;

/// The traces of every run: `DRILL/CASE.txt`, or `DRILL/run.txt` where the drill has no cases.
pub fn traces(seen: &Observation) -> Pinned {
    let name = |run: &Run| {
        let case = run.case.as_deref().unwrap_or("run");
        format!("{}/{case}.txt", run.drill)
    };
    seen.runs
        .iter()
        .map(|run| (name(run), trace(run).into_bytes()))
        .collect()
}

/// What every one of several passes traced alike: the rest depends on chance.
pub fn steady(passes: &[Pinned]) -> Pinned {
    let Some((first, others)) = passes.split_first() else {
        return Pinned::new();
    };
    let same = |name: &String, text: &Vec<u8>| {
        let mut others = others.iter();
        others.all(|other| other.get(name) == Some(text))
    };
    let mut steady = first.clone();
    steady.retain(|name, text| same(name, text));
    steady
}

fn trace(run: &Run) -> String {
    let mut text = String::new();
    let mut told: BTreeMap<&str, Told> = BTreeMap::new();
    for step in &run.steps {
        let ended = step.end.as_ref().map(receipt::describe_end);
        let done = match &step.done {
            Some(Done::Changed(_)) => Some("done".to_owned()),
            Some(Done::NothingFound(_)) => Some("nothing was found to change".to_owned()),
            None => None,
        };
        let ended = ended.or(done).unwrap_or_default();
        let _ = writeln!(text, "{}   {ended}", plain::safe(&step.name));
        if let Some(point) = &step.reached {
            let _ = writeln!(text, "  reached   {}", plain::safe(point));
        }
        one(&mut text, step, told.entry(&step.workflow).or_default());
    }
    text
}

/// How many entries and events of a workflow have been told.
#[derive(Default)]
struct Told {
    entries: usize,
    events: usize,
}

fn one(text: &mut String, step: &StepSeen, told: &mut Told) {
    let started: Vec<String> = step
        .programs
        .iter()
        .map(|program| format!("{} {}", word(&program.script), word(&program.mode)))
        .collect();
    if !started.is_empty() {
        let _ = writeln!(text, "  started   {}", started.join(", "));
    }
    if !step.workspace_changes.is_empty() {
        let changes = step.workspace_changes.len();
        let _ = writeln!(text, "  changed   {changes} of the workspace's files");
    }
    let Some(exports) = &step.exports else {
        return;
    };
    let state: Value = serde_json::from_slice(&exports.state.text.kept).unwrap_or_default();
    let state = state["current_state"].as_str().unwrap_or("cannot be read");
    let _ = writeln!(text, "  state     {}", word(state));
    let entries = lines(&exports.wal);
    let new: Vec<String> = entries
        .iter()
        .skip(told.entries)
        .map(|entry| member(entry, "entry_type"))
        .collect();
    if !new.is_empty() {
        for (at, line) in plain::wrap(&new.join(" "), WIDTH).iter().enumerate() {
            let lead = if at == 0 { "entries" } else { "" };
            let _ = writeln!(text, "  {lead:<9} {line}");
        }
    }
    let events = lines(&exports.audit);
    let mut last = String::new();
    for (at, event) in events.iter().skip(told.events).enumerate() {
        let state = member(event, "workflow_state");
        let severity = member(event, "severity");
        let kind = member(event, "event_type");
        let kind = match severity.as_str() {
            "info" => kind,
            _ => format!("{kind} ({severity})"),
        };
        if at > 0 && state == last {
            let _ = write!(text, " {kind}");
        } else {
            let lead = if at == 0 {
                "  events    "
            } else {
                "\n            "
            };
            let _ = write!(text, "{lead}{state}: {kind}");
            last = state;
        }
    }
    if events.len() > told.events {
        text.push('\n');
    }
    *told = Told {
        entries: entries.len(),
        events: events.len(),
    };
}

fn lines(document: &Document) -> Vec<Value> {
    let text = String::from_utf8_lossy(&document.text.kept);
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn member(value: &Value, name: &str) -> String {
    word(value[name].as_str().unwrap_or("?"))
}

/// A word of the subject's, bounded and on its line.
fn word(text: &str) -> String {
    plain::safe(text).chars().take(WORD_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestrator::judge::sample_run;

    #[test]
    fn a_trace_names_what_happened_and_nothing_made_up() {
        let seen = sample_run();
        let traces = traces(&seen);
        let (name, text) = traces.first_key_value().unwrap();
        let text = String::from_utf8_lossy(text);
        assert!(name.ends_with(".txt"), "{name}");
        assert!(text.contains("started   edit flight-plan"), "{text}");
        assert!(text.contains("state     COMPLETED"), "{text}");
        for id in seen.runs[0].ids.values() {
            assert!(!text.contains(id), "{text}");
        }
    }

    #[test]
    fn what_depends_on_chance_is_left_out() {
        let pass = |text: &str| {
            Pinned::from([
                ("a/run.txt".to_owned(), b"same".to_vec()),
                ("b/run.txt".to_owned(), text.as_bytes().to_vec()),
            ])
        };
        let names: Vec<String> = steady(&[pass("x"), pass("y")]).into_keys().collect();
        assert_eq!(names, ["a/run.txt"]);
        assert_eq!(steady(&[pass("x")]).len(), 2);
        assert!(steady(&[]).is_empty());
    }
}
