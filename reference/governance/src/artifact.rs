//! Artifacts as evaluators see them (CC-PRE-005, CC-PRE-006, CC-PRE-007, C-31).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cabincrew_protocol::artifact::Role;
use cabincrew_protocol::canonical;
use cabincrew_protocol::digest;
use cabincrew_protocol::engine::Mode;
use cabincrew_protocol::preflight::PreflightInput;
use serde_json::{Value, json};

use crate::failure::{Failure, FailureKind};
use crate::policy::Part;

/// One artifact with its content, read from the verified copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GovernedArtifact {
    /// Its name.
    pub name: String,
    /// Its role, as the receipt says (C-11).
    pub role: Role,
    /// What `artifact.json` holds.
    pub artifact: Value,
    /// The bytes of `body.data`, if there is one.
    pub body: Option<Vec<u8>>,
}

impl GovernedArtifact {
    /// The bytes of a part; `None` when there is no body, neither as a file nor inline.
    pub(crate) fn part(&self, part: Part) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        match (part, &self.body) {
            (Part::Metadata, _) => canonical_bytes(&self.artifact).map(Some),
            (Part::Body, Some(body)) => Ok(Some(Cow::Borrowed(body))),
            (Part::Body, None) => match self.artifact.get("body") {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => Ok(Some(Cow::Borrowed(text.as_bytes()))),
                Some(inline) => canonical_bytes(inline).map(Some),
            },
        }
    }

    /// `{name, role, artifact, body_text | body_base64, body_sha256}`: text when the body is
    /// UTF-8, and none of the last three without a body (C-31).
    fn shown(&self) -> Value {
        let mut shown = json!({
            "name": self.name,
            "role": self.role,
            "artifact": self.artifact,
        });
        if let Some(body) = &self.body {
            match std::str::from_utf8(body) {
                Ok(text) => shown["body_text"] = json!(text),
                Err(_) => shown["body_base64"] = json!(STANDARD.encode(body)),
            }
            shown["body_sha256"] = json!(digest::sha256(body).as_str());
        }
        shown
    }

    fn bytes(&self) -> usize {
        self.body.as_ref().map_or(0, Vec::len)
    }
}

/// Those that are evaluated: all of them after execution, all but logs before it (C-66).
pub(crate) fn governed(
    artifacts: &[GovernedArtifact],
    mode: Mode,
) -> impl Iterator<Item = &GovernedArtifact> {
    artifacts
        .iter()
        .filter(move |artifact| mode == Mode::TakeOff || artifact.role != Role::Log)
}

/// `input` as policies and programs are given it: with the governed artifacts under
/// `context.artifacts`, which replaces what may stand there (C-31, C-66).
#[must_use]
pub fn shown(input: &PreflightInput, artifacts: &[GovernedArtifact]) -> PreflightInput {
    let list = governed(artifacts, input.mode)
        .map(GovernedArtifact::shown)
        .collect();
    let mut shown = input.clone();
    shown
        .context
        .get_or_insert_default()
        .insert("artifacts".to_owned(), Value::Array(list));
    shown
}

/// Refuses content that is too much to show: what a policy has not seen it has not permitted.
pub(crate) fn check_size(
    artifacts: &[GovernedArtifact],
    mode: Mode,
    bytes_max: usize,
) -> Result<(), Failure> {
    let mut total = 0_usize;
    for artifact in governed(artifacts, mode) {
        total = total.saturating_add(artifact.bytes());
        if total > bytes_max {
            let detail = format!(
                "bodies up to {} have {total} bytes where {bytes_max} can be shown",
                artifact.name
            );
            return Err(Failure::new(FailureKind::Oversize, detail));
        }
    }
    Ok(())
}

fn canonical_bytes<'a>(value: &Value) -> Result<Cow<'a, [u8]>, Failure> {
    canonical::to_vec(value)
        .map(Cow::Owned)
        .map_err(|error| Failure::new(FailureKind::Malformed, error.to_string()))
}
