//! Explanations of states, exit statuses, outcomes, classes and decisions.

use cabincrew_protocol::profile;
use cabincrew_protocol::workflow::{State, TABLE};

use crate::drill::Class;
use crate::exit::Exit;
use crate::report::failure::decisions;
use crate::report::page::{Page, STRONG};
use crate::suite::{CheckSet, requirement};
use crate::verdict::Outcome;

/// The explanation of a word, if it is one of ours.
pub(super) fn explain(checks: &dyn CheckSet, topic: &str) -> Option<String> {
    let status = topic.strip_prefix("exit-code:").unwrap_or(topic);
    if matches!(topic, "exit-code" | "exit-codes") {
        return Some(exits(&Exit::ALL));
    }
    if let Some(exit) = Exit::ALL
        .iter()
        .find(|exit| exit.code().to_string() == status)
    {
        return Some(exits(&[*exit]));
    }
    let state = State::ALL
        .iter()
        .find(|state| state.as_str().eq_ignore_ascii_case(topic));
    if let Some(state) = state {
        return Some(of_state(*state));
    }
    if let Some(outcome) = Outcome::ALL
        .iter()
        .find(|outcome| outcome.as_str() == topic)
    {
        return Some(of_outcome(*outcome));
    }
    let classes = [Class::Draft, Class::Profile, Class::Hardening];
    if let Some(class) = classes.into_iter().find(|class| class.as_str() == topic) {
        return Some(of_class(checks, class));
    }
    of_decision(checks, topic)
}

fn exits(all: &[Exit]) -> String {
    let mut page = Page::default();
    for exit in all {
        page.headline(STRONG, &format!("exit status {}", exit.code()), "");
        page.paragraph(2, exit.meaning());
        page.paragraph(2, &format!("What to do: {}", exit.advice()));
    }
    page.finish()
}

fn of_state(state: State) -> String {
    let mut page = Page::default();
    let kind = match (state.is_final(), state.is_marker()) {
        (true, _) => "a final state of a workflow",
        (false, true) => "an optional marker: a report may leave it out (C-24)",
        (false, false) => "a state of a workflow",
    };
    page.headline(STRONG, state.as_str(), kind);
    for row in TABLE.iter().filter(|row| row.to == state) {
        let text = format!(
            "{} on {} ({})",
            row.from,
            row.event,
            row.requirements.join(", ")
        );
        page.field("from", &text);
    }
    for row in TABLE.iter().filter(|row| row.from == state) {
        let text = format!(
            "{} on {} ({})",
            row.to,
            row.event,
            row.requirements.join(", ")
        );
        page.field("to", &text);
    }
    page.finish()
}

fn of_outcome(outcome: Outcome) -> String {
    let meaning = match outcome {
        Outcome::Pass => {
            "The check was exercised, its controls held, and nothing speaks against the subject."
        }
        Outcome::Fail => {
            "The subject breaks the rule. The report says what was expected and what was seen, and repro.sh shows it without the kit."
        }
        Outcome::Unproven => {
            "The check could not be exercised, or its control did not hold, so silence proves nothing. It is red: give the engine a scenario it can plan in, or a machine that lets the harness look."
        }
        Outcome::Known => {
            "The check fails, and the subject's list of known failures describes just this failure. The verdict then reads \"conforms except known failures\"."
        }
        Outcome::NotApplicable => {
            "There is nothing to apply the check to, for the reason given. It counts neither for nor against the subject."
        }
        Outcome::NotRun => {
            "The check was left out by the classes or the filter. A run in which nothing was run proves nothing."
        }
    };
    let mut page = Page::default();
    page.headline(STRONG, outcome.as_str(), "an outcome of a check");
    page.paragraph(2, meaning);
    page.finish()
}

fn of_class(checks: &dyn CheckSet, class: Class) -> String {
    let mut page = Page::default();
    let count = checks
        .cards()
        .iter()
        .filter(|card| card.class == class)
        .count();
    page.headline(
        STRONG,
        class.as_str(),
        &format!("a class of checks; {count} in this kit"),
    );
    page.paragraph(2, class.meaning());
    page.finish()
}

/// A decision: the question, the answer, and what in the kit rests on it.
fn of_decision(checks: &dyn CheckSet, topic: &str) -> Option<String> {
    let topic = topic.to_ascii_uppercase();
    let decision = profile::decision(&topic)?;
    let mut page = Page::default();
    page.headline(
        STRONG,
        &topic,
        "a decision of the profile where the draft is silent or contradicts itself",
    );
    page.field("question", &decision.question);
    if let Some(why) = &decision.why {
        page.field("why", why);
    }
    page.field("decided", &decision.answer);
    for id in &decision.requirements {
        if let Some(requirement) = requirement(id) {
            page.field("bears on", &format!("{id} {}", requirement.text));
        }
    }
    let mut cards = checks.cards();
    cards.retain(|card| {
        let mut texts = std::iter::once(card.title).chain(card.causes.iter().map(String::as_str));
        texts.any(|text| decisions(text).contains(&topic.as_str()))
            || decision
                .requirements
                .iter()
                .any(|id| card.requirements.contains(&id.as_str()))
    });
    for card in cards {
        page.field("check", &format!("{} {}", card.id, card.title));
    }
    Some(page.finish())
}
