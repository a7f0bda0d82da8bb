//! The example of the lifecycle's section 14, end to end: a real engine on a real project, Rego
//! policies and the secrets model, a person, and an audit log that is verified. `docs/tour.md` tells
//! the same.

mod crashes;
mod trip;
mod ways;
