//! Findings and rules as text: for people, and for programs.

pub mod annotations;
pub mod explain;
pub mod json;
mod model;
pub mod sarif;
pub mod terminal;

pub use model::Outcome;
