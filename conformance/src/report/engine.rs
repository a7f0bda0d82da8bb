//! What a report tells of engines: from judged observations to passes and the head of the report.

use std::collections::BTreeMap;

use super::assemble::{Pass, Seen};
use super::model::ScenarioRun;
use super::plain;
use super::said;
use crate::observe::{Launch, Observation};
use crate::receipt;
use crate::verdict::Verdict;

/// One pass over one scenario. Passes with the same scenario name are repetitions.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What was seen.
    pub observation: Observation,
    /// What the judge says of it.
    pub verdicts: Vec<Verdict>,
}

impl Judged {
    /// The pass, as reports are made from it.
    pub fn pass(&self) -> Pass<'_> {
        Pass {
            scenario: ScenarioRun {
                name: self.observation.scenario.name.clone(),
                digest: self.observation.scenario.digest.clone(),
            },
            verdicts: &self.verdicts,
            seen: &self.observation,
        }
    }
}

impl Seen for Observation {
    fn ran(&self, name: &str, command: &[String]) -> Option<String> {
        let launch = self.launches.iter().find(|launch| launch.name == *name)?;
        let said = said::few_words(&launch.stderr, &self.canaries);
        launch
            .was_launched()
            .then(|| ran(command, launch, said.as_deref()))
    }

    fn duration_ms(&self, name: &str) -> u64 {
        let launch = self.launches.iter().find(|launch| launch.name == *name);
        launch.map_or(0, |launch| launch.duration_ms)
    }
}

/// How many processes of the engine were started.
pub fn launches(judged: &[Judged]) -> u64 {
    judged
        .iter()
        .flat_map(|judged| &judged.observation.launches)
        .filter(|launch| launch.was_launched())
        .count() as u64
}

fn ran(command: &[String], launch: &Launch, said: Option<&str>) -> String {
    let words: Vec<String> = command
        .iter()
        .chain(&launch.args)
        .map(|word| plain::shell_word(&plain::safe(word)))
        .collect();
    let input = if launch.env.contains_key("CABINCREW_INPUT_FILE") {
        "CABINCREW_INPUT_FILE: input.json"
    } else {
        "stdin: input.json"
    };
    format!(
        "{}   {input}   {} after {}{}",
        words.join(" "),
        receipt::describe_end(&launch.end),
        plain::duration(launch.duration_ms),
        said.map(|said| format!("   {said}")).unwrap_or_default()
    )
}

/// `engine_id` of the first receipt.
pub fn engine_id(judged: &[Judged]) -> Option<String> {
    judged
        .iter()
        .flat_map(|judged| &judged.observation.launches)
        .filter_map(|launch| receipt::lenient(&launch.stdout.kept))
        .find_map(|receipt| Some(plain::safe(receipt.get("engine_id")?.as_str()?)))
        .map(|id| id.chars().take(120).collect())
}

/// What the machine allowed in every pass.
pub fn capabilities(judged: &[Judged]) -> BTreeMap<String, bool> {
    let words = [
        "private_mounts",
        "system_watch",
        "open_watch",
        "process_list",
    ];
    let mut every: BTreeMap<String, bool> = words
        .iter()
        .map(|word| ((*word).to_owned(), !judged.is_empty()))
        .collect();
    for has in judged.iter().map(|judged| &judged.observation.capabilities) {
        let values = [
            has.mounts,
            has.system_watch,
            has.open_watch,
            has.process_list,
        ];
        for (word, there) in words.iter().zip(values) {
            every
                .entry((*word).to_owned())
                .and_modify(|all| *all &= there);
        }
    }
    every
}
