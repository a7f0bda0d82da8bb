//! Which file a call means.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use libc::{pid_t, user_regs_struct};

use super::calls::Place;
use super::memory::Memory;

/// What the kernel adds to the name of a file that has none any more.
const DELETED: &[u8] = b" (deleted)";

/// The arguments of a call.
pub(super) const fn arguments(registers: &user_regs_struct) -> [u64; 6] {
    [
        registers.rdi,
        registers.rsi,
        registers.rdx,
        registers.r10,
        registers.r8,
        registers.r9,
    ]
}

/// A descriptor in an argument; the upper half is of no meaning.
pub(super) fn descriptor(argument: u64) -> i32 {
    let bytes = argument.to_le_bytes();
    i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// What a descriptor is open on.
pub(super) fn target(pid: pid_t, fd: i32) -> io::Result<PathBuf> {
    fs::read_link(format!("/proc/{pid}/fd/{fd}"))
}

/// The absolute path that a call means; none if it is no path, or the file has no name any more.
pub(super) fn resolve(pid: pid_t, place: Place, arguments: &[u64; 6]) -> Option<PathBuf> {
    match place {
        Place::Fd(at) => named(target(pid, descriptor(arguments[at])).ok()?),
        Place::Path(at) => joined(pid, libc::AT_FDCWD, arguments[at]),
        Place::At(directory, at) => joined(pid, descriptor(arguments[directory]), arguments[at]),
    }
}

fn named(path: PathBuf) -> Option<PathBuf> {
    let gone = path.as_os_str().as_bytes().ends_with(DELETED);
    (path.is_absolute() && !gone).then_some(path)
}

fn joined(pid: pid_t, directory: i32, address: u64) -> Option<PathBuf> {
    let text = if address == 0 {
        OsString::new()
    } else {
        Memory::of(pid).ok()?.text(address).ok()?
    };
    let path = Path::new(&text);
    let whole = if path.is_absolute() {
        path.to_owned()
    } else {
        let base = if directory == libc::AT_FDCWD {
            fs::read_link(format!("/proc/{pid}/cwd")).ok()?
        } else {
            target(pid, directory).ok()?
        };
        // Without a name it is the descriptor's own file that is meant.
        if text.is_empty() {
            return named(base);
        }
        named(base)?.join(path)
    };
    // `/proc/self` is not the tracer's but the process's.
    if let Ok(rest) = whole.strip_prefix("/proc/self") {
        let own = Path::new("/proc").join(pid.to_string()).join(rest);
        return named(fs::read_link(own).ok()?);
    }
    Some(canonical(&whole))
}

/// The path without links and dots, but for its last name.
fn canonical(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => parent
            .canonicalize()
            .unwrap_or_else(|_| parent.to_owned())
            .join(name),
        _ => path.canonicalize().unwrap_or_else(|_| path.to_owned()),
    }
}

/// The path below the watched directory, `.` for itself.
pub(super) fn below(watched: &Path, path: &Path) -> Option<String> {
    let rest = path.strip_prefix(watched).ok()?;
    let text = rest.to_string_lossy().into_owned();
    Some(if text.is_empty() {
        ".".to_owned()
    } else {
        text
    })
}

/// Where a descriptor is, and the flags it was opened with.
pub(super) fn position(pid: pid_t, fd: i32) -> Option<(u64, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/fdinfo/{fd}")).ok()?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().to_owned())
    };
    let at = field("pos:")?.parse().ok()?;
    let flags = u32::from_str_radix(&field("flags:")?, 8).ok()?;
    Some((at, flags))
}
