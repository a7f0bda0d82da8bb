//! Starts the subject under the tracer.
//!
//! The new process tells its number, waits until it is held, and only then installs the filter and
//! becomes the subject: a call is never handed over to nobody. A thread of its own waits for the new
//! program, since this one has to answer what the process does until then.

use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;

use libc::{c_ushort, pid_t, sock_filter, sock_fprog};

use super::tracer::Tracer;
use super::{filter, ptrace};
use crate::{Request, Trace, TraceError};

/// Runs `command` to the end of its process tree, and tells what it did to the watched directory. Does
/// not return before nothing of the tree is left: what outlives the first process is killed.
///
/// # Errors
/// When the watched directory is missing, the program cannot be started, or this machine does not let
/// it be traced.
pub fn trace(command: Command, request: &Request) -> Result<Trace, TraceError> {
    let watched = request
        .watched
        .canonicalize()
        .map_err(TraceError::Watched)?;
    can_start(&command).map_err(TraceError::Start)?;
    let (mut told, tell) = io::pipe().map_err(TraceError::Start)?;
    let (heard, mut hear) = io::pipe().map_err(TraceError::Start)?;
    let (finished, until) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let other_end = hear.as_raw_fd();
        let starting = scope.spawn(move || start(command, (tell, heard, other_end), &until));
        let held = hold(&mut told).and_then(|leader| {
            // Held: it may become the subject now.
            hear.write_all(&[1]).map_err(TraceError::Start)?;
            drop(hear);
            Ok(leader)
        });
        let traced = held.and_then(|leader| Tracer::new(request, watched, leader).run());
        drop(finished);
        // The tracer has reaped a process that never became the subject; who started it cannot know.
        let gone = |_| Err(io::Error::other("it never became another program"));
        let started = starting.join().unwrap_or_else(gone);
        match (traced, started) {
            (_, Err(error)) if error.raw_os_error() == Some(libc::ECANCELED) => {
                Err(TraceError::Refused {
                    what: "seccomp",
                    source: error,
                })
            }
            (Err(refused @ TraceError::Refused { .. }), _) => Err(refused),
            (_, Err(error)) => Err(TraceError::Start(error)),
            (traced, Ok(())) => traced,
        }
    })
}

/// Whether there is such a program, where it is named by a path.
fn can_start(command: &Command) -> io::Result<()> {
    let program = Path::new(command.get_program());
    if program.components().count() < 2 {
        return Ok(());
    }
    let folder = command.get_current_dir().unwrap_or(Path::new("."));
    let file = folder.join(program).metadata()?;
    if !file.is_file() || file.permissions().mode() & 0o111 == 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(())
}

/// The number of the new process, once this thread holds it.
fn hold(told: &mut PipeReader) -> Result<pid_t, TraceError> {
    let mut number = [0; size_of::<pid_t>()];
    told.read_exact(&mut number).map_err(TraceError::Start)?;
    let leader = pid_t::from_ne_bytes(number);
    ptrace::seize(leader).map_err(|source| TraceError::Refused {
        what: "ptrace",
        source,
    })?;
    Ok(leader)
}

/// Starts the program; stays until the tracer is done, for a subject may ask to be told when the thread
/// that started it ends.
fn start(
    mut command: Command,
    (tell, heard, other_end): (PipeWriter, PipeReader, RawFd),
    until: &mpsc::Receiver<()>,
) -> io::Result<()> {
    let program = filter::program();
    let (tell_fd, heard_fd) = (tell.as_raw_fd(), heard.as_raw_fd());
    // SAFETY: between fork and exec the closure makes system calls alone: it allocates nothing, takes no
    // lock, and touches only what it owns. Both descriptors are open: the pipes live to the end of this
    // function.
    unsafe {
        command.pre_exec(move || become_held(tell_fd, (heard_fd, other_end), &program));
    }
    let child = command.spawn();
    drop(tell);
    drop(heard);
    let started = child.map(drop);
    let _ = until.recv();
    started
}

/// In the new process: tells its number, waits to be held, installs the filter.
fn become_held(
    tell: RawFd,
    (heard, other_end): (RawFd, RawFd),
    program: &[sock_filter],
) -> io::Result<()> {
    // SAFETY: no memory is involved. It is this process's own copy, which nobody uses; while it is open,
    // a tracer that gives up would be waited for in vain.
    let _ = unsafe { libc::close(other_end) };
    // SAFETY: it takes nothing and always succeeds.
    let own = unsafe { libc::getpid() };
    let number = own.to_ne_bytes();
    // SAFETY: the pointer and the length are those of a live array.
    let written = unsafe { libc::write(tell, number.as_ptr().cast(), number.len()) };
    if written != 4 {
        return Err(io::Error::last_os_error());
    }
    let mut go = [0u8];
    // SAFETY: the pointer and the length are those of a live array.
    let read = unsafe { libc::read(heard, go.as_mut_ptr().cast(), go.len()) };
    if read != 1 {
        // Nobody holds it, so nobody would answer the calls that the filter hands over.
        return Err(io::Error::from_raw_os_error(libc::EPERM));
    }
    install(program)
}

fn install(program: &[sock_filter]) -> io::Result<()> {
    let refused = || io::Error::from_raw_os_error(libc::ECANCELED);
    // SAFETY: this option takes numbers alone.
    let promised = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    if promised != 0 {
        return Err(refused());
    }
    let filter = sock_fprog {
        len: c_ushort::try_from(program.len()).map_err(|_| refused())?,
        // The kernel copies the program and writes nothing to it.
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the structure holds pointer and length of a live slice, and is itself alive.
    let installed = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const filter,
        )
    };
    if installed != 0 {
        return Err(refused());
    }
    Ok(())
}
