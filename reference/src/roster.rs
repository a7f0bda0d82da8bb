//! The roster: who may approve in which role (C-19). It lies outside the workspace and is read
//! again whenever a response is judged (DESIGN 8.2).

use std::path::{Path, PathBuf};

use cabincrew_protocol::approval::signed_text;
use cabincrew_protocol::audit::{KeyError, Note, NoteError, VerifierKey};
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
    /// Whether an answer counts only with a signature by the approver's key.
    #[serde(default)]
    pub require_signatures: bool,
}

/// One identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// The name that a response carries.
    pub approver: String,
    /// Its roles.
    pub roles: Vec<String>,
    /// Key of its detached signatures: `<name>+<id>+<base64>`, as `audit keygen` prints it.
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
    /// A key is none.
    #[error("the key of the approver {name:?} is none")]
    Key {
        /// The identity.
        name: String,
        /// Why.
        source: KeyError,
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
        entry.verifier().map_err(|source| {
            let name = entry.approver.clone();
            RosterError::Key { name, source }
        })?;
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

    /// Checks the signature that came with an answer, or that none had to; gives the reference of
    /// the key that has signed.
    ///
    /// # Errors
    /// When the signature is missing, malformed, or not that of the approver's key over `response`.
    pub fn signature(
        &self,
        approver: &str,
        response: &[u8],
        note: Option<&str>,
    ) -> Result<Option<String>, SignatureError> {
        let Some(note) = note else {
            return if self.require_signatures {
                Err(SignatureError::Missing)
            } else {
                Ok(None)
            };
        };
        let mut entries = self.approvers.iter();
        let entry = entries.find(|entry| entry.approver == approver);
        let key = entry.and_then(|entry| entry.verifier().ok().flatten());
        let key = key.ok_or(SignatureError::NoKey)?;
        let note = Note::read(note).map_err(SignatureError::Note)?;
        if note.text != signed_text(response) {
            return Err(SignatureError::OtherText);
        }
        key.verify_note(&note).map_err(SignatureError::Note)?;
        Ok(Some(key.key_ref()))
    }
}

/// Why the signature of an answer does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is none, and the roster asks for one.
    #[error("the answer is not signed, and the roster asks for signatures")]
    Missing,
    /// The roster has no key of the approver.
    #[error("the answer is signed, and the roster has no key of its approver")]
    NoKey,
    /// It is not a signature of this approver.
    #[error("the answer is not signed by its approver")]
    Note(#[source] NoteError),
    /// It is about another answer.
    #[error("the signature is made over another answer")]
    OtherText,
}

impl Approver {
    /// The key, if there is one.
    ///
    /// # Errors
    /// When it is no key.
    pub fn verifier(&self) -> Result<Option<VerifierKey>, KeyError> {
        self.key.as_deref().map(str::parse).transpose()
    }
}
