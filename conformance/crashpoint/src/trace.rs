//! What a tracer saw.

use serde::{Deserialize, Serialize};

use crate::point::Point;

/// One run of the subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// In the order in which they took effect: one at a time, whatever the subject's threads do.
    pub events: Vec<Event>,
    /// What the tracer could not see into; each once, in order.
    pub notes: Vec<Note>,
    /// Whether the requested fault was made.
    pub fired: bool,
    /// How the subject's first process ended.
    pub finish: Finish,
}

/// How the subject's first process ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// It was never seen to end.
    #[default]
    Unknown,
    /// It exited with this status.
    Exited(i32),
    /// This signal ended it; the tracer's own is 9.
    Signalled(i32),
}

/// One thing that the subject, or a foreign process that it started, did to the watched directory, or
/// told the outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its name; none where a foreign process did it.
    pub point: Option<Point>,
    /// The process.
    pub process: u32,
    /// What was done.
    pub act: Act,
    /// What the call returned, negative for errors; absent when the process did not live to see it.
    pub result: Option<i64>,
}

/// What was done. Paths are relative to the watched directory; `None` lies outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "act")]
pub enum Act {
    /// A file was created or emptied on opening.
    Open {
        /// The file.
        path: String,
        /// It was not there before.
        created: bool,
    },
    /// Bytes were written.
    Write {
        /// The file.
        path: String,
        /// From where on; known once the call has returned.
        offset: u64,
        /// They are durable when the call returns.
        synchronous: bool,
        /// The bytes; empty unless they are recorded.
        data: Vec<u8>,
    },
    /// A file was cut or extended to this length.
    Resize {
        /// The file.
        path: String,
        /// Bytes.
        length: u64,
    },
    /// Room was made for a file, or taken from it.
    Allocate {
        /// The file.
        path: String,
        /// Its length afterwards, bytes.
        length: u64,
    },
    /// A file or directory was made durable.
    Sync {
        /// The file or directory.
        path: String,
    },
    /// The whole file system was.
    SyncAll,
    /// Something was renamed.
    Rename {
        /// From where.
        from: Option<String>,
        /// To where.
        to: Option<String>,
        /// What came from outside, when recorded.
        brought: Vec<Brought>,
    },
    /// A file got another name.
    Link {
        /// The one it has.
        from: Option<String>,
        /// The new one.
        to: Option<String>,
        /// What came from outside, when recorded.
        brought: Vec<Brought>,
    },
    /// A symbolic link was made.
    Symlink {
        /// Where it is.
        path: String,
        /// What it holds.
        target: String,
    },
    /// A name was removed.
    Unlink {
        /// Which.
        path: String,
    },
    /// A directory was made.
    MakeDirectory {
        /// Which.
        path: String,
    },
    /// A directory was removed.
    RemoveDirectory {
        /// Which.
        path: String,
    },
    /// Mode, owner or times were changed.
    Attributes {
        /// Of what.
        path: String,
    },
    /// Something was written to standard output.
    Acknowledge,
    /// The first process ends.
    Exit {
        /// With this status.
        status: i32,
    },
    /// A foreign program was started.
    Launch,
}

/// A file or directory that came from outside the watched directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    /// Below what came; empty for itself.
    pub path: String,
    /// The file's bytes; none for a directory.
    pub content: Option<Vec<u8>>,
}

impl Act {
    /// The path that names its point.
    pub fn path(&self) -> &str {
        match self {
            Self::Open { path, .. }
            | Self::Write { path, .. }
            | Self::Resize { path, .. }
            | Self::Allocate { path, .. }
            | Self::Sync { path }
            | Self::Symlink { path, .. }
            | Self::Unlink { path }
            | Self::MakeDirectory { path }
            | Self::RemoveDirectory { path }
            | Self::Attributes { path } => path,
            Self::Rename { from, to, .. } | Self::Link { from, to, .. } => {
                to.as_deref().or(from.as_deref()).unwrap_or(".")
            }
            Self::SyncAll => ".",
            Self::Acknowledge => "@stdout",
            Self::Exit { .. } => "@exit",
            Self::Launch => "@launch",
        }
    }
}

/// What the tracer could not see into.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// This watched file was mapped shared and writable: stores to it are invisible.
    SharedMapping(String),
    /// `io_uring` was asked for, and denied.
    IoUring,
    /// Calls of another architecture were made; they are not seen.
    OtherArchitecture,
    /// Processes were still alive after the first one had ended, and were killed.
    LeftAlive,
}
