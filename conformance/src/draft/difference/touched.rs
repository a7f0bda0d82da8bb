//! Requirements and checks that a type or member stands behind.

use std::collections::{BTreeMap, BTreeSet};

use cabincrew_protocol::requirement::Catalogue;

use crate::suite::CheckSet;

/// Requirements by the type or member that they were read from, and checks by requirement.
pub(super) struct Touched<'a> {
    sources: BTreeMap<&'a str, BTreeSet<&'a str>>,
    checks: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Touched<'a> {
    pub(super) fn of(kits: &[&'a dyn CheckSet]) -> Self {
        let mut sources: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for requirement in Catalogue::embedded().iter() {
            for source in &requirement.sources {
                if let Some(name) = source.strip_prefix("schema:") {
                    let name = name.split(' ').next().unwrap_or(name);
                    sources.entry(name).or_default().insert(&requirement.id);
                }
            }
        }
        let mut checks: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for card in kits.iter().flat_map(|kit| kit.cards()) {
            for id in &card.requirements {
                checks.entry(id).or_default().insert(card.id);
            }
        }
        Self { sources, checks }
    }

    /// What a change of `Type` or `Type.member` touches: for a member, requirements read from it or
    /// from its whole type; for a type, those read from it or any of its members.
    pub(super) fn by(&self, subject: &str) -> (Vec<String>, Vec<String>) {
        let of_type = subject.split('.').next().unwrap_or(subject);
        let members = format!("{subject}.");
        let found: BTreeSet<&str> = self
            .sources
            .iter()
            .filter(|(name, _)| {
                **name == subject || **name == of_type || name.starts_with(&members)
            })
            .flat_map(|(_, ids)| ids.iter().copied())
            .collect();
        let checks: BTreeSet<&str> = found
            .iter()
            .filter_map(|id| self.checks.get(id))
            .flatten()
            .copied()
            .collect();
        let owned = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect();
        (owned(found), owned(checks))
    }
}
