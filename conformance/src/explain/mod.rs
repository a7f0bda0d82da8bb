//! `explain`: what an id or a word of a report means, offline.

mod check;
mod lookup;
mod topic;

pub use lookup::{ExplainError, explain};
