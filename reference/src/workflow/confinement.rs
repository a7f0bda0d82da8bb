//! What engines are kept from, as far as the workflow file says.

use serde::{Deserialize, Serialize};

/// What an engine is kept from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confinement {
    /// From writing outside its directories, and the workspace while it plans (CC-SEC-005).
    #[serde(default)]
    pub filesystem: Wish,
    /// From every network while it plans (CC-SEC-006).
    #[serde(default)]
    pub network: Wish,
}

impl Confinement {
    /// Whether the file says nothing else than what holds anyway.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How much a confinement is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// No engine is started without.
    Required,
    /// As far as the machine allows.
    #[default]
    BestEffort,
    /// Not at all: the engine needs what it would be kept from.
    Off,
}
