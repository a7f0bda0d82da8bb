//! JUnit XML for CI servers: one suite per class, one case per check.

use std::fmt::Write as _;

use super::model::{CheckResult, Report};
use super::plain;
use crate::drill::Class;
use crate::verdict::Outcome;

/// The report as a JUnit document. Failures and unproven checks are red; known ones, those that do
/// not apply and those not run are skipped, with their reason.
pub fn render(report: &Report) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let name = format!("{} {}", report.suite.tool, report.subject.kind);
    let lists = list_problems(report);
    let (failures, errors, _) = count(report.checks.iter());
    let _ = writeln!(
        text,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{errors}\" time=\"{}\">",
        attribute(&name),
        report.checks.len() + lists.len(),
        failures + lists.len(),
        seconds(report.duration_ms)
    );
    for class in [Class::Draft, Class::Profile, Class::Hardening] {
        suite(&mut text, report, class);
    }
    if !lists.is_empty() {
        list_suite(&mut text, &lists);
    }
    text.push_str("</testsuites>\n");
    text
}

fn suite(text: &mut String, report: &Report, class: Class) {
    let checks = || report.checks.iter().filter(|check| check.class == class);
    let (failures, errors, skipped) = count(checks());
    let duration: u64 = checks().map(|check| check.duration_ms).sum();
    let _ = writeln!(
        text,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{}\">",
        class.as_str(),
        checks().count(),
        seconds(duration)
    );
    for check in checks() {
        case(text, check);
    }
    text.push_str("  </testsuite>\n");
}

fn case(text: &mut String, check: &CheckResult) {
    let area = check.id.split('/').next().unwrap_or(&check.id);
    let _ = write!(
        text,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
        attribute(area),
        attribute(&check.id),
        seconds(check.duration_ms)
    );
    let reason = check.reason.as_deref().unwrap_or_default();
    let body = match check.outcome {
        Outcome::Pass => {
            text.push_str("/>\n");
            return;
        }
        Outcome::Fail => {
            let observed = check
                .findings
                .first()
                .map_or(reason, |f| f.observed.as_str());
            let message = format!("{}: {observed}", check.title);
            element("failure", &message, &details(check))
        }
        Outcome::Unproven => element("error", &format!("unproven: {reason}"), &details(check)),
        Outcome::Known | Outcome::NotApplicable | Outcome::NotRun => {
            let message = format!("{}: {reason}", check.outcome.as_str());
            format!("<skipped message=\"{}\"/>", attribute(&message))
        }
    };
    let _ = writeln!(text, ">\n      {body}\n    </testcase>");
}

fn element(name: &str, message: &str, details: &str) -> String {
    format!(
        "<{name} message=\"{}\">{}</{name}>",
        attribute(message),
        content(details)
    )
}

fn details(check: &CheckResult) -> String {
    let mut lines = vec![format!(
        "{}   {}   {}",
        check.id,
        check.level,
        check.class.as_str()
    )];
    lines.extend(check.ran.iter().map(|ran| format!("ran       {ran}")));
    for finding in &check.findings {
        lines.push(format!("launch    {}", plain::safe(&finding.launch)));
        lines.push(format!("expected  {}", plain::safe(&finding.expected)));
        lines.push(format!("observed  {}", plain::safe(&finding.observed)));
    }
    for control in &check.control {
        let held = if control.held { "held" } else { "did not hold" };
        lines.push(format!("control   {} {held}", control.name));
    }
    lines.extend(
        check
            .evidence
            .iter()
            .map(|folder| format!("evidence  {folder}")),
    );
    lines.push(format!("rerun     {}", check.rerun));
    lines.push(format!("more      cabincrew-conform explain {}", check.id));
    lines.join("\n")
}

/// What is red and belongs to no check.
fn list_problems(report: &Report) -> Vec<(&'static str, &str)> {
    let known = report
        .known_problems
        .iter()
        .map(|text| ("known failures", text.as_str()));
    let golden = report
        .golden_differences
        .iter()
        .map(|text| ("golden folder", text.as_str()));
    let early = report
        .aborted
        .iter()
        .map(|text| ("run ended early", text.as_str()));
    known.chain(golden).chain(early).collect()
}

fn list_suite(text: &mut String, problems: &[(&str, &str)]) {
    let count = problems.len();
    let _ = writeln!(
        text,
        "  <testsuite name=\"lists\" tests=\"{count}\" failures=\"{count}\" errors=\"0\" skipped=\"0\" time=\"0.000\">"
    );
    for (index, (name, problem)) in problems.iter().enumerate() {
        let first = problem.lines().next().unwrap_or_default();
        let _ = writeln!(
            text,
            "    <testcase classname=\"lists\" name=\"{name} {}\" time=\"0.000\">\n      {}\n    </testcase>",
            index + 1,
            element("failure", first, problem)
        );
    }
    text.push_str("  </testsuite>\n");
}

/// Failures, errors and skipped ones.
fn count<'a>(checks: impl Iterator<Item = &'a CheckResult>) -> (usize, usize, usize) {
    checks.fold(
        (0, 0, 0),
        |(failures, errors, skipped), check| match check.outcome {
            Outcome::Pass => (failures, errors, skipped),
            Outcome::Fail => (failures + 1, errors, skipped),
            Outcome::Unproven => (failures, errors + 1, skipped),
            Outcome::Known | Outcome::NotApplicable | Outcome::NotRun => {
                (failures, errors, skipped + 1)
            }
        },
    )
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn attribute(text: &str) -> String {
    escape(&plain::safe(text))
}

fn content(text: &str) -> String {
    escape(&plain::safe_lines(text))
}

/// The five characters that mean something in XML; those that it cannot hold are escaped before.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}
