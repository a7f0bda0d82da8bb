//! Makes calls fail, or write less than they were told.

use std::io;

use libc::{pid_t, user_regs_struct};

use super::calls::{Call, Length, What};
use super::memory::Memory;
use super::place::arguments;
use super::ptrace;
use crate::Errno;

/// The error's number.
pub(super) const fn number(errno: Errno) -> i32 {
    match errno {
        Errno::Enospc => libc::ENOSPC,
        Errno::Eio => libc::EIO,
        Errno::Erofs => libc::EROFS,
        Errno::Emfile => libc::EMFILE,
        Errno::Edquot => libc::EDQUOT,
        Errno::Eintr => libc::EINTR,
    }
}

/// Lets a call that is about to be made fail instead; gives what it will return.
pub(super) fn fail(pid: pid_t, registers: &user_regs_struct, errno: i32) -> io::Result<i64> {
    let result = -i64::from(errno);
    let mut changed = *registers;
    // No call has this number: nothing is done, and what stands in the result register is returned.
    changed.orig_rax = u64::MAX;
    changed.rax = u64::from_ne_bytes(result.to_ne_bytes());
    ptrace::set_registers(pid, &changed)?;
    Ok(result)
}

/// Lets a write that is about to be made write the first half; false if it is too short for that. The
/// subject does not live to see its changed memory.
pub(super) fn tear(pid: pid_t, call: &Call, registers: &user_regs_struct) -> io::Result<bool> {
    let What::Write(_, length, _) = call.what else {
        return Ok(false);
    };
    let given = arguments(registers);
    match length {
        Length::Count(at) => halve(pid, at, registers),
        Length::Vector(array, count) => tear_pieces(pid, given[array], given[count]),
    }
}

/// The same for a subject that lives on; false also for a write of several pieces, whose memory is its own.
/// What the call was given has to be [given back](give_back) when it returns.
pub(super) fn shorten(pid: pid_t, call: &Call, registers: &user_regs_struct) -> io::Result<bool> {
    match call.what {
        What::Write(_, Length::Count(at), _) => halve(pid, at, registers),
        _ => Ok(false),
    }
}

fn halve(pid: pid_t, at: usize, registers: &user_regs_struct) -> io::Result<bool> {
    let half = arguments(registers)[at] / 2;
    if half == 0 {
        return Ok(false);
    }
    let mut changed = *registers;
    match at {
        2 => changed.rdx = half,
        3 => changed.r10 = half,
        _ => changed.r8 = half,
    }
    ptrace::set_registers(pid, &changed)?;
    Ok(true)
}

/// A call leaves its arguments in the registers, and programs count on it: those that it was really given are
/// put back.
pub(super) fn give_back(
    pid: pid_t,
    returned: &user_regs_struct,
    given: &user_regs_struct,
) -> io::Result<()> {
    let mut changed = *returned;
    changed.rdx = given.rdx;
    changed.r10 = given.r10;
    changed.r8 = given.r8;
    ptrace::set_registers(pid, &changed)
}

fn tear_pieces(pid: pid_t, array: u64, count: u64) -> io::Result<bool> {
    let memory = Memory::writable(pid)?;
    let lengths = memory.lengths(array, count)?;
    let mut room = lengths.iter().sum::<u64>() / 2;
    if room == 0 {
        return Ok(false);
    }
    for (piece, length) in (0u64..).zip(lengths) {
        let kept = length.min(room);
        room -= kept;
        memory.set_length(array, piece, kept)?;
    }
    Ok(true)
}
