//! The reference orchestrator: the least one that keeps every rule of the CabinCrew protocol.
//!
//! ```text
//! record -> decide (pure) -> perform (the only place that touches the world) -> outcome
//!    ^                                                                              |
//!    +---------- journal line (durable before what it announces) <------------------+
//! ```

pub mod artifacts;
pub mod audit;
pub mod cancel;
pub mod cli;
pub mod clock;
pub mod damage;
pub mod decide;
pub mod exit;
pub mod fact;
pub mod fault;
pub mod journal;
pub mod key;
pub mod launch;
mod mark;
pub mod perform;
pub mod projection;
pub mod record;
pub mod redact;
pub mod roster;
pub mod run;
pub mod service;
pub mod state;
pub mod store;
pub mod workflow;
pub mod workspace;
