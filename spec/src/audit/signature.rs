//! Signatures of single events (CC-AUD-015).

use serde_json::Value;

use super::chain::FORMAT;
use crate::canonical::CanonicalError;
use crate::digest;

/// What the signature of an event is made over: `"cabincrew-audit/v1\n"`, the hex SHA-256 of the
/// canonical form of the event without `signature`, and a line feed. The key reference and the
/// chain value are covered.
///
/// # Errors
/// When the event has no canonical form.
pub fn payload(event: &Value) -> Result<String, CanonicalError> {
    let mut covered = event.clone();
    if let Some(members) = covered.as_object_mut() {
        members.remove("signature");
    }
    Ok(format!("{FORMAT}\n{}\n", digest::of_json(&covered)?))
}

#[cfg(feature = "sign")]
pub(super) use ed25519::verify_bytes;
#[cfg(feature = "sign")]
pub use ed25519::{SignatureError, SigningKey};

#[cfg(feature = "sign")]
mod ed25519 {
    use std::str::FromStr;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use ed25519_dalek::Signer as _;
    use serde_json::Value;

    use super::payload;
    use crate::audit::key::{ED25519, KeyError, VerifierKey};
    use crate::canonical::CanonicalError;
    use crate::digest::hex;

    /// What the line of a private key begins with.
    const PRIVATE: &str = "PRIVATE+KEY+";

    /// A private key under a name.
    #[derive(Debug, Clone)]
    pub struct SigningKey {
        verifier: VerifierKey,
        secret: ed25519_dalek::SigningKey,
    }

    /// Why the signature of an event does not count.
    #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum SignatureError {
        /// The signature is not this key's over this event.
        #[error("the signature is not made over this event by this key")]
        Forged,
        /// The event names another key, or none.
        #[error("the event names the key {found:?} where {expected:?} is trusted")]
        ForeignKey {
            /// The trusted key.
            expected: String,
            /// What the event says.
            found: Option<String>,
        },
        /// The signature is not 64 bytes in the one base64 spelling.
        #[error("the signature is not base64 of 64 bytes")]
        Malformed,
        /// There is no signature.
        #[error("the event has no signature")]
        Missing,
        /// The event has no canonical form.
        #[error("the event has no canonical form")]
        NoCanonicalForm {
            /// Why.
            source: CanonicalError,
        },
    }

    impl SigningKey {
        /// The key of a 32-byte seed.
        ///
        /// # Errors
        /// When the name is empty or has a blank or a `+` in it.
        pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
            let secret = ed25519_dalek::SigningKey::from_bytes(seed);
            let verifier = VerifierKey::new(name, secret.verifying_key().to_bytes())?;
            Ok(Self { verifier, secret })
        }

        /// The key that others verify with.
        #[must_use]
        pub fn verifier(&self) -> &VerifierKey {
            &self.verifier
        }

        /// The line that a key file holds, which is read back by [`FromStr`]. Whoever has it can sign.
        #[must_use]
        pub fn to_line(&self) -> String {
            let mut key = vec![ED25519];
            key.extend(self.secret.as_bytes());
            let key_ref = self.verifier.key_ref();
            format!("{PRIVATE}{key_ref}+{}", STANDARD.encode(key))
        }

        /// Writes key reference and signature into an event whose other members are final.
        /// A value that is no object stays as it is.
        ///
        /// # Errors
        /// When the event has no canonical form.
        pub fn sign_event(&self, event: &mut Value) -> Result<(), CanonicalError> {
            if let Some(members) = event.as_object_mut() {
                members.insert("signature_key_ref".into(), self.verifier.key_ref().into());
            }
            let signature = STANDARD.encode(self.sign_bytes(payload(event)?.as_bytes()));
            if let Some(members) = event.as_object_mut() {
                members.insert("signature".into(), signature.into());
            }
            Ok(())
        }

        pub(in crate::audit) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
            self.secret.sign(message).to_bytes()
        }
    }

    /// The line that a key file holds, as signed notes have it:
    /// `PRIVATE+KEY+<name>+<8 hex digits of the key id>+<base64 of 0x01 and the 32 bytes of the seed>`.
    impl FromStr for SigningKey {
        type Err = KeyError;

        fn from_str(line: &str) -> Result<Self, KeyError> {
            let rest = line.strip_prefix(PRIVATE).ok_or(KeyError::Form)?;
            let mut parts = rest.splitn(3, '+');
            let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next())
            else {
                return Err(KeyError::Form);
            };
            let bytes = STANDARD.decode(key).map_err(|_| KeyError::Form)?;
            let Some((&ED25519, seed)) = bytes.split_first() else {
                return Err(KeyError::Form);
            };
            let key = Self::from_seed(name, seed.try_into().map_err(|_| KeyError::Form)?)?;
            if hex(&key.verifier().key_id()) == id {
                Ok(key)
            } else {
                Err(KeyError::KeyId)
            }
        }
    }

    impl VerifierKey {
        /// Checks the signature of an event. The algorithm is that of the key, never one that
        /// the event names.
        ///
        /// # Errors
        /// When the event names another key, or the signature is missing, malformed or another's.
        pub fn verify_event(&self, event: &Value) -> Result<(), SignatureError> {
            let text = event.get("signature").and_then(Value::as_str);
            let text = text.ok_or(SignatureError::Missing)?;
            let found = event.get("signature_key_ref").and_then(Value::as_str);
            let expected = self.key_ref();
            if found != Some(expected.as_str()) {
                let found = found.map(str::to_owned);
                return Err(SignatureError::ForeignKey { expected, found });
            }
            let bytes = STANDARD
                .decode(text)
                .map_err(|_| SignatureError::Malformed)?;
            let signature = bytes
                .as_slice()
                .try_into()
                .map_err(|_| SignatureError::Malformed)?;
            let message =
                payload(event).map_err(|source| SignatureError::NoCanonicalForm { source })?;
            if verify_bytes(self, message.as_bytes(), signature) {
                Ok(())
            } else {
                Err(SignatureError::Forged)
            }
        }
    }

    /// Strict verification: weak keys and second spellings of a signature are refused.
    pub(in crate::audit) fn verify_bytes(
        key: &VerifierKey,
        message: &[u8],
        signature: &[u8; 64],
    ) -> bool {
        let Ok(public) = ed25519_dalek::VerifyingKey::from_bytes(key.public()) else {
            return false;
        };
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        public.verify_strict(message, &signature).is_ok()
    }
}
