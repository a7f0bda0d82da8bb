//! Why a launch fails. The texts go into receipts: they name what is wrong and quote nothing of the
//! input's values and no absolute path, so that neither a secret nor a chance directory gets out.

use super::json::JsonError;

/// Why a launch fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    // Refusals: the request is wrong.
    #[error("the argument number {0} is not understood; expected --mode flight-plan|take-off")]
    Argument(usize),
    #[error("the config member {0:?} is not one of this engine's, or has a wrong value")]
    Config(String),
    #[error("the input is not a JSON object")]
    InputNotObject,
    #[error("the input member {0} is missing")]
    MemberMissing(String),
    #[error("the input has a member that is not defined in {0}")]
    MemberUnknown(&'static str),
    #[error("the input member {0} has the wrong type")]
    MemberWrong(String),
    #[error("the modes given by flag, CABINCREW_MODE and input differ")]
    ModesDiffer,
    #[error("the mode given by {0} is neither flight-plan nor take-off")]
    ModeUnknown(&'static str),
    #[error("the input is not usable JSON: {0}")]
    NotJson(JsonError),
    #[error("the environment variable {0} is not set to an absolute path")]
    Variable(&'static str),

    // Own failures: the work does not succeed.
    #[error("the file {0} is neither as planned nor as before")]
    Drift(String),
    #[error("cannot {what}: {why}")]
    Io {
        what: String,
        why: std::io::ErrorKind,
    },
    #[error("the state artifact {0} has a line end more than it had")]
    StateAppended(String),
    #[error("the state artifact {0} was altered")]
    StateAltered(String),
    #[error("the body of the state artifact {0} is missing")]
    StateBodyMissing(String),
    #[error("the state artifact {0} is not a plan of this engine")]
    StateInvalid(String),
    #[error("the state artifact {0} is missing")]
    StateMissing(String),
    #[error("the state artifact {0} was cut short")]
    StateTruncated(String),
    #[error("the input does not say which state artifacts were restored")]
    StateUnannounced,
    /// Only a deviation fails like this.
    #[error("{0}")]
    Staged(String),
}

impl Failure {
    /// An input or output error, named by what was attempted.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io {
            what,
            why: error.kind(),
        }
    }

    /// True if the request is at fault (exit status 2), false for the engine's own failure (1).
    pub(crate) const fn is_refusal(&self) -> bool {
        match self {
            Self::Argument(_)
            | Self::Config(_)
            | Self::InputNotObject
            | Self::MemberMissing(_)
            | Self::MemberUnknown(_)
            | Self::MemberWrong(_)
            | Self::ModesDiffer
            | Self::ModeUnknown(_)
            | Self::NotJson(_)
            | Self::Variable(_) => true,
            Self::Drift(_)
            | Self::Io { .. }
            | Self::StateAppended(_)
            | Self::StateAltered(_)
            | Self::StateBodyMissing(_)
            | Self::StateInvalid(_)
            | Self::StateMissing(_)
            | Self::StateTruncated(_)
            | Self::StateUnannounced
            | Self::Staged(_) => false,
        }
    }
}
