//! Verdicts become a report: scenarios and repetitions are joined, the worst outcome wins, known
//! failures are taken out, and everything is counted twice.

use std::collections::BTreeMap;

use super::accounts::{self, AccountingError};
use super::course::Course;
use super::model::{CheckResult, REPORT_FORMAT, Report, ScenarioRun, Selected, Subject, Suite};
use super::view::rerun;
use crate::catalogue::SPEC_REVISION;
use crate::drill::Class;
use crate::exit::Exit;
use crate::known::KnownList;
use crate::suite::{Card, CheckSet};
use crate::verdict::{Outcome, Verdict};

/// `cabincrew-conform` and its version, as reports name it.
pub const TOOL: &str = concat!("cabincrew-conform ", env!("CARGO_PKG_VERSION"));

/// What the head of a report says.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What was judged.
    pub subject: Subject,
    /// What was selected.
    pub selection: Selected,
    /// The seed of everything made up in this run.
    pub seed: u64,
    /// Why the run ended early, if it did.
    pub aborted: Option<String>,
    /// How long the run took, milliseconds.
    pub duration_ms: u64,
    /// What the machine let the harness do, in words.
    pub capabilities: BTreeMap<String, bool>,
    /// How many processes of the subject were started.
    pub launches: u64,
    /// Words of the command that repeats a check: before and after `--filter ID`.
    pub rerun: (Vec<String>, Vec<String>),
}

/// One pass over one scenario. Passes with the same scenario name are repetitions.
#[derive(Clone)]
pub struct Pass<'a> {
    /// The scenario.
    pub scenario: ScenarioRun,
    /// What the judge says of it.
    pub verdicts: &'a [Verdict],
    /// What was seen.
    pub seen: &'a dyn Seen,
}

/// What a report tells of single launches or steps.
pub trait Seen {
    /// How it was started and how it ended; `command` is the subject's. None if it never was.
    fn ran(&self, name: &str, command: &[String]) -> Option<String>;

    /// How long it ran, milliseconds; 0 if it never was.
    fn duration_ms(&self, name: &str) -> u64;

    /// What led to it, where that is a story; engines have single launches.
    fn course(&self, _name: &str) -> Option<Course> {
        None
    }
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
    suite: &dyn CheckSet,
    facts: Facts,
    passes: &[Pass<'_>],
    lists: Lists<'_>,
) -> Result<Report, AccountingError> {
    let cards = suite.cards();
    let mut checks: Vec<CheckResult> = cards
        .iter()
        .filter_map(|card| result(card, passes, &facts))
        .collect();
    checks.sort_by(|a, b| a.id.cmp(&b.id));
    let known_problems = lists
        .known
        .map(|known| known.apply(&mut checks))
        .unwrap_or_default();
    let totals = accounts::totals(&checks);
    accounts::audit(suite.frozen_ids(), &checks, &totals)?;
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
    Ok(Report {
        format: REPORT_FORMAT,
        suite: Suite {
            tool: TOOL.to_owned(),
            digest: suite.digest(),
            spec_revision: SPEC_REVISION.to_owned(),
        },
        subject: facts.subject,
        selection: facts.selection,
        scenarios: scenarios(passes),
        capabilities: facts.capabilities,
        seed: facts.seed,
        aborted: facts.aborted,
        launches: facts.launches,
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
        courses: courses(&checks, passes),
        checks,
    })
}

/// How bad an outcome is when scenarios are joined: a check that applied in one scenario applies.
pub(crate) const fn weight(outcome: Outcome) -> u8 {
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
fn result(card: &Card<'_>, passes: &[Pass<'_>], facts: &Facts) -> Option<CheckResult> {
    let mut of_check: Vec<(&Pass<'_>, &Verdict)> = passes
        .iter()
        .flat_map(|pass| {
            let verdicts = pass.verdicts.iter().filter(|v| v.check == card.id);
            verdicts.map(move |verdict| (pass, verdict))
        })
        .collect();
    let changed = change(&of_check);
    // A stable sort: among equals the first scenario stays first.
    of_check.sort_by_key(|(_, verdict)| std::cmp::Reverse(weight(verdict.outcome)));
    let (pass, worst) = *of_check.first()?;
    let outcome = match (&changed, worst.outcome) {
        (Some(_), Outcome::Pass | Outcome::NotApplicable | Outcome::NotRun) => Outcome::Unproven,
        (_, outcome) => outcome,
    };
    let first_launch = worst
        .findings
        .first()
        .map(|finding| &finding.launch)
        .or_else(|| worst.launches.first());
    let (before, after) = &facts.rerun;
    // What a check names itself is driven with it; only where it looks everywhere can it be elsewhere.
    let everywhere = card.on.iter().any(|word| word.starts_with('*'));
    let seen_in = worst
        .findings
        .first()
        .and_then(|finding| finding.launch.split_once(':'))
        .map(|(drill, _)| drill)
        .filter(|drill| everywhere && *drill != card.drill);
    Some(CheckResult {
        id: card.id.to_owned(),
        title: card.title.to_owned(),
        requirements: card
            .requirements
            .iter()
            .map(|id| (*id).to_owned())
            .collect(),
        level: card.level().to_owned(),
        class: card.class,
        outcome,
        scenario: (worst.outcome != Outcome::NotRun).then(|| pass.scenario.name.clone()),
        reason: changed.or_else(|| worst.reason.clone()),
        ran: first_launch.and_then(|name| pass.seen.ran(name, &facts.subject.command)),
        findings: worst.findings.clone(),
        findings_total: worst.findings_total,
        control: worst.control.clone(),
        launches: worst.launches.clone(),
        drill: seen_in.map(str::to_owned),
        evidence: None,
        duration_ms: worst
            .launches
            .iter()
            .map(|name| pass.seen.duration_ms(name))
            .sum(),
        rerun: rerun((before, after), (card.id, seen_in), card.class),
    })
}

/// What led to each step that a red check is about, by the step's name. Of repeated runs it is the one
/// that the result was taken from.
fn courses(checks: &[CheckResult], passes: &[Pass<'_>]) -> BTreeMap<String, Course> {
    let mut found = BTreeMap::new();
    for check in checks {
        let red = matches!(
            check.outcome,
            Outcome::Fail | Outcome::Unproven | Outcome::Known
        );
        let Some(name) = check.place().filter(|_| red) else {
            continue;
        };
        let told = |pass: &&Pass<'_>| {
            pass.verdicts.iter().any(|verdict| {
                verdict.check == check.id && verdict.findings.first() == check.findings.first()
            })
        };
        let course = passes
            .iter()
            .find(told)
            .and_then(|pass| pass.seen.course(name));
        if let Some(course) = course {
            found.entry(name.to_owned()).or_insert(course);
        }
    }
    found
}

/// Says if repetitions in the same scenario had different outcomes.
fn change(of_check: &[(&Pass<'_>, &Verdict)]) -> Option<String> {
    let mut by_scenario: BTreeMap<&str, Vec<Outcome>> = BTreeMap::new();
    for (pass, verdict) in of_check {
        by_scenario
            .entry(&pass.scenario.name)
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

/// The scenarios, each once.
fn scenarios(passes: &[Pass<'_>]) -> Vec<ScenarioRun> {
    let mut runs: Vec<ScenarioRun> = Vec::new();
    for pass in passes {
        if !runs.iter().any(|run| run.name == pass.scenario.name) {
            runs.push(pass.scenario.clone());
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Kit;
    use crate::drill::Check;
    use crate::observe::{Capabilities, OBSERVATION_FORMAT, Observation, ScenarioSeen};
    use crate::report::engine::{self, Judged};
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
            capabilities: engine::capabilities(judged),
            launches: engine::launches(judged),
            rerun: (vec!["kit".to_owned()], vec!["a b".to_owned()]),
        };
        let passes: Vec<Pass<'_>> = judged.iter().map(Judged::pass).collect();
        assemble(&Kit::embedded().unwrap(), facts, &passes, Lists::default())
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
        assert!(good.capabilities["private_mounts"] && !good.capabilities["system_watch"]);
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
