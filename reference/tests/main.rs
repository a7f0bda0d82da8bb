//! Integration tests of the reference orchestrator.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its stage fails right there"
)]

mod audit;
mod cancel;
mod confinement;
mod crash;
mod damage;
mod documents;
mod engines;
mod faults;
#[cfg(feature = "onnx")]
mod governance;
mod histories;
mod people;
mod place;
mod restart;
mod several;
mod signed;
#[cfg(feature = "onnx")]
mod tour;
mod verbs;
mod watch;
mod world;
