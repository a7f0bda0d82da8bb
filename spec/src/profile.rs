//! The profile: what was decided where the draft is silent or contradicts itself, from
//! `decisions.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

/// The text of all decisions.
pub const FILE: &str = include_str!("../decisions.toml");

/// One place where the draft is silent or contradicts itself, and what holds there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// `C-<number>`; never reused.
    pub id: String,
    /// What the draft leaves open, in a few words.
    pub question: String,
    /// What goes wrong without a decision, where that is not plain.
    #[serde(default)]
    pub why: Option<String>,
    /// What holds; valid under the published schema.
    pub answer: String,
    /// Ids of the requirements that it bears on.
    pub requirements: Vec<String>,
}

/// All decisions, in the order of their numbers.
#[must_use]
pub fn decisions() -> &'static [Decision] {
    static EMBEDDED: LazyLock<Vec<Decision>> = LazyLock::new(|| {
        let file: File = toml::from_str(FILE).expect("the embedded file is read by the tests");
        file.decision
    });
    &EMBEDDED
}

/// The decision with that id.
#[must_use]
pub fn decision(id: &str) -> Option<&'static Decision> {
    decisions().iter().find(|decision| decision.id == id)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    decision: Vec<Decision>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement::Catalogue;

    #[test]
    fn decisions_are_numbered_and_name_requirements() {
        for (index, decision) in decisions().iter().enumerate() {
            assert_eq!(decision.id, format!("C-{:02}", index + 1));
            assert!(!decision.question.is_empty() && !decision.answer.is_empty());
            for id in &decision.requirements {
                assert!(
                    Catalogue::embedded().get(id).is_some(),
                    "{}: {id}",
                    decision.id
                );
            }
        }
        assert_eq!(decision("C-49").unwrap().id, "C-49");
        assert_eq!(decision("C-0"), None);
    }
}
