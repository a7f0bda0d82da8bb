//! A report as one HTML page that needs nothing else: no network, no other file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cabincrew_protocol::requirement::Catalogue;
use serde::Serialize;

use super::article;
use super::assemble::weight;
use super::lifecycle::Lifecycle;
use super::model::{CheckResult, Report};
use super::plain::{self, html};
use crate::drill::Class;
use crate::verdict::Outcome;

const HEAD: &str = include_str!("page.head.html");
const SCRIPT: &str = include_str!("page.script.html");

/// The page. What speaks against the subject comes first and in full; every check and every requirement
/// has a row. Without scripts everything is shown.
pub fn render(report: &Report) -> String {
    let mut page = HEAD.replace("TITLE", &html(&title(report)));
    if !report.courses.is_empty() {
        page.push_str(&Lifecycle::new().symbols());
    }
    summary(&mut page, report);
    filter(&mut page);
    article::all(&mut page, report);
    requirements(&mut page, report);
    checks(&mut page, report);
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
    slug(value).replace('-', " ")
}

/// The wire's word for something.
fn slug(value: &impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn summary(page: &mut String, report: &Report) {
    let command = html(&plain::safe(&report.subject.command.join(" ")));
    let _ = writeln!(
        page,
        "<header>\n<h1><code>{command}</code> <span class=\"{}\">{}</span></h1>\n<ul class=\"tiles\">",
        slug(&report.verdict),
        word(&report.verdict)
    );
    for (class, verdict) in &report.classes {
        let _ = writeln!(
            page,
            "<li><small>{}</small><b class=\"{}\">{}</b></li>",
            html(class),
            slug(verdict),
            word(verdict)
        );
    }
    for outcome in Outcome::ALL {
        let count = report.totals.get(outcome.as_str());
        let name = outcome.as_str();
        let _ = writeln!(
            page,
            "<li><small>{}</small><b class=\"{}\">{}</b></li>",
            name.replace('-', " "),
            if count.is_some_and(|count| *count > 0) {
                name
            } else {
                "not-run"
            },
            count.copied().unwrap_or_default()
        );
    }
    page.push_str("</ul>\n");
    let remarks = report
        .aborted
        .iter()
        .chain(&report.known_problems)
        .chain(&report.golden_differences);
    for remark in remarks {
        let _ = writeln!(page, "<p class=\"fail\">{}</p>", html(&plain::safe(remark)));
    }
    facts(page, report);
    page.push_str(
        "<nav aria-label=\"Parts of the page\"><ul><li><a href=\"#red\">What speaks against it</a></li>\
         <li><a href=\"#requirements\">Requirements</a></li><li><a href=\"#checks\">All checks</a></li></ul></nav>\n\
         </header>\n",
    );
}

/// What was judged, with what, and where.
fn facts(page: &mut String, report: &Report) {
    page.push_str("<dl class=\"small\">\n");
    let mut field = |label: &str, text: &str| {
        let text = html(&plain::safe(text));
        let _ = writeln!(page, "<dt>{label}</dt><dd>{text}</dd>");
    };
    let subject = &report.subject;
    let digest = subject.sha256.as_deref().unwrap_or("not known");
    field("judged", &format!("{}, sha256 {digest}", subject.kind));
    if let Some(id) = &subject.engine_id {
        field("engine_id", id);
    }
    let suite = &report.suite;
    field(
        "by",
        &format!(
            "{}, suite {}, {}",
            suite.tool, suite.digest, suite.spec_revision
        ),
    );
    let classes: Vec<&str> = report
        .selection
        .classes
        .iter()
        .map(|class| class.as_str())
        .collect();
    let mut selected = format!("classes {}", classes.join(", "));
    if !report.selection.filter.is_empty() {
        let _ = write!(selected, "; filter {}", report.selection.filter.join("; "));
    }
    field("selected", &selected);
    let scenarios: Vec<&str> = report
        .scenarios
        .iter()
        .map(|run| run.name.as_str())
        .collect();
    field("in", &scenarios.join(", "));
    let machine: Vec<String> = report
        .capabilities
        .iter()
        .map(|(word, there)| {
            let not = if *there { "" } else { "no " };
            format!("{not}{}", word.replace('_', " "))
        })
        .collect();
    field("machine", &machine.join(", "));
    field(
        "run",
        &format!(
            "{} launches in {}, seed {}, exit status {}",
            report.launches,
            plain::duration(report.duration_ms),
            report.seed,
            report.exit_code
        ),
    );
    page.push_str("</dl>\n");
}

/// The form that narrows the page; it is shown by the script, which it needs.
fn filter(page: &mut String) {
    page.push_str(
        "<form hidden>\n<label>With these words <input type=\"search\"></label>\n\
         <label>Outcome <select name=\"outcome\"><option value=\"\">any</option>",
    );
    for outcome in Outcome::ALL {
        let _ = write!(page, "<option>{}</option>", outcome.as_str());
    }
    page.push_str(
        "</select></label>\n<label>Class <select name=\"class\"><option value=\"\">any</option>",
    );
    for class in [Class::Draft, Class::Profile, Class::Hardening] {
        let _ = write!(page, "<option>{}</option>", class.as_str());
    }
    page.push_str(
        "</select></label>\n<label>Level <select name=\"level\"><option value=\"\">any</option>",
    );
    for level in ["MUST", "SHOULD", "MAY"] {
        let _ = write!(page, "<option>{level}</option>");
    }
    page.push_str(
        "</select></label>\n<button type=\"reset\">Show all</button>\n<output></output>\n</form>\n",
    );
}

/// A row for each requirement that a check of the report verifies: the worst of its outcomes.
fn requirements(page: &mut String, report: &Report) {
    let mut of_requirement: BTreeMap<&str, Vec<&CheckResult>> = BTreeMap::new();
    for check in &report.checks {
        for id in &check.requirements {
            of_requirement.entry(id).or_default().push(check);
        }
    }
    page.push_str(
        "<section aria-labelledby=\"requirements\">\n<h2 id=\"requirements\">Requirements</h2>\n<table>\n\
         <caption>Each requirement with the worst outcome of its checks</caption>\n<thead><tr>\
         <th scope=\"col\">Requirement</th><th scope=\"col\">Level</th><th scope=\"col\">Outcome</th>\
         <th scope=\"col\">Checks</th><th scope=\"col\">What it demands</th></tr></thead>\n<tbody>\n",
    );
    for (id, checks) in of_requirement {
        let requirement = Catalogue::embedded().get(id);
        let worst = checks.iter().map(|check| check.outcome);
        let worst = worst.max_by_key(|outcome| weight(*outcome));
        let worst = worst.unwrap_or(Outcome::NotRun).as_str();
        let passed = checks.iter().filter(|check| check.outcome == Outcome::Pass);
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td class=\"{worst}\">{worst}</td>\
             <td>{} of {}</td><td>{}</td></tr>",
            html(id),
            requirement.map_or("", |requirement| requirement.level.as_str()),
            passed.count(),
            checks.len(),
            html(requirement.map_or("", |requirement| &requirement.text))
        );
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}

/// A row for each check; those that are told in full are linked.
fn checks(page: &mut String, report: &Report) {
    page.push_str(
        "<section aria-labelledby=\"checks\">\n<h2 id=\"checks\">All checks</h2>\n<table>\n\
         <caption>Each check</caption>\n<thead><tr><th scope=\"col\">Check</th><th scope=\"col\">Outcome</th>\
         <th scope=\"col\">Level</th><th scope=\"col\">Class</th><th scope=\"col\">What holds</th></tr></thead>\n<tbody>\n",
    );
    let told = article::told_in_full(report);
    for check in &report.checks {
        let (id, name) = (html(&check.id), check.outcome.as_str());
        let id = if told.contains(check.id.as_str()) {
            format!("<a href=\"#{id}\"><code>{id}</code></a>")
        } else {
            format!("<code>{id}</code>")
        };
        let observed = check.findings.first().map(|finding| &finding.observed);
        let more = check.reason.as_ref().or(observed);
        let more = more.map_or_else(String::new, |more| {
            let short: String = plain::safe(more).chars().take(160).collect();
            format!("<br><small>{}</small>", html(&short))
        });
        let (level, class) = (html(&check.level), check.class.as_str());
        let _ = writeln!(
            page,
            "<tr data-outcome=\"{name}\" data-class=\"{class}\" data-level=\"{level}\"><th scope=\"row\">{id}</th>\
             <td class=\"{name}\">{name}</td><td>{level}</td><td>{class}</td><td>{}{more}</td></tr>",
            html(&check.title)
        );
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}
