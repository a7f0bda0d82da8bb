//! Verdicts become a report: scenarios and repetitions are joined, the worst outcome wins, known
//! failures are taken out, and everything is counted twice.

use std::collections::BTreeMap;

use super::accounts::{self, AccountingError};
use super::model::{CheckResult, REPORT_FORMAT, Report, ScenarioRun, Selected, Subject, Suite};
use super::plain;
use crate::catalogue::{Kit, SPEC_REVISION};
use crate::drill::{Check, Class};
use crate::exit::Exit;
use crate::known::KnownList;
use crate::observe::{Capabilities, Launch, Observation};
use crate::receipt;
use crate::verdict::{Outcome, Verdict};

/// `cabincrew-conform` and its version, as reports name it.
pub const TOOL: &str = concat!("cabincrew-conform ", env!("CARGO_PKG_VERSION"));

/// What the head of a report says.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What was judged; `engine_id` is filled in from the first receipt.
    pub subject: Subject,
    /// What was selected.
    pub selection: Selected,
    /// The seed of everything made up in this run.
    pub seed: u64,
    /// Why the run ended early, if it did.
    pub aborted: Option<String>,
    /// How long the run took, milliseconds.
    pub duration_ms: u64,
    /// Words of the command that repeats a check: before and after `--filter ID`.
    pub rerun: (Vec<String>, Vec<String>),
}

/// One pass over one scenario. Passes with the same scenario name are repetitions.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What was seen.
    pub observation: Observation,
    /// What the judge says of it.
    pub verdicts: Vec<Verdict>,
}

/// What goes with the subject beside its scenarios.
#[derive(Debug, Default)]
pub struct Lists<'a> {
    /// Its known failures.
    pub known: Option<&'a KnownList>,
    /// How the run differs from its golden folder.
    pub golden_differences: Vec<String>,
    /// Remarks that do not count.
    pub advice: Vec<String>,
}

/// Makes the report of a run.
///
/// # Errors
/// When the accounts do not add up to the published ids: the kit is wrong then.
pub fn assemble(
    kit: &Kit,
    facts: Facts,
    judged: &[Judged],
    lists: Lists<'_>,
) -> Result<Report, AccountingError> {
    let mut checks: Vec<CheckResult> = kit
        .checks()
        .filter_map(|check| result(kit, check, judged, &facts))
        .collect();
    checks.sort_by(|a, b| a.id.cmp(&b.id));
    let known_problems = lists
        .known
        .map(|known| known.apply(&mut checks))
        .unwrap_or_default();
    let totals = accounts::totals(&checks);
    accounts::audit(kit.frozen_ids(), &checks, &totals)?;
    let classes: BTreeMap<String, _> = [Class::Draft, Class::Profile, Class::Hardening]
        .into_iter()
        .map(|class| {
            (
                class.as_str().to_owned(),
                accounts::class_verdict(class, &checks),
            )
        })
        .collect();
    let verdict = accounts::conclusion(classes.values().copied(), facts.aborted.is_some());
    let stale = !known_problems.is_empty() || !lists.golden_differences.is_empty();
    let seen = || judged.iter().map(|judged| &judged.observation);
    Ok(Report {
        format: REPORT_FORMAT,
        suite: Suite {
            tool: TOOL.to_owned(),
            digest: kit.digest(),
            spec_revision: SPEC_REVISION.to_owned(),
        },
        subject: Subject {
            engine_id: engine_id(judged),
            ..facts.subject
        },
        selection: facts.selection,
        scenarios: scenarios(judged),
        capabilities: capabilities(judged),
        seed: facts.seed,
        aborted: facts.aborted,
        launches: seen()
            .flat_map(|seen| &seen.launches)
            .filter(|launch| launch.was_launched())
            .count() as u64,
        duration_ms: facts.duration_ms,
        known: totals
            .get(Outcome::Known.as_str())
            .copied()
            .unwrap_or_default(),
        totals,
        classes,
        exit_code: Exit::of(verdict, stale).code(),
        verdict,
        known_problems,
        golden_differences: lists.golden_differences,
        advice: lists.advice,
        checks,
    })
}

/// How bad an outcome is when scenarios are joined: a check that applied in one scenario applies.
const fn weight(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::NotRun => 0,
        Outcome::NotApplicable => 1,
        Outcome::Pass => 2,
        Outcome::Known => 3,
        Outcome::Unproven => 4,
        Outcome::Fail => 5,
    }
}

/// The joined result of one check; `None` if no pass has a verdict on it, which the audit notices.
fn result(kit: &Kit, check: &Check, judged: &[Judged], facts: &Facts) -> Option<CheckResult> {
    let mut of_check: Vec<(&Observation, &Verdict)> = judged
        .iter()
        .flat_map(|judged| {
            let verdicts = judged.verdicts.iter().filter(|v| v.check == check.id);
            verdicts.map(|verdict| (&judged.observation, verdict))
        })
        .collect();
    let changed = change(&of_check);
    // A stable sort: among equals the first scenario stays first.
    of_check.sort_by_key(|(_, verdict)| std::cmp::Reverse(weight(verdict.outcome)));
    let (seen, worst) = *of_check.first()?;
    let outcome = match (&changed, worst.outcome) {
        (Some(_), Outcome::Pass | Outcome::NotApplicable | Outcome::NotRun) => Outcome::Unproven,
        (_, outcome) => outcome,
    };
    let first_launch = worst
        .findings
        .first()
        .map(|finding| &finding.launch)
        .or_else(|| worst.launches.first());
    let launch = |name: &String| seen.launches.iter().find(|launch| launch.name == *name);
    let (before, after) = &facts.rerun;
    let mut filter = vec!["--filter".to_owned(), check.id.clone()];
    if check.class == Class::Hardening {
        filter.extend(["--class".to_owned(), "hardening".to_owned()]);
    }
    let rerun: Vec<String> = before
        .iter()
        .chain(&filter)
        .chain(after)
        .map(|word| plain::shell_word(word))
        .collect();
    Some(CheckResult {
        id: check.id.clone(),
        title: check.title.clone(),
        requirements: check
            .requirement_ids()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        level: kit.level(check).to_owned(),
        class: check.class,
        outcome,
        scenario: (worst.outcome != Outcome::NotRun).then(|| seen.scenario.name.clone()),
        reason: changed.or_else(|| worst.reason.clone()),
        ran: first_launch
            .and_then(launch)
            .filter(|launch| launch.was_launched())
            .map(|launch| ran(&facts.subject.command, launch)),
        findings: worst.findings.clone(),
        findings_total: worst.findings_total,
        control: worst.control.clone(),
        launches: worst.launches.clone(),
        evidence: None,
        duration_ms: worst
            .launches
            .iter()
            .filter_map(launch)
            .map(|launch| launch.duration_ms)
            .sum(),
        rerun: rerun.join(" "),
    })
}

/// Says if repetitions in the same scenario had different outcomes.
fn change(of_check: &[(&Observation, &Verdict)]) -> Option<String> {
    let mut by_scenario: BTreeMap<&str, Vec<Outcome>> = BTreeMap::new();
    for (seen, verdict) in of_check {
        by_scenario
            .entry(&seen.scenario.name)
            .or_default()
            .push(verdict.outcome);
    }
    let (name, outcomes) = by_scenario
        .into_iter()
        .find(|(_, outcomes)| outcomes.iter().any(|outcome| *outcome != outcomes[0]))?;
    let words: Vec<&str> = outcomes.iter().map(|outcome| outcome.as_str()).collect();
    Some(format!(
        "its outcome changed between runs in the scenario {name}: {}",
        words.join(", ")
    ))
}

fn ran(command: &[String], launch: &Launch) -> String {
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
        "{}   {input}   {} after {}",
        words.join(" "),
        receipt::describe_end(&launch.end),
        plain::duration(launch.duration_ms)
    )
}

fn engine_id(judged: &[Judged]) -> Option<String> {
    judged
        .iter()
        .flat_map(|judged| &judged.observation.launches)
        .filter_map(|launch| receipt::lenient(&launch.stdout.kept))
        .find_map(|receipt| Some(plain::safe(receipt.get("engine_id")?.as_str()?)))
        .map(|id| id.chars().take(120).collect())
}

fn scenarios(judged: &[Judged]) -> Vec<ScenarioRun> {
    let mut runs: Vec<ScenarioRun> = Vec::new();
    for seen in judged.iter().map(|judged| &judged.observation.scenario) {
        if !runs.iter().any(|run| run.name == seen.name) {
            runs.push(ScenarioRun {
                name: seen.name.clone(),
                digest: seen.digest.clone(),
            });
        }
    }
    runs
}

/// What the machine allowed in every pass.
fn capabilities(judged: &[Judged]) -> Capabilities {
    let every = |has: fn(&Capabilities) -> bool| {
        !judged.is_empty()
            && judged
                .iter()
                .all(|judged| has(&judged.observation.capabilities))
    };
    Capabilities {
        mounts: every(|c| c.mounts),
        system_watch: every(|c| c.system_watch),
        open_watch: every(|c| c.open_watch),
        process_list: every(|c| c.process_list),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{OBSERVATION_FORMAT, ScenarioSeen};
    use crate::tree::Tree;

    const ID: &str = "CC-ENG-018/workspace-untouched";

    /// A pass over a scenario in which every check has one outcome.
    fn judged(scenario: &str, outcome: Outcome) -> Judged {
        let kit = Kit::embedded().unwrap();
        let verdict = |check: &Check| Verdict {
            check: check.id.clone(),
            outcome,
            reason: None,
            findings: Vec::new(),
            findings_total: 0,
            control: Vec::new(),
            launches: Vec::new(),
        };
        Judged {
            observation: Observation {
                format: OBSERVATION_FORMAT,
                scenario: ScenarioSeen {
                    name: scenario.to_owned(),
                    digest: String::new(),
                    takeoff_changes: true,
                    after: None,
                    workspace: Tree::new(),
                    invalid_configs: 0,
                    numbers: std::collections::BTreeSet::new(),
                },
                capabilities: Capabilities {
                    mounts: true,
                    system_watch: scenario == "one",
                    open_watch: true,
                    process_list: true,
                },
                canaries: Vec::new(),
                launches: Vec::new(),
            },
            verdicts: kit.checks().map(verdict).collect(),
        }
    }

    fn report(judged: &[Judged], aborted: Option<&str>) -> Result<Report, AccountingError> {
        let facts = Facts {
            subject: Subject {
                kind: "engine".to_owned(),
                command: vec!["./engine".to_owned()],
                sha256: None,
                engine_id: None,
                adapter: None,
            },
            selection: Selected {
                classes: vec![Class::Draft],
                filter: Vec::new(),
            },
            seed: 1,
            aborted: aborted.map(str::to_owned),
            duration_ms: 0,
            rerun: (vec!["kit".to_owned()], vec!["a b".to_owned()]),
        };
        assemble(&Kit::embedded().unwrap(), facts, judged, Lists::default())
    }

    fn joined(passes: &[(&str, Outcome)]) -> (Outcome, Option<String>) {
        let judged: Vec<Judged> = passes.iter().map(|(name, o)| judged(name, *o)).collect();
        let report = report(&judged, None).unwrap();
        let check = report.checks.iter().find(|check| check.id == ID).unwrap();
        (check.outcome, check.reason.clone())
    }

    #[test]
    fn the_worst_scenario_wins_and_one_in_which_it_applies_counts() {
        use Outcome as O;
        assert_eq!(joined(&[("one", O::Pass), ("two", O::Fail)]).0, O::Fail);
        assert_eq!(
            joined(&[("one", O::Unproven), ("two", O::Pass)]).0,
            O::Unproven
        );
        assert_eq!(
            joined(&[("one", O::NotApplicable), ("two", O::Pass)]).0,
            O::Pass
        );
    }

    #[test]
    fn what_changes_between_repetitions_is_never_a_pass() {
        use Outcome as O;
        let (outcome, reason) = joined(&[("one", O::Pass), ("one", O::NotApplicable)]);
        assert_eq!(outcome, O::Unproven);
        assert!(
            reason
                .unwrap()
                .ends_with("in the scenario one: pass, not-applicable")
        );
        assert_eq!(joined(&[("one", O::Pass), ("one", O::Fail)]).0, O::Fail);
        assert_eq!(
            joined(&[("one", O::Pass), ("one", O::Pass)]),
            (O::Pass, None)
        );
    }

    #[test]
    fn the_head_says_what_holds_for_every_pass() {
        let passes = [judged("one", Outcome::Pass), judged("two", Outcome::Pass)];
        let good = report(&passes, None).unwrap();
        assert_eq!((good.exit_code, good.scenarios.len()), (0, 2));
        assert!(good.capabilities.mounts && !good.capabilities.system_watch);
        assert_eq!(
            good.checks[0].rerun,
            format!("kit --filter {} 'a b'", good.checks[0].id)
        );
        let cut_short = report(&passes, Some("interrupted")).unwrap();
        assert_eq!(cut_short.exit_code, 3);
    }

    #[test]
    fn a_missing_verdict_is_the_kits_fault() {
        let mut pass = judged("one", Outcome::Pass);
        pass.verdicts.retain(|verdict| verdict.check != ID);
        let error = report(&[pass], None).unwrap_err();
        assert_eq!(error, AccountingError::Missing { id: ID.to_owned() });
    }
}
