//! What changed between two drafts, and for whom it matters.

mod change;
mod compare;
mod extent;
mod obligations;
pub mod print;
mod touched;

pub use change::{Change, Class, Difference, Sentence};
pub use compare::compare;
