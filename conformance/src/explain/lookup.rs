//! Finds what a topic names.

use super::{check, topic};
use crate::everything::Everything;
use crate::suite::{self, CheckSet as _};

/// Why there is nothing to explain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// The topic names nothing.
    #[error("{topic:?} is no check, requirement, decision, state, exit status, outcome or class{}", near(.similar))]
    Unknown {
        /// As given.
        topic: String,
        /// Ids that look like it.
        similar: Vec<String>,
    },
    /// A check that no longer exists.
    #[error("the check {id} was retired: {why}")]
    Retired {
        /// The check.
        id: String,
        /// Why.
        why: String,
    },
}

fn near(similar: &[String]) -> String {
    if similar.is_empty() {
        String::new()
    } else {
        format!("; near: {}", similar.join(", "))
    }
}

/// Explains a check or requirement id, a decision number, a state of the lifecycle, an exit status
/// (`3` or `exit-code:3`; `exit-code` for all), an outcome or a class.
///
/// # Errors
/// When the topic names nothing.
pub fn explain(everything: &Everything, topic: &str) -> Result<String, ExplainError> {
    let cards = everything.cards();
    let id = everything.resolve_id(topic);
    if let Some(card) = cards.iter().find(|card| Some(card.id) == id) {
        return Ok(check::of_check(everything.kit_of(card.id).kind(), card));
    }
    if let Some(why) = everything.retired(topic) {
        return Err(ExplainError::Retired {
            id: topic.to_owned(),
            why: why.to_owned(),
        });
    }
    if let Some(requirement) = suite::requirement(topic) {
        return Ok(check::of_requirement(everything, requirement));
    }
    topic::explain(everything, topic).ok_or_else(|| ExplainError::Unknown {
        topic: topic.to_owned(),
        similar: similar(everything, topic),
    })
}

/// Ids that begin like the topic, or hold it.
fn similar(everything: &Everything, topic: &str) -> Vec<String> {
    let word = topic.to_ascii_lowercase();
    let slug = word.rsplit('/').next().unwrap_or(&word);
    everything
        .cards()
        .iter()
        .map(|card| card.id.to_owned())
        .filter(|id| {
            let id = id.to_ascii_lowercase();
            id.starts_with(&word) || (slug.len() > 3 && id.contains(slug))
        })
        .take(5)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::verdict::Outcome;
    use cabincrew_protocol::workflow::State;

    #[test]
    fn every_topic_of_a_report_is_explained() {
        let kit = Everything::embedded().unwrap();
        let mut topics: Vec<String> = kit.cards().iter().map(|card| card.id.to_owned()).collect();
        topics.extend(
            kit.cards()
                .iter()
                .flat_map(|card| card.requirements.clone())
                .map(str::to_owned),
        );
        topics.extend(State::ALL.iter().map(|state| state.as_str().to_owned()));
        topics.extend(Exit::ALL.iter().map(|exit| exit.code().to_string()));
        topics.extend(
            Outcome::ALL
                .iter()
                .map(|outcome| outcome.as_str().to_owned()),
        );
        topics.extend(
            [
                "draft",
                "profile",
                "hardening",
                "exit-code",
                "exit-code:3",
                "C-12",
            ]
            .map(str::to_owned),
        );
        for topic in topics {
            let text = explain(&kit, &topic).expect("it has an explanation");
            assert!(text.lines().count() >= 2, "{topic}: {text}");
            assert!(text.is_ascii() || text.chars().all(|c| c == '\n' || !c.is_control()));
        }
    }

    #[test]
    fn a_check_is_explained_with_its_proof() {
        let kit = Everything::embedded().unwrap();
        let text = explain(&kit, "CC-ENG-018/workspace-untouched").unwrap();
        for part in [
            "requirement",
            "how it is checked",
            "a violation",
            "usual causes",
            "seen failing",
            "sources",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_decision_is_explained_with_its_question_and_its_answer() {
        let kit = Everything::embedded().unwrap();
        let text = explain(&kit, "c-49").unwrap();
        for part in ["question", "decided", "exit 0", "CC-ENG-006", "check "] {
            assert!(text.contains(part), "{part}: {text}");
        }
        for decision in cabincrew_protocol::profile::decisions() {
            assert!(explain(&kit, &decision.id).unwrap().lines().count() >= 3);
        }
        assert!(explain(&kit, "C-999").is_err());
    }

    #[test]
    fn a_typo_gets_similar_names() {
        let kit = Everything::embedded().unwrap();
        let error = explain(&kit, "CC-ENG-18/workspace-untouched")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("near: CC-ENG-018/workspace-untouched"),
            "{error}"
        );
        assert!(explain(&kit, "nonsense").is_err());
    }
}
