//! Findings for people, in the form of a compiler's.

use std::fmt::Write as _;

use super::Outcome;
use crate::draft::finding::Finding;
use crate::draft::rule::{self, Weight};
use crate::report::page::{BAD, OPEN, Page, QUIET, STRONG, paint};
use crate::report::plain;

/// The findings, by place, and how many there are.
pub fn render(outcome: &Outcome) -> String {
    let mut page = Page::default();
    for finding in &outcome.compared.new {
        one(&mut page, outcome, finding);
    }
    for known in &outcome.compared.gone {
        page.line(&format!(
            "{}: dealt with, take it off the list: {} {}: {}",
            paint(OPEN, "stale"),
            known.code,
            plain::safe(&known.file),
            plain::safe(&known.message)
        ));
        page.gap();
    }
    page.line(&summary(outcome));
    page.finish()
}

fn one(page: &mut Page, outcome: &Outcome, finding: &Finding) {
    let Some(rule) = rule::find(finding.code) else {
        return;
    };
    let style = match rule.weight {
        Weight::Error => BAD,
        Weight::Warning => OPEN,
        Weight::Note => STRONG,
    };
    let head = paint(style, &format!("{}[{}]", rule.weight.as_str(), rule.code));
    page.line(&format!("{head}: {}", plain::safe(&finding.message)));
    let arrow = paint(QUIET, "-->");
    let path = plain::safe(&outcome.path(&finding.place));
    page.line(&format!("  {arrow} {path}:{}", finding.place.line));
    if let Some((place, says)) = &finding.other {
        let path = plain::safe(&outcome.path(place));
        let dots = paint(QUIET, ":::");
        page.line(&format!(
            "  {dots} {path}:{}  {}",
            place.line,
            plain::safe(says)
        ));
    }
    page.gap();
}

fn summary(outcome: &Outcome) -> String {
    let count = |weight: Weight| {
        let new = outcome.compared.new.iter();
        new.filter(|finding| rule::find(finding.code).is_some_and(|rule| rule.weight == weight))
            .count()
    };
    let [chapters, schemas] = outcome.read;
    let mut text = format!(
        "{}, {}, {} in {} and {}",
        plain::many(count(Weight::Error), "error"),
        plain::many(count(Weight::Warning), "warning"),
        plain::many(count(Weight::Note), "note"),
        plain::many(chapters, "chapter"),
        plain::many(schemas, "schema file")
    );
    if outcome.compared.known > 0 {
        let _ = write!(text, "; {} known", outcome.compared.known);
    }
    if !outcome.compared.new.is_empty() {
        text.push_str("\n`cabincrew-conform spec explain CODE` says what a rule is for");
    }
    text
}
