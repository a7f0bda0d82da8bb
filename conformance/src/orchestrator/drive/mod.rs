//! From drills to an observation: drives an orchestrator through runs, and starts nothing else.
//!
//! ```text
//! schedule   which thread drives which run, in directories of its own
//! director   one run: takes the steps, and talks to the programs that the orchestrator starts
//! hub        the socket on which those programs report
//! call       one start of the orchestrator; export: the six documents
//! edit, tamper, respond: the steps of the kit's own
//! crash      one run with a fault at a point, and what a restart makes of it
//! power      what a restart makes of what the disk may hold after a power loss
//! damage     what the next step makes of bytes that rotted while nothing ran
//! leaks      where secrets and artifacts are found again; copies: artifacts within other files
//! ```

mod call;
mod copies;
mod crash;
mod damage;
mod director;
mod edit;
mod error;
mod export;
mod fixed;
mod hub;
mod leaks;
mod power;
mod programs;
mod respond;
mod schedule;
mod site;
mod steps;
mod tamper;

pub use crash::{CrashPlan, Crashed, RECOVERY, Second, Target, Traced, crash_all};
pub use damage::{Choose, Chosen, Inflicted, Inflictions, Part, damage_all, undisturbed};
pub use error::OrchestratorDriveError;
pub use power::{
    Contents, Dealings, Entry, Image, Made, Recorded, Share, Shares, Twice, power_all,
};
pub use schedule::{Options, drive};
