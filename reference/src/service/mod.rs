//! The verbs: create, resume, respond, cancel, and look. Each takes hold of a workflow, brings it
//! into order, and lets it go when it rests.

mod desk;
mod error;
mod recover;
mod unrecorded;
mod verbs;

pub use desk::Service;
pub use error::ServiceError;
pub use recover::Retry;
pub use verbs::Answer;
