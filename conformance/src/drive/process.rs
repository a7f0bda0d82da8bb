//! Runs one process to its end, whatever it does: bounded time, output, memory and files, and its
//! whole tree gone afterwards.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::clock::{self, Moment};
use super::reap::{self, Family, Left, Tracker};
use crate::drill::Delivery;
use crate::observe::{Bytes, End};

/// Most bytes of standard output: the largest receipt of the profile (C-70) and one more.
const STDOUT_MAX: usize = (16 << 20) + 1;
/// Most bytes of standard error that are kept; the rest is read and dropped.
const STDERR_KEPT: usize = 256 << 10;
/// Most bytes of standard error that are read.
const STDERR_MAX: u64 = 256 << 20;
/// How often the slow limits (memory, disk) are looked at.
const TICK: Duration = Duration::from_millis(100);
/// How long output may go on after the process itself has ended.
const DRAIN: Duration = Duration::from_millis(500);
/// How many of the first bytes are sent one by one when input is delivered in pieces.
const SINGLE_BYTES: usize = 16;

/// What is run.
#[derive(Debug)]
pub(crate) struct Spec {
    /// Program and arguments.
    pub(crate) argv: Vec<OsString>,
    /// The whole environment.
    pub(crate) env: Vec<(OsString, OsString)>,
    /// Current directory.
    pub(crate) cwd: PathBuf,
    /// Standard input.
    pub(crate) stdin: Vec<u8>,
    /// How standard input is delivered.
    pub(crate) delivery: Delivery,
    /// The time limit.
    pub(crate) timeout: Duration,
    /// Directories whose size is bounded.
    pub(crate) bounded: Vec<PathBuf>,
}

/// Hears how a process gets on.
pub(crate) trait Onlooker {
    /// It runs, with this process id.
    fn started(&mut self, _pid: u32) {}

    /// It has ended; what it left behind is still there.
    fn ended(&mut self) {}
}

/// Nobody listens.
impl Onlooker for () {}

/// Hears of the end alone.
impl<F: FnMut()> Onlooker for F {
    fn ended(&mut self) {
        self();
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) end: End,
    pub(crate) stdout: Bytes,
    pub(crate) stderr: Bytes,
    pub(crate) duration_ms: u64,
    /// Processes that were still alive when the first one had ended.
    pub(crate) left: Left,
}

/// Runs `spec` to its end. `onlooker` hears of the start and, the moment the process itself has ended,
/// of the end, before anything that it left behind is touched.
pub(crate) fn run(spec: &Spec, tracker: &Tracker, onlooker: &mut dyn Onlooker) -> Ended {
    let started = clock::now();
    match tracker.family().start(|| start(spec)) {
        Ok(child) => {
            onlooker.started(child.id());
            Running::new(spec, child, started).finish(tracker, onlooker)
        }
        Err(error) => Ended {
            end: End::NotStarted(error.to_string()),
            stdout: Bytes::default(),
            stderr: Bytes::default(),
            duration_ms: started.elapsed_ms(),
            left: Left::default(),
        },
    }
}

fn start(spec: &Spec) -> io::Result<Child> {
    let (program, args) = spec.argv.split_first().ok_or(io::ErrorKind::NotFound)?;
    Command::new(program)
        .args(args)
        .env_clear()
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .current_dir(&spec.cwd)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own: signals meant for it do not reach us, and the other way round.
        .process_group(0)
        .spawn()
}

struct Running<'a> {
    spec: &'a Spec,
    child: Child,
    started: Moment,
    stdin: Option<ChildStdin>,
    sent: usize,
    stdout: Stream,
    stderr: Stream,
    exit: Exit,
}

impl<'a> Running<'a> {
    fn new(spec: &'a Spec, mut child: Child, started: Moment) -> Self {
        reap::limit_file_size(&child);
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().map(|s| Box::new(s) as Box<dyn Source>);
        let stderr = child.stderr.take().map(|s| Box::new(s) as Box<dyn Source>);
        if let Some(stdin) = &stdin {
            nonblocking(stdin.as_fd());
        }
        let exit = Exit::watch(&child);
        Self {
            spec,
            child,
            started,
            stdin,
            sent: 0,
            stdout: Stream::new(stdout, STDOUT_MAX),
            stderr: Stream::new(stderr, STDERR_KEPT),
            exit,
        }
    }

    fn finish(mut self, tracker: &Tracker, onlooker: &mut dyn Onlooker) -> Ended {
        let excess = self.until_exit(tracker.family());
        let duration_ms = self.started.elapsed_ms();
        let pid = self.child.id();
        let mut left = Left::default();
        if excess.is_none() {
            onlooker.ended();
            self.drain();
            left = tracker.left_by(pid);
        }
        // Whatever is left is killed before the leader is reaped, so that its pid, and with it its
        // group's, cannot be given to someone else in between.
        tracker.kill_all(pid);
        let status = self.child.wait();
        tracker.family().forget(pid);
        let end = excess.unwrap_or_else(|| match status {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => End::Exited(code),
                (None, Some(signal)) => End::Signalled(signal),
                (None, None) => End::NotStarted("it ended in an unknown way".to_owned()),
            },
            Err(error) => End::NotStarted(error.to_string()),
        });
        Ended {
            end,
            duration_ms,
            stdout: self.stdout.bytes,
            stderr: self.stderr.bytes,
            left,
        }
    }

    /// Until the leader has ended (`None`) or a limit was exceeded.
    fn until_exit(&mut self, family: &Family) -> Option<End> {
        let deadline = self.started.after(self.spec.timeout);
        let mut tick = self.started.after(TICK);
        loop {
            if deadline.has_passed() {
                let limit = u64::try_from(self.spec.timeout.as_millis()).unwrap_or(u64::MAX);
                return Some(End::TimedOut(limit));
            }
            if tick.has_passed() {
                if let Some(excess) = self.slow_limits(family) {
                    return Some(End::Exceeded(excess));
                }
                tick = clock::now().after(TICK);
            }
            let waiting = self.feed();
            let patience = deadline.remaining().min(tick.remaining()).min(waiting);
            if self.wait(patience) {
                return None;
            }
            if let Some(excess) = self.receive() {
                return Some(End::Exceeded(excess));
            }
        }
    }

    /// Waits for something to happen; true once the leader has ended.
    fn wait(&mut self, patience: Duration) -> bool {
        let pieces = self.spec.delivery == Delivery::Pieces;
        let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(4);
        fds.extend(
            self.exit
                .fd()
                .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)),
        );
        for stream in [&self.stdout, &self.stderr] {
            fds.extend(
                stream
                    .fd()
                    .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)),
            );
        }
        let waiting = self.sent < self.spec.stdin.len() && !pieces;
        if let Some(stdin) = self.stdin.as_ref().filter(|_| waiting) {
            fds.push(PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::OUT));
        }
        let patience = if self.exit.fd().is_some() {
            patience
        } else {
            patience.min(Duration::from_millis(2))
        };
        let _ = poll(&mut fds, Some(&timespec(patience)));
        self.exit.has_ended(&mut self.child)
    }

    fn receive(&mut self) -> Option<String> {
        self.stdout.receive();
        self.stderr.receive();
        if self.stdout.bytes.total >= STDOUT_MAX as u64 {
            // It is no receipt whatever it says: the beginning is enough to recognise it.
            self.stdout.bytes.kept.truncate(STDERR_KEPT);
            self.stdout.bytes.kept.shrink_to_fit();
            return Some("more than 16 MiB on standard output".to_owned());
        }
        (self.stderr.bytes.total > STDERR_MAX)
            .then(|| "more than 256 MiB on standard error".to_owned())
    }

    /// Sends input; returns how long to wait at most before sending more.
    fn feed(&mut self) -> Duration {
        let Some(stdin) = &mut self.stdin else {
            return Duration::MAX;
        };
        let rest = &self.spec.stdin[self.sent..];
        let part = if self.spec.delivery == Delivery::Pieces {
            // The next piece waits until the pipe is empty: a reader that takes one read() for
            // everything is then certain to see less.
            if rustix::io::ioctl_fionread(stdin.as_fd()).is_ok_and(|unread| unread > 0) {
                return Duration::from_micros(200);
            }
            let piece = (self.spec.stdin.len() / 16).max(1);
            let length = if self.sent < SINGLE_BYTES { 1 } else { piece };
            &rest[..length.min(rest.len())]
        } else {
            rest
        };
        match stdin.write(part) {
            Ok(count) => self.sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Duration::MAX,
            // It does not read its input; that is its own business.
            Err(_) => self.sent = self.spec.stdin.len(),
        }
        if self.sent >= self.spec.stdin.len() && self.spec.delivery != Delivery::FileOpenStdin {
            self.stdin = None;
            return Duration::MAX;
        }
        if self.spec.delivery == Delivery::Pieces {
            Duration::from_micros(200)
        } else {
            Duration::MAX
        }
    }

    /// Reads what is still in the pipes after the end; a child that holds them open is not waited for.
    fn drain(&mut self) {
        self.stdin = None;
        let deadline = clock::now().after(DRAIN);
        loop {
            self.stdout.receive();
            self.stderr.receive();
            let mut fds: Vec<PollFd<'_>> = [&self.stdout, &self.stderr]
                .into_iter()
                .filter_map(|stream| stream.fd())
                .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
                .collect();
            let full = self.stdout.bytes.total >= STDOUT_MAX as u64;
            if fds.is_empty() || full || deadline.has_passed() {
                return;
            }
            let _ = poll(&mut fds, Some(&timespec(deadline.remaining())));
        }
    }

    fn slow_limits(&self, family: &Family) -> Option<String> {
        if let Some(excess) = reap::exceeded(family, self.child.id()) {
            return Some(excess);
        }
        reap::too_large(&self.spec.bounded)
            .then(|| "more than 1 GiB of files in the directories given to it".to_owned())
    }
}

trait Source: Read + AsFd {}
impl<T: Read + AsFd> Source for T {}

/// One of the child's output streams.
struct Stream {
    source: Option<Box<dyn Source>>,
    keep: usize,
    bytes: Bytes,
}

impl Stream {
    fn new(source: Option<Box<dyn Source>>, keep: usize) -> Self {
        if let Some(source) = &source {
            nonblocking(source.as_fd());
        }
        Self {
            source,
            keep,
            bytes: Bytes::default(),
        }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.source.as_ref().map(|source| source.as_fd())
    }

    /// Reads what is there now, at most a megabyte at a time so that limits are looked at.
    fn receive(&mut self) {
        let mut buffer = [0; 32 << 10];
        for _ in 0..32 {
            let Some(source) = &mut self.source else {
                return;
            };
            match source.read(&mut buffer) {
                Ok(0) => self.source = None,
                Ok(count) => {
                    let room = self.keep.saturating_sub(self.bytes.kept.len());
                    self.bytes
                        .kept
                        .extend_from_slice(&buffer[..count.min(room)]);
                    self.bytes.total += count as u64;
                    if self.bytes.total >= STDOUT_MAX as u64 {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.source = None,
            }
        }
    }
}

/// Learns of the leader's end without reaping it.
struct Exit {
    #[cfg(target_os = "linux")]
    pidfd: Option<std::os::fd::OwnedFd>,
}

impl Exit {
    #[cfg(target_os = "linux")]
    fn watch(child: &Child) -> Self {
        let pid = reap::pid(child.id());
        let flags = rustix::process::PidfdFlags::empty();
        Self {
            pidfd: pid.and_then(|pid| rustix::process::pidfd_open(pid, flags).ok()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    const fn watch(_child: &Child) -> Self {
        Self {}
    }

    #[cfg(target_os = "linux")]
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    #[cfg(not(target_os = "linux"))]
    const fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn has_ended(&self, child: &mut Child) -> bool {
        reap::has_ended(child.id())
    }
}

fn nonblocking(fd: BorrowedFd<'_>) {
    let _ = rustix::io::ioctl_fionbio(fd, true);
}

fn timespec(duration: Duration) -> Timespec {
    let capped = duration.min(Duration::from_secs(3600));
    Timespec::try_from(capped).unwrap_or(Timespec {
        tv_sec: 1,
        tv_nsec: 0,
    })
}
