//! What a rule is for.

use std::fmt::Write as _;

use crate::draft::rule::{self, Rule};
use crate::report::page::{Page, STRONG};

/// The explanation of one rule.
pub fn one(rule: &Rule) -> String {
    let mut page = Page::default();
    page.headline(
        STRONG,
        rule.code,
        &format!("{} ({})", rule.name, rule.weight.as_str()),
    );
    page.gap();
    page.field("holds", rule.holds);
    page.field("otherwise", rule.why);
    page.field("remedy", rule.remedy);
    page.finish()
}

/// All rules, one line each.
pub fn all() -> String {
    let mut page = Page::default();
    for rule in rule::all() {
        page.headline(STRONG, rule.code, rule.holds);
    }
    page.finish()
}

/// All rules as a Markdown table.
pub fn markdown() -> String {
    let mut text = String::from("| code | name | weight | what holds |\n|---|---|---|---|\n");
    for rule in rule::all() {
        let weight = rule.weight.as_str();
        let _ = writeln!(
            text,
            "| {} | {} | {weight} | {} |",
            rule.code, rule.name, rule.holds
        );
    }
    text
}
