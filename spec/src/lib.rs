//! What the CabinCrew protocol says, as data and pure functions: wire documents and their
//! schemas, the requirements, the transition table, and the hashing profile.
//!
//! Nothing here performs I/O, reads a clock or the environment, or keeps state.

pub mod canonical;
pub mod digest;
pub mod json;
pub mod machine;
pub mod requirement;
pub mod schema;
pub mod workflow;
