//! Checkpoints: signed notes over the size and the tree root of a log, kept away from the log.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::note::{Note, NoteError};

/// What a checkpoint says: the log `origin` had `size` events with this root. Its text is three
/// lines: origin, size in decimal, root in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// How many events it had.
    pub size: u64,
    /// Root of the tree over the leaf hashes of those events.
    pub root: [u8; 32],
}

/// Why a note is no checkpoint of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The note is about another log.
    #[error("checkpoint of the log {found:?} where {expected:?} is meant")]
    ForeignLog {
        /// The log that is meant.
        expected: String,
        /// The log that it names.
        found: String,
    },
    /// The text does not have the form of a checkpoint; `part` says where.
    #[error("malformed {part} in the checkpoint")]
    Malformed {
        /// The part that is malformed.
        part: &'static str,
    },
    /// The log's events up to the checkpoint are not those that it was made over.
    #[error("the first {size} events have another root than the checkpoint")]
    RootDiffers {
        /// The size that the checkpoint names.
        size: u64,
    },
    /// The log is shorter than the checkpoint.
    #[error("{held} events where the checkpoint has {size}")]
    Truncated {
        /// The size that the checkpoint names.
        size: u64,
        /// How many events there are.
        held: usize,
    },
    /// The note is malformed, or not signed by the trusted key.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Checkpoint {
    /// The checkpoint of a log, given the leaf hashes of its events.
    #[must_use]
    pub fn of(origin: &str, leaves: &[[u8; 32]]) -> Self {
        let size = u64::try_from(leaves.len()).expect("a length fits 64 bits");
        Self {
            origin: origin.to_owned(),
            size,
            root: root(leaves),
        }
    }

    /// Reads the signed text of a note. There are exactly three lines: extensions are refused.
    ///
    /// # Errors
    /// When a line is missing, too many, or not in its one spelling.
    pub fn read(text: &str) -> Result<Self, CheckpointError> {
        let malformed = |part| CheckpointError::Malformed { part };
        let lines = text.strip_suffix('\n').ok_or(malformed("text"))?;
        let lines: Vec<&str> = lines.split('\n').collect();
        let [origin, size, root] = lines[..] else {
            return Err(malformed("text"));
        };
        if origin.is_empty() {
            return Err(malformed("origin"));
        }
        let number = size.parse::<u64>().map_err(|_| malformed("size"))?;
        if number.to_string() != size {
            return Err(malformed("size"));
        }
        let root = STANDARD.decode(root).map_err(|_| malformed("root"))?;
        let root = root.try_into().map_err(|_| malformed("root"))?;
        Ok(Self {
            origin: origin.to_owned(),
            size: number,
            root,
        })
    }

    /// Compares a log, given the leaf hashes of its events, with the checkpoint. A log may have
    /// grown since.
    ///
    /// # Errors
    /// When the log is shorter, or its first events are not those of the checkpoint.
    pub fn agrees_with(&self, leaves: &[[u8; 32]]) -> Result<(), CheckpointError> {
        let held = usize::try_from(self.size)
            .ok()
            .and_then(|size| leaves.get(..size));
        match held {
            None => Err(CheckpointError::Truncated {
                size: self.size,
                held: leaves.len(),
            }),
            Some(leaves) if root(leaves) == self.root => Ok(()),
            Some(_) => Err(CheckpointError::RootDiffers { size: self.size }),
        }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root);
        write!(formatter, "{}\n{}\n{root}\n", self.origin, self.size)
    }
}

/// Root of the tree over leaf hashes, as RFC 6962 section 2.1 defines it.
#[must_use]
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().div_ceil(2).next_power_of_two());
            let node = Sha256::new().chain_update([1]).chain_update(root(left));
            node.chain_update(root(right)).finalize().into()
        }
    }
}

#[cfg(feature = "sign")]
impl super::signature::SigningKey {
    /// The signed note of a checkpoint.
    #[must_use]
    pub fn sign_checkpoint(&self, checkpoint: &Checkpoint) -> Note {
        self.sign_note(&checkpoint.to_string())
    }
}

#[cfg(feature = "sign")]
impl super::key::VerifierKey {
    /// Reads a note about the log `origin` that this key has signed. Signatures of other keys
    /// are left to those who trust them.
    ///
    /// # Errors
    /// When the note is malformed, about another log, not signed by this key, or forged.
    pub fn verify_checkpoint(
        &self,
        note: &str,
        origin: &str,
    ) -> Result<Checkpoint, CheckpointError> {
        let note = Note::read(note)?;
        let checkpoint = Checkpoint::read(&note.text)?;
        if checkpoint.origin != origin {
            let expected = origin.to_owned();
            return Err(CheckpointError::ForeignLog {
                expected,
                found: checkpoint.origin,
            });
        }
        self.verify_note(&note)?;
        Ok(checkpoint)
    }
}
