//! What a schema cannot say about a document: each rule is a function, each breach a
//! [`Finding`] that names the decision or requirement it rests on.

mod approval;
mod artifact;
mod audit;
mod document;
mod durable;
mod finding;
mod run;

pub use approval::{request_bound, response_complete};
pub use artifact::{
    artifact_name, body_placement, expected_path, names_unique, path_fits, role_agrees, role_known,
    size_whole,
};
pub use audit::{aggregation, severity_fits, workflow_state};
pub use document::findings;
pub use durable::{token_presence, wal_data_fits};
pub use finding::Finding;
pub use run::{artifacts_listed, error_iff_failure, no_token_offered, secrets_allowed, token_echo};
