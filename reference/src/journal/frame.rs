//! The bytes of a line: the link, a blank, the canonical form of the line, and a line feed. The
//! link is SHA-256 over the link before and the canonical form, so that a changed, removed,
//! repeated or moved line shows.

use cabincrew_protocol::canonical::{self, CanonicalError};
use cabincrew_protocol::digest::{self, Hasher, Sha256Hex};
use cabincrew_protocol::wal::WalEntry;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fact::Fact;

/// The name of the format.
const FORMAT: &str = "cabincrew-journal/v1";

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Number of the line, from 0.
    pub number: u64,
    /// When it was written, RFC 3339.
    pub at: String,
    /// The write-ahead entries.
    pub entries: Vec<WalEntry>,
    /// The audit events, complete.
    pub events: Vec<Value>,
    /// What happened.
    pub fact: Fact,
}

/// The link that the first line builds on.
#[must_use]
pub fn first_link(workflow_id: &str) -> Sha256Hex {
    digest::sha256(format!("{FORMAT}\n{workflow_id}\n").as_bytes())
}

/// The link of a line, given the one before and the canonical form.
pub(super) fn link(before: &Sha256Hex, body: &[u8]) -> Sha256Hex {
    let mut hasher = Hasher::new();
    hasher.update(before.as_str().as_bytes());
    hasher.update(b"\n");
    hasher.update(body);
    hasher.finish()
}

/// The bytes of a line and its link.
pub(super) fn encode(
    line: &Line,
    before: &Sha256Hex,
) -> Result<(Vec<u8>, Sha256Hex), CanonicalError> {
    let value = serde_json::to_value(line).expect("a line has only JSON members");
    let body = canonical::to_vec(&value)?;
    let link = link(before, &body);
    let mut bytes = link.as_str().as_bytes().to_vec();
    bytes.push(b' ');
    bytes.extend(body);
    bytes.push(b'\n');
    Ok((bytes, link))
}
