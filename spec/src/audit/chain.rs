//! The hash chain over the events of one workflow (CC-AUD-013, CC-AUD-014, C-26).

use serde_json::Value;

use crate::canonical::{self, CanonicalError};
use crate::digest::{self, Hasher, Sha256Hex};

/// The name of the format, which opens every text that is hashed or signed.
pub const FORMAT: &str = "cabincrew-audit/v1";

/// Where a chain breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// An event does not carry the chain value that its place asks for: it, or what stood
    /// before it, was changed, removed, added or moved.
    #[error(
        "event {index} carries the chain value {} where {expected} belongs",
        .found.as_deref().unwrap_or("none")
    )]
    Broken {
        /// Index of the event, from 0.
        index: usize,
        /// The value that its place asks for.
        expected: Sha256Hex,
        /// The value that it carries, if any.
        found: Option<String>,
    },
    /// An event has no canonical form, so no hash.
    #[error("event {index} has no canonical form")]
    NoCanonicalForm {
        /// Index of the event, from 0.
        index: usize,
        /// Why.
        source: CanonicalError,
    },
}

/// The chain value of the first event: SHA-256 of `"cabincrew-audit/v1\n" || workflow id || "\n"`.
#[must_use]
pub fn first_chain_hash(workflow_id: &str) -> Sha256Hex {
    digest::sha256(format!("{FORMAT}\n{workflow_id}\n").as_bytes())
}

/// The leaf hash of an event as it stands in the log, signature and chain value included:
/// SHA-256 of a zero byte and its canonical form. It is the chain value of the next event and a
/// leaf of the checkpoint's tree.
///
/// # Errors
/// When the event has no canonical form.
pub fn leaf_hash(event: &Value) -> Result<Sha256Hex, CanonicalError> {
    let mut hasher = Hasher::new();
    hasher.update(&[0]);
    hasher.update(&canonical::to_vec(event)?);
    Ok(hasher.finish())
}

/// Follows the chain through a whole log, and gives the leaf hash of every event.
///
/// A chain alone does not show a change of the last event, a cut tail, or a log that was
/// written anew from some point on; signatures and checkpoints do.
///
/// # Errors
/// At the first event that carries another value than its place asks for.
pub fn verify_chain(workflow_id: &str, events: &[Value]) -> Result<Vec<Sha256Hex>, ChainError> {
    let mut expected = first_chain_hash(workflow_id);
    let mut leaves = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        let found = event.get("chain_hash").and_then(Value::as_str);
        if found != Some(expected.as_str()) {
            let found = found.map(str::to_owned);
            return Err(ChainError::Broken {
                index,
                expected,
                found,
            });
        }
        expected =
            leaf_hash(event).map_err(|source| ChainError::NoCanonicalForm { index, source })?;
        leaves.push(expected.clone());
    }
    Ok(leaves)
}
