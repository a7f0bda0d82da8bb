//! Signed envelopes (DSSE), in which statements about a subject are handed on: a payload, its type,
//! and signatures over both.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// A payload with its type and those who stand for it. Other members are ignored, as the format has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// What the payload is; covered by the signatures.
    pub payload_type: String,
    /// The payload in base64.
    pub payload: String,
    /// The signatures, in order.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeSignature {
    /// A hint which key it is, [`VerifierKey::key_ref`](super::VerifierKey::key_ref) in ours; not covered
    /// by the signature.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub keyid: String,
    /// The signature in base64.
    pub sig: String,
}

/// Why an envelope does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// A signature under the trusted key's hint is not that key's.
    #[error("forged signature under the key {key_ref}")]
    Forged {
        /// The trusted key.
        key_ref: String,
    },
    /// The payload is not base64.
    #[error("the payload is not base64")]
    Malformed,
    /// The payload is something else.
    #[error("the payload is {found:?} where {expected:?} is meant")]
    OtherType {
        /// The type that is meant.
        expected: String,
        /// The type that the envelope names.
        found: String,
    },
    /// The trusted key has not signed.
    #[error("no signature of the key {key_ref}")]
    Unsigned {
        /// The trusted key.
        key_ref: String,
    },
}

/// The bytes that are signed: type and payload, each behind its length, so that neither can run into
/// the other.
#[must_use]
pub fn signed_bytes(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    let mut bytes = head.into_bytes();
    bytes.extend(payload);
    bytes
}

#[cfg(feature = "sign")]
impl super::signature::SigningKey {
    /// An envelope of a payload with this key's signature.
    #[must_use]
    pub fn sign_envelope(&self, payload_type: &str, payload: &[u8]) -> Envelope {
        let signature = self.sign_bytes(&signed_bytes(payload_type, payload));
        Envelope {
            payload_type: payload_type.to_owned(),
            payload: STANDARD.encode(payload),
            signatures: vec![EnvelopeSignature {
                keyid: self.verifier().key_ref(),
                sig: STANDARD.encode(signature),
            }],
        }
    }
}

#[cfg(feature = "sign")]
impl super::key::VerifierKey {
    /// Checks that this key has signed an envelope of a type, and gives the payload that it signed.
    /// Signatures without a hint are tried; those under other keys' hints are left to those who trust
    /// them.
    ///
    /// # Errors
    /// When the type is another one, the payload is malformed, the key has not signed, or a signature
    /// under its hint is forged.
    pub fn verify_envelope(
        &self,
        envelope: &Envelope,
        payload_type: &str,
    ) -> Result<Vec<u8>, EnvelopeError> {
        if envelope.payload_type != payload_type {
            return Err(EnvelopeError::OtherType {
                expected: payload_type.to_owned(),
                found: envelope.payload_type.clone(),
            });
        }
        let payload = STANDARD
            .decode(&envelope.payload)
            .map_err(|_| EnvelopeError::Malformed)?;
        let message = signed_bytes(payload_type, &payload);
        let key_ref = self.key_ref();
        let mut signed = false;
        for line in &envelope.signatures {
            let genuine = STANDARD.decode(&line.sig).is_ok_and(|bytes| {
                let signature = bytes.as_slice().try_into();
                signature.is_ok_and(|signature| {
                    super::signature::verify_bytes(self, &message, signature)
                })
            });
            if !genuine && line.keyid == key_ref {
                return Err(EnvelopeError::Forged { key_ref });
            }
            signed |= genuine && (line.keyid == key_ref || line.keyid.is_empty());
        }
        if signed {
            Ok(payload)
        } else {
            Err(EnvelopeError::Unsigned { key_ref })
        }
    }
}

#[cfg(feature = "sign")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{KeyError, SigningKey, VerifierKey};

    const TYPE: &str = "http://example.com/HelloWorld";
    const PAYLOAD: &[u8] = b"hello world";
    /// Key, its verifier and the signature, as OpenSSL has them for the seed of 32 bytes 0x07.
    const KEY: &str =
        "PRIVATE+KEY+example.com/report+70157a82+AQcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";
    const VERIFIER: &str =
        "example.com/report+70157a82+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
    const SIGNATURE: &str =
        "x8C42/OkU4z37LDC5pamTcQZTQfPyTXZ3TA7/ZdCmyoiJJmF0LSYTZNSyG/fVxKWqjpw4Jevlqk8rCoETixLDA==";

    fn signed() -> (Envelope, VerifierKey) {
        let key: SigningKey = KEY.parse().unwrap();
        (key.sign_envelope(TYPE, PAYLOAD), VERIFIER.parse().unwrap())
    }

    #[test]
    fn a_key_is_written_as_it_was_read() {
        let key: SigningKey = KEY.parse().unwrap();
        assert_eq!(key.to_line(), KEY);
        assert_eq!(key.verifier().to_string(), VERIFIER);
    }

    #[test]
    fn the_signature_is_the_one_that_another_implementation_makes() {
        assert_eq!(
            signed_bytes(TYPE, PAYLOAD),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
        let (envelope, verifier) = signed();
        assert_eq!(envelope.signatures[0].sig, SIGNATURE);
        assert_eq!(envelope.signatures[0].keyid, "example.com/report+70157a82");
        assert_eq!(verifier.verify_envelope(&envelope, TYPE).unwrap(), PAYLOAD);
    }

    #[test]
    fn what_is_altered_or_unsigned_does_not_count() {
        let (good, verifier) = signed();
        let refused = |envelope: &Envelope| verifier.verify_envelope(envelope, TYPE).unwrap_err();
        let key_ref = verifier.key_ref();

        let mut other = good.clone();
        other.payload = STANDARD.encode("hello worle");
        assert_eq!(
            refused(&other),
            EnvelopeError::Forged {
                key_ref: key_ref.clone()
            }
        );

        let mut other = good.clone();
        other.payload_type = "http://example.com/Hello".to_owned();
        assert!(matches!(refused(&other), EnvelopeError::OtherType { .. }));

        let mut other = good.clone();
        other.signatures[0].keyid = "example.com/other+00000000".to_owned();
        assert_eq!(
            refused(&other),
            EnvelopeError::Unsigned {
                key_ref: key_ref.clone()
            }
        );
        other.signatures[0].keyid.clear();
        assert_eq!(verifier.verify_envelope(&other, TYPE).unwrap(), PAYLOAD);
        other.signatures.clear();
        assert_eq!(refused(&other), EnvelopeError::Unsigned { key_ref });

        let mut other = good;
        other.payload.push('*');
        assert_eq!(refused(&other), EnvelopeError::Malformed);
    }

    #[test]
    fn a_line_that_is_no_key_is_refused() {
        let refused = |line: &str| line.parse::<SigningKey>().unwrap_err();
        assert_eq!(refused(VERIFIER), KeyError::Form);
        assert_eq!(refused(&KEY.replace("report", "other")), KeyError::KeyId);
        assert_eq!(refused(&KEY.replace("AQcH", "AgcH")), KeyError::Form);
        assert_eq!(refused(&KEY[..KEY.len() - 4]), KeyError::Form);
    }
}
