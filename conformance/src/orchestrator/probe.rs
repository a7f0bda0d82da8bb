//! A first look at an orchestrator: whether the verbs do what they should, and which optional
//! capabilities it shows. A pure function of what was driven and judged.

use std::collections::BTreeMap;

use super::catalogue::{self, Kit};
use super::drill::{Check, Needs};
use super::observe::{ActSeen, Document, Observation, StepSeen};
use super::plan::RunPlan;
use crate::doctor::{Remark, Remarks};
use crate::observe::End;
use crate::receipt;
use crate::report::said;
use crate::verdict::{Outcome, Verdict};

/// What has to work before anything else can be shown: a check, what it is called, and what helps.
const BASE: [(&str, &str, &str); 2] = [
    (
        "CC-ORC-021/allowed-plan-completes",
        "an allowed plan takes off and completes",
        "The engine is started twice, with --mode flight-plan and with --mode take-off: see docs/driver-contract.md.",
    ),
    (
        "CC-APR-020/granted-approval-completes",
        "an approved plan takes off and completes",
        "A policy that asks for approval ends `run` with status 3; `respond` takes the response and goes on.",
    ),
];

/// For each capability that an adapter can claim, its name there and a check that only an orchestrator
/// which has it can pass.
const CAPABILITIES: [(Needs, &str, &str); 7] = [
    (Needs::Opa, "opa", "CC-PRE-002/rego-allows"),
    (Needs::Onnx, "onnx", "CC-PRE-003/low-score-allows"),
    (Needs::Expiry, "expiry", "CC-APR-033/silence-is-refusal"),
    (
        Needs::PostExecution,
        "post-execution",
        "CC-PST-001/evaluated-after-take-off",
    ),
    (
        Needs::SeveralSteps,
        "several-steps",
        "CC-ORC-029/two-steps-complete",
    ),
    (
        Needs::ConfiguredApproval,
        "configured-approval",
        "CC-PRE-034/configured-approval",
    ),
    (
        Needs::OfflinePlanning,
        "offline-planning",
        "CC-SEC-006/offline-planning",
    ),
];

/// The checks that are driven for a first look, as filters.
pub fn filters() -> Vec<String> {
    let base = BASE.iter().map(|(id, ..)| id);
    let more = CAPABILITIES.iter().map(|(_, _, id)| id);
    base.chain(more).map(|id| (*id).to_owned()).collect()
}

/// Of the runs of the selected drills those that the checks look at: a first look is a quick one.
pub fn narrow(kit: &Kit, runs: &mut Vec<RunPlan>) {
    let ids = filters();
    let mut checks: Vec<&Check> = ids.iter().filter_map(|id| kit.check(id)).collect();
    let mut looked_at = 0;
    while let Some(check) = checks.get(looked_at) {
        looked_at += 1;
        let controls: Vec<&Check> = catalogue::controls(check)
            .filter_map(|id| kit.check(id))
            .collect();
        for control in controls {
            if checks.iter().all(|other| other.id != control.id) {
                checks.push(control);
            }
        }
    }
    runs.retain(|run| {
        let own = checks.iter().filter(|check| {
            let drill = kit.drill_of(&check.id);
            drill.is_some_and(|drill| drill.name == run.drill)
        });
        let mut words = own.flat_map(|check| &check.on);
        words.any(|word| match (word.split_once('/'), &run.case) {
            (Some((case, _)), Some(own)) => case == own,
            (None, _) | (_, None) => true,
        })
    });
}

/// What the first look told.
#[derive(Debug)]
pub struct Probed {
    /// For people.
    pub remarks: Remarks,
    /// Name of each capability, and whether it was seen to work.
    pub capabilities: BTreeMap<&'static str, bool>,
}

/// Looks at what was driven for [`filters`].
pub fn look(seen: &Observation, verdicts: &[Verdict]) -> Probed {
    let mut remarks = Remarks::default();
    let plainest = seen.runs.iter().filter(|run| run.drill == "allow");
    let mut steps = plainest.chain(&seen.runs).flat_map(|run| &run.steps);
    if let Some(step) = steps.find(|step| step.act == ActSeen::Run) {
        started(&mut remarks, step);
        documents(&mut remarks, step);
    }
    let passed = |id: &str| {
        let mut verdicts = verdicts.iter();
        verdicts.find(|verdict| verdict.check == id)
    };
    for (id, what, advice) in BASE {
        match passed(id) {
            Some(verdict) if verdict.outcome == Outcome::Pass => {
                remarks.add(Remark::good("lifecycle", what.to_owned()));
            }
            other => {
                let why = other.map(why).unwrap_or_default();
                remarks.add(Remark::bad(
                    "lifecycle",
                    format!("not so: {what}{why}"),
                    advice,
                ));
            }
        }
    }
    let fit = remarks.is_fit();
    let mut capabilities = BTreeMap::new();
    for (_, name, id) in CAPABILITIES {
        let works = passed(id).is_some_and(|verdict| verdict.outcome == Outcome::Pass);
        if !fit {
            // Nothing can be said of them yet.
        } else if works {
            remarks.add(Remark::good("capability", format!("{name} works")));
        } else {
            let text = format!("{name} was not seen to work");
            let advice =
                "If it is not there, say so with `false`: its checks are then not applicable.";
            remarks.add(Remark::note("capability", &text, advice));
        }
        capabilities.insert(name, works);
    }
    Probed {
        remarks,
        capabilities,
    }
}

/// Whether the first call of `run` started anything.
fn started(remarks: &mut Remarks, step: &StepSeen) {
    let ended = step
        .end
        .as_ref()
        .map(receipt::describe_end)
        .unwrap_or_default();
    let said = said::few_words(&step.stderr, &[]);
    let said = said.map(|said| format!(", {said}")).unwrap_or_default();
    if matches!(step.end, Some(End::NotStarted(_))) {
        let advice = "Name the program as you would in a shell.";
        return remarks.add(Remark::bad("run", ended, advice));
    }
    let engines = step
        .programs
        .iter()
        .filter(|program| program.mode != "evaluate")
        .count();
    if engines == 0 {
        let text = format!("no engine was started: {ended}{said}");
        let advice = "Its command line is `run` in [verbs]; the workflow file names the engine.";
        return remarks.add(Remark::bad("run", text, advice));
    }
    let words: Vec<String> = step
        .programs
        .iter()
        .map(|program| format!("{} {}", program.script, program.mode))
        .collect();
    let text = format!("started {}; {ended}", words.join(", "));
    remarks.add(Remark::good("run", text));
}

/// Whether the documents can be exported and read.
fn documents(remarks: &mut Remarks, step: &StepSeen) {
    let Some(exports) = &step.exports else {
        return;
    };
    let mut read: BTreeMap<Option<String>, Vec<&str>> = BTreeMap::new();
    for (name, document) in exports.named() {
        let why = readable(name, document).err();
        read.entry(why).or_default().push(name);
    }
    for (why, names) in read {
        let names = names.join(", ");
        remarks.add(match why {
            None => Remark::good("export", names),
            Some(why) => Remark::bad(
                "export",
                format!("{names}: {why}"),
                "Its command line is `export` in [verbs]; state, plan-token and artifacts are one JSON value, the others JSON lines.",
            ),
        });
    }
}

fn readable(name: &str, document: &Document) -> Result<(), String> {
    if document.end != End::Exited(0) {
        return Err(receipt::describe_end(&document.end));
    }
    let text = String::from_utf8_lossy(&document.text.kept);
    let is_json = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text);
    let read = match name {
        "wal" | "audit" | "approvals" => text.lines().try_for_each(|line| is_json(line).map(drop)),
        _ => is_json(&text).map(drop),
    };
    read.map_err(|error| format!("not JSON: {error}"))
}

/// Why a check did not pass, after a colon.
fn why(verdict: &Verdict) -> String {
    let finding = verdict.findings.first().map(|finding| &finding.observed);
    finding
        .or(verdict.reason.as_ref())
        .map(|why| format!(": {why}"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_capability_is_shown_by_a_check_that_needs_it() {
        let kit = Kit::embedded().unwrap();
        for (id, ..) in BASE {
            assert_eq!(kit.check(id).unwrap().needs, None, "{id}");
        }
        for (needs, name, id) in CAPABILITIES {
            assert_eq!(kit.check(id).unwrap().needs, Some(needs), "{id}");
            let text = format!("capabilities = {{ {name} = true }}");
            let adapter: crate::orchestrator::adapter::OrchestratorAdapter =
                toml::from_str(&text).unwrap();
            assert!(adapter.capabilities.contains_key(&needs));
        }
    }

    #[test]
    fn a_first_look_takes_a_run_for_each_check() {
        let kit = Kit::embedded().unwrap();
        let mut runs: Vec<RunPlan> = kit.drills.iter().flat_map(|drill| drill.runs()).collect();
        narrow(&kit, &mut runs);
        let names: Vec<String> = runs.iter().map(RunPlan::name).collect();
        assert!(names.contains(&"allow".to_owned()), "{names:?}");
        assert!(names.contains(&"responses/granted".to_owned()), "{names:?}");
        assert!(names.len() <= filters().len() + 4, "{names:?}");
    }
}
