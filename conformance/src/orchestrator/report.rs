//! What a report tells of orchestrators: from judged observations to passes and the head of the report.

use std::collections::BTreeMap;

use super::course;
use super::drill::Needs;
use super::observe::{Observation, Run, StepSeen};
use crate::receipt;
use crate::report::assemble::{Pass, Seen};
use crate::report::course::Course;
use crate::report::model::{DRILLS, ScenarioRun};
use crate::report::plain;
use crate::report::said;
use crate::verdict::Verdict;

/// One pass over all runs.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What was seen.
    pub observation: Observation,
    /// What the judge says of it.
    pub verdicts: Vec<Verdict>,
}

impl Judged {
    /// The pass, as reports are made from it. There is one scenario, [`DRILLS`], with the kit's digest.
    pub fn pass(&self, digest: &str) -> Pass<'_> {
        Pass {
            scenario: ScenarioRun {
                name: DRILLS.to_owned(),
                digest: digest.to_owned(),
            },
            verdicts: &self.verdicts,
            seen: &self.observation,
        }
    }
}

impl Observation {
    /// The step with that full name, `DRILL:STEP` or `DRILL:CASE/STEP`.
    pub fn step(&self, name: &str) -> Option<&StepSeen> {
        self.place(name).map(|(run, at)| &run.steps[at])
    }

    /// The run of a step, and which of its steps it is.
    fn place(&self, name: &str) -> Option<(&Run, usize)> {
        self.runs.iter().find_map(|run| {
            let rest = name.strip_prefix(&run.drill)?.strip_prefix(':')?;
            let step = match &run.case {
                Some(case) => rest.strip_prefix(case)?.strip_prefix('/')?,
                None => rest,
            };
            let at = run.steps.iter().position(|seen| seen.name == step)?;
            Some((run, at))
        })
    }
}

impl Seen for Observation {
    fn ran(&self, name: &str, command: &[String]) -> Option<String> {
        let (run, at) = self.place(name)?;
        let step = &run.steps[at];
        let end = step.end.as_ref()?;
        let words: Vec<String> = command
            .iter()
            .chain(&step.command)
            .map(|word| plain::shell_word(&plain::safe(word)))
            .collect();
        Some(format!(
            "{}   {} after {}{}",
            words.join(" "),
            receipt::describe_end(end),
            plain::duration(step.duration_ms),
            said::few_words(&step.stderr, &run.canaries)
                .map(|said| format!("   {said}"))
                .unwrap_or_default()
        ))
    }

    fn duration_ms(&self, name: &str) -> u64 {
        self.step(name).map_or(0, |step| step.duration_ms)
    }

    fn course(&self, name: &str) -> Option<Course> {
        self.place(name).map(|(run, at)| course::of_run(run, at))
    }
}

/// How many processes of the subject were started, exports included.
pub fn launches(judged: &[Judged]) -> u64 {
    let steps = judged
        .iter()
        .flat_map(|judged| &judged.observation.runs)
        .flat_map(|run| &run.steps);
    steps
        .map(|step| u64::from(step.end.is_some()) + step.exports.as_ref().map_or(0, |_| 6))
        .sum()
}

/// What the machine allowed in every pass.
pub fn capabilities(judged: &[Judged]) -> BTreeMap<String, bool> {
    let words = [
        ("mounts", Needs::Mounts),
        ("unprivileged", Needs::Unprivileged),
        ("immutable-files", Needs::ImmutableFiles),
    ];
    let there = |need| {
        !judged.is_empty()
            && judged
                .iter()
                .all(|judged| judged.observation.machine.contains(&need))
    };
    words
        .map(|(word, need)| (word.to_owned(), there(need)))
        .into()
}
