//! The orchestrator's end: starts the stage, reads what the engine writes, and waits for the report.

use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::confinement::Means;
use super::order::{End, Order, Report, receive, send};
use super::stage::{PROBE, STAGE};
use crate::clock;
use crate::fault;

/// Longest standard output that is read: the receipt's bound and one byte more (C-70).
const STDOUT_MAX: usize = 16 * 1024 * 1024 + 1;
/// How much of standard error is kept.
const STDERR_KEPT: usize = 1024 * 1024;
/// Longest standard error that is put up with.
const STDERR_MAX: usize = 64 * 1024 * 1024;
/// How long the stage may take beside the engine.
const SLACK: Duration = Duration::from_secs(20);

/// Longest answer of a probe; less than a pipe holds, so it need not be read while it is written.
const PROBED_MAX: u64 = 4096;

/// How often it is asked whether the run is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Starts engines through a program that knows the stage.
#[derive(Debug, Clone)]
pub struct Launcher {
    program: PathBuf,
    means: Arc<OnceLock<Means>>,
}

/// What a run gave.
#[derive(Debug)]
pub struct Run {
    /// How it ended, and what it left behind.
    pub report: Report,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// The first part of standard error.
    pub stderr: Vec<u8>,
}

/// Why there is no run to speak of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// The stage cannot be started or talked to.
    #[error("the launcher stage cannot be {what}")]
    Stage {
        /// What was tried.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The stage has ended without a report, or has not ended.
    #[error("the launcher stage has not reported")]
    NoReport,
}

impl Launcher {
    /// Starts engines through that program: this one, as a rule.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            means: Arc::default(),
        }
    }

    /// What this machine lets engines be kept from. Found out once, in a process of its own; a probe
    /// that fails has found nothing.
    #[must_use]
    pub fn means(&self) -> Means {
        *self.means.get_or_init(|| self.probe().unwrap_or_default())
    }

    fn probe(&self) -> io::Result<Means> {
        let mut child = Command::new(&self.program)
            .arg(PROBE)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        finish(&mut child);
        let stdout = child.stdout.take().into_iter();
        let mut text = Vec::new();
        for stdout in stdout {
            stdout.take(PROBED_MAX).read_to_end(&mut text)?;
        }
        Ok(serde_json::from_slice(&text)?)
    }

    /// Runs an engine to its end, or until `stop` says so.
    ///
    /// # Errors
    /// When the stage fails; what the engine does is in the [`Run`].
    pub fn run(
        &self,
        order: &Order,
        input: &[u8],
        stop: &dyn Fn() -> bool,
    ) -> Result<Run, LaunchError> {
        let failed = |what| move |source| LaunchError::Stage { what, source };
        let (lifeline, theirs) = UnixStream::pair().map_err(failed("connected"))?;
        let mut child = Command::new(&self.program)
            .arg(STAGE)
            .env_clear()
            .envs(fault::passed_on())
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed("started"))?;
        // A stage that dies early breaks the pipe; the missing report says so.
        let given = send(&lifeline, order).and_then(|()| (&lifeline).write_all(input));
        let outcome = match given {
            Ok(()) => follow(&mut child, &lifeline, order, stop),
            Err(source) => Err(failed("told")(source)),
        };
        drop(lifeline);
        finish(&mut child);
        outcome
    }
}

/// Waits for the stage, which goes by itself once the lifeline is closed.
fn finish(child: &mut Child) {
    let ended = pidfd_open(Pid::from_child(child), PidfdFlags::empty());
    if let (Ok(ended), Ok(timeout)) = (ended, Timespec::try_from(SLACK)) {
        let _ = poll(&mut [PollFd::new(&ended, PollFlags::IN)], Some(&timeout));
    }
    // One that has ended does not notice.
    let _ = child.kill();
    let _ = child.wait();
}

/// A pipe that is read as far as there is something.
struct Stream<R> {
    from: Option<R>,
    kept: Vec<u8>,
    keep: usize,
    seen: usize,
}

impl<R: io::Read + std::os::fd::AsFd> Stream<R> {
    fn new(from: Option<R>, keep: usize) -> io::Result<Self> {
        if let Some(from) = &from {
            rustix::io::ioctl_fionbio(from, true)?;
        }
        Ok(Self {
            from,
            kept: Vec::new(),
            keep,
            seen: 0,
        })
    }

    /// Reads what is there.
    fn drain(&mut self) {
        let mut buffer = [0; 64 * 1024];
        while let Some(from) = self.from.as_mut() {
            match from.read(&mut buffer) {
                Ok(0) => self.from = None,
                Ok(length) => {
                    self.seen = self.seen.saturating_add(length);
                    let room = self.keep.saturating_sub(self.kept.len()).min(length);
                    self.kept.extend_from_slice(&buffer[..room]);
                    if self.seen > self.keep.max(STDERR_MAX) {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.from = None,
            }
        }
    }
}

fn follow(
    child: &mut Child,
    lifeline: &UnixStream,
    order: &Order,
    stop: &dyn Fn() -> bool,
) -> Result<Run, LaunchError> {
    let failed = |source| LaunchError::Stage {
        what: "read",
        source,
    };
    let mut stdout = Stream::new(child.stdout.take(), STDOUT_MAX).map_err(failed)?;
    let mut stderr = Stream::new(child.stderr.take(), STDERR_KEPT).map_err(failed)?;
    let limit = Duration::from_millis(order.timeout_ms.saturating_add(order.grace_ms));
    let deadline = clock::tick().checked_add(limit + SLACK);
    let mut cut = None;
    loop {
        let fds = [
            PollFd::new(lifeline, PollFlags::IN),
            stdout.from.as_ref().map_or_else(
                || PollFd::new(lifeline, PollFlags::IN),
                |from| PollFd::new(from, PollFlags::IN),
            ),
            stderr.from.as_ref().map_or_else(
                || PollFd::new(lifeline, PollFlags::IN),
                |from| PollFd::new(from, PollFlags::IN),
            ),
        ];
        let reported = wait(fds, deadline).map_err(failed)?;
        stdout.drain();
        stderr.drain();
        if cut.is_none() {
            if stdout.seen >= STDOUT_MAX || stderr.seen > STDERR_MAX {
                cut = Some(End::Flooded);
            } else if !reported && stop() {
                cut = Some(End::Cancelled);
            }
            if cut.is_some() {
                // Half of the lifeline: the stage ends the run and can still report.
                let _ = lifeline.shutdown(std::net::Shutdown::Write);
            }
        }
        if reported {
            let mut report: Report = receive(lifeline).map_err(|_| LaunchError::NoReport)?;
            stdout.drain();
            stderr.drain();
            // An engine that has ended by itself just then was not cut short by a request.
            let by_itself = cut == Some(End::Cancelled) && report.end != End::Flooded;
            report.end = cut.filter(|_| !by_itself).unwrap_or(report.end);
            return Ok(Run {
                report,
                stdout: stdout.kept,
                stderr: stderr.kept,
            });
        }
        if deadline.is_some_and(|deadline| clock::tick() > deadline) {
            return Err(LaunchError::NoReport);
        }
    }
}

/// Waits until something is there; true if it is the report.
fn wait(mut fds: [PollFd<'_>; 3], deadline: Option<Instant>) -> io::Result<bool> {
    let left = deadline.map_or(LOOK_EVERY, |at| at.saturating_duration_since(clock::tick()));
    let timeout = Timespec::try_from(left.min(LOOK_EVERY)).map_err(io::Error::other)?;
    match poll(&mut fds, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(!fds[0].revents().is_empty())
}
