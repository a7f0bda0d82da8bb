//! Why a verb does nothing, or nothing more.

use std::path::PathBuf;

use crate::journal::JournalError;
use crate::store::StoreError;
use crate::workflow::WorkflowError;

/// Why a verb does nothing, or nothing more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The folder of the workflow cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The workflow file cannot be used.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
    /// The journal cannot be used.
    #[error("workflow {id:?} is refused")]
    Journal {
        /// The workflow.
        id: String,
        /// Why.
        source: JournalError,
    },
    /// The journal has lost its end.
    #[error("workflow {id:?} is refused: {file} has more than the journal")]
    Behind {
        /// The workflow.
        id: String,
        /// The file that has more.
        file: &'static str,
    },
    /// The journal is not there although other files of the workflow are.
    #[error("workflow {id:?} is refused: its journal is gone")]
    Gone {
        /// The workflow.
        id: String,
    },
    /// The workspace cannot be used.
    #[error("the workspace {path} {why}")]
    Workspace {
        /// The path.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// Processes of an earlier launch are still there.
    #[error("an earlier engine cannot be ended")]
    Survivors(#[source] std::io::Error),
    /// A retry that is not for a take-off of unknown outcome.
    #[error("there is no take-off of unknown outcome to retry")]
    NothingToRetry,
    /// A request to cancel cannot be written.
    #[error("the process that is working on it cannot be asked to stop")]
    Request(#[source] std::io::Error),
    /// The projections cannot be written.
    #[error("the projections cannot be written")]
    Projection(#[source] std::io::Error),
}

pub(super) type Result<T> = std::result::Result<T, ServiceError>;

pub(super) fn journal_error(id: &str, source: JournalError) -> ServiceError {
    ServiceError::Journal {
        id: id.to_owned(),
        source,
    }
}
