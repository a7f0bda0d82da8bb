//! The harness: drives a subject through drills and judges what it saw.
//!
//! One direction of data flow: drills and requirements are selected into a plan, the plan is driven
//! into an [`observe::Observation`], the observation is judged into [`verdict::Verdict`]s, and those
//! become a [`report`] and an exit status. Nothing flows back: the judge knows no process, and what
//! drives knows no requirement.

pub mod adapter;
pub mod catalogue;
pub mod cli;
pub mod coverage;
pub mod doctor;
pub mod draft;
pub mod drill;
pub mod drive;
pub mod everything;
pub mod evidence;
pub mod exit;
pub mod expect;
pub mod explain;
pub mod fault;
mod filter;
pub mod golden;
pub mod init;
pub mod judge;
pub mod known;
pub mod lock;
pub mod observe;
pub mod orchestrator;
pub mod receipt;
pub mod report;
pub mod scenario;
pub mod select;
pub mod suite;
pub mod tree;
pub mod verdict;
