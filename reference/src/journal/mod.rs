//! The journal: one append-only file per workflow, the only truth about it. A line is one step of
//! the workflow: what happened, the write-ahead entries that record it and the audit events that
//! tell it, all or nothing. State record, write-ahead log and audit log are projections.

mod frame;
mod replay;
mod storage;
mod writer;
mod wrongly;

pub use frame::{Line, first_link};
pub use replay::{Damage, Replayed, replay};
pub use storage::{Crash, CrashImage, FileStorage, Memory, Storage};
pub use writer::{Draft, Journal, JournalError, TORN};
