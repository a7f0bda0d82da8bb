//! The report for a terminal: failures first and complete, a clean pass in a few lines.

use super::failure;
use super::model::{CheckResult, ClassVerdict, Conclusion, Report};
use super::page::{self, BAD, GOOD, OPEN, Page, QUIET, STRONG};
use super::plain;
use super::view::View;
use crate::verdict::Outcome;

/// The report as text with colours. Nothing of the subject's reaches the text unescaped.
pub fn render(report: &Report, view: &View) -> String {
    let mut page = Page::default();
    head(&mut page, report);
    failure::failures(&mut page, report, view);
    failure::unproven(&mut page, report, view);
    others(&mut page, report, view);
    lists(&mut page, report);
    summary(&mut page, report);
    page.finish()
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
    let scenarios = join_or(&names, "none");
    page.items(&subject);
    page.items(&[format!("scenario {scenarios}"), capability_line(report)]);
}

/// What the machine let the harness do, and what it did not.
fn capability_line(report: &Report) -> String {
    let names = |wanted: bool| -> Vec<String> {
        report
            .capabilities
            .iter()
            .filter(|(_, there)| **there == wanted)
            .map(|(name, _)| name.replace('_', " "))
            .collect()
    };
    let there = join_or(&names(true), "nothing to watch with");
    if names(false).is_empty() {
        format!("machine has {there}")
    } else {
        format!("machine has {there}; lacks {}", names(false).join(", "))
    }
}

fn join_or(words: &[impl AsRef<str>], otherwise: &str) -> String {
    if words.is_empty() {
        otherwise.to_owned()
    } else {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        words.join(", ")
    }
}

fn short_digest(digest: &str) -> String {
    digest.chars().take(12).collect()
}

/// The results with one outcome.
pub(super) fn with_outcome(report: &Report, outcome: Outcome) -> Vec<&CheckResult> {
    report
        .checks
        .iter()
        .filter(|check| check.outcome == outcome)
        .collect()
}

/// What is neither passed, failed nor unproven: named, never hidden.
fn others(page: &mut Page, report: &Report, view: &View) {
    let known = with_outcome(report, Outcome::Known);
    let idle = with_outcome(report, Outcome::NotApplicable);
    let left_out = with_outcome(report, Outcome::NotRun);
    let above = !with_outcome(report, Outcome::Fail).is_empty()
        || !with_outcome(report, Outcome::Unproven).is_empty();
    let shows_left_out = view.verbose && !left_out.is_empty();
    if !known.is_empty() || shows_left_out || (above && !idle.is_empty()) {
        page.gap();
    }
    for check in known {
        page.headline(OPEN, "KNOWN", &format!("{}   {}", check.id, reason(check)));
    }
    failure::for_one_reason(page, view, (QUIET, "N/A"), &idle);
    if view.verbose {
        failure::for_one_reason(page, view, (QUIET, "NOT RUN"), &left_out);
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
