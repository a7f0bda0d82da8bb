//! From drills to an observation: drives an orchestrator through runs, and starts nothing else.
//!
//! ```text
//! schedule   which thread drives which run, in directories of its own
//! director   one run: takes the steps, and talks to the programs that the orchestrator starts
//! hub        the socket on which those programs report
//! call       one start of the orchestrator; export: the six documents
//! edit, tamper, respond: the steps of the kit's own
//! leaks      where secrets and artifacts are found again; copies: artifacts within other files
//! ```

mod call;
mod copies;
mod director;
mod edit;
mod error;
mod export;
mod hub;
mod leaks;
mod programs;
mod respond;
mod schedule;
mod site;
mod steps;
mod tamper;

pub use error::OrchestratorDriveError;
pub use schedule::{Options, drive};
