//! The roster: who may approve in which role (C-19). It lies outside the workspace and is read
//! again whenever a response is judged (DESIGN 8.2).

use std::path::{Path, PathBuf};

use cabincrew_protocol::digest::{self, Sha256Hex};
use cabincrew_protocol::json::{self, JsonError, Limits};
use serde::{Deserialize, Serialize};

/// The people and systems that may approve.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// One entry for each identity.
    pub approvers: Vec<Approver>,
    /// Whether the requester of a plan may approve it.
    #[serde(default)]
    pub requester_may_not_approve: bool,
}

/// One identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// The name that a response carries.
    pub approver: String,
    /// Its roles.
    pub roles: Vec<String>,
    /// Verifier key of its detached signatures, kept for those who use them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Why a roster cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// The file cannot be read.
    #[error("cannot read the roster {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not strict JSON.
    #[error("the roster {path} is not one JSON document")]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: JsonError,
    },
    /// The document has another shape.
    #[error("{path} is not a roster")]
    Shape {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// An identity is empty or stands twice.
    #[error("the approver {name:?} is empty or stands twice")]
    Approver {
        /// The identity.
        name: String,
    },
}

/// Reads a roster, and gives the digest of its bytes.
///
/// # Errors
/// For everything that [`RosterError`] names.
pub fn load(path: &Path) -> Result<(Roster, Sha256Hex), RosterError> {
    let owned = || path.to_owned();
    let bytes = std::fs::read(path).map_err(|source| RosterError::Read {
        path: owned(),
        source,
    })?;
    let value = json::parse(&bytes, &Limits::RECEIPT).map_err(|source| RosterError::Json {
        path: owned(),
        source,
    })?;
    let roster: Roster = serde_json::from_value(value).map_err(|source| RosterError::Shape {
        path: owned(),
        source,
    })?;
    let mut seen = std::collections::BTreeSet::new();
    for entry in &roster.approvers {
        if entry.approver.trim().is_empty() || !seen.insert(&entry.approver) {
            let name = entry.approver.clone();
            return Err(RosterError::Approver { name });
        }
    }
    Ok((roster, digest::sha256(&bytes)))
}

impl Roster {
    /// Whether an identity holds a role: both compared as whole texts (CC-APR-015).
    #[must_use]
    pub fn holds(&self, approver: &str, role: &str) -> bool {
        self.approvers
            .iter()
            .any(|entry| entry.approver == approver && entry.roles.iter().any(|held| held == role))
    }
}
