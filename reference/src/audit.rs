//! Judging an audit log: chain, signatures, checkpoints. The answer is never a plain yes: without
//! a checkpoint from outside, a log that was written anew from some point on looks the same.

use cabincrew_protocol::audit::log::{self, LogError};
use cabincrew_protocol::audit::{
    ChainError, Checkpoint, CheckpointError, SignatureError, VerifierKey, first_chain_hash,
    leaf_hash, verify_chain,
};
use cabincrew_protocol::digest::Sha256Hex;
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
    Verifier::new(workflow_id, trust).read(bytes)
}

/// A log judged event by event. Chain, number and signature of an event are checked when it is
/// taken, checkpoints at the end. A clone goes on from the same events as its original.
#[derive(Debug, Clone)]
pub struct Verifier<'a> {
    workflow_id: &'a str,
    trust: &'a Trust,
    /// The chain value that the next event must carry.
    chain: Sha256Hex,
    leaves: Vec<[u8; 32]>,
    /// Whether the events so far are signed; nothing before the first.
    signed: Option<bool>,
}

impl<'a> Verifier<'a> {
    /// Before the first event.
    #[must_use]
    pub fn new(workflow_id: &'a str, trust: &'a Trust) -> Self {
        Self {
            workflow_id,
            trust,
            chain: first_chain_hash(workflow_id),
            leaves: Vec::new(),
            signed: None,
        }
    }

    /// Takes the bytes of all further events, and says what holds for the whole log.
    ///
    /// # Errors
    /// With the first thing that is broken.
    pub fn read(mut self, bytes: &[u8]) -> Result<Standing, Broken> {
        let read = log::read(bytes).map_err(Broken::Log)?;
        if let Some(offset) = read.torn_at {
            return Err(Broken::Torn { offset });
        }
        for event in &read.events {
            self.take(event)?;
        }
        self.finish()
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// When its chain value, its number or its signature is not what it must be.
    pub fn take(&mut self, event: &Value) -> Result<(), Broken> {
        let index = self.leaves.len();
        let found = event.get("chain_hash").and_then(Value::as_str);
        if found != Some(self.chain.as_str()) {
            return Err(Broken::Chain(ChainError::Broken {
                index,
                expected: self.chain.clone(),
                found: found.map(str::to_owned),
            }));
        }
        let leaf = leaf_hash(event);
        let leaf =
            leaf.map_err(|source| Broken::Chain(ChainError::NoCanonicalForm { index, source }))?;
        self.check_id(event, index)?;
        self.check_signature(event, index)?;
        self.leaves.push(leaf.to_bytes());
        self.chain = leaf;
        Ok(())
    }

    /// What holds for the events that were taken.
    ///
    /// # Errors
    /// When there is none, or a checkpoint does not agree.
    pub fn finish(self) -> Result<Standing, Broken> {
        let events = self.leaves.len();
        if events == 0 {
            return Err(Broken::Empty);
        }
        let mut covered = None;
        for (number, note) in self.trust.checkpoints.iter().enumerate() {
            let key = self.trust.key.as_ref().ok_or(Broken::NoKey)?;
            let failed = |source| Broken::Checkpoint { number, source };
            let origin = &self.trust.origin;
            let checkpoint = key.verify_checkpoint(note, origin).map_err(failed)?;
            checkpoint.agrees_with(&self.leaves).map_err(failed)?;
            covered = covered.max(usize::try_from(checkpoint.size).ok());
        }
        Ok(match covered {
            Some(covered) if covered == events => Standing::Anchored { events },
            Some(covered) => Standing::AnchoredUpTo { covered, events },
            None => Standing::Unanchored {
                events,
                signed: self.trust.key.is_some(),
            },
        })
    }

    fn check_id(&self, event: &Value, index: usize) -> Result<(), Broken> {
        let found = event.get("event_id").and_then(Value::as_str);
        let found = found.unwrap_or_default();
        if found == format!("{}-{index:08}", self.workflow_id) {
            return Ok(());
        }
        let found = found.to_owned();
        Err(Broken::Id { index, found })
    }

    /// With a key, every event must be signed by it; without, signatures must at least be
    /// everywhere or nowhere.
    fn check_signature(&mut self, event: &Value, index: usize) -> Result<(), Broken> {
        if let Some(key) = &self.trust.key {
            key.verify_event(event)
                .map_err(|source| Broken::Signature { index, source })?;
        }
        let signed = event.get("signature").is_some();
        if signed != event.get("signature_key_ref").is_some() {
            return Err(Broken::HalfSigned { index });
        }
        if *self.signed.get_or_insert(signed) != signed {
            return Err(Broken::Stripped { index });
        }
        Ok(())
    }
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
