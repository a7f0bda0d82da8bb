//! Checkpoints: signed notes over the size and the tree root of a log, kept away from the log.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

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
    /// A signature under the trusted key's name and id is not that key's.
    #[error("forged signature under the name {name:?}")]
    Forged {
        /// The name.
        name: String,
    },
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
    /// The trusted key has not signed.
    #[error("no signature of the key {key_ref}")]
    Unsigned {
        /// The trusted key.
        key_ref: String,
    },
}

/// A signed note: the text of a checkpoint, a blank line, and signature lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The signed text, with its last line feed.
    pub text: String,
    /// The signatures, in order.
    pub signatures: Vec<NoteSignature>,
}

/// One signature line: an em dash, the key's name, and base64 of key id and signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Id of the key.
    pub key_id: [u8; 4],
    /// The signature; its length is the key type's business.
    pub signature: Vec<u8>,
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

impl Note {
    /// Takes a note apart.
    ///
    /// # Errors
    /// When it has no blank line before the signatures, or one of these is malformed.
    pub fn read(note: &str) -> Result<Self, CheckpointError> {
        let malformed = |part| CheckpointError::Malformed { part };
        let (head, tail) = note.rsplit_once("\n\n").ok_or(malformed("note"))?;
        let lines = tail.strip_suffix('\n').ok_or(malformed("signature line"))?;
        let signatures: Option<Vec<_>> = lines.split('\n').map(read_signature).collect();
        let signatures = signatures.ok_or(malformed("signature line"))?;
        Ok(Self {
            text: format!("{head}\n"),
            signatures,
        })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        for line in &self.signatures {
            let mut bytes = line.key_id.to_vec();
            bytes.extend(&line.signature);
            writeln!(formatter, "{DASH} {} {}", line.name, STANDARD.encode(bytes))?;
        }
        Ok(())
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

const DASH: char = '\u{2014}';

fn read_signature(line: &str) -> Option<NoteSignature> {
    let rest = line.strip_prefix(DASH)?.strip_prefix(' ')?;
    let (name, encoded) = rest.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (key_id, signature) = bytes.split_first_chunk::<4>()?;
    if name.is_empty() || signature.is_empty() {
        return None;
    }
    Some(NoteSignature {
        name: name.to_owned(),
        key_id: *key_id,
        signature: signature.to_vec(),
    })
}

#[cfg(feature = "sign")]
impl super::signature::SigningKey {
    /// The signed note of a checkpoint.
    #[must_use]
    pub fn sign_checkpoint(&self, checkpoint: &Checkpoint) -> Note {
        let text = checkpoint.to_string();
        let signature = NoteSignature {
            name: self.verifier().name().to_owned(),
            key_id: self.verifier().key_id(),
            signature: self.sign_bytes(text.as_bytes()).to_vec(),
        };
        Note {
            text,
            signatures: vec![signature],
        }
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
        let mine = |line: &&NoteSignature| line.name == self.name() && line.key_id == self.key_id();
        let mut signed = false;
        for line in note.signatures.iter().filter(mine) {
            let signature = line.signature.as_slice().try_into();
            let genuine = signature.is_ok_and(|signature| {
                super::signature::verify_bytes(self, note.text.as_bytes(), signature)
            });
            if !genuine {
                return Err(CheckpointError::Forged {
                    name: line.name.clone(),
                });
            }
            signed = true;
        }
        if signed {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Unsigned {
                key_ref: self.key_ref(),
            })
        }
    }
}
