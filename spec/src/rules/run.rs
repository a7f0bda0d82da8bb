//! Rules of what engines are given and answer.

use super::Finding;
use crate::engine::{EngineInput, EngineOutput, Mode, Status};

/// C-115: a receipt explains a failure and nothing else (CC-ENG-011).
#[must_use]
pub fn error_iff_failure(receipt: &EngineOutput) -> Option<Finding> {
    match (receipt.status, receipt.error.as_deref()) {
        (Status::Failure, None | Some("")) => Some(Finding::ErrorMissing),
        (Status::Success, Some(_)) => Some(Finding::ErrorWithSuccess),
        _ => None,
    }
}

/// C-17: a planning receipt offers no plan token (CC-ENG-027, CC-TOK-002).
#[must_use]
pub fn no_token_offered(receipt: &EngineOutput) -> Option<Finding> {
    let offered = receipt.mode == Mode::FlightPlan && receipt.plan_token.is_some();
    offered.then_some(Finding::TokenOffered)
}

/// C-17: a take-off receipt repeats the token that it was given, or none.
#[must_use]
pub fn token_echo(receipt: &EngineOutput, expected: &str) -> Option<Finding> {
    let found = receipt
        .plan_token
        .as_deref()
        .filter(|found| *found != expected)?;
    Some(Finding::TokenEchoDiffers {
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}

/// C-50: a successful planning receipt lists its artifacts, if only an empty list (CC-ENG-012).
#[must_use]
pub fn artifacts_listed(receipt: &EngineOutput) -> Option<Finding> {
    let planned = receipt.mode == Mode::FlightPlan && receipt.status == Status::Success;
    (planned && receipt.artifacts.is_none()).then_some(Finding::ArtifactsMissing)
}

/// C-81: every secret that is given is allowed by name (CC-SEC-001).
#[must_use]
pub fn secrets_allowed(input: &EngineInput) -> Vec<Finding> {
    let allowed = input.allowed_secrets.as_deref().unwrap_or_default();
    let given = input.secrets.iter().flat_map(serde_json::Map::keys);
    given
        .filter(|name| !allowed.contains(name))
        .map(|name| Finding::SecretNotAllowed { name: name.clone() })
        .collect()
}
