//! From a plan to an observation: the only part of the harness that starts processes.

mod artifacts;
pub(crate) mod clock;
pub(crate) mod command;
mod decoys;
pub mod engine;
mod input;
mod launch;
pub mod launcher;
pub(crate) mod place;
pub(crate) mod probe;
pub(crate) mod process;
pub(crate) mod processors;
pub(crate) mod reap;
mod schedule;
pub(crate) mod snapshot;
pub mod trace;
mod watch;
mod worker;
mod workspace;
pub(crate) mod world;

pub(crate) use input::PROTOCOL_VERSION;
pub(crate) use launch::with_placeholders;
pub(crate) use workspace::{grown as grown_workspace, hostile as hostile_workspace};
