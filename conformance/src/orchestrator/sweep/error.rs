//! Why a sweep could not be made.

use crate::orchestrator::drive::OrchestratorDriveError;

/// Why a sweep could not be made; what it finds is no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The harness cannot drive.
    #[error("the orchestrator cannot be exercised")]
    Drive(#[from] OrchestratorDriveError),
    /// No drill has that name.
    #[error("{name} is no drill of orchestrators")]
    NoDrill {
        /// As given.
        name: String,
    },
    /// The drill does more than start, answer and resume.
    #[error("the drill {name} takes the step {step}, which no sweep can repeat")]
    NotRepeatable {
        /// The drill.
        name: String,
        /// The step.
        step: String,
    },
    /// No point is called so.
    #[error("no point of the scenario is called {name}")]
    NoPoint {
        /// As given.
        name: String,
    },
}
