//! The workflow file: what is to be run, by which engines, under which rules. Read once, when the
//! workflow is created, and kept in its journal from then on.

mod check;
mod confinement;
mod definition;
mod error;
mod governance;
mod load;
mod yaml;

pub use confinement::{Confinement, Wish};
pub use definition::{
    Approval, Engine, Gateway, Keep, Probe, Retention, Secret, Step, Trigger, Workflow,
};
pub use error::WorkflowError;
pub use governance::{
    DefaultDecision, Governance, OnDeny, Over, Policy, PolicyKind, PostExecution, Thresholds,
};
pub use load::{Loaded, is_id, load};
pub use yaml::YamlError;
