//! A report as one HTML page that needs nothing else: no network, no other file.

use std::fmt::Write as _;

use serde::Serialize;

use super::model::{CheckResult, Report};
use super::plain::{self, html};
use crate::verdict::Outcome;

const HEAD: &str = include_str!("page.head.html");
const SCRIPT: &str = include_str!("page.script.html");

/// The page. Failures come first and in full; every check has a row that can be searched and
/// filtered. Without scripts everything is shown.
pub fn render(report: &Report) -> String {
    let mut page = HEAD.replace("TITLE", &html(&title(report)));
    summary(&mut page, report);
    let red: Vec<&CheckResult> = report
        .checks
        .iter()
        .filter(|check| matches!(check.outcome, Outcome::Fail | Outcome::Unproven))
        .collect();
    if !red.is_empty() {
        page.push_str(
            "<section aria-labelledby=\"red\">\n<h2 id=\"red\">What speaks against it</h2>\n",
        );
        for check in red {
            failure(&mut page, check);
        }
        page.push_str("</section>\n");
    }
    matrix(&mut page, report);
    page.push_str("</main>\n");
    page.push_str(SCRIPT);
    page.push_str("</body>\n</html>\n");
    page
}

fn title(report: &Report) -> String {
    let command = report.subject.command.join(" ");
    format!("{}: {}", plain::safe(&command), word(&report.verdict))
}

/// The wire's word for something, with blanks.
pub(super) fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(|text| text.replace('-', " ")))
        .unwrap_or_default()
}

fn summary(page: &mut String, report: &Report) {
    let _ = writeln!(
        page,
        "<h1>{}</h1>\n<p>{} judged by {}, suite <code>{}</code>, {}. {} launches in {} ms, exit status {}.</p>",
        html(&title(report)),
        html(&report.subject.kind),
        html(&report.suite.tool),
        html(&plain::safe(
            report
                .suite
                .digest
                .get(..12)
                .unwrap_or(&report.suite.digest)
        )),
        html(&report.suite.spec_revision),
        report.launches,
        report.duration_ms,
        report.exit_code
    );
    page.push_str("<table>\n<caption>Verdict for each class</caption>\n<tbody>\n");
    for (class, verdict) in &report.classes {
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            html(class),
            word(verdict)
        );
    }
    page.push_str("</tbody>\n</table>\n<table>\n<caption>Checks by outcome</caption>\n<tbody>\n");
    for outcome in Outcome::ALL {
        let count = report
            .totals
            .get(outcome.as_str())
            .copied()
            .unwrap_or_default();
        let name = outcome.as_str();
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{name}</th><td>{count}</td></tr>"
        );
    }
    page.push_str("</tbody>\n</table>\n");
    let remarks = report
        .known_problems
        .iter()
        .chain(&report.golden_differences)
        .chain(&report.aborted);
    for remark in remarks {
        let _ = writeln!(page, "<p class=\"fail\">{}</p>", html(&plain::safe(remark)));
    }
}

fn failure(page: &mut String, check: &CheckResult) {
    let name = check.outcome.as_str();
    let _ = writeln!(
        page,
        "<article>\n<h3><span class=\"{name}\">{name}</span> <code>{}</code></h3>\n<p>{} ({}, {})</p>\n<dl>",
        html(&check.id),
        html(&check.title),
        html(&check.level),
        check.class.as_str()
    );
    let mut field = |label: &str, text: &str| {
        let _ = writeln!(
            page,
            "<dt>{label}</dt><dd>{}</dd>",
            html(&plain::safe(text))
        );
    };
    field("requirements", &check.requirements.join(", "));
    if let Some(reason) = &check.reason {
        field("reason", reason);
    }
    if let Some(ran) = &check.ran {
        field("ran", ran);
    }
    for finding in &check.findings {
        field("launch", &finding.launch);
        field("expected", &finding.expected);
        field("observed", &finding.observed);
    }
    for control in &check.control {
        let held = if control.held { "held" } else { "did not hold" };
        let why = control.why.as_deref().unwrap_or_default();
        field(
            "control",
            format!("{} {held} {why}", control.name).trim_end(),
        );
    }
    if let Some(evidence) = &check.evidence {
        field("evidence", evidence);
    }
    field("rerun", &check.rerun);
    page.push_str("</dl>\n</article>\n");
}

fn matrix(page: &mut String, report: &Report) {
    page.push_str(
        "<h2>All checks</h2>\n<form>\n<label>With these words <input type=\"search\"></label>\n\
         <label>Outcome <select><option value=\"\">any</option>",
    );
    for outcome in Outcome::ALL {
        let _ = write!(page, "<option>{}</option>", outcome.as_str());
    }
    page.push_str(
        "</select></label>\n</form>\n<p><output></output></p>\n<table id=\"checks\">\n<caption>Each check</caption>\n\
         <thead><tr><th scope=\"col\">Check</th><th scope=\"col\">Outcome</th><th scope=\"col\">Level</th>\
         <th scope=\"col\">Class</th><th scope=\"col\">What holds</th></tr></thead>\n<tbody>\n",
    );
    for check in &report.checks {
        let name = check.outcome.as_str();
        let reason = check.reason.as_deref().map_or_else(String::new, |reason| {
            format!("<br><small>{}</small>", html(&plain::safe(reason)))
        });
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\"><code>{}</code></th><td class=\"{name}\">{name}</td><td>{}</td><td>{}</td><td>{}{reason}</td></tr>",
            html(&check.id),
            html(&check.level),
            check.class.as_str(),
            html(&check.title)
        );
    }
    page.push_str("</tbody>\n</table>\n");
}
