//! Failures and unproven checks in full, for the terminal and for evidence folders.

use std::fmt::Write as _;

use cabincrew_protocol::requirement::Catalogue;

use super::model::{CheckResult, DRILLS, Report};
use super::page::{BAD, GOOD, OPEN, Page, QUIET};
use super::plain;
use super::terminal::with_outcome;
use super::view::View;
use crate::verdict::{ControlResult, Outcome};

/// How many failures are shown in full unless everything is asked for.
const FULL: usize = 3;
/// How many checks are named in a list unless everything is asked for.
const LISTED: usize = 12;
/// How many checks are named beside a reason that they share, unless everything is asked for.
const NAMED: usize = 4;

/// One result in full and without colours, for its evidence folder.
pub(crate) fn one(check: &CheckResult) -> String {
    let mut page = Page::default();
    let view = View {
        verbose: true,
        ..View::default()
    };
    failure(&mut page, check, &view);
    anstream::adapter::strip_str(&page.finish()).to_string()
}

/// All failures: the first few complete, the others on a line each.
pub(super) fn failures(page: &mut Page, report: &Report, view: &View) {
    let mut failed = with_outcome(report, Outcome::Fail);
    // Where a control did not hold, the cause is most likely in another failure.
    failed.sort_by_key(|check| check.control.iter().any(|control| !control.held));
    let full = if view.verbose { failed.len() } else { FULL };
    for check in failed.iter().take(full) {
        page.gap();
        failure(page, check, view);
    }
    let rest = &failed[full.min(failed.len())..];
    if !rest.is_empty() {
        page.gap();
        page.paragraph(
            0,
            &format!("{} more (all in full with --verbose):", rest.len()),
        );
        for check in rest {
            let seen = check.findings.first().map_or("", |f| f.observed.as_str());
            let seen: String = plain::safe(seen).chars().take(60).collect();
            page.headline(
                BAD,
                "FAIL",
                &format!("{}   {}   {seen}", check.id, check.level),
            );
        }
    }
}

/// One failure, complete: what is demanded, what was seen, and how to see it again.
fn failure(page: &mut Page, check: &CheckResult, view: &View) {
    let (style, word) = match check.outcome {
        Outcome::Fail => (BAD, "FAIL"),
        Outcome::Known => (OPEN, "KNOWN"),
        Outcome::Unproven => (OPEN, "UNPROVEN"),
        Outcome::Pass => (GOOD, "PASS"),
        Outcome::NotApplicable | Outcome::NotRun => (QUIET, "NOT RUN"),
    };
    page.headline(
        style,
        word,
        &format!("{}   {}   {}", check.id, check.level, origin(check)),
    );
    page.paragraph(2, &check.title);
    let own = check.requirements.first();
    if let Some(requirement) = own.and_then(|id| Catalogue::embedded().get(id)) {
        page.field(
            "requirement",
            &format!("{} {}", requirement.id, requirement.text),
        );
    }
    if let Some(reason) = &check.reason {
        page.field("because", reason);
    }
    if let Some(ran) = &check.ran {
        let parts: Vec<String> = ran.split("   ").map(str::to_owned).collect();
        page.field_items("ran", &parts);
    }
    findings(page, check, view);
    for control in &check.control {
        page.field("control", &control_words(control));
    }
    let evidence = check.evidence.as_ref().zip(view.output.as_ref());
    if let Some((folder, output)) = evidence {
        page.command("evidence", &format!("{output}/{folder}/"));
    }
    page.command("rerun", &view.rerun(check));
    if let Some((folder, output)) = evidence {
        let script = plain::shell_word(&format!("{output}/{folder}/repro.sh"));
        page.command("raw", &raw(check, view, &script));
    }
    page.command("more", &format!("{} explain {}", view.program(), check.id));
}

/// How to start the script of an evidence folder. That of an engine knows the engine; the calls of an
/// orchestrator are made by whatever is named, and the kit's program plays the engines.
fn raw(check: &CheckResult, view: &View, script: &str) -> String {
    let typed = view
        .typed
        .as_ref()
        .filter(|_| check.scenario.as_deref() == Some(DRILLS));
    let Some(typed) = typed else {
        return format!("sh {script}");
    };
    let words: Vec<String> = typed
        .after
        .iter()
        .map(|word| plain::shell_word(word))
        .collect();
    let program = plain::shell_word(&typed.program);
    format!("CONFORM={program} sh {script} {}", words.join(" "))
}

fn findings(page: &mut Page, check: &CheckResult, view: &View) {
    let shown = if view.verbose {
        check.findings.len()
    } else {
        1
    };
    for finding in check.findings.iter().take(shown) {
        let scenario = check.scenario.as_deref().unwrap_or("default");
        if scenario == DRILLS {
            page.field("step", &finding.launch);
        } else {
            let launch = format!("{} in the scenario {scenario}", finding.launch);
            page.field("launch", &launch);
        }
        page.field("expected", &finding.expected);
        page.field("observed", &finding.observed);
    }
    let more = check.findings_total.saturating_sub(shown);
    if more > 0 {
        page.field(
            "",
            &format!("and {more} more of this kind, see report.json"),
        );
    }
}

pub(super) fn control_words(control: &ControlResult) -> String {
    match (control.held, &control.why) {
        (true, _) => format!("{} held", control.name),
        (false, Some(why)) => format!("{} did not hold: {why}", control.name),
        (false, None) => format!("{} did not hold", control.name),
    }
}

/// The class, and for our own resolutions the numbers of the decisions.
fn origin(check: &CheckResult) -> String {
    let numbers = decisions(&check.title);
    if numbers.is_empty() {
        check.class.as_str().to_owned()
    } else {
        format!(
            "{}, decision {}",
            check.class.as_str(),
            numbers.join(" and ")
        )
    }
}

/// Numbers of decisions (`C-12`) that a title names.
pub(crate) fn decisions(title: &str) -> Vec<&str> {
    title
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| {
            word.strip_prefix("C-").is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
            })
        })
        .collect()
}

/// What could not be exercised, and what to do about it.
pub(super) fn unproven(page: &mut Page, report: &Report, view: &View) {
    let unproven = with_outcome(report, Outcome::Unproven);
    let (without_plan, rest): (Vec<&CheckResult>, Vec<&CheckResult>) = unproven
        .into_iter()
        .partition(|check| broken_baseline(check).is_some());
    if let Some(first) = without_plan.first() {
        page.gap();
        no_plan(page, view, report, first, without_plan.len());
    }
    if !rest.is_empty() {
        page.gap();
    }
    for_one_reason(page, view, (OPEN, "UNPROVEN"), &rest);
}

/// Checks under the reason that they share: each reason is said once, the most frequent one first.
pub(super) fn for_one_reason(
    page: &mut Page,
    view: &View,
    (style, word): (anstyle::Style, &str),
    checks: &[&CheckResult],
) {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for check in checks {
        let reason = check.reason.as_deref().unwrap_or("no reason was given");
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, ids)) => ids.push(&check.id),
            None => reasons.push((reason, vec![&check.id])),
        }
    }
    reasons.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
    let listed = if view.verbose { reasons.len() } else { LISTED };
    for (reason, ids) in reasons.iter().take(listed) {
        if let [id] = ids.as_slice() {
            page.headline(style, word, &format!("{id}   {reason}"));
            continue;
        }
        page.headline(style, word, &format!("{} checks   {reason}", ids.len()));
        let named = if view.verbose { ids.len() } else { NAMED };
        let mut words = ids[..named.min(ids.len())].join(", ");
        if ids.len() > named {
            let _ = write!(words, " and {} more", ids.len() - named);
        }
        page.paragraph(word.len() + 2, &words);
    }
    let left: usize = reasons.iter().skip(listed).map(|(_, ids)| ids.len()).sum();
    if left > 0 {
        page.paragraph(0, &format!("and {left} more (all with --verbose)"));
    }
}

/// The control "baseline" of a check, if it did not hold: the engine made no plan.
pub(crate) fn broken_baseline(check: &CheckResult) -> Option<&ControlResult> {
    check
        .control
        .iter()
        .find(|control| control.name == "baseline" && !control.held)
}

/// The engine did not plan at all: what was tried, and how to supply a scenario.
fn no_plan(page: &mut Page, view: &View, report: &Report, check: &CheckResult, count: usize) {
    let scenario = check.scenario.as_deref().unwrap_or("default");
    page.headline(
        OPEN,
        "UNPROVEN",
        &format!("The engine made no plan in the scenario {scenario}: {count} checks could not be exercised."),
    );
    let why = broken_baseline(check).and_then(|control| control.why.as_deref());
    page.field("ended with", why.unwrap_or("nothing that can be read"));
    let tried: Vec<&str> = report
        .scenarios
        .iter()
        .map(|run| run.name.as_str())
        .collect();
    page.field("tried", &format!("the scenario {}", tried.join(", ")));
    page.field(
        "what to do",
        "If the engine needs a config, files or secrets, describe them in a scenario of your own:",
    );
    let (program, subject) = (view.program(), view.subject(report));
    page.command("", &format!("{program} init engine my-scenario"));
    page.command(
        "",
        &format!("{program} engine --scenario my-scenario {subject}"),
    );
    page.field("", "If it should plan here, ask what is missing:");
    page.command("", &format!("{program} doctor {subject}"));
}
