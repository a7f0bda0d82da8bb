//! From a plan to an observation: the only part of the harness that starts processes.

mod artifacts;
mod clock;
mod decoys;
pub mod engine;
mod input;
mod launch;
pub mod launcher;
mod place;
mod process;
mod reap;
mod snapshot;
mod worker;

pub(crate) use launch::with_placeholders;
