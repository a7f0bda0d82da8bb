//! The caller's end: one warm worker, replaced whenever it does what it must not.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, ExitStatus};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::Signal;
use serde::Serialize;

use super::confinement::Confinement;
use super::engine::Engine;
use super::message::{Answer, Key, Reply, Request};
use crate::clock::Deadline;
use crate::failure::{Failure, FailureKind};
use crate::process::{Bounds, Flow, Group, Pipe, Start, Stderr, ended};

/// How long a worker may take to greet. Nothing untrusted has been said to it by then.
const GREETING: Duration = Duration::from_secs(10);

/// How long the end of a worker that closed its output is waited for, so that it can be named.
const ENDING: Duration = Duration::from_millis(200);

/// How many policies a worker keeps compiled.
const HELD_MAX: usize = 64;

/// How a worker is started and when it is replaced.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) program: PathBuf,
    /// What the worker must be built on, as its greeting says.
    pub(crate) engine: &'static Engine,
    /// Address space in bytes.
    pub(crate) memory: u64,
    /// Most bytes of one answer.
    pub(crate) answer_max: usize,
    /// After how many requests it is replaced.
    pub(crate) requests_max: u32,
}

/// A worker, running or not.
#[derive(Debug)]
pub(crate) struct Client {
    setup: Setup,
    running: Option<Running>,
}

impl Client {
    pub(crate) const fn new(setup: Setup) -> Self {
        Self {
            setup,
            running: None,
        }
    }

    /// Makes sure that a worker is there, and tells whether it has compiled `key`; one that has
    /// not has room for it. One that ended or wore out between requests is replaced: no policy is
    /// to blame for that.
    pub(crate) fn ready_for(&mut self, key: &Key) -> Result<bool, Failure> {
        let requests_max = self.setup.requests_max;
        self.running = self
            .running
            .take()
            .and_then(|running| running.if_fit(requests_max, key));
        let running = match self.running.take() {
            Some(running) => running,
            None => Running::start(&self.setup)?,
        };
        let holds = running.held.contains(key);
        self.running = Some(running);
        Ok(holds)
    }

    /// What the running worker cannot reach; `None` while none runs.
    pub(crate) fn confinement(&self) -> Option<Confinement> {
        self.running.as_ref()?.confinement
    }

    /// Notes that the worker has compiled `key`.
    pub(crate) fn hold(&mut self, key: Key) {
        if let Some(running) = &mut self.running {
            running.held.insert(key);
        }
    }

    /// Whether the worker was given the input of round `round`.
    pub(crate) fn knows_input(&self, round: u64) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.input == Some(round))
    }

    /// Notes that it was.
    pub(crate) const fn learn_input(&mut self, round: u64) {
        if let Some(running) = &mut self.running {
            running.input = Some(round);
        }
    }

    /// Asks and waits for the answer. After any failure but one that the worker reports itself,
    /// the worker is gone.
    pub(crate) fn ask<B: Serialize>(
        &mut self,
        body: &B,
        patience: Duration,
    ) -> Result<Reply, Failure> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => Running::start(&self.setup)?,
        };
        let answer = running.ask(body, patience, self.setup.answer_max)?;
        if !answer.last {
            self.running = Some(running);
        }
        match answer.reply {
            Reply::Failed { kind, detail } => Err(Failure::new(kind, detail)),
            reply => Ok(reply),
        }
    }
}

/// A running worker. Dropping it kills it.
#[derive(Debug)]
struct Running {
    group: Group,
    stdin: Pipe<ChildStdin>,
    stdout: Pipe<ChildStdout>,
    seq: u64,
    requests: u32,
    held: BTreeSet<Key>,
    input: Option<u64>,
    /// What the worker cannot reach, once it has greeted.
    confinement: Option<Confinement>,
}

impl Running {
    fn start(setup: &Setup) -> Result<Self, Failure> {
        let unavailable = |error: io::Error| {
            let name = setup.program.file_name().unwrap_or_default();
            let detail = format!("cannot start {}: {error}", name.display());
            Failure::new(FailureKind::Unavailable, detail)
        };
        let start = Start {
            program: &setup.program,
            args: &[],
            path: "".as_ref(),
            cwd: Path::new("/"),
            stderr: Stderr::Dropped,
            bounds: Bounds {
                memory: setup.memory,
                cpu_s: None,
                file_bytes: 0,
            },
        };
        let mut group = Group::start(&start).map_err(unavailable)?;
        let (Some(stdin), Some(stdout)) = (group.stdin.take(), group.stdout.take()) else {
            return Err(unavailable(io::ErrorKind::BrokenPipe.into()));
        };
        let mut running = Self {
            stdin: Pipe::new(stdin).map_err(unavailable)?,
            stdout: Pipe::new(stdout).map_err(unavailable)?,
            group,
            seq: 0,
            requests: 0,
            held: BTreeSet::new(),
            input: None,
            confinement: None,
        };
        let greeting = running.exchange(&[], Deadline::after(GREETING), setup.answer_max);
        match greeting.map(|answer| answer.reply) {
            Ok(Reply::Hello {
                engine,
                confinement,
            }) if engine == setup.engine.to_string() => {
                running.confinement = Some(confinement);
                Ok(running)
            }
            Ok(_) => Err(Failure::new(
                FailureKind::Unavailable,
                format!("the worker is not built on {}", setup.engine),
            )),
            Err(failure) => Err(Failure::new(
                FailureKind::Unavailable,
                format!("no greeting: {}", failure.detail),
            )),
        }
    }

    /// The worker, if it is alive, not worn out, and holds `key` or has room for it.
    fn if_fit(mut self, requests_max: u32, key: &Key) -> Option<Self> {
        let has_room = self.held.len() < HELD_MAX || self.held.contains(key);
        (has_room && self.requests < requests_max && !self.group.has_ended()).then_some(self)
    }

    fn ask<B: Serialize>(
        &mut self,
        body: &B,
        patience: Duration,
        answer_max: usize,
    ) -> Result<Answer, Failure> {
        self.seq += 1;
        self.requests += 1;
        let request = Request {
            seq: self.seq,
            cpu_s: patience.as_secs() + 1,
            body,
        };
        let mut line = serde_json::to_vec(&request)
            .map_err(|error| Failure::new(FailureKind::Malformed, error.to_string()))?;
        line.push(b'\n');
        self.exchange(&line, Deadline::after(patience), answer_max)
    }

    /// Sends a line and takes exactly one.
    fn exchange(
        &mut self,
        mut line: &[u8],
        deadline: Deadline,
        answer_max: usize,
    ) -> Result<Answer, Failure> {
        let mut bytes = Vec::new();
        loop {
            let sent = self.stdin.send(&mut line);
            match self.stdout.receive(&mut bytes, answer_max) {
                Flow::Done => {
                    let detail = format!("more than {answer_max} bytes of answer");
                    return Err(Failure::new(FailureKind::Flooded, detail));
                }
                Flow::Closed if !bytes.ends_with(b"\n") => return Err(self.died()),
                Flow::Closed | Flow::Blocked if bytes.contains(&b'\n') => {
                    return self.understand(&bytes);
                }
                Flow::Closed | Flow::Blocked => {}
            }
            if deadline.has_passed() {
                return Err(Failure::new(FailureKind::TimedOut, "no answer in time"));
            }
            self.wait(sent == Flow::Blocked, deadline);
        }
    }

    fn understand(&self, bytes: &[u8]) -> Result<Answer, Failure> {
        let wrong = |detail| Failure::new(FailureKind::Flooded, detail);
        let line = bytes
            .strip_suffix(b"\n")
            .filter(|line| !line.contains(&b'\n'))
            .ok_or_else(|| wrong("more than one line of answer"))?;
        let answer: Answer =
            serde_json::from_slice(line).map_err(|_| wrong("an answer that is none"))?;
        if answer.seq == self.seq {
            Ok(answer)
        } else {
            Err(wrong("an answer to another request"))
        }
    }

    /// Blocks until something can be moved. An error of `poll` is as good as an event: the loop
    /// around it is bounded by its deadline.
    fn wait(&self, sending: bool, deadline: Deadline) {
        let stdin =
            sending.then(|| PollFd::from_borrowed_fd(self.stdin.end().as_fd(), PollFlags::OUT));
        let stdout = PollFd::from_borrowed_fd(self.stdout.end().as_fd(), PollFlags::IN);
        let mut fds: Vec<PollFd<'_>> = stdin.into_iter().chain([stdout]).collect();
        let _ = poll(&mut fds, Some(&deadline.timespec()));
    }

    /// The worker closed its output: its end follows at once, or is brought about.
    fn died(&mut self) -> Failure {
        let deadline = Deadline::after(ENDING);
        let mut fds = [PollFd::new(self.group.exit(), PollFlags::IN)];
        let _ = poll(&mut fds, Some(&deadline.timespec()));
        let status = self.group.finish();
        if is_out_of_processor_time(status) {
            return Failure::new(FailureKind::TimedOut, "out of processor time");
        }
        Failure::new(
            FailureKind::Died,
            format!("the worker ended by {}", ended(status)),
        )
    }
}

fn is_out_of_processor_time(status: Option<ExitStatus>) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.and_then(|status| status.signal()) == Some(Signal::XCPU.as_raw())
}
