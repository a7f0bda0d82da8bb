//! Sweeps: one scenario, broken off at every point at which it changes something or tells somebody.
//!
//! ```text
//! scenario   what is run: a workflow that is planned, approved, taken off and completed
//! survey     its points, counted twice, and whether their names stay the same
//! job        a point and what happens there
//! every      every job driven and judged
//! double     the same in the recovery from each of them
//! disk       what a disk may hold after a power loss
//! loss       what of it is lost
//! images     all that it may hold after any point of a recorded run
//! power      every image recovered and judged
//! rests      where the orchestrator does not run
//! choice     which bytes rot there
//! corruption every damage inflicted and judged
//! told       what is printed of it
//! ```

mod choice;
mod corruption;
mod disk;
mod double;
mod error;
mod every;
mod images;
mod job;
mod loss;
mod power;
mod rests;
mod scenario;
mod survey;
mod told;

pub use corruption::{Corruption, Damages, corruption};
pub use disk::{Disk, Reading};
pub use double::{Double, Then, double};
pub use error::SweepError;
pub use every::{Limits, Sweep, sweep};
pub use images::{images, images_of_failed_sync};
pub use job::{Fashion, Job};
pub use loss::Loss;
pub use power::{PowerLoss, power_loss};
pub use scenario::{of_drill, usual};
pub use survey::{Place, Survey};
pub use told::{Finding, Outcome, Tally};
