//! The adapter file: what an engine author may say about an engine that the protocol leaves open.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// An engine's adapter; every member is optional, and an engine needs none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adapter {
    /// A name for reports.
    pub name: Option<String>,
    /// The limit of one launch, milliseconds.
    pub timeout_ms: Option<u64>,
    /// SHA-256 of the file; absent for the default adapter.
    #[serde(skip)]
    pub digest: Option<String>,
}

/// Why an adapter file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdapterError {
    /// The file cannot be read.
    #[error("cannot read the adapter file {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not an adapter.
    #[error("the adapter file {path} is not valid")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        source: toml::de::Error,
    },
}

impl Adapter {
    /// Reads an adapter file (TOML).
    ///
    /// # Errors
    /// When it cannot be read, or has unknown or ill-typed members.
    pub fn load(path: &Path) -> Result<Self, AdapterError> {
        let text = std::fs::read_to_string(path).map_err(|source| AdapterError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let mut adapter: Self = toml::from_str(&text).map_err(|source| AdapterError::Invalid {
            path: path.to_owned(),
            source,
        })?;
        adapter.digest = Some(hex(&Sha256::digest(text.as_bytes())));
        Ok(adapter)
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
