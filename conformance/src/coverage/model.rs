//! The table behind all forms of coverage.

use std::collections::{BTreeMap, BTreeSet};

use cabincrew_protocol::requirement::{Catalogue, Verify};
use serde::Serialize;

use crate::fault::{self, FaultError, Wrong};
use crate::suite::CheckSet;

/// How a requirement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// At least one check verifies it.
    Checked,
    /// Nothing can, for a reason.
    Excluded,
    /// A black box can see it and no check looks at it yet.
    Open,
}

/// One check of a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The check's id.
    pub check: String,
    /// Names of the faults that it has been seen to catch.
    pub faults: Vec<String>,
}

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The requirement's id.
    pub id: &'static str,
    /// MUST, SHOULD or MAY.
    pub level: &'static str,
    /// Who has to keep it.
    pub actor: &'static str,
    /// The demand.
    pub text: &'static str,
    /// Documents and sections that it was read from.
    pub sources: &'static [String],
    /// How it stands.
    pub standing: Standing,
    /// Why nothing can verify it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Its checks.
    pub checks: Vec<Proof>,
}

/// All requirements, in the order of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// One row each.
    pub requirements: Vec<Row>,
}

impl Coverage {
    /// The coverage by the checks of these kits.
    ///
    /// # Errors
    /// When a fault of this build cannot be read; tests rule it out.
    pub fn of(kits: &[&dyn CheckSet]) -> Result<Self, FaultError> {
        let faults = faults()?;
        let mut checks: BTreeMap<&str, Vec<Proof>> = BTreeMap::new();
        for card in kits.iter().flat_map(|kit| kit.cards()) {
            let caught = faults.get(card.id);
            for id in &card.requirements {
                checks.entry(id).or_default().push(Proof {
                    check: card.id.to_owned(),
                    faults: caught.into_iter().flatten().cloned().collect(),
                });
            }
        }
        let requirements = Catalogue::embedded().iter().map(|requirement| {
            let checks = checks.remove(requirement.id.as_str()).unwrap_or_default();
            let (standing, reason) = match &requirement.verify {
                Verify::Excluded(reason) => (Standing::Excluded, Some(reason.as_str())),
                Verify::Check if checks.is_empty() => (Standing::Open, None),
                Verify::Check => (Standing::Checked, None),
            };
            Row {
                id: &requirement.id,
                level: requirement.level.as_str(),
                actor: requirement.actor.as_str(),
                text: &requirement.text,
                sources: &requirement.sources,
                standing,
                reason,
                checks,
            }
        });
        Ok(Self {
            requirements: requirements.collect(),
        })
    }

    /// How many requirements of each actor are checked, excluded and open.
    pub fn counts(&self) -> BTreeMap<&'static str, [usize; 3]> {
        let mut counts: BTreeMap<&'static str, [usize; 3]> = BTreeMap::new();
        for row in &self.requirements {
            let column = match row.standing {
                Standing::Checked => 0,
                Standing::Excluded => 1,
                Standing::Open => 2,
            };
            counts.entry(row.actor).or_default()[column] += 1;
        }
        counts
    }
}

impl Row {
    /// The area that its id names: `ENG`.
    pub fn area(&self) -> &'static str {
        self.id.split('-').nth(1).unwrap_or_default()
    }
}

/// The faults of engines and orchestrators that each check has been seen to catch. No check judges
/// both, so their names do not meet.
fn faults() -> Result<BTreeMap<String, BTreeSet<String>>, FaultError> {
    let mut caught: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for wrong in [Wrong::Engine, Wrong::Orchestrator] {
        for fault in fault::of(wrong)? {
            for check in fault.fails {
                let names = caught.entry(check).or_default();
                names.insert(fault.name.clone());
            }
        }
    }
    Ok(caught)
}
