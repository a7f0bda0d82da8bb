//! Deviations that make a plan depend on chance or circumstances.

use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;

use super::Source;
use crate::engine::{self, Artifact, Failure, Launch, Mode, Outcome};

/// A deviation that makes a plan depend on chance or circumstances: `determinism/...`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DeterminismFault {
    /// Lists files in the order in which the directory gives them.
    KeepsListingOrder {},
    /// Opens a file by a relative path, and fails when it is not in the current directory.
    NeedsFileHere {
        /// The file.
        name: String,
    },
    /// Fails when a variable is not set that the protocol does not name.
    NeedsVariable {
        /// The variable.
        name: String,
    },
    /// Looks for files in the current directory instead of the workspace.
    ScansCurrentDirectory {},
    /// Writes receipt entries and a list in an artifact in the order of a randomly seeded hash.
    Shuffles {},
    /// Writes something that changes into the plan.
    Stamps {
        /// What.
        from: Source,
        /// Where to.
        into: Place,
    },
}

/// Where something that changes is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The evidence artifact's metadata.
    Artifact,
    /// The receipt's `engine_id`.
    EngineId,
    /// The receipt's warnings.
    Warnings,
}

impl DeterminismFault {
    pub(super) fn fails(&self, launch: &Launch<'_>) -> Option<Failure> {
        match self {
            Self::NeedsFileHere { name } => {
                let opened = std::fs::File::open(name);
                opened.err().map(Failure::io(format!("open {name}")))
            }
            Self::NeedsVariable { name } if launch.start.variable(name).is_none() => {
                Some(Failure::Staged(format!("{name} is not set")))
            }
            _ => None,
        }
    }

    pub(super) fn root(&self) -> Option<PathBuf> {
        (*self == Self::ScansCurrentDirectory {}).then(|| PathBuf::from("."))
    }

    pub(super) fn reshape(&self, launch: &Launch<'_>, list: &mut [Artifact]) {
        match self {
            Self::Shuffles {} => {
                let seed = RandomState::new();
                list.sort_by_key(|artifact| seed.hash_one(&artifact.name));
                let mut words = [
                    "trim", "blank", "line", "text", "edit", "file", "plan", "diff",
                ];
                words.sort_by_key(|word| seed.hash_one(word));
                stamp(list, json!(words));
            }
            Self::Stamps {
                from,
                into: Place::Artifact,
            } => stamp(list, json!(from.value(launch))),
            _ => {}
        }
    }

    pub(super) fn edit(&self, launch: Option<&Launch<'_>>, outcome: &mut Outcome) {
        let (Self::Stamps { from, into }, Some(launch)) = (self, launch) else {
            return;
        };
        match into {
            Place::Artifact => {}
            Place::EngineId => {
                let id = format!("cabincrew-peer-{}", from.value(launch));
                engine::set(&mut outcome.receipt, "/engine_id", json!(id));
            }
            Place::Warnings if outcome.mode == Mode::FlightPlan => {
                let warnings = json!([format!("worked for {}", from.value(launch))]);
                engine::set(&mut outcome.receipt, "/warnings", warnings);
            }
            Place::Warnings => {}
        }
    }
}

fn stamp(list: &mut [Artifact], value: serde_json::Value) {
    for artifact in list.iter_mut().filter(|artifact| artifact.name == "diff") {
        engine::set(&mut artifact.descriptor, "/metadata/made", value.clone());
    }
}
