//! Signed notes, as C2SP has them: a text and the signatures of those who stand for it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A signed note: a text, a blank line, and signature lines.
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

/// Why a note does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// A signature under the trusted key's name and id is not that key's.
    #[error("forged signature under the name {name:?}")]
    Forged {
        /// The name.
        name: String,
    },
    /// It does not have the form of a note; `part` says where.
    #[error("malformed {part} in the note")]
    Malformed {
        /// The part that is malformed.
        part: &'static str,
    },
    /// The trusted key has not signed.
    #[error("no signature of the key {key_ref}")]
    Unsigned {
        /// The trusted key.
        key_ref: String,
    },
}

impl Note {
    /// Takes a note apart.
    ///
    /// # Errors
    /// When it has no blank line before the signatures, or one of these is malformed.
    pub fn read(note: &str) -> Result<Self, NoteError> {
        let malformed = |part| NoteError::Malformed { part };
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
    /// The note of a text, which ends in a line feed, with this key's signature.
    #[must_use]
    pub fn sign_note(&self, text: &str) -> Note {
        let signature = NoteSignature {
            name: self.verifier().name().to_owned(),
            key_id: self.verifier().key_id(),
            signature: self.sign_bytes(text.as_bytes()).to_vec(),
        };
        Note {
            text: text.to_owned(),
            signatures: vec![signature],
        }
    }
}

#[cfg(feature = "sign")]
impl super::key::VerifierKey {
    /// Checks that this key has signed a note. Signatures of other keys are left to those who
    /// trust them.
    ///
    /// # Errors
    /// When the note is not signed by this key, or a signature under its name is forged.
    pub fn verify_note(&self, note: &Note) -> Result<(), NoteError> {
        let mine = |line: &&NoteSignature| line.name == self.name() && line.key_id == self.key_id();
        let mut signed = false;
        for line in note.signatures.iter().filter(mine) {
            let signature = line.signature.as_slice().try_into();
            let genuine = signature.is_ok_and(|signature| {
                super::signature::verify_bytes(self, note.text.as_bytes(), signature)
            });
            if !genuine {
                let name = line.name.clone();
                return Err(NoteError::Forged { name });
            }
            signed = true;
        }
        if signed {
            return Ok(());
        }
        Err(NoteError::Unsigned {
            key_ref: self.key_ref(),
        })
    }
}
