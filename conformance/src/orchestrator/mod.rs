//! The orchestrator kit: drives any orchestrator through every path of the lifecycle, and judges it
//! by what its engines and policies saw, what it exports, and what it left behind.
//!
//! ```text
//! drills + adapter -- drive -- Observation -- judge -- Verdict -- report
//! ```
//!
//! The same flow as the engine kit's, with other data. A drill sets a stage (a workspace, a workflow,
//! scripted engines and policies) and takes steps on it (run, resume, respond, kill, tamper).

pub mod adapter;
pub mod catalogue;
pub mod course;
pub mod damage;
pub mod drill;
pub mod drive;
pub mod evidence;
pub mod expect;
pub mod judge;
pub mod observe;
pub mod plan;
pub mod probe;
pub mod report;
pub mod rule;
pub mod select;
pub mod stage;
pub mod sweep;
pub mod trace;
