//! The stage itself: `cabincrew __launch`, with the lifeline as its standard input.

use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, getpid, pidfd_open, set_child_subreaper, setrlimit, setsid,
};

use super::confinement::{confine, probe};
use super::order::{End, Order, Report, receive, send};
use super::reap;
use crate::clock;
use crate::fault::{self, Fault};

/// The hidden first argument that selects the stage.
pub const STAGE: &str = "__launch";
/// The hidden first argument that has this machine probed.
pub const PROBE: &str = "__probe";

/// Finds out what this machine lets an engine be kept from, and prints it.
#[must_use]
pub fn run_probe() -> ExitCode {
    match serde_json::to_writer(io::stdout(), &probe()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Runs the stage: takes an order, starts the engine, and reports.
#[must_use]
pub fn run() -> ExitCode {
    // Standard input is the lifeline; the engine gets one of its own.
    let lifeline = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map(UnixStream::from);
    match lifeline.and_then(|lifeline| stage(&lifeline)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(
                io::stderr(),
                "cabincrew: the launcher stage has failed: {error}"
            );
            ExitCode::FAILURE
        }
    }
}

fn stage(lifeline: &UnixStream) -> io::Result<()> {
    let order: Order = receive(lifeline)?;
    let mut input = Vec::new();
    io::Read::read_to_end(
        &mut io::Read::take(lifeline, order.input_length),
        &mut input,
    )?;
    // Nothing that this process has inherited reaches the engine.
    if !fault::on(Fault::DescriptorsLeak) {
        close_fds::set_fds_cloexec(3, &[]);
    }
    let _ = setsid();
    set_child_subreaper(Some(getpid()))?;
    // No core files: they would hold secrets.
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    let report = match confine(&order.confinement) {
        Ok(()) => start(lifeline, &order, &input)?,
        Err(error) => {
            let _ = writeln!(io::stderr(), "cabincrew: {}", crate::perform::chain(&error));
            Report {
                end: End::NotConfined,
                strays: 0,
            }
        }
    };
    send(lifeline, &report)
}

fn start(lifeline: &UnixStream, order: &Order, input: &[u8]) -> io::Result<Report> {
    let started = Command::new(&order.program)
        .args(&order.args)
        .env_clear()
        .envs(order.env.iter().map(|(name, value)| (name, value)))
        .current_dir(&order.cwd)
        .process_group(0)
        .stdin(Stdio::piped())
        .spawn();
    match started {
        Ok(child) => watch(child, lifeline, order, input),
        Err(error) => Ok(Report {
            end: End::NotStarted(error.raw_os_error().unwrap_or_default()),
            strays: 0,
        }),
    }
}

/// What the stage waits for while the engine runs.
struct Watch<'a> {
    lifeline: &'a UnixStream,
    ended: OwnedFd,
    stdin: Option<ChildStdin>,
    input: &'a [u8],
    deadline: Instant,
}

fn watch(
    mut child: Child,
    lifeline: &UnixStream,
    order: &Order,
    input: &[u8],
) -> io::Result<Report> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let group = pid.ok_or_else(|| io::Error::other("no process id"))?;
    let stdin = child.stdin.take();
    if let Some(stdin) = &stdin {
        rustix::io::ioctl_fionbio(stdin, true)?;
        let takes_off = order.args.iter().any(|it| it == "take-off");
        if takes_off && fault::on(Fault::StandardInputLeftOpen) {
            std::mem::forget(stdin.as_fd().try_clone_to_owned()?);
        }
    }
    let mut watch = Watch {
        lifeline,
        ended: pidfd_open(group, PidfdFlags::empty())?,
        stdin,
        input,
        deadline: clock::tick() + Duration::from_millis(order.timeout_ms),
    };
    let cause = watch.wait()?;
    let end = match cause {
        Cause::Ended => None,
        Cause::Late => {
            reap::ask(group);
            watch.deadline = clock::tick() + Duration::from_millis(order.grace_ms);
            watch.stdin = None;
            let _ = watch.wait()?;
            Some(End::TimedOut)
        }
        Cause::Cut => Some(End::Flooded),
    };
    let end = match end {
        Some(end) => end,
        None => {
            let status = child.wait()?;
            status
                .code()
                .map(End::Exited)
                .or_else(|| status.signal().map(End::Signaled))
                .unwrap_or(End::Exited(-1))
        }
    };
    let strays = reap::kill_all(group);
    Ok(Report { end, strays })
}

/// Why the wait is over.
enum Cause {
    /// The engine has ended.
    Ended,
    /// The time is up.
    Late,
    /// The orchestrator is gone, or wants the run to end.
    Cut,
}

impl Watch<'_> {
    fn wait(&mut self) -> io::Result<Cause> {
        loop {
            if self.input.is_empty() {
                // End of file for the engine (CC-ORC-011).
                self.stdin = None;
            }
            let left = self.deadline.saturating_duration_since(clock::tick());
            if left.is_zero() {
                return Ok(Cause::Late);
            }
            let [ended, cut, writable] = self.poll(left)?;
            if ended {
                return Ok(Cause::Ended);
            }
            if cut {
                return Ok(Cause::Cut);
            }
            if writable {
                self.feed();
            }
        }
    }

    fn poll(&self, left: Duration) -> io::Result<[bool; 3]> {
        let mut fds = vec![
            PollFd::new(&self.ended, PollFlags::IN),
            PollFd::new(self.lifeline, PollFlags::IN | PollFlags::HUP),
        ];
        if let Some(stdin) = &self.stdin {
            fds.push(PollFd::new(stdin, PollFlags::OUT));
        }
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = |index: usize| fds.get(index).is_some_and(|fd| !fd.revents().is_empty());
        Ok([ready(0), ready(1), ready(2)])
    }

    /// Gives the engine as much input as it takes. One that does not read is its own fault.
    fn feed(&mut self) {
        let Some(stdin) = self.stdin.as_mut() else {
            return;
        };
        match stdin.write(self.input) {
            Ok(length) => self.input = &self.input[length..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.input = &[],
        }
    }
}
