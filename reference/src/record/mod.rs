//! The record of a workflow: journal lines folded into where it stands. Every stage carries
//! exactly the data that exists there.

mod fold;
mod stage;
mod standing;

pub use fold::FoldError;
pub use stage::{Execution, Plan, Sealed, Stage};
pub use standing::{Answered, Record, StepHistory, phase_index};
