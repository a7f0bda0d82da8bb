//! What a script has the engine do beside its work, so that an orchestrator meets every kind of
//! engine: other artifacts, effects where there should be none, other receipts, other endings.
//!
//! Texts may hold `{secret:NAME}`, `{escaped-secret:NAME}` and `{workflow_id}`.

mod act;
mod artifact;
mod text;

pub(crate) use act::flood;
pub(crate) use artifact::override_entry;

pub use act::{Background, Conduct, Effect, Folder};
pub use artifact::ArtifactScript;
