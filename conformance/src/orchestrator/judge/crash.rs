//! What must hold of a run with a crash in it, seen from outside.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ends::{decisive, ends};
use super::look::{Problems, unless};
use super::rules;
use super::view::{Docs, View, Views, items, parse, text};
use crate::judge::words;
use crate::observe::End;
use crate::orchestrator::observe::{ActSeen, Observation};
use crate::orchestrator::rule::Rule;

/// Something that no crash excuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant: `take-off-once`.
    pub invariant: &'static str,
    /// The step it was seen at.
    pub step: String,
    /// What was expected.
    pub expected: String,
    /// What was observed.
    pub observed: String,
}

/// The rules of every run that hold across a crash, and the invariants that they are.
const RULES: [(&str, Rule); 15] = [
    ("take-off-once", Rule::TakeOffOnce),
    ("permission-before-take-off", Rule::TakeOffCleared),
    ("token-stays", Rule::TokenStays),
    ("path-legal", Rule::PathLegal),
    ("log-grows", Rule::WalGrows),
    ("log-numbered", Rule::WalSequence),
    ("log-numbered", Rule::WalNumbering),
    ("log-whole", Rule::WalChecksum),
    ("log-whole", Rule::WalEncoding),
    ("state-of-log", Rule::StateOfWal),
    ("audit-grows", Rule::AuditGrows),
    ("audit-chained", Rule::AuditChain),
    ("final-stays", Rule::FinalStays),
    ("workspace-kept", Rule::WorkspaceKept),
    ("ends-by-itself", Rule::RunsToItsEnd),
];

/// Those of them that look at no document.
const WITHOUT_DOCUMENTS: [Rule; 3] = [Rule::TakeOffOnce, Rule::WorkspaceKept, Rule::RunsToItsEnd];

/// The invariants, each with what it demands.
pub const INVARIANTS: [(&str, &str); 21] = [
    (
        "take-off-once",
        "I1: a step takes off once at most, over all restarts",
    ),
    (
        "doubt-is-not-guessed",
        "I3: a take-off that was cut off is neither completed nor repeated",
    ),
    (
        "permission-before-take-off",
        "I4: a take-off stands after a decision or an approval",
    ),
    (
        "acknowledged-stays",
        "I5: an acknowledged response is never forgotten",
    ),
    ("response-once", "I6: a repeated response is recorded once"),
    (
        "pending-stays",
        "I8: a request once made stays, with its id",
    ),
    ("token-stays", "I9: a token once made stays as it is"),
    ("planned-once", "I9: what has a token is not planned again"),
    (
        "path-legal",
        "I11: states follow the lifecycle, and never go back",
    ),
    ("steps-grow", "I12: a completed step stays completed"),
    ("log-grows", "I13: the log only grows"),
    ("log-numbered", "I14: its numbers have no gaps"),
    ("log-whole", "I14: its checksums and its encoding hold"),
    ("audit-grows", "I15: the audit log only grows"),
    ("audit-chained", "I15: its chain holds"),
    ("state-of-log", "I16: the state is what the log adds up to"),
    ("recovery-settles", "I21: a second restart changes nothing"),
    (
        "recovery-ends",
        "I23: after a restart the workflow comes to its end",
    ),
    ("final-stays", "I30: nothing happens in a final state"),
    (
        "workspace-kept",
        "I4: the workspace changes in a take-off only",
    ),
    ("ends-by-itself", "I23: every call ends by itself"),
];

/// What happened in the step that the fault was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken<'a> {
    /// There was no fault.
    Nowhere,
    /// This step was cut off.
    Killed(&'a str),
    /// This step was cut off, and then the one that recovers from it.
    Twice(&'a str, &'a str),
    /// A call of this step failed.
    Failing(&'a str),
}

impl<'a> Broken<'a> {
    fn steps(self) -> Vec<&'a str> {
        match self {
            Self::Nowhere => Vec::new(),
            Self::Killed(name) | Self::Failing(name) => vec![name],
            Self::Twice(one, other) => vec![one, other],
        }
    }
}

/// Judges the run of an observation.
pub fn crash(seen: &Observation, broken: Broken<'_>) -> Vec<Violation> {
    let views = Views::new(seen);
    let killed = matches!(broken, Broken::Killed(_) | Broken::Twice(..));
    let names = broken.steps();
    let mut found = Vec::new();
    for view in &views.steps {
        let is_broken = names.contains(&view.step.name.as_str());
        let refused = view.docs.as_ref().is_some_and(|docs| docs.state.is_err());
        let mut add = |invariant: &'static str, problems: Problems| {
            found.extend(problems.into_iter().map(|(expected, observed)| Violation {
                invariant,
                step: view.step.name.clone(),
                expected: words::short(&expected),
                observed: words::short(&observed),
            }));
        };
        for (invariant, rule) in RULES {
            if is_broken && killed && rule == Rule::RunsToItsEnd {
                continue;
            }
            // No two files are written at once: until a restart the record may be behind the log.
            if is_broken && rule == Rule::StateOfWal {
                continue;
            }
            // Documents that are refused contradict nothing; that they are is told at the end.
            if refused && !WITHOUT_DOCUMENTS.contains(&rule) {
                continue;
            }
            add(
                invariant,
                rules::apply(rule, view, &views).unwrap_or_default(),
            );
        }
        add("response-once", recorded_once(view));
        add("acknowledged-stays", acknowledged(view, &views));
        add("pending-stays", pending(view, &views));
        add("planned-once", planned_again(view, &views));
        add("steps-grow", steps(view, &views));
        add("recovery-settles", settles(view, &views));
    }
    let all = views.steps.iter();
    let cut = all.filter(|view| names.contains(&view.step.name.as_str()));
    let step = decisive(&cut.collect::<Vec<_>>());
    if let Some(last) = views.steps.last() {
        let problems = ends(last, (broken, step), &views);
        found.extend(
            problems
                .into_iter()
                .map(|(invariant, expected, observed)| Violation {
                    invariant,
                    step: last.step.name.clone(),
                    expected: words::short(&expected),
                    observed: words::short(&observed),
                }),
        );
    }
    once(found)
}

/// What is the same at later steps is told where it was seen first.
fn once(found: Vec<Violation>) -> Vec<Violation> {
    let mut told = BTreeSet::new();
    found
        .into_iter()
        .filter(|it| told.insert((it.invariant, it.expected.clone(), it.observed.clone())))
        .collect()
}

/// The documents of a step, where the state can be read.
fn readable<'v>(view: &'v View<'_>) -> Option<&'v Docs> {
    view.docs.as_ref().filter(|docs| docs.state.is_ok())
}

fn ids<'v>(list: &'v [Value], pointer: &str) -> Vec<&'v str> {
    list.iter().filter_map(|it| text(it, pointer)).collect()
}

/// No response stands twice in record or log.
fn recorded_once(view: &View<'_>) -> Problems {
    let Some(docs) = readable(view) else {
        return Vec::new();
    };
    let state = docs
        .state
        .as_ref()
        .map_or(&[][..], |it| items(it, "/approvals"));
    let received: Vec<Value> = docs
        .wal
        .iter()
        .flatten()
        .filter(|entry| text(entry, "/entry_type") == Some("approval_received"))
        .cloned()
        .collect();
    let lists = [
        ("the record", ids(state, "/approval_id")),
        ("the log", ids(&received, "/data/approval_id")),
    ];
    lists
        .into_iter()
        .flat_map(|(place, all)| {
            let distinct: BTreeSet<_> = all.iter().collect();
            unless(
                distinct.len() == all.len(),
                format!("each response once in {place}"),
                all.join(", "),
            )
        })
        .collect()
}

/// Every response whose call exited with 0 before is in the record.
fn acknowledged(view: &View<'_>, views: &Views<'_>) -> Problems {
    let Some(docs) = readable(view) else {
        return Vec::new();
    };
    let known = docs
        .state
        .as_ref()
        .map_or(&[][..], |it| items(it, "/approvals"));
    let known = ids(known, "/approval_id");
    let mut problems = Vec::new();
    for other in views.up_to(view) {
        let accepted = other.step.act == ActSeen::Respond && other.step.end == Some(End::Exited(0));
        let Some(response) = other.step.response.as_ref().filter(|_| accepted) else {
            continue;
        };
        let Ok(response) = parse(response.as_bytes()) else {
            continue;
        };
        let id = text(&response, "/approval_id").unwrap_or_default();
        problems.extend(unless(
            known.contains(&id),
            format!(
                "the response to {id}, which {} acknowledged",
                other.step.name
            ),
            format!("{} response(s): {}", known.len(), known.join(", ")),
        ));
    }
    problems
}

/// Requests that were exported before are still there.
fn pending(view: &View<'_>, views: &Views<'_>) -> Problems {
    let (Some(docs), Some(before)) = (readable(view), views.before(view)) else {
        return Vec::new();
    };
    let old = before.docs.as_ref().map_or(&[][..], Docs::asked);
    let (old, new) = (ids(old, "/approval_id"), ids(docs.asked(), "/approval_id"));
    unless(
        new.starts_with(&old),
        format!("the requests of before: {}", old.join(", ")),
        new.join(", "),
    )
}

/// What had a token before the step is not planned in it.
fn planned_again(view: &View<'_>, views: &Views<'_>) -> Problems {
    let token = views
        .before(view)
        .and_then(|it| it.docs.as_ref()?.plan_token());
    if token.is_none() || view.step_ids().len() != 1 {
        return Vec::new();
    }
    let count = view.engines("flight-plan").count();
    unless(
        count == 0,
        "no planning once there is a token",
        format!("{count} launch(es)"),
    )
}

/// Completed steps stay completed.
fn steps(view: &View<'_>, views: &Views<'_>) -> Problems {
    let (Some(docs), Some(before)) = (readable(view), views.before(view)) else {
        return Vec::new();
    };
    let completed = |docs: &Docs| -> Vec<String> {
        let state = docs.state.as_ref().ok();
        let list = state.map_or(&[][..], |it| items(it, "/steps_completed"));
        list.iter().map(ToString::to_string).collect()
    };
    let old = before.docs.as_ref().map(completed).unwrap_or_default();
    let new = completed(docs);
    unless(
        old.iter().all(|step| new.contains(step)),
        format!("completed steps {}", old.join(", ")),
        new.join(", "),
    )
}

/// The second restart finds everything as the first one left it.
fn settles(view: &View<'_>, views: &Views<'_>) -> Problems {
    if view.step.name.rsplit('.').next() != Some("again") {
        return Vec::new();
    }
    let (Some(new), Some(old)) = (readable(view), views.before(view)) else {
        return Vec::new();
    };
    let Some(old) = old.docs.as_ref() else {
        return Vec::new();
    };
    let mut problems = unless(
        new.state() == old.state() && new.wal == old.wal,
        format!(
            "state {} and the log as before",
            words::found(old.state().map(|state| state.as_str()))
        ),
        format!(
            "state {}",
            words::found(new.state().map(|state| state.as_str()))
        ),
    );
    let launched = view.engines("flight-plan").count() + view.engines("take-off").count();
    problems.extend(unless(
        launched == 0,
        "no launch",
        format!("{launched} launch(es)"),
    ));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestrator::judge::sample::sample;

    #[test]
    fn every_rule_is_an_invariant_that_is_told() {
        for (invariant, _) in RULES {
            assert!(INVARIANTS.iter().any(|(name, _)| *name == invariant));
        }
        let names: BTreeSet<_> = INVARIANTS.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), INVARIANTS.len());
    }

    #[test]
    fn the_same_is_told_once_where_it_was_seen_first() {
        let seen = |step: &str, observed: &str| Violation {
            invariant: "take-off-once",
            step: step.to_owned(),
            expected: "at most one take-off".to_owned(),
            observed: observed.to_owned(),
        };
        let all = vec![seen("resume", "2"), seen("again", "2"), seen("late", "3")];
        assert_eq!(once(all), vec![seen("resume", "2"), seen("late", "3")]);
    }

    fn invariants(seen: &Observation, broken: Broken<'_>) -> Vec<&'static str> {
        let found = crash(seen, broken);
        found.into_iter().map(|it| it.invariant).collect()
    }

    #[test]
    fn an_end_without_a_take_off_is_guessed() {
        let mut seen = sample();
        let none = Vec::<&str>::new();
        assert_eq!(invariants(&seen, Broken::Killed("answer")), none);
        assert_eq!(invariants(&seen, Broken::Twice("run", "answer")), none);
        seen.runs[0].steps[1].programs.clear();
        for broken in [Broken::Killed("answer"), Broken::Failing("answer")] {
            let found = invariants(&seen, broken);
            assert!(found.contains(&"doubt-is-not-guessed"), "{found:?}");
        }
    }

    #[test]
    fn what_was_shown_before_a_step_is_known_when_it_shows_nothing() {
        let mut seen = sample();
        let steps = &mut seen.runs[0].steps;
        let mut later = steps[0].clone();
        "late".clone_into(&mut later.name);
        later.programs.clear();
        let state = &mut later.exports.as_mut().unwrap().state.text;
        let text = String::from_utf8(state.kept.clone()).unwrap();
        let failed = text.replace("AWAITING_APPROVAL", "FAILED");
        *state = crate::observe::Bytes::whole(failed.into_bytes());
        steps[1].exports = None;
        steps[1].programs.clear();
        steps[1].workspace_changes.clear();
        steps.push(later);
        let found = invariants(&seen, Broken::Killed("answer"));
        assert!(found.contains(&"recovery-ends"), "{found:?}");
    }
}
