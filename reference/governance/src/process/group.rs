//! A child with its process group.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, kill_process_group, pidfd_open, prlimit,
};

/// What is started.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) program: &'a Path,
    pub(crate) args: &'a [String],
    /// `PATH`, the only variable of the environment.
    pub(crate) path: &'a OsStr,
    pub(crate) cwd: &'a Path,
    pub(crate) stderr: Stderr,
    pub(crate) bounds: Bounds,
}

/// Where standard error goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stderr {
    /// Nowhere.
    Dropped,
    /// Into [`Group::stderr`].
    Piped,
}

/// Limits of each process of the group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Address space in bytes.
    pub(crate) memory: u64,
    /// Processor time in seconds; the worker binaries bound each request themselves.
    pub(crate) cpu_s: Option<u64>,
    /// Length of a file that is written, in bytes.
    pub(crate) file_bytes: u64,
}

/// A running child. Dropping it kills its group and reaps it.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    exit: OwnedFd,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<ChildStdout>,
    pub(crate) stderr: Option<ChildStderr>,
    status: Option<ExitStatus>,
}

impl Group {
    /// Starts a child and bounds it. What it forks before the bounds are there is not bounded.
    pub(crate) fn start(start: &Start<'_>) -> io::Result<Self> {
        let mut child = Command::new(start.program)
            .args(start.args)
            .env_clear()
            .env("PATH", OsString::from(start.path))
            .current_dir(start.cwd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(match start.stderr {
                Stderr::Dropped => Stdio::null(),
                Stderr::Piped => Stdio::piped(),
            })
            .process_group(0)
            .spawn()?;
        let pid = pid_of(&child);
        let prepared =
            bound(pid, &start.bounds).and_then(|()| pidfd_open(pid, PidfdFlags::empty()));
        let exit = match prepared {
            Ok(exit) => exit,
            Err(error) => {
                kill_and_reap(&mut child);
                return Err(error.into());
            }
        };
        Ok(Self {
            exit,
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            child,
            status: None,
        })
    }

    /// Becomes readable when the child has ended.
    pub(crate) const fn exit(&self) -> &OwnedFd {
        &self.exit
    }

    /// Whether the child has ended; it is reaped then.
    pub(crate) fn has_ended(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status.is_some()
    }

    /// Kills what is left of the group and says how the child itself ended, if it can be known.
    pub(crate) fn finish(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            // The leader is not reaped yet, so its group's number cannot belong to anybody else.
            self.status = kill_and_reap(&mut self.child);
        }
        self.status
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.finish();
    }
}

/// How a child ended, in words.
pub(crate) fn ended(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) => format!("exit status {code}"),
        Some((None, Some(signal))) => format!("signal {signal}"),
        Some((None, None)) | None => "an unknown end".to_owned(),
    }
}

fn kill_and_reap(child: &mut Child) -> Option<ExitStatus> {
    // A group without living members is no error: there is nothing left to do then.
    let _ = kill_process_group(pid_of(child), Signal::KILL);
    child.wait().ok()
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_child(child)
}

fn bound(pid: Pid, bounds: &Bounds) -> rustix::io::Result<()> {
    let set = |resource, value| {
        let limit = Rlimit {
            current: Some(value),
            maximum: Some(value),
        };
        match prlimit(Some(pid), resource, limit) {
            // It has ended already: how, its reader will find out.
            Ok(_) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error),
        }
    };
    set(Resource::As, bounds.memory)?;
    set(Resource::Fsize, bounds.file_bytes)?;
    set(Resource::Core, 0)?;
    set(Resource::Nofile, 256)?;
    match bounds.cpu_s {
        Some(seconds) => set(Resource::Cpu, seconds),
        None => Ok(()),
    }
}
