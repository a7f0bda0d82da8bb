//! Requests for approval, their answers, and the id that binds both to a plan (C-01).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::{self, Sha256Hex};
use crate::preflight::PreflightEvidence;
use crate::wire::{self, RecordStringAny};

wire::document! {
    /// What a human is asked to approve (CC-APR-001).
    pub struct ApprovalRequest {
        /// `apr-<nonce>-<plan token hash>`, never used before (CC-APR-002, C-01).
        pub approval_id: String,
        /// The waiting workflow (CC-APR-003).
        pub workflow_id: String,
        /// The waiting step (CC-APR-003).
        pub step_id: String,
        /// Why approval is needed, in words, naming the policies (CC-APR-006, CC-APR-007, C-37).
        pub reason: String,
        /// Role that the approver must hold (CC-APR-009, C-19).
        pub required_role: String,
        /// `receipt` and `approval_context`: time, requester, triggered policies, artifacts, risk
        /// (CC-APR-008, C-37).
        pub engine_output?: RecordStringAny,
        /// The governed artifacts (CC-APR-005, C-37).
        pub evidence?: Vec<PreflightEvidence>,
        /// The plan token in force: 64 lower-case hex digits (CC-APR-004, C-03).
        pub plan_token_hash: String,
    }
}

wire::document! {
    /// What a human answered (CC-APR-012, C-01, C-58).
    pub struct ApprovalResponse {
        /// The id of the request, which carries the token hash (CC-APR-012, CC-APR-013, C-01).
        pub approval_id: String,
        /// Whether approval is granted; a boolean and nothing else (CC-APR-018, C-59).
        pub approved: bool,
        /// Who decided; a response without it is malformed (CC-APR-016, C-58).
        pub approver?: String,
        /// Why, in words.
        pub reason?: String,
        /// When, RFC 3339; a response without it is malformed (CC-APR-017, C-58).
        pub timestamp?: String,
    }
}

/// What the detached signature of an answer is made over: `"cabincrew-approval/v1\n"`, the hex
/// SHA-256 of its bytes as delivered, and a line feed. The signature itself is a signed note over
/// this text: the published schema has no room for it in the answer.
#[must_use]
pub fn signed_text(response: &[u8]) -> String {
    format!("cabincrew-approval/v1\n{}\n", digest::sha256(response))
}

/// An approval id: `apr-<nonce>-<plan token hash>` (CC-APR-002, CC-APR-013, C-01). Whoever
/// repeats it repeats the plan token, so a response is bound to the plan that was shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id {
    nonce: String,
    plan_token_hash: Sha256Hex,
}

/// Why a text is no approval id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// It does not end in a hyphen and 64 lower-case hex digits.
    #[error("no plan token hash at the end of the approval id")]
    Hash,
    /// The nonce is not 8 to 64 ASCII letters and digits.
    #[error("the nonce is not 8 to 64 ASCII letters and digits")]
    Nonce,
    /// It does not begin with `apr-`.
    #[error("no `apr-` at the beginning of the approval id")]
    Prefix,
}

impl Id {
    /// The id of a request about a plan.
    ///
    /// # Errors
    /// When the nonce is not 8 to 64 ASCII letters and digits.
    pub fn new(nonce: &str, plan_token_hash: Sha256Hex) -> Result<Self, IdError> {
        let fits = (8..=64).contains(&nonce.len());
        if fits && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self {
                nonce: nonce.to_owned(),
                plan_token_hash,
            })
        } else {
            Err(IdError::Nonce)
        }
    }

    /// What makes the id new.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The plan that it is about.
    #[must_use]
    pub fn plan_token_hash(&self) -> &Sha256Hex {
        &self.plan_token_hash
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "apr-{}-{}", self.nonce, self.plan_token_hash)
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let rest = text.strip_prefix("apr-").ok_or(IdError::Prefix)?;
        let (nonce, hash) = rest.rsplit_once('-').ok_or(IdError::Hash)?;
        Self::new(nonce, hash.parse().map_err(|_| IdError::Hash)?)
    }
}

impl TryFrom<String> for Id {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.to_string()
    }
}
