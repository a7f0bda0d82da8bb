//! Why an orchestrator could not be driven.

use crate::orchestrator::stage::StageError;

/// Why an orchestrator could not be driven. Whatever it does itself is an observation, not an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrchestratorDriveError {
    /// The harness's own directories cannot be made.
    #[error("cannot prepare directories for the run")]
    Directories {
        /// Why.
        #[from]
        source: std::io::Error,
    },
    /// A drill is wrong.
    #[error("the drill cannot be staged")]
    Stage {
        /// Why.
        #[from]
        source: StageError,
    },
}
