//! The table of rules, and running them.

use cabincrew_protocol::requirement::Catalogue;
use serde::Serialize;

use super::finding::Finding;
use super::model::Draft;
use super::rules;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Two places contradict each other, or a document cannot be used.
    Error,
    /// Something is left open that implementations will fill differently.
    Warning,
    /// For the reader's sake.
    Note,
}

impl Weight {
    /// The word in output; SARIF and workflow annotations use the same three.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing that a draft has to keep.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Permanent: `CCS-` and three digits.
    pub code: &'static str,
    /// A name for people.
    pub name: &'static str,
    /// How much a finding matters.
    pub weight: Weight,
    /// What has to hold, in one sentence.
    pub holds: &'static str,
    /// What happens where it does not.
    pub why: &'static str,
    /// What an editor does about a finding.
    pub remedy: &'static str,
    pub(super) check: fn(&Draft, &Catalogue) -> Vec<Finding>,
}

/// All rules, by code.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    rules::TABLES.iter().copied().flatten()
}

/// The rule with that code.
pub fn find(code: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

/// Everything that the rules find, by place.
pub fn check(draft: &Draft, requirements: &Catalogue) -> Vec<Finding> {
    let mut findings: Vec<Finding> = all()
        .flat_map(|rule| {
            let found = (rule.check)(draft, requirements);
            found.into_iter().map(|mut finding| {
                finding.code = rule.code;
                finding
            })
        })
        .collect();
    findings.sort();
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_once() {
        let codes: Vec<&str> = all().map(|rule| rule.code).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
        assert!(codes.len() > 30, "rules were lost");
    }
}
