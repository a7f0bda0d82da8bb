//! What filters, known failures, lists and reports need to know of the checks, whatever is judged.

use std::collections::BTreeSet;

use cabincrew_protocol::requirement::{Catalogue, Requirement};

use crate::drill::Class;
use crate::lock::Lock;

/// One check, without how it is judged.
#[derive(Debug, Clone)]
pub struct Card<'a> {
    /// Its permanent id.
    pub id: &'a str,
    /// The requirement ids, the id's own one first.
    pub requirements: Vec<&'a str>,
    /// One sentence that holds for a conforming subject.
    pub title: &'a str,
    /// Where the rule comes from.
    pub class: Class,
    /// The drill it belongs to.
    pub drill: &'a str,
    /// What the drill does, in one sentence.
    pub summary: &'a str,
    /// Selectors of what it looks at.
    pub on: &'a [String],
    /// What must have worked for silence to count.
    pub control: &'a [String],
    /// What usually causes a failure.
    pub causes: &'a [String],
}

impl Card<'_> {
    /// MUST, SHOULD or MAY: the level of the check's own requirement.
    pub fn level(&self) -> &'static str {
        self.requirements
            .first()
            .and_then(|id| requirement(id))
            .map_or("MUST", |requirement| requirement.level.as_str())
    }
}

/// The requirement with that id.
pub fn requirement(id: &str) -> Option<&'static Requirement> {
    Catalogue::embedded().get(id)
}

/// The requirement ids of a check: its own one, which its id begins with, and then the others.
pub fn requirement_ids<'a>(id: &'a str, others: &'a [String]) -> Vec<&'a str> {
    let own = id.split('/').next().unwrap_or(id);
    let mut ids = vec![own];
    ids.extend(others.iter().map(String::as_str).filter(|id| *id != own));
    ids
}

/// All checks of one kind of subject.
pub trait CheckSet {
    /// What is judged, in one word: `engine`, `orchestrator`.
    fn kind(&self) -> &'static str;

    /// Every check, in the order of the drills.
    fn cards(&self) -> Vec<Card<'_>>;

    /// Every check id ever published.
    fn lock(&self) -> &Lock;

    /// SHA-256 over all drills, the lock file and the requirements.
    fn digest(&self) -> String;

    /// The present name of a check id, however old.
    fn resolve_id<'a>(&'a self, id: &'a str) -> Option<&'a str> {
        self.lock().resolve(id)
    }

    /// Why a check id was retired, if it was.
    fn retired(&self, id: &str) -> Option<&str> {
        self.lock().retired(id)
    }

    /// The frozen set of check ids, read from the lock file and not from the drills.
    fn frozen_ids(&self) -> &BTreeSet<String> {
        self.lock().current()
    }
}
