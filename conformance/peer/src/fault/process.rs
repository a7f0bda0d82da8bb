//! Deviations of the process itself.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::When;
use crate::engine::{Failure, Mode, Outcome, Start};
use crate::hub::Hub;

/// A deviation of the process itself: `process/...`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ProcessFault {
    /// Writes without end, as ends go.
    Floods {
        /// Where to.
        stream: Stream,
        /// How much.
        mebibytes: u32,
    },
    /// Never ends.
    Hangs {
        /// From when on.
        at: Moment,
        /// Whether it ignores the signals that ask it to end.
        #[serde(default)]
        deaf: bool,
        /// Whether it ends with exit status 0 when they do.
        #[serde(default)]
        polite: bool,
    },
    /// Leaves a process behind.
    LeavesChild {
        /// Which kind.
        how: Child,
        /// How long that lives.
        seconds: u32,
        /// In which launches.
        #[serde(default)]
        when: When,
    },
    /// Panics.
    Panics {
        /// When.
        at: Trouble,
    },
    /// Leaves a process behind that goes on writing into an artifact.
    RewritesLater {
        /// After how long.
        milliseconds: u32,
        /// How long it lives after that.
        seconds: u32,
    },
    /// Sends itself a signal after the receipt.
    Signals {
        /// Its name without `SIG`.
        name: String,
        /// In which launches.
        #[serde(default)]
        when: When,
    },
}

/// An output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard error.
    Error,
    /// Standard output.
    Output,
}

/// A moment in a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// After the receipt was printed.
    AfterReceipt,
    /// Before anything is read.
    Start,
    /// After the receipt of a take-off was printed.
    AfterTakeOffReceipt,
    /// In a take-off, once its change is made.
    TakeOff,
}

/// A kind of process that is left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Child {
    /// One of a process group of its own.
    Group,
    /// One that keeps standard output open.
    HoldsOutput,
    /// One that was not waited for.
    Plain,
    /// One of a session of its own.
    Session,
    /// One of a session of its own, with an empty environment, in the root directory.
    SessionWithoutTraces,
}

/// What makes it panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// Input that is not JSON.
    NotJson,
    /// Workspace files that cannot be read.
    Reading,
    /// A restored artifact that is not as announced.
    State,
    /// Artifacts that cannot be written.
    Writing,
}

impl ProcessFault {
    pub(super) const fn is_at_start(&self) -> bool {
        matches!(
            self,
            Self::Hangs {
                at: Moment::Start,
                ..
            }
        )
    }

    pub(super) fn hang(&self, now: Moment, hub: &Hub) {
        match self {
            Self::Hangs { at, deaf, polite } if *at == now => {
                if *deaf {
                    hub.hang_deaf();
                }
                if *polite {
                    hub.hang_politely();
                }
                hub.hang();
            }
            _ => {}
        }
    }

    pub(super) fn panic_over(&self, failure: &Failure) {
        let Self::Panics { at } = self else { return };
        let hit = match at {
            Trouble::NotJson => matches!(failure, Failure::NotJson(_)),
            Trouble::State => matches!(
                failure,
                Failure::StateAltered(_)
                    | Failure::StateBodyMissing(_)
                    | Failure::StateMissing(_)
                    | Failure::StateTruncated(_)
            ),
            Trouble::Reading | Trouble::Writing => {
                let reads = |what: &str| what.starts_with("read") || what.starts_with("list");
                matches!(failure, Failure::Io { what, .. } if reads(what) == (*at == Trouble::Reading))
            }
        };
        assert!(!hit, "called `unwrap()` on an `Err` value: {failure}");
    }

    pub(super) fn after_receipt(&self, start: &Start, outcome: &Outcome) {
        self.hang(Moment::AfterReceipt, &start.hub);
        if outcome.mode == Mode::TakeOff {
            self.hang(Moment::AfterTakeOffReceipt, &start.hub);
        }
        match self {
            Self::Floods { stream, mebibytes } => stream.flood(*mebibytes),
            Self::LeavesChild { how, seconds, when } if when.fits(outcome) => how.leave(*seconds),
            Self::RewritesLater {
                milliseconds,
                seconds,
            } if outcome.mode == Mode::FlightPlan => rewrite_later(start, *milliseconds, *seconds),
            Self::Signals { name, when } if when.fits(outcome) => {
                send_itself(name);
            }
            _ => {}
        }
    }
}

impl Stream {
    fn flood(self, mebibytes: u32) {
        let mut out: Box<dyn std::io::Write> = match self {
            Self::Error => Box::new(std::io::stderr().lock()),
            Self::Output => Box::new(std::io::stdout().lock()),
        };
        let block = vec![b'\n'; 1 << 20];
        for _ in 0..mebibytes {
            if out.write_all(&block).is_err() {
                return;
            }
        }
    }
}

impl Child {
    fn leave(self, seconds: u32) {
        let seconds = seconds.to_string();
        let (program, args): (&str, &[&str]) = match self {
            Self::Group | Self::HoldsOutput | Self::Plain => ("sleep", &[&seconds]),
            Self::Session | Self::SessionWithoutTraces => ("setsid", &["sleep", &seconds]),
        };
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null());
        if self != Self::HoldsOutput {
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }
        if self == Self::Group {
            command.process_group(0);
        }
        if self == Self::SessionWithoutTraces {
            command.env_clear().current_dir("/");
        }
        let _ = command.spawn();
    }
}

/// Sends the process a signal, by its name without `SIG`.
pub(crate) fn send_itself(name: &str) {
    // The handler that reports stack overflows takes the first one and then gives way.
    let script = match name {
        "SEGV" | "BUS" => "kill -\"$0\" $PPID; sleep 0.05; kill -\"$0\" $PPID",
        _ => "kill -\"$0\" $PPID",
    };
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).arg(name).stderr(Stdio::null());
    let _ = shell.status();
}

fn rewrite_later(start: &Start, milliseconds: u32, seconds: u32) {
    let Ok(dirs) = start.dirs() else { return };
    let body = dirs.artifacts.join("diff").join(crate::engine::BODY);
    let pause = format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000);
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg("sleep \"$0\"; echo late >> \"$1\"; exec sleep \"$2\"")
        .arg(pause)
        .arg(body)
        .arg(seconds.to_string());
    let _ = shell
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}
