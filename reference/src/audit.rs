//! Judging an audit log: chain, signatures, checkpoints. The answer is never a plain yes: without
//! a checkpoint from outside, a log that was written anew from some point on looks the same.

use std::collections::BTreeSet;

use cabincrew_protocol::audit::log::{self, LogError};
use cabincrew_protocol::audit::{
    ChainError, Checkpoint, CheckpointError, SignatureError, VerifierKey, verify_chain,
};
use serde_json::Value;

/// What a log is judged with.
#[derive(Debug, Default)]
pub struct Trust {
    /// The key that has signed every event and the checkpoints; none leaves signatures alone.
    pub key: Option<VerifierKey>,
    /// Signed notes about this log, from outside the state directory.
    pub checkpoints: Vec<String>,
    /// The name of the log in its checkpoints.
    pub origin: String,
}

/// What holds for a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A checkpoint covers every event.
    Anchored {
        /// Number of events.
        events: usize,
    },
    /// A checkpoint covers the first ones; the others are only consistent with them.
    AnchoredUpTo {
        /// How many it covers.
        covered: usize,
        /// Number of events.
        events: usize,
    },
    /// Nothing from outside says that these are the events that were written.
    Unanchored {
        /// Number of events.
        events: usize,
        /// Whether every event carries a good signature.
        signed: bool,
    },
}

/// What broke, and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// The bytes are no log.
    #[error("the bytes are no log")]
    Log(#[source] LogError),
    /// The last line is incomplete.
    #[error("the last line is incomplete, from byte {offset}")]
    Torn {
        /// Where it begins.
        offset: usize,
    },
    /// There is no event.
    #[error("the log is empty")]
    Empty,
    /// The chain is broken.
    #[error("the chain is broken")]
    Chain(#[source] ChainError),
    /// The number in an event id is not that of its place.
    #[error("event {index} has the id {found:?}")]
    Id {
        /// Index of the event, from 0.
        index: usize,
        /// Its id.
        found: String,
    },
    /// A signature does not count.
    #[error("event {index} is not signed as it must be")]
    Signature {
        /// Index of the event, from 0.
        index: usize,
        /// Why.
        source: SignatureError,
    },
    /// Signature and key reference do not go together.
    #[error("event {index} has only one of signature and signature_key_ref")]
    HalfSigned {
        /// Index of the event, from 0.
        index: usize,
    },
    /// Some events are signed and others are not.
    #[error("event {index} is not signed and others are")]
    Stripped {
        /// Index of the event, from 0.
        index: usize,
    },
    /// There are checkpoints and no key to check them with.
    #[error("a checkpoint needs a key to be checked with")]
    NoKey,
    /// A checkpoint does not agree.
    #[error("checkpoint {number} does not agree")]
    Checkpoint {
        /// Number of the checkpoint as given, from 0.
        number: usize,
        /// Why.
        source: CheckpointError,
    },
}

/// Judges the bytes of a log.
///
/// # Errors
/// With the first thing that is broken.
pub fn verify(workflow_id: &str, bytes: &[u8], trust: &Trust) -> Result<Standing, Broken> {
    let read = log::read(bytes).map_err(Broken::Log)?;
    if let Some(offset) = read.torn_at {
        return Err(Broken::Torn { offset });
    }
    if read.events.is_empty() {
        return Err(Broken::Empty);
    }
    let leaves = verify_chain(workflow_id, &read.events).map_err(Broken::Chain)?;
    check_ids(workflow_id, &read.events)?;
    let signed = check_signatures(&read.events, trust.key.as_ref())?;
    let leaves: Vec<[u8; 32]> = leaves.iter().map(|leaf| leaf.to_bytes()).collect();
    let events = leaves.len();
    let mut covered = None;
    for (number, note) in trust.checkpoints.iter().enumerate() {
        let key = trust.key.as_ref().ok_or(Broken::NoKey)?;
        let failed = |source| Broken::Checkpoint { number, source };
        let checkpoint = key.verify_checkpoint(note, &trust.origin).map_err(failed)?;
        checkpoint.agrees_with(&leaves).map_err(failed)?;
        covered = covered.max(usize::try_from(checkpoint.size).ok());
    }
    Ok(match covered {
        Some(covered) if covered == events => Standing::Anchored { events },
        Some(covered) => Standing::AnchoredUpTo { covered, events },
        None => Standing::Unanchored { events, signed },
    })
}

/// The name of a workflow's log in checkpoints.
#[must_use]
pub fn origin(key_name: &str, workflow_id: &str) -> String {
    format!("{key_name}/{workflow_id}")
}

/// The checkpoint of a whole log.
///
/// # Errors
/// When the chain is broken.
pub fn checkpoint(
    origin: &str,
    workflow_id: &str,
    events: &[Value],
) -> Result<Checkpoint, ChainError> {
    let leaves = verify_chain(workflow_id, events)?;
    let leaves: Vec<[u8; 32]> = leaves.iter().map(|leaf| leaf.to_bytes()).collect();
    Ok(Checkpoint::of(origin, &leaves))
}

fn check_ids(workflow_id: &str, events: &[Value]) -> Result<(), Broken> {
    for (index, event) in events.iter().enumerate() {
        let found = event
            .get("event_id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if found != format!("{workflow_id}-{index:08}") {
            let found = found.to_owned();
            return Err(Broken::Id { index, found });
        }
    }
    Ok(())
}

/// With a key, every event must be signed by it; without, signatures must at least be everywhere
/// or nowhere.
fn check_signatures(events: &[Value], key: Option<&VerifierKey>) -> Result<bool, Broken> {
    let mut kinds = BTreeSet::new();
    for (index, event) in events.iter().enumerate() {
        if let Some(key) = key {
            key.verify_event(event)
                .map_err(|source| Broken::Signature { index, source })?;
        }
        let signed = event.get("signature").is_some();
        if signed != event.get("signature_key_ref").is_some() {
            return Err(Broken::HalfSigned { index });
        }
        kinds.insert(signed);
        if kinds.len() > 1 {
            return Err(Broken::Stripped { index });
        }
    }
    Ok(key.is_some())
}
