//! The table behind all forms of coverage.

use std::collections::{BTreeMap, BTreeSet};

use cabincrew_fixtures::FAULTS;
use cabincrew_protocol::requirement::{Catalogue, Verify};
use serde::{Deserialize, Serialize};

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

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CoverageError {
    /// A file that describes a fault has another shape.
    #[error("the fault {name} cannot be read")]
    Fault {
        /// The file, without its extension.
        name: String,
        /// Why.
        source: toml::de::Error,
    },
}

/// The part of a fault's file that says which checks catch it.
#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    fails: Vec<String>,
}

impl Coverage {
    /// The coverage by the checks of these kits.
    ///
    /// # Errors
    /// When a fault of this build cannot be read; tests rule it out.
    pub fn of(kits: &[&dyn CheckSet]) -> Result<Self, CoverageError> {
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

/// The faults that each check has been seen to catch.
fn faults() -> Result<BTreeMap<String, BTreeSet<String>>, CoverageError> {
    let mut caught: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in FAULTS.files() {
        let path = file.path().to_string_lossy();
        let (Some(name), Some(text)) = (path.strip_suffix(".toml"), file.contents_utf8()) else {
            continue;
        };
        let fault: Fault = toml::from_str(text).map_err(|source| CoverageError::Fault {
            name: name.to_owned(),
            source,
        })?;
        for check in fault.fails {
            caught.entry(check).or_default().insert(name.to_owned());
        }
    }
    Ok(caught)
}
