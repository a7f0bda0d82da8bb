//! Names of audit keys: key id, key reference and vkey.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::{Hasher, hex};

/// The byte that stands for Ed25519 in a vkey.
pub(super) const ED25519: u8 = 1;

/// A public key under a name, as those who verify keep it:
/// `<name>+<8 hex digits of the key id>+<base64 of 0x01 and the 32 bytes of the key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

/// Why a text is no vkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key is not base64 of an Ed25519 key.
    #[error("not a name, a key id and an Ed25519 key joined by `+`")]
    Form,
    /// The key id is not that of name and key.
    #[error("key id of another key")]
    KeyId,
    /// The name is empty or has a blank or a `+` in it.
    #[error("key name that is empty or has a blank or `+` in it")]
    Name,
}

impl VerifierKey {
    /// A key under a name.
    ///
    /// # Errors
    /// When the name is empty or has a blank or a `+` in it.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, KeyError> {
        let fits = |character: char| !character.is_whitespace() && character != '+';
        if name.is_empty() || !name.chars().all(fits) {
            return Err(KeyError::Name);
        }
        Ok(Self {
            name: name.to_owned(),
            public,
        })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The first four bytes of SHA-256(name, line feed, 0x01, public key).
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        let mut hasher = Hasher::new();
        hasher.update(self.name.as_bytes());
        hasher.update(&[b'\n', ED25519]);
        hasher.update(&self.public);
        let digest = hasher.finish().to_bytes();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    /// What an event names its key by: `<name>+<8 hex digits of the key id>`.
    #[must_use]
    pub fn key_ref(&self) -> String {
        format!("{}+{}", self.name, hex(&self.key_id()))
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend(self.public);
        write!(formatter, "{}+{}", self.key_ref(), STANDARD.encode(key))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        // The base64 part may hold further `+` signs; neither name nor id can.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        let bytes = STANDARD.decode(key).map_err(|_| KeyError::Form)?;
        let Some((&ED25519, public)) = bytes.split_first() else {
            return Err(KeyError::Form);
        };
        let key = Self::new(name, public.try_into().map_err(|_| KeyError::Form)?)?;
        if hex(&key.key_id()) == id {
            Ok(key)
        } else {
            Err(KeyError::KeyId)
        }
    }
}
