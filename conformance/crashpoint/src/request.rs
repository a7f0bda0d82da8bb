//! What is asked of the tracer.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::point::Point;
use crate::trace::Act;

/// What to watch, and what to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    /// Changes below this directory are points. It has to exist.
    pub watched: PathBuf,
    /// A process that executes a file at or below one of these paths, or a script there, is not the
    /// subject any more, nor is what it starts: it has no points and gets no faults.
    pub foreign: Vec<PathBuf>,
    /// What goes wrong; nothing when absent.
    pub fault: Option<Fault>,
    /// Whether to keep what is written, by the subject and by foreign processes alike.
    pub record: bool,
    /// Whether numbers and long hexadecimal words in paths are left out of the names of points.
    pub blur: bool,
}

/// What goes wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The point.
    pub point: Point,
    /// What happens there.
    pub mode: Mode,
}

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The whole process tree is killed before the call.
    Before,
    /// It is killed when the call has returned, before the program learns of it.
    After,
    /// The first half is written, then it is killed. Writes of one byte cannot be torn.
    Torn,
    /// The first half is written, and the program is told so: as a full disk or a signal has it. Writes of one
    /// byte, and of several pieces, go on as they are.
    Short,
    /// The call fails, once.
    Fails(Errno),
    /// The call fails, and from then on every other one that can fail so.
    FailsForEver(Errno),
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Errno {
    /// No space left.
    Enospc,
    /// The device failed.
    Eio,
    /// The file system cannot be written.
    Erofs,
    /// Too many open files.
    Emfile,
    /// The quota is used up.
    Edquot,
    /// A signal came in between.
    Eintr,
}

impl Errno {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Enospc,
        Self::Eio,
        Self::Erofs,
        Self::Emfile,
        Self::Edquot,
        Self::Eintr,
    ];

    /// Its name, such as `ENOSPC`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enospc => "ENOSPC",
            Self::Eio => "EIO",
            Self::Erofs => "EROFS",
            Self::Emfile => "EMFILE",
            Self::Edquot => "EDQUOT",
            Self::Eintr => "EINTR",
        }
    }

    /// Whether such a call can fail so. What only tells the outside does not.
    pub const fn befalls(self, act: &Act) -> bool {
        let grows = matches!(
            act,
            Act::Open { created: true, .. }
                | Act::Write { .. }
                | Act::Resize { .. }
                | Act::Allocate { .. }
                | Act::Rename { .. }
                | Act::Link { .. }
                | Act::Symlink { .. }
                | Act::MakeDirectory { .. }
        );
        let syncs = matches!(act, Act::Sync { .. } | Act::SyncAll);
        let opens = matches!(act, Act::Open { .. });
        let tells = matches!(act, Act::Acknowledge | Act::Exit { .. } | Act::Launch);
        match self {
            Self::Enospc | Self::Edquot => grows || syncs,
            Self::Eio => !tells,
            Self::Erofs => !tells && !syncs,
            Self::Emfile => opens,
            Self::Eintr => opens || syncs || matches!(act, Act::Write { .. }),
        }
    }
}
