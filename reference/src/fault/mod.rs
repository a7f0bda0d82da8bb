//! Ways to be wrong, for testing what judges orchestrators. They exist only in a build with the
//! feature `faults`, which is no default; the program is then wrong in the one way that the
//! variable `CABINCREW_FAULT` names, and in none when the variable is absent.
//!
//! A fault is one file in `fixtures/orchestrator-faults`, one line in `list`, and one question
//! `fault::on(Fault::Name)` where the program goes wrong. Without the feature that question is a
//! constant, so that nothing of the faults is left in the program. What documents say wrongly is
//! gathered here, one function for each kind of document.

#[cfg(feature = "faults")]
mod choice;
#[macro_use]
mod declare;
mod documents;
mod list;
#[cfg(not(feature = "faults"))]
mod none;
mod silence;
mod telling;

#[cfg(feature = "faults")]
pub use choice::{UnknownFault, VARIABLE, choose};
#[cfg(feature = "faults")]
pub(crate) use choice::{is_first_run, on, passed_on, restart};
pub(crate) use documents::{relog, republished, restate};
pub(crate) use list::Fault;
#[cfg(not(feature = "faults"))]
pub(crate) use none::{is_first_run, on, passed_on, restart};
pub(crate) use silence::told;
pub(crate) use telling::{reask, retell, seal_wrongly};
