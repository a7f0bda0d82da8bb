//! Why nothing could be traced.

use std::io;

/// Why a program could not be traced; whatever it does itself is a trace, not an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// There is no tracer for this system.
    #[error("crash points are found on Linux on x86-64 alone")]
    NotAvailable,
    /// The watched directory cannot be found.
    #[error("the watched directory cannot be found")]
    Watched(#[source] io::Error),
    /// The program cannot be started.
    #[error("the program cannot be started under the tracer")]
    Start(#[source] io::Error),
    /// The kernel does not let the program be traced.
    #[error("this machine does not let a program be traced ({what})")]
    Refused {
        /// What was asked of the kernel.
        what: &'static str,
        /// Its answer.
        source: io::Error,
    },
    /// The tracer lost hold of the program.
    #[error("the tracer lost hold of the program ({what})")]
    Lost {
        /// What was asked of the kernel.
        what: &'static str,
        /// Its answer.
        source: io::Error,
    },
}
