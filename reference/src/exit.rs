//! The exit status of every verb, in one place (DESIGN 5).

use std::process::ExitCode;

use cabincrew_protocol::workflow::State;

use crate::fault::{self, Fault};
use crate::service::ServiceError;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// COMPLETED, or a verb that only looks and has found what it looked for.
    Done,
    /// FAILED, or a check that has not held.
    Failed,
    /// The command line or a file named in it cannot be used.
    Usage,
    /// AWAITING_APPROVAL.
    Waiting,
    /// Corrupt, locked, unknown or existing state.
    Refused,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Waiting => 3,
            Self::Refused => 4,
        }
    }

    /// The worse of two: refused, usage, failed, waiting, done.
    #[must_use]
    pub const fn worse(self, other: Self) -> Self {
        if self.weight() < other.weight() {
            other
        } else {
            self
        }
    }

    const fn weight(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Waiting => 1,
            Self::Failed => 2,
            Self::Usage => 3,
            Self::Refused => 4,
        }
    }

    /// The exit of a workflow that rests in a state.
    #[must_use]
    pub fn of_state(state: State) -> Self {
        match state {
            State::Completed => Self::Done,
            State::Failed if fault::on(Fault::FailedExitsWith0) => Self::Done,
            State::AwaitingApproval if fault::on(Fault::WaitingExitsWith0) => Self::Done,
            State::AwaitingApproval => Self::Waiting,
            State::Failed
            | State::Init
            | State::PlanRunning
            | State::PlanGenerated
            | State::ArtifactsValidated
            | State::TokenCreated
            | State::PreFlightRunning
            | State::PreflightComplete
            | State::Approved
            | State::ReadyForTakeoff
            | State::TakeoffRunning
            | State::ExecutionComplete => Self::Failed,
        }
    }

    /// The exit of a verb that was refused.
    #[must_use]
    pub fn of_error(error: &ServiceError) -> Self {
        match error {
            ServiceError::Workflow(_) | ServiceError::Workspace { .. } => Self::Usage,
            _ if fault::on(Fault::RefusedExitsWith1) => Self::Failed,
            ServiceError::Journal { .. } | ServiceError::Behind { .. }
                if fault::on(Fault::DamageExitsWith0) =>
            {
                Self::Done
            }
            ServiceError::Store(crate::store::StoreError::Id { .. }) => Self::Usage,
            ServiceError::Store(_)
            | ServiceError::Journal { .. }
            | ServiceError::Behind { .. }
            | ServiceError::Gone { .. }
            | ServiceError::Survivors(_)
            | ServiceError::NothingToRetry
            | ServiceError::Request(_)
            | ServiceError::Projection(_) => Self::Refused,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
