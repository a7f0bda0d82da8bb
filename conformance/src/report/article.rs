//! The red checks of a report, each as an article of the page: what was demanded, what was seen, and
//! how it came about.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use cabincrew_protocol::requirement::Catalogue;

use super::course::Course;
use super::failure::control_words;
use super::lifecycle::Lifecycle;
use super::model::{CheckResult, DRILLS, Report};
use super::plain::{self, html};
use crate::verdict::Outcome;

/// Failures that are told in full; the others have what was observed in their row.
const FULL_MAX: usize = 1000;

/// The failures that are told in full, by id.
pub(super) fn told_in_full(report: &Report) -> BTreeSet<&str> {
    let failed = failed(report).take(FULL_MAX);
    failed.map(|check| check.id.as_str()).collect()
}

fn failed(report: &Report) -> impl Iterator<Item = &CheckResult> {
    let checks = report.checks.iter();
    checks.filter(|check| matches!(check.outcome, Outcome::Fail | Outcome::Known))
}

/// All of them: failures one by one, what is unproven by its reason.
pub(super) fn all(page: &mut String, report: &Report) {
    page.push_str(
        "<section aria-labelledby=\"red\">\n<h2 id=\"red\">What speaks against it</h2>\n",
    );
    let count = failed(report).count();
    let open = unproven(report);
    if count == 0 && open.is_empty() {
        page.push_str("<p>Nothing of what was run.</p>\n");
    }
    let mut told = Told::new(report);
    for check in failed(report).take(FULL_MAX) {
        failure(page, &mut told, check);
    }
    if count > FULL_MAX {
        let _ = writeln!(
            page,
            "<p>{} more failures are in the table of all checks, with what was observed.</p>",
            count - FULL_MAX
        );
    }
    for (reason, checks) in open {
        not_proven(page, &mut told, reason, &checks);
    }
    page.push_str("</section>\n");
}

/// What is unproven, by its reason: one cause often keeps many checks from being exercised.
fn unproven(report: &Report) -> BTreeMap<&str, Vec<&CheckResult>> {
    let mut found: BTreeMap<&str, Vec<&CheckResult>> = BTreeMap::new();
    for check in &report.checks {
        if check.outcome == Outcome::Unproven {
            let reason = check.reason.as_deref();
            let reason = reason.unwrap_or("it could not be exercised");
            found.entry(reason).or_default().push(check);
        }
    }
    found
}

/// The courses that stand on the page already; each stands there once.
struct Told<'a> {
    courses: &'a BTreeMap<String, Course>,
    numbers: BTreeMap<&'a str, usize>,
    lifecycle: Lifecycle,
}

impl<'a> Told<'a> {
    fn new(report: &'a Report) -> Self {
        Self {
            courses: &report.courses,
            numbers: BTreeMap::new(),
            lifecycle: Lifecycle::new(),
        }
    }

    /// The course that led to a place: in full, or where it stands.
    fn course(&mut self, page: &mut String, place: Option<&str>) {
        let Some((name, course)) = place.and_then(|place| self.courses.get_key_value(place)) else {
            return;
        };
        let name = name.as_str();
        if let Some(number) = self.numbers.get(name) {
            let _ = writeln!(
                page,
                "<p class=\"small\">How it came about: <a href=\"#course-{number}\">as told above</a>.</p>"
            );
            return;
        }
        let number = self.numbers.len() + 1;
        self.numbers.insert(name, number);
        let _ = writeln!(
            page,
            "<div class=\"course\" id=\"course-{number}\">\n<figure>"
        );
        if course.path.is_empty() {
            page.push_str("<figcaption>No state can be read from the audit log.</figcaption>\n");
        } else {
            page.push_str(&self.lifecycle.figure(&course.path));
            let names: Vec<&str> = course.path.iter().map(|state| state.as_str()).collect();
            let _ = writeln!(
                page,
                "<figcaption>What the audit log says: {}</figcaption>",
                names.join(" &gt; ")
            );
        }
        page.push_str("</figure>\n<ol class=\"timeline\">\n");
        for (at, step) in course.steps.iter().enumerate() {
            let here = at + 1 == course.steps.len();
            let class = if here { " class=\"here\"" } else { "" };
            let mark = if here { " (seen here)" } else { "" };
            let step_name = html(&plain::safe(&step.name));
            let _ = writeln!(page, "<li{class}><b>{step_name}</b>{mark}\n<ul>");
            for moment in &step.moments {
                let kind = moment.kind.as_str();
                let _ = writeln!(
                    page,
                    "<li class=\"{kind}\"><span class=\"kind\">{kind}</span> {}</li>",
                    html(&plain::safe(&moment.text))
                );
            }
            page.push_str("</ul></li>\n");
        }
        page.push_str("</ol>\n</div>\n");
    }
}

fn failure(page: &mut String, told: &mut Told<'_>, check: &CheckResult) {
    let name = check.outcome.as_str();
    let (id, class) = (html(&check.id), check.class.as_str());
    let kind = if check.outcome == Outcome::Known {
        " class=\"open\""
    } else {
        ""
    };
    let _ = writeln!(
        page,
        "<article{kind} id=\"{id}\" data-outcome=\"{name}\" data-class=\"{class}\" data-level=\"{}\">\n\
         <h3><span class=\"{name}\">{name}</span> <code>{id}</code></h3>\n<p>{} <span class=\"small\">({}, {class})</span></p>\n<dl>",
        html(&check.level),
        html(&check.title),
        html(&check.level),
    );
    for id in &check.requirements {
        let text = Catalogue::embedded().get(id);
        let text = text.map_or("", |requirement| &requirement.text);
        field(page, "requirement", "", &format!("{id} {text}"));
    }
    if let Some(reason) = &check.reason {
        field(page, "because", "", reason);
    }
    if let Some(first) = check.findings.first() {
        field(page, "expected", "", &first.expected);
        field(page, "observed", "cause", &first.observed);
        field(page, place_word(check), "", &first.launch);
    }
    if let Some(ran) = &check.ran {
        field(page, "ran", "raw", ran);
    }
    for control in &check.control {
        field(page, "control", "", &control_words(control));
    }
    if let Some(evidence) = &check.evidence {
        field(page, "evidence", "raw", &format!("{evidence}/"));
    }
    field(page, "rerun", "raw", &check.rerun);
    field(
        page,
        "more",
        "raw",
        &format!("cabincrew-conform explain {}", check.id),
    );
    page.push_str("</dl>\n");
    further(page, check);
    told.course(page, check.place());
    page.push_str("</article>\n");
}

/// What the place of a finding is called: drills of orchestrators have steps.
fn place_word(check: &CheckResult) -> &'static str {
    if check.scenario.as_deref() == Some(DRILLS) {
        "step"
    } else {
        "launch"
    }
}

/// The findings after the first one, which are most often of its kind.
fn further(page: &mut String, check: &CheckResult) {
    let more = check.findings_total.saturating_sub(1);
    if more == 0 {
        return;
    }
    let _ = writeln!(
        page,
        "<details><summary>{more} more like it</summary>\n<dl>"
    );
    for finding in check.findings.iter().skip(1) {
        field(page, "expected", "", &finding.expected);
        field(page, "observed", "", &finding.observed);
        field(page, place_word(check), "", &finding.launch);
    }
    page.push_str("</dl>\n</details>\n");
}

/// What one reason keeps from being exercised.
fn not_proven(page: &mut String, told: &mut Told<'_>, reason: &str, checks: &[&CheckResult]) {
    let words = |of: fn(&CheckResult) -> &str| {
        let all: BTreeSet<&str> = checks.iter().map(|check| of(check)).collect();
        html(&all.into_iter().collect::<Vec<_>>().join(" "))
    };
    let _ = writeln!(
        page,
        "<article class=\"open\" data-outcome=\"unproven\" data-class=\"{}\" data-level=\"{}\">\n\
         <h3><span class=\"unproven\">unproven</span> {} not be exercised</h3>\n<dl>",
        words(|check| check.class.as_str()),
        words(|check| &check.level),
        match checks.len() {
            1 => "1 check could".to_owned(),
            count => format!("{count} checks could"),
        }
    );
    field(page, "because", "cause", reason);
    for check in checks {
        field(page, "check", "", &format!("{} {}", check.id, check.title));
    }
    if let [check] = checks {
        for control in check.control.iter().filter(|control| !control.held) {
            field(page, "control", "", &control_words(control));
        }
        field(page, "rerun", "raw", &check.rerun);
    }
    page.push_str("</dl>\n");
    told.course(page, checks.first().and_then(|check| check.place()));
    page.push_str("</article>\n");
}

fn field(page: &mut String, label: &str, class: &str, text: &str) {
    let text = html(&plain::safe(text));
    let class = match class {
        "" => String::new(),
        class => format!(" class=\"{class}\""),
    };
    let _ = writeln!(page, "<dt>{label}</dt><dd{class}>{text}</dd>");
}
