//! One process from its start to its end.

use std::io;
use std::os::fd::AsFd as _;
use std::process::{ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use super::{Flow, Group, Pipe, Start};
use crate::clock::Deadline;

/// Most bytes of standard error that are kept.
const STDERR_KEPT: usize = 512;

/// What came of it.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It ended by itself.
    Exited {
        status: Option<ExitStatus>,
        stdout: Vec<u8>,
        stderr: Vec<u8>,
    },
    /// It wrote more than it may.
    Flooded,
    /// It took longer than it may.
    TimedOut,
}

/// Starts a program, gives it `input`, and takes up to `stdout_max` bytes of its output. When
/// this returns, the program and its process group are gone. What a process outside of the group
/// writes after the program's own end is not waited for.
pub(crate) fn run(
    start: &Start<'_>,
    input: &[u8],
    stdout_max: usize,
    patience: Duration,
) -> io::Result<Ended> {
    let deadline = Deadline::after(patience);
    let mut group = Group::start(start)?;
    let mut streams = Streams::of(&mut group, stdout_max)?;
    let mut input = input;
    loop {
        streams.feed(&mut input);
        if streams.take() {
            return Ok(Ended::Flooded);
        }
        if deadline.has_passed() {
            return Ok(Ended::TimedOut);
        }
        if streams.wait(&group, deadline)? {
            break;
        }
    }
    let status = group.finish();
    // All that was written before the end is in the pipe now.
    if streams.take() {
        return Ok(Ended::Flooded);
    }
    Ok(Ended::Exited {
        status,
        stdout: streams.out,
        stderr: streams.err,
    })
}

struct Streams {
    stdin: Option<Pipe<ChildStdin>>,
    stdout: Option<Pipe<ChildStdout>>,
    stderr: Option<Pipe<ChildStderr>>,
    stdout_max: usize,
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Streams {
    fn of(group: &mut Group, stdout_max: usize) -> io::Result<Self> {
        Ok(Self {
            stdin: group.stdin.take().map(Pipe::new).transpose()?,
            stdout: group.stdout.take().map(Pipe::new).transpose()?,
            stderr: group.stderr.take().map(Pipe::new).transpose()?,
            stdout_max,
            out: Vec::new(),
            err: Vec::new(),
        })
    }

    /// Gives input, and its end once all is given or nobody wants more.
    fn feed(&mut self, input: &mut &[u8]) {
        if let Some(stdin) = &mut self.stdin
            && stdin.send(input) != Flow::Blocked
        {
            self.stdin = None;
        }
    }

    /// Takes output; true when it is too much.
    fn take(&mut self) -> bool {
        if let Some(stderr) = &mut self.stderr {
            let flow = stderr.receive(&mut self.err, STDERR_KEPT);
            self.err.truncate(STDERR_KEPT);
            if flow == Flow::Closed {
                self.stderr = None;
            }
        }
        if let Some(stdout) = &mut self.stdout {
            match stdout.receive(&mut self.out, self.stdout_max) {
                Flow::Blocked => {}
                Flow::Closed => self.stdout = None,
                Flow::Done => return true,
            }
        }
        false
    }

    /// Waits for something to happen; true once the child has ended.
    fn wait(&self, group: &Group, deadline: Deadline) -> io::Result<bool> {
        let mut fds = vec![PollFd::new(group.exit(), PollFlags::IN)];
        if let Some(stdin) = &self.stdin {
            fds.push(PollFd::from_borrowed_fd(
                stdin.end().as_fd(),
                PollFlags::OUT,
            ));
        }
        if let Some(stdout) = &self.stdout {
            fds.push(PollFd::from_borrowed_fd(
                stdout.end().as_fd(),
                PollFlags::IN,
            ));
        }
        if let Some(stderr) = &self.stderr {
            fds.push(PollFd::from_borrowed_fd(
                stderr.end().as_fd(),
                PollFlags::IN,
            ));
        }
        match poll(&mut fds, Some(&deadline.timespec())) {
            Ok(_) => Ok(!fds[0].revents().is_empty()),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
