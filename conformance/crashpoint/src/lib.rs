//! Finds every point at which a program changes a directory or acknowledges something, and makes it
//! fail there.
//!
//! ```text
//! request    what is watched, who is not the subject, and which fault is to be made
//! trace      what happened: events in one total order, each with the name of its point
//! linux      the tracer: seccomp hands over the calls, ptrace stops, changes and kills
//! ```
//!
//! A point has a name that stays the same from run to run: the call, the path below the watched
//! directory, and how often that pair was seen before. The subject may be static or threaded and may
//! start others; nothing is preloaded into it, and no privilege is needed.
//!
//! What it cannot see: stores through shared writable mappings (reported), calls of another
//! architecture (reported), and what other processes do that the subject did not start. `io_uring` is
//! answered as if the kernel had none (reported).

mod error;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod linux;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod nowhere;
mod point;
mod request;
mod trace;

pub use error::TraceError;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use linux::trace;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub use nowhere::trace;
pub use point::{Point, PointError};
pub use request::{Errno, Fault, Mode, Request};
pub use trace::{Act, Brought, Event, Finish, Note, Trace};
