//! Made-up results and reports for tests.

use super::accounts;
use super::model::{
    CheckResult, Conclusion, REPORT_FORMAT, Report, ScenarioRun, Selected, Subject, Suite,
};
use crate::drill::Class;
use crate::exit::Exit;
use crate::verdict::{ControlResult, Finding, Outcome};

/// A check that passed.
pub(crate) fn passed(id: &str) -> CheckResult {
    CheckResult {
        id: id.to_owned(),
        title: "Planning leaves the workspace as it was".to_owned(),
        requirements: vec![id.split('/').next().unwrap_or(id).to_owned()],
        level: "MUST".to_owned(),
        class: Class::Draft,
        outcome: Outcome::Pass,
        scenario: Some("default".to_owned()),
        reason: None,
        ran: Some(
            "./my-engine --mode flight-plan   stdin: input.json   exit status 0 after 41 ms"
                .to_owned(),
        ),
        findings: Vec::new(),
        findings_total: 0,
        control: vec![control("baseline", true)],
        launches: vec!["baseline".to_owned()],
        evidence: None,
        duration_ms: 41,
        drill: None,
        rerun: format!("cabincrew-conform engine --filter {id} ./my-engine"),
    }
}

/// A check that failed, with what was observed.
pub(crate) fn failed(id: &str, observed: &str) -> CheckResult {
    CheckResult {
        outcome: Outcome::Fail,
        findings: vec![Finding {
            launch: "baseline".to_owned(),
            expected: "the workspace is unchanged".to_owned(),
            observed: observed.to_owned(),
        }],
        findings_total: 1,
        evidence: Some(id.replace('/', ".")),
        ..passed(id)
    }
}

/// A check with another outcome and its reason.
pub(crate) fn other(id: &str, outcome: Outcome, reason: &str) -> CheckResult {
    CheckResult {
        outcome,
        reason: Some(reason.to_owned()),
        ..passed(id)
    }
}

/// A check whose baseline did not work.
pub(crate) fn without_baseline(id: &str) -> CheckResult {
    let why = "exit status 2: config needs \"package\"\u{1b}[2J";
    CheckResult {
        control: vec![ControlResult {
            why: Some(why.to_owned()),
            ..control("baseline", false)
        }],
        ..other(
            id,
            Outcome::Unproven,
            &format!("the control baseline did not hold: {why}"),
        )
    }
}

fn control(name: &str, held: bool) -> ControlResult {
    ControlResult {
        name: name.to_owned(),
        held,
        why: None,
    }
}

/// A report of these results.
pub(crate) fn report(checks: Vec<CheckResult>) -> Report {
    let totals = accounts::totals(&checks);
    let classes: std::collections::BTreeMap<_, _> =
        [Class::Draft, Class::Profile, Class::Hardening]
            .into_iter()
            .map(|class| {
                (
                    class.as_str().to_owned(),
                    accounts::class_verdict(class, &checks),
                )
            })
            .collect();
    let verdict: Conclusion = accounts::conclusion(classes.values().copied(), false);
    Report {
        format: REPORT_FORMAT,
        suite: Suite {
            tool: "cabincrew-conform 0.0.0".to_owned(),
            digest: "0123456789abcdef".repeat(4),
            spec_revision: "the draft".to_owned(),
        },
        subject: Subject {
            kind: "engine".to_owned(),
            command: vec!["./my-engine".to_owned(), "a b".to_owned()],
            sha256: Some("fedcba9876543210".repeat(4)),
            engine_id: Some("acme/<diff>\u{202e}".to_owned()),
            adapter: None,
        },
        selection: Selected {
            classes: vec![Class::Draft, Class::Profile],
            filter: Vec::new(),
        },
        scenarios: vec![ScenarioRun {
            name: "default".to_owned(),
            digest: "00ff".repeat(16),
        }],
        capabilities: [
            ("open_watch", true),
            ("private_mounts", true),
            ("process_list", true),
            ("system_watch", false),
        ]
        .map(|(word, there)| (word.to_owned(), there))
        .into(),
        seed: 1,
        aborted: None,
        launches: 412,
        duration_ms: 1432,
        known: totals["known"],
        totals,
        classes,
        exit_code: Exit::of(verdict, false).code(),
        verdict,
        known_problems: Vec::new(),
        golden_differences: Vec::new(),
        advice: Vec::new(),
        courses: std::collections::BTreeMap::new(),
        checks,
    }
}
