//! What verifies each requirement: its sources, its checks, and the faults that prove the checks.

pub mod html;
pub mod markdown;
mod model;

pub use model::{Coverage, Proof, Row, Standing};
