//! A report as Markdown, for the summary of a CI job, and as the data of a badge.

use std::fmt::Write as _;

use serde_json::json;

use super::html::word;
use super::model::{CheckResult, Conclusion, Report};
use super::plain;
use crate::verdict::Outcome;

/// Failures that are shown in full.
const SHOWN_MAX: usize = 50;

/// The report as Markdown: verdicts, counts, and each failure with what repeats it.
pub fn render(report: &Report) -> String {
    let mut text = format!(
        "## {}: {}\n\n",
        cell(&report.subject.command.join(" ")),
        word(&report.verdict)
    );
    let classes: Vec<String> = report
        .classes
        .iter()
        .map(|(class, verdict)| format!("{class} {}", word(verdict)))
        .collect();
    let counts: Vec<String> = Outcome::ALL
        .iter()
        .map(|outcome| {
            let count = report
                .totals
                .get(outcome.as_str())
                .copied()
                .unwrap_or_default();
            format!("{count} {}", outcome.as_str())
        })
        .collect();
    let _ = writeln!(text, "{}: {}.\n", classes.join(", "), counts.join(", "));
    let red: Vec<&CheckResult> = report
        .checks
        .iter()
        .filter(|check| matches!(check.outcome, Outcome::Fail | Outcome::Unproven))
        .collect();
    if !red.is_empty() {
        text.push_str("| check | outcome | expected | observed | rerun |\n|---|---|---|---|---|\n");
    }
    for check in red.iter().take(SHOWN_MAX) {
        let first = check.findings.first();
        let observed = first
            .map(|finding| finding.observed.as_str())
            .or(check.reason.as_deref());
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | `{}` |",
            cell(&check.id),
            check.outcome.as_str(),
            cell(first.map_or(&check.title, |finding| &finding.expected)),
            cell(observed.unwrap_or_default()),
            cell(&check.rerun)
        );
    }
    if red.len() > SHOWN_MAX {
        let _ = writeln!(text, "\n{} more are in the report.", red.len() - SHOWN_MAX);
    }
    for problem in report
        .known_problems
        .iter()
        .chain(&report.golden_differences)
    {
        let _ = writeln!(text, "\n- {}", cell(problem));
    }
    text
}

/// Text from a subject in a cell: no markup, no line end, no end of the cell.
fn cell(text: &str) -> String {
    plain::html(&plain::safe(text))
        .replace('|', "\\|")
        .replace('`', "'")
}

/// The data that badge services make a picture of, ending with a line end.
pub fn badge(report: &Report) -> String {
    let color = match report.verdict {
        Conclusion::Conforms => "brightgreen",
        Conclusion::ConformsExceptKnown => "yellow",
        Conclusion::DoesNotConform => "red",
        Conclusion::Unproven => "lightgrey",
    };
    let badge = json!({
        "schemaVersion": 1,
        "label": format!("CabinCrew {}", report.subject.kind),
        "message": word(&report.verdict),
        "color": color,
    });
    format!("{badge}\n")
}
