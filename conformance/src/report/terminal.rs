//! The report for a terminal: failures first and complete, a clean pass in a few lines.

use cabincrew_protocol::requirement::Catalogue;

use super::model::{CheckResult, ClassVerdict, Conclusion, Report};
use super::page::{self, BAD, GOOD, OPEN, Page, QUIET, STRONG};
use super::plain;
use crate::verdict::{ControlResult, Outcome};

/// How many failures are shown in full unless everything is asked for.
const FULL: usize = 3;
/// How many checks are named in a list unless everything is asked for.
const LISTED: usize = 12;

/// How to show a report.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Everything in full, and what was not run by name.
    pub verbose: bool,
    /// The output folder as the user writes it; evidence is not mentioned without one.
    pub output: Option<String>,
}

/// The report as text with colours. Nothing of the subject's reaches the text unescaped.
pub fn render(report: &Report, view: &View) -> String {
    let mut page = Page::default();
    head(&mut page, report);
    failures(&mut page, report, view);
    unproven(&mut page, report, view);
    others(&mut page, report, view);
    lists(&mut page, report);
    summary(&mut page, report);
    page.finish()
}

/// One result in full and without colours, for its evidence folder.
pub(crate) fn one(check: &CheckResult) -> String {
    let mut page = Page::default();
    let view = View {
        verbose: true,
        output: None,
    };
    failure(&mut page, check, &view);
    anstream::adapter::strip_str(&page.finish()).to_string()
}

fn head(page: &mut Page, report: &Report) {
    let digest = short_digest(&report.suite.digest);
    page.paragraph(
        0,
        &format!(
            "{}   suite {digest}   {}",
            report.suite.tool, report.suite.spec_revision
        ),
    );
    let command: Vec<String> = report
        .subject
        .command
        .iter()
        .map(|word| plain::shell_word(word))
        .collect();
    let mut subject = vec![format!("{}  {}", report.subject.kind, command.join(" "))];
    subject.extend(
        report
            .subject
            .engine_id
            .iter()
            .map(|id| format!("engine_id {id}")),
    );
    let digest = report.subject.sha256.as_deref().map(short_digest);
    subject.extend(digest.map(|digest| format!("sha256 {digest}")));
    let names: Vec<&str> = report
        .scenarios
        .iter()
        .map(|run| run.name.as_str())
        .collect();
    if !names.is_empty() {
        subject.push(format!("scenario {}", names.join(", ")));
    }
    page.paragraph(0, &subject.join("   "));
    page.paragraph(0, &capability_line(report));
}

/// What the machine let the harness do, and what it did not.
fn capability_line(report: &Report) -> String {
    let has = &report.capabilities;
    let all = [
        (has.mounts, "private mounts"),
        (has.system_watch, "system watch"),
        (has.open_watch, "open watch"),
        (has.process_list, "process list"),
    ];
    let names = |wanted: bool| -> Vec<&str> {
        all.iter()
            .filter(|(there, _)| *there == wanted)
            .map(|(_, name)| *name)
            .collect()
    };
    let there = join_or(&names(true), "nothing to watch with");
    if names(false).is_empty() {
        format!("machine has {there}")
    } else {
        format!("machine has {there}; lacks {}", names(false).join(", "))
    }
}

fn join_or(words: &[&str], otherwise: &str) -> String {
    if words.is_empty() {
        otherwise.to_owned()
    } else {
        words.join(", ")
    }
}

fn short_digest(digest: &str) -> String {
    digest.chars().take(12).collect()
}

fn with_outcome(report: &Report, outcome: Outcome) -> Vec<&CheckResult> {
    report
        .checks
        .iter()
        .filter(|check| check.outcome == outcome)
        .collect()
}

fn failures(page: &mut Page, report: &Report, view: &View) {
    let failed = with_outcome(report, Outcome::Fail);
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
        page.field("ran", ran);
    }
    findings(page, check, view);
    for control in &check.control {
        page.field("control", &control_words(control));
    }
    let evidence = check.evidence.as_ref().zip(view.output.as_ref());
    if let Some((folder, output)) = evidence {
        page.command("evidence", &format!("{output}/{folder}/"));
    }
    page.command("rerun", &check.rerun);
    if let Some((folder, output)) = evidence {
        let script = plain::shell_word(&format!("{output}/{folder}/repro.sh"));
        page.command("raw", &format!("sh {script}"));
    }
    page.command("more", &format!("cabincrew-conform explain {}", check.id));
}

fn findings(page: &mut Page, check: &CheckResult, view: &View) {
    let shown = if view.verbose {
        check.findings.len()
    } else {
        1
    };
    for finding in check.findings.iter().take(shown) {
        let scenario = check.scenario.as_deref().unwrap_or("default");
        page.field(
            "launch",
            &format!("{} in the scenario {scenario}", finding.launch),
        );
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

fn control_words(control: &ControlResult) -> String {
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

fn unproven(page: &mut Page, report: &Report, view: &View) {
    let unproven = with_outcome(report, Outcome::Unproven);
    let (without_plan, rest): (Vec<&CheckResult>, Vec<&CheckResult>) = unproven
        .into_iter()
        .partition(|check| broken_baseline(check).is_some());
    if let Some(first) = without_plan.first() {
        page.gap();
        no_plan(page, report, first, without_plan.len());
    }
    let listed = if view.verbose { rest.len() } else { LISTED };
    if !rest.is_empty() {
        page.gap();
    }
    for check in rest.iter().take(listed) {
        let reason = check
            .reason
            .as_deref()
            .unwrap_or("it could not be exercised");
        page.headline(OPEN, "UNPROVEN", &format!("{}   {reason}", check.id));
    }
    if rest.len() > listed {
        page.paragraph(
            0,
            &format!("and {} more (all with --verbose)", rest.len() - listed),
        );
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
fn no_plan(page: &mut Page, report: &Report, check: &CheckResult, count: usize) {
    let scenario = check.scenario.as_deref().unwrap_or("default");
    page.headline(
        OPEN,
        "UNPROVEN",
        &format!("The engine made no plan in the scenario {scenario}: {count} checks could not be exercised."),
    );
    let why = broken_baseline(check).and_then(|control| control.why.as_deref());
    page.field("it ended with", why.unwrap_or("nothing that can be read"));
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
    let command: Vec<String> = report
        .subject
        .command
        .iter()
        .map(|word| plain::shell_word(word))
        .collect();
    page.command("", "cabincrew-conform init engine my-scenario");
    page.command(
        "",
        &format!(
            "cabincrew-conform engine --scenario my-scenario {}",
            command.join(" ")
        ),
    );
    page.field("", "If it should plan here, ask what is missing:");
    page.command(
        "",
        &format!("cabincrew-conform doctor {}", command.join(" ")),
    );
}

/// What is neither passed, failed nor unproven: named, never hidden.
fn others(page: &mut Page, report: &Report, view: &View) {
    let known = with_outcome(report, Outcome::Known);
    let idle = with_outcome(report, Outcome::NotApplicable);
    let left_out = with_outcome(report, Outcome::NotRun);
    if !known.is_empty() || !idle.is_empty() || (view.verbose && !left_out.is_empty()) {
        page.gap();
    }
    for check in known {
        page.headline(OPEN, "KNOWN", &format!("{}   {}", check.id, reason(check)));
    }
    for check in idle {
        let text = format!("{}   does not apply: {}", check.id, reason(check));
        page.headline(QUIET, "N/A", &text);
    }
    for check in left_out.into_iter().filter(|_| view.verbose) {
        page.headline(
            QUIET,
            "NOT RUN",
            &format!("{}   {}", check.id, reason(check)),
        );
    }
}

fn reason(check: &CheckResult) -> &str {
    check.reason.as_deref().unwrap_or("no reason was given")
}

/// What is wrong with the subject's lists, and remarks.
fn lists(page: &mut Page, report: &Report) {
    let problems = !report.known_problems.is_empty() || !report.golden_differences.is_empty();
    if problems || report.aborted.is_some() || !report.advice.is_empty() {
        page.gap();
    }
    for problem in &report.known_problems {
        page.headline(BAD, "KNOWN LIST", problem);
    }
    for difference in &report.golden_differences {
        let mut lines = difference.lines();
        page.headline(BAD, "GOLDEN", lines.next().unwrap_or_default());
        for line in lines {
            page.line(&diff_line(line));
        }
    }
    if let Some(why) = &report.aborted {
        page.headline(OPEN, "ENDED EARLY", why);
    }
    for remark in &report.advice {
        page.headline(QUIET, "NOTE", remark);
    }
}

/// A line of a unified diff in its colour.
pub(crate) fn diff_line(line: &str) -> String {
    let safe = plain::safe(line);
    match line.bytes().next() {
        Some(b'+') => format!("  {}", page::paint(GOOD, &safe)),
        Some(b'-') => format!("  {}", page::paint(BAD, &safe)),
        _ => format!("  {safe}"),
    }
}

fn summary(page: &mut Page, report: &Report) {
    page.gap();
    let counts: Vec<String> = Outcome::ALL
        .iter()
        .map(|outcome| {
            let name = outcome.as_str();
            format!(
                "{} {name}",
                report.totals.get(name).copied().unwrap_or_default()
            )
        })
        .collect();
    page.paragraph(
        0,
        &format!("{} checks: {}", report.checks.len(), counts.join(", ")),
    );
    let classes: Vec<String> = ["draft", "profile", "hardening"]
        .iter()
        .filter_map(|class| {
            Some(format!(
                "{class} {}",
                class_words(*report.classes.get(*class)?)
            ))
        })
        .collect();
    page.paragraph(0, &classes.join(", "));
    let (style, words) = verdict_words(report);
    page.line(&format!(
        "{}   {} launches in {}, exit status {}",
        page::paint(style, &words),
        report.launches,
        plain::duration(report.duration_ms),
        report.exit_code
    ));
    if report.verdict == Conclusion::DoesNotConform {
        let note = "to accept failures for a while: --write-known FILE, then --known FILE";
        page.line(&page::paint(QUIET, note));
    }
}

const fn class_words(verdict: ClassVerdict) -> &'static str {
    match verdict {
        ClassVerdict::Conforms => "conforms",
        ClassVerdict::ConformsExceptKnown => "conforms except known failures",
        ClassVerdict::DoesNotConform => "does not conform",
        ClassVerdict::NotRun => "not run",
        ClassVerdict::Unproven => "unproven",
    }
}

fn verdict_words(report: &Report) -> (anstyle::Style, String) {
    match report.verdict {
        Conclusion::Conforms if report.exit_code != 0 => {
            (BAD, "CONFORMS, BUT A LIST IS OUT OF DATE".to_owned())
        }
        Conclusion::Conforms => (GOOD, "CONFORMS".to_owned()),
        Conclusion::ConformsExceptKnown => {
            let style = if report.exit_code == 0 { STRONG } else { BAD };
            (style, format!("CONFORMS EXCEPT {} KNOWN", report.known))
        }
        Conclusion::DoesNotConform => (BAD, "DOES NOT CONFORM".to_owned()),
        Conclusion::Unproven => (OPEN, "UNPROVEN".to_owned()),
    }
}
