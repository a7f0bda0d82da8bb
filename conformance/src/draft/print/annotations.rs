//! Findings as workflow commands, which GitHub shows as annotations of the changed lines.

use std::fmt::Write as _;

use super::Outcome;
use crate::draft::rule::{self, Weight};
use crate::report::plain;

/// One line for each finding.
pub fn render(outcome: &Outcome) -> String {
    let mut text = String::new();
    for finding in &outcome.compared.new {
        let Some(rule) = rule::find(finding.code) else {
            continue;
        };
        let command = match rule.weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
            Weight::Note => "notice",
        };
        let mut message = plain::safe(&finding.message);
        if let Some((place, says)) = &finding.other {
            let path = plain::safe(&outcome.path(place));
            let _ = write!(message, " ({path}:{}: {})", place.line, plain::safe(says));
        }
        let _ = writeln!(
            text,
            "::{command} file={},line={},title={} {}::{}",
            property(&plain::safe(&outcome.path(&finding.place))),
            finding.place.line,
            rule.code,
            rule.name,
            data(&message)
        );
    }
    text
}

/// Escapes what would end a command's message.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\n', "%0A")
        .replace('\r', "%0D")
}

/// Escapes what would end a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
