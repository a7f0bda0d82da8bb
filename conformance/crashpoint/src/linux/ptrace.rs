//! What is asked of the kernel about a process that is held.

use std::io;
use std::ptr;

use libc::{c_int, c_uint, c_void, pid_t, user_regs_struct};

/// Everything that a tracer wants to hear of; and if the tracer ends, so does all that it holds.
const OPTIONS: c_int = libc::PTRACE_O_EXITKILL
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC;

/// How a process goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GoOn {
    /// Until the next event.
    Free,
    /// Until the call that it is in returns.
    UntilReturn,
    /// It stays stopped, as its group is, and may be woken by others.
    Stopped,
}

/// A change of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Exited(i32),
    Signalled(i32),
    /// Before a signal is delivered.
    Signal(i32),
    /// A call has returned.
    Returned,
    /// A call of the filter is about to be made.
    Seccomp,
    /// A process or thread was started.
    Started,
    /// Another program is executed now.
    Executed,
    /// A new process is there, or a group was stopped by this signal.
    Stopped(i32),
    Other,
}

impl Change {
    const fn of(status: c_int) -> Self {
        if libc::WIFEXITED(status) {
            return Self::Exited(libc::WEXITSTATUS(status));
        }
        if libc::WIFSIGNALED(status) {
            return Self::Signalled(libc::WTERMSIG(status));
        }
        if !libc::WIFSTOPPED(status) {
            return Self::Other;
        }
        let signal = libc::WSTOPSIG(status);
        match status >> 16 {
            0 if signal == libc::SIGTRAP | 0x80 => Self::Returned,
            0 => Self::Signal(signal),
            libc::PTRACE_EVENT_SECCOMP => Self::Seccomp,
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                Self::Started
            }
            libc::PTRACE_EVENT_EXEC => Self::Executed,
            libc::PTRACE_EVENT_STOP => Self::Stopped(signal),
            _ => Self::Other,
        }
    }
}

/// Waits for a change of any process that this thread holds; none is left when it gives `None`.
/// Without patience, `Other` of process 0 says that nothing has changed.
pub(super) fn wait(patient: bool) -> io::Result<Option<(pid_t, Change)>> {
    let mut status: c_int = 0;
    let patience = if patient { 0 } else { libc::WNOHANG };
    let flags = libc::__WALL | libc::__WNOTHREAD | patience;
    loop {
        // SAFETY: the pointer is to a live variable of the type that the kernel writes.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, flags) };
        if pid > 0 {
            return Ok(Some((pid, Change::of(status))));
        }
        if pid == 0 {
            return Ok(Some((0, Change::Other)));
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            Some(libc::ECHILD) => return Ok(None),
            _ => return Err(error),
        }
    }
}

/// One request whose two arguments are numbers for the kernel, not addresses that it writes to.
fn request(what: c_uint, pid: pid_t, data: usize) -> io::Result<()> {
    let nowhere: *mut c_void = ptr::null_mut();
    let data: *mut c_void = ptr::without_provenance_mut(data);
    // SAFETY: every request that is passed here ignores its address and takes its data as a number, so
    // no memory of this process is read or written.
    let result = unsafe { libc::ptrace(what, pid, nowhere, data) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn number(value: c_int) -> usize {
    usize::try_from(value).unwrap_or_default()
}

/// Takes hold of a process, which goes on.
pub(super) fn seize(pid: pid_t) -> io::Result<()> {
    request(libc::PTRACE_SEIZE, pid, number(OPTIONS))
}

/// Lets a stopped process go on, with a signal or without (0).
pub(super) fn go_on(pid: pid_t, how: GoOn, signal: i32) -> io::Result<()> {
    let what = match how {
        GoOn::Free => libc::PTRACE_CONT,
        GoOn::UntilReturn => libc::PTRACE_SYSCALL,
        GoOn::Stopped => libc::PTRACE_LISTEN,
    };
    request(what, pid, number(signal))
}

/// What an event brings along.
pub(super) fn message(pid: pid_t) -> io::Result<u64> {
    let mut message: libc::c_ulong = 0;
    let nowhere: *mut c_void = ptr::null_mut();
    // SAFETY: this request writes one unsigned long, to a live variable of that type.
    let result = unsafe { libc::ptrace(libc::PTRACE_GETEVENTMSG, pid, nowhere, &raw mut message) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(message)
}

/// The registers of a stopped process.
pub(super) fn registers(pid: pid_t) -> io::Result<user_regs_struct> {
    // SAFETY: the structure is plain numbers, for which all zeroes are values.
    let mut registers: user_regs_struct = unsafe { std::mem::zeroed() };
    let nowhere: *mut c_void = ptr::null_mut();
    // SAFETY: this request writes one `user_regs_struct`, to a live variable of that type.
    let result = unsafe { libc::ptrace(libc::PTRACE_GETREGS, pid, nowhere, &raw mut registers) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(registers)
}

/// Changes the registers of a stopped process.
pub(super) fn set_registers(pid: pid_t, registers: &user_regs_struct) -> io::Result<()> {
    let nowhere: *mut c_void = ptr::null_mut();
    // SAFETY: this request reads one `user_regs_struct`, from a live variable of that type.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_SETREGS, pid, nowhere, ptr::from_ref(registers)) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Ends a process, whatever it does.
pub(super) fn kill(pid: pid_t) {
    // SAFETY: no memory is involved. A process that is held is not reaped by anybody else, so the number
    // is still its own.
    let _ = unsafe { libc::kill(pid, libc::SIGKILL) };
}
