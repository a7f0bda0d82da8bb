//! The tracer.
//!
//! ```text
//! calls      the calls that change files: number, name, and where their arguments are
//! filter     the same calls for seccomp, which hands nothing else over
//! start      forks the subject, takes hold of it, lets it go on
//! ptrace     what is asked of the kernel; with `start`, all of the unsafe code
//! memory     texts and numbers in the subject's memory
//! place      which file a call means
//! look       what a call is about to do
//! tree       the processes, their starts and ends
//! tracer     one call after the other
//! ```

mod calls;
mod fault;
mod filter;
mod look;
mod memory;
mod place;
mod ptrace;
mod start;
mod tracer;
mod tree;

pub use start::trace;
