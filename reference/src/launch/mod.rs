//! Starting an engine. Between the orchestrator and the engine stands a stage: the program itself,
//! started again, which changes its own circumstances, starts the engine, and makes sure that
//! nothing of it is left, also when the orchestrator dies.
//!
//! ```text
//! orchestrator --socket: order, input--> stage (own session, subreaper) --stdin--> engine (own group)
//!              <-socket: report--------        |                                     |
//!              <-pipes: stdout, stderr---------+-------------------------------------+
//! ```
//!
//! The socket is the lifeline: when the orchestrator is gone, its end closes and the stage kills
//! the engine's whole tree. What the engine is kept from, the stage gives up for itself first.

mod confinement;
mod drive;
mod order;
mod reap;
pub mod stage;
mod survivors;

pub use confinement::{Confinement, Means, Space};
pub use drive::{LaunchError, Launcher, Run};
pub use order::{End, Order, Report};
pub use survivors::kill_survivors;
