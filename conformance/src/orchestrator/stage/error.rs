//! What can be wrong with a stage.

use std::path::PathBuf;

/// Why a stage cannot be set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// Its table is none of a stage.
    #[error("the stage of {run} is not valid")]
    Invalid {
        /// The run.
        run: String,
        /// Why.
        source: toml::de::Error,
    },
    /// It names a fixture that does not exist.
    #[error("there is no fixture {name}")]
    NoFixture {
        /// As written.
        name: String,
    },
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
