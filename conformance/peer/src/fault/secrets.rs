//! Deviations that let a secret out.

use std::io::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use super::deviation::base64;
use crate::engine::{self, Artifact, Ending, Failure, Input, Outcome};

/// A deviation that lets a secret out: `secrets/...`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretFault {
    /// Writes a secret into an output.
    Leaks {
        /// Which one.
        what: Secret,
        /// In what form.
        form: Form,
        /// Where to.
        into: Into,
    },
    /// Quotes the whole input in the error of a refusal.
    QuotesInput {},
}

/// Which secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Secret {
    /// The first one of `secrets`.
    First,
    /// `identity_token`.
    IdentityToken,
}

/// The form it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Base64.
    Base64,
    /// An HTTP header.
    Header,
    /// Lower-case hexadecimal digits.
    Hex,
    /// As it is.
    Plain,
    /// Backwards.
    Reversed,
    /// Percent-encoded.
    Url,
}

/// The output it is written into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Into {
    /// The metadata of the evidence artifact.
    Artifact,
    /// The receipt's diagnostics.
    Diagnostics,
    /// The error of an own failure.
    Error,
    /// Standard error.
    StandardError,
}

impl SecretFault {
    fn text(&self, input: &Input) -> Option<String> {
        let Self::Leaks { what, form, .. } = self else {
            return None;
        };
        let secret = match what {
            Secret::First => input.secrets.values().find_map(Value::as_str)?,
            Secret::IdentityToken => input.identity_token.as_deref()?,
        };
        Some(match form {
            Form::Base64 => base64(secret.as_bytes()),
            Form::Header => format!("401 for GET / with Authorization: Bearer {secret}"),
            Form::Hex => secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
            Form::Plain => secret.to_owned(),
            Form::Reversed => secret.chars().rev().collect(),
            Form::Url => percent_encoded(secret),
        })
    }

    pub(super) fn reshape(&self, input: &Input, list: &mut [Artifact]) {
        let Self::Leaks {
            into: Into::Artifact,
            ..
        } = self
        else {
            return;
        };
        for artifact in list.iter_mut().filter(|artifact| artifact.name == "diff") {
            engine::set(
                &mut artifact.descriptor,
                "/metadata/client",
                json!(self.text(input)),
            );
        }
    }

    pub(super) fn edit(&self, input: Option<&Input>, outcome: &mut Outcome) {
        let (Self::Leaks { into, .. }, Some(text)) =
            (self, input.and_then(|input| self.text(input)))
        else {
            return;
        };
        match into {
            Into::Artifact => {}
            Into::Diagnostics => {
                engine::set(
                    &mut outcome.receipt,
                    "/diagnostics",
                    json!({ "client": text }),
                );
            }
            Into::Error if outcome.ending == Ending::OwnFailure => {
                engine::set(&mut outcome.receipt, "/error", json!(text));
            }
            Into::Error => {}
            Into::StandardError => {
                let _ = writeln!(std::io::stderr(), "debug: client {text}");
            }
        }
    }

    pub(super) fn tell(&self, bytes: &[u8], failure: Failure) -> Failure {
        match self {
            // The text replaces the failure's, the kind of failure stays: a refusal.
            Self::QuotesInput {} => {
                Failure::Config(format!("{failure}: {}", String::from_utf8_lossy(bytes)))
            }
            Self::Leaks { .. } => failure,
        }
    }
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(encode).collect()
}
