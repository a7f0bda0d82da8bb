//! Processes that may do anything: started in a group of their own, bounded, and gone afterwards.

mod group;
mod pipe;
mod run;

pub(crate) use group::{Bounds, Group, Start, Stderr, ended};
pub(crate) use pipe::{Flow, Pipe};
pub(crate) use run::{Ended, run};
