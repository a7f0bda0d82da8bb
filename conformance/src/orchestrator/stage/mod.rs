//! What a drill happens on: a workflow, its scripts, a roster, a workspace.

mod defaults;
mod error;
mod model;
mod write;

pub use error::StageError;
pub use model::Stage;
pub(crate) use write::{Places, Written, write};
