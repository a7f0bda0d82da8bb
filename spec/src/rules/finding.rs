//! What a document can break that its schema does not say.

use serde_json::{Number, Value};

use crate::decision::Decision;
use crate::workflow::State;

/// A breach of one rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// An aggregated decision is less restrictive than one that it was made from.
    #[error("aggregated to {aggregated} although one evaluation says {strictest}")]
    AggregateWeaker {
        /// The aggregated decision.
        aggregated: Decision,
        /// The most restrictive of the evaluations.
        strictest: Decision,
    },
    /// Several policies were evaluated and no method is stated.
    #[error("several evaluations and no aggregation_method")]
    AggregationMissing,
    /// Another method than `most_restrictive`.
    #[error("aggregation_method other than most_restrictive")]
    AggregationMethod,
    /// A response without an approver.
    #[error("approver missing or empty")]
    ApproverMissing,
    /// A response whose time is missing or not RFC 3339.
    #[error("timestamp missing or not RFC 3339")]
    ApprovalTime,
    /// An inline body beside a body file.
    #[error("both body and body_file")]
    BodyTwice,
    /// `body_file` names something else than `body.data`.
    #[error("body_file is {name:?} and not body.data")]
    BodyFileName {
        /// What it names.
        name: String,
    },
    /// `body_file` names a file that is not there.
    #[error("body_file without a body.data")]
    BodyFileMissing,
    /// A `body.data` that `artifact.json` does not name.
    #[error("body.data without a body_file")]
    BodyFileUnnamed,
    /// A failure receipt that does not say why.
    #[error("status failure without an error text")]
    ErrorMissing,
    /// A success receipt that carries an error.
    #[error("status success with an error")]
    ErrorWithSuccess,
    /// An artifact name outside the syntax.
    #[error("the artifact name {name:?} is not [A-Za-z0-9][A-Za-z0-9._-]{{0,127}}")]
    NameSyntax {
        /// The name.
        name: String,
    },
    /// A request whose id is not of the form that carries a plan token.
    #[error("the approval id {approval_id:?} carries no plan token")]
    BindingMissing {
        /// The id.
        approval_id: String,
    },
    /// A request whose id carries another plan token than the request.
    #[error("the approval id carries another plan token than the request")]
    BindingDiffers,
    /// A successful planning receipt without a list of artifacts.
    #[error("success in planning without a list of artifacts")]
    ArtifactsMissing,
    /// A secret that is given without being allowed.
    #[error("the secret {name:?} is given but not allowed")]
    SecretNotAllowed {
        /// Its name.
        name: String,
    },
    /// A planning receipt that offers a plan token.
    #[error("plan_token in a planning receipt")]
    TokenOffered,
    /// A take-off receipt that repeats another token than it was given.
    #[error("plan_token is {found:?} where {expected:?} was given")]
    TokenEchoDiffers {
        /// The token that the engine was given.
        expected: String,
        /// The token that it repeats.
        found: String,
    },
    /// A plan token before any can exist.
    #[error("a plan token in {state}")]
    TokenEarly {
        /// The state.
        state: State,
    },
    /// No plan token where one must exist.
    #[error("no plan token in {state}")]
    TokenMissing {
        /// The state.
        state: State,
    },
    /// A plan token hash that is neither empty nor 64 lower-case hex digits.
    #[error("the plan token hash {found:?} is not 64 lower-case hex digits")]
    TokenForm {
        /// What it is.
        found: String,
    },
    /// The name that is kept for the plan token.
    #[error("the artifact name {name:?} is reserved")]
    NameReserved {
        /// The name.
        name: String,
    },
    /// Two artifacts whose names are equal, or differ only in case.
    #[error("the artifact names {first:?} and {second:?} collide")]
    NamesCollide {
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// The path does not name the file that the hash covers.
    #[error("the path is {found:?} where {expected:?} belongs")]
    Path {
        /// What belongs there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A role outside evidence, state and log.
    #[error("unknown role {role:?}")]
    RoleUnknown {
        /// The role.
        role: String,
    },
    /// `artifact.json` names another role than the receipt.
    #[error("artifact.json says the role is {found}, the receipt {expected:?}")]
    RoleDiffers {
        /// The receipt's.
        expected: String,
        /// That of `artifact.json`, as JSON.
        found: Value,
    },
    /// A severity that is not that of the decision.
    #[error("severity {severity} beside the decision {decision}")]
    Severity {
        /// The severity.
        severity: u8,
        /// The decision.
        decision: Decision,
    },
    /// A size that is not a non-negative integer.
    #[error("the size {size} is not a non-negative integer")]
    Size {
        /// The number.
        size: Number,
    },
    /// `workflow_state` is neither a state nor the word for none.
    #[error("workflow_state is {found:?}")]
    StateUnknown {
        /// The word.
        found: String,
    },
    /// An event of a workflow that claims to be outside of one.
    #[error("workflow_state is NONE in an event of a workflow")]
    StateNone,
    /// The policy block of an event names another state than the event.
    #[error("policy.workflow_state is {policy:?} in an event with {event:?}")]
    StateDiffers {
        /// The event's.
        event: String,
        /// The policy block's.
        policy: String,
    },
    /// The payload of an entry does not have the shape that its type names.
    #[error("data is not that of a {entry_type} entry")]
    WalData {
        /// The entry type as the entry writes it.
        entry_type: Value,
    },
}

impl Finding {
    /// The decision (C-..) that the rule comes from, else the requirement (CC-..).
    #[must_use]
    pub const fn decision(&self) -> &'static str {
        match self {
            Self::AggregateWeaker { .. } | Self::AggregationMethod => "C-08",
            Self::AggregationMissing => "CC-SCH-010",
            Self::ApproverMissing | Self::ApprovalTime => "C-58",
            Self::BindingMissing { .. } | Self::BindingDiffers => "C-01",
            Self::ArtifactsMissing => "C-50",
            Self::SecretNotAllowed { .. } => "C-81",
            Self::TokenOffered | Self::TokenEchoDiffers { .. } => "C-17",
            Self::TokenEarly { .. } | Self::TokenMissing { .. } | Self::TokenForm { .. } => "C-13",
            Self::BodyTwice
            | Self::BodyFileName { .. }
            | Self::BodyFileMissing
            | Self::BodyFileUnnamed => "C-62",
            Self::ErrorMissing | Self::ErrorWithSuccess => "C-115",
            Self::NameSyntax { .. } | Self::NameReserved { .. } | Self::NamesCollide { .. } => {
                "C-64"
            }
            Self::Path { .. } => "C-12",
            Self::RoleUnknown { .. } | Self::RoleDiffers { .. } => "C-11",
            Self::Severity { .. } => "C-46",
            Self::Size { .. } => "C-68",
            Self::StateUnknown { .. } | Self::StateNone | Self::StateDiffers { .. } => "C-38",
            Self::WalData { .. } => "C-44",
        }
    }
}
