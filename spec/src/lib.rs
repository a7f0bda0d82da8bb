//! What the CabinCrew protocol says, as data and pure functions: wire documents and their
//! schemas, the requirements, the transition table, and the hashing profile.
//!
//! Nothing here performs I/O, reads a clock or the environment, or keeps state.

pub mod approval;
pub mod artifact;
pub mod audit;
pub mod canonical;
pub mod decision;
pub mod digest;
pub mod engine;
pub mod gateway;
pub mod governance;
pub mod json;
pub mod machine;
pub mod plan_token;
pub mod preflight;
pub mod profile;
pub mod record;
pub mod replay;
pub mod requirement;
pub mod rules;
pub mod schema;
pub mod timestamp;
pub mod wal;
pub mod wire;
pub mod workflow;
pub mod workspace;
