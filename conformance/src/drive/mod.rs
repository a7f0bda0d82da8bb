//! From a plan to an observation: the only part of the harness that starts processes.

mod artifacts;
pub(crate) mod clock;
mod command;
mod decoys;
pub mod engine;
mod input;
mod launch;
pub mod launcher;
mod place;
mod probe;
mod process;
mod processors;
mod reap;
mod schedule;
mod snapshot;
mod watch;
mod worker;
mod workspace;
mod world;

pub(crate) use launch::with_placeholders;
pub(crate) use workspace::hostile as hostile_workspace;
