//! Integration tests of the reference orchestrator.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its stage fails right there"
)]

mod audit;
mod crash;
mod damage;
mod histories;
mod people;
mod place;
mod verbs;
mod world;
