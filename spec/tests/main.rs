//! The protocol crate against vectors, documents, generated files and laws.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on panics, also in its parts"
)]

mod catalogue;
mod documents;
mod generated;
mod laws;
mod lifecycle;
mod published;
mod rules;
mod schemas;
mod vectors;
