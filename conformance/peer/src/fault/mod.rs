//! The deviations: the closed list of ways in which the peer can be wrong.
//!
//! A script names one as `kind = "<subject>/<deviation>"` with its parameters beside it. Each subject
//! has a file that holds both the names and what they do; `Deviation` is all that the engine sees
//! of them. To add a deviation: a variant, its arm in that file, and a script in `fixtures/faults/`
//! that shows which check catches it.

pub mod artifacts;
pub mod determinism;
mod deviation;
pub mod effects;
pub mod input;
mod kind;
mod misstatement;
pub mod process;
pub mod receipt;
pub mod secrets;
mod source;
pub mod take_off;
mod value;
mod when;

pub(crate) use deviation::{Deviation, base64};
pub use kind::{Fault, FaultError};
pub use misstatement::Misstatement;
pub use source::Source;
pub use value::Json;
pub use when::When;
