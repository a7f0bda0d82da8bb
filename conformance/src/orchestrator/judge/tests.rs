//! Every rule is silent on a conforming observation, and speaks when it is broken.

use serde_json::json;

use super::broken::{DOCUMENTS, exports, state};
use super::broken_deeds::DEEDS;
use super::look::Told;
use super::rules;
use super::sample::sample;
use super::view::Views;
use crate::observe::Bytes;
use crate::orchestrator::observe::{ActSeen, Observation};
use crate::orchestrator::rule::Rule;

/// Applies a rule to every step.
fn told(rule: Rule, seen: &Observation) -> Vec<Told> {
    let views = Views::new(seen);
    let steps = views.steps.iter();
    steps.map(|view| rules::apply(rule, view, &views)).collect()
}

fn speaks(rule: Rule, seen: &Observation) -> bool {
    told(rule, seen)
        .into_iter()
        .flatten()
        .any(|problems| !problems.is_empty())
}

#[test]
fn every_rule_is_silent_on_what_conforms_and_has_something_to_look_at() {
    let seen = sample();
    for (rule, _) in DOCUMENTS.iter().chain(DEEDS) {
        let told = told(*rule, &seen);
        assert!(!speaks(*rule, &seen), "{rule:?}: {told:?}");
        let looks = told.iter().any(Option::is_some);
        assert!(
            looks || *rule == Rule::AuditError,
            "{rule:?} looks at nothing"
        );
    }
}

#[test]
fn every_rule_speaks_when_it_is_broken() {
    for (rule, broken) in DOCUMENTS.iter().chain(DEEDS) {
        let mut seen = sample();
        broken(&mut seen);
        assert!(speaks(*rule, &seen), "{rule:?} says nothing");
    }
}

#[test]
fn a_line_that_is_no_object_is_no_event() {
    let mut seen = sample();
    exports(&mut seen).audit.text = Bytes::whole(b"warning: x\n".to_vec());
    assert!(speaks(Rule::AuditLines, &seen) && !speaks(Rule::AuditLines, &sample()));
}

#[test]
fn nothing_happens_after_the_end() {
    let mut seen = sample();
    let mut late = seen.runs[0].steps[1].clone();
    late.name = "late".to_owned();
    seen.runs[0].steps.push(late);
    assert!(speaks(Rule::FinalStays, &seen), "a take-off in COMPLETED");
    seen.runs[0].steps[2].programs.clear();
    assert!(!speaks(Rule::FinalStays, &seen));
}

#[test]
fn signatures_are_there_where_a_key_is_named() {
    let mut seen = sample();
    seen.audit_key = Some("cabincrew+00000000+AAAA".to_owned());
    assert!(speaks(Rule::AuditSignatures, &seen));
    assert!(
        told(Rule::AuditSignatures, &sample())
            .iter()
            .all(Option::is_none)
    );
}

#[test]
fn documents_of_a_damaged_store_are_not_judged() {
    let mut seen = sample();
    state(&mut seen, |it| it["extra"] = json!(1));
    seen.runs[0].steps[0].act = ActSeen::Tamper;
    assert!(!speaks(Rule::StateValid, &seen));
}
