//! What happens next, and what is written down about what has happened: pure functions of the
//! record and of what the outside reported. Nothing here reads or changes anything else.

mod combine;
pub(crate) mod draft;
mod ending;
pub(crate) mod events;
mod failure;
pub(crate) mod governed;
mod next;
mod respond;
pub(crate) mod token;
mod validate;

pub use draft::{created, draft, noted};
pub use events::Teller;
pub use failure::Failure;
pub use next::{Next, Outcome, Task, after_restart, next};
pub use respond::{Judged, Response, judge};
pub use validate::{validate, validate_result};
