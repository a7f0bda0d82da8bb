//! The calls that matter, and where their arguments are.

use libc::c_long;

/// Where a call names a file; numbers are those of arguments, from 0.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// By a descriptor.
    Fd(usize),
    /// By a path.
    Path(usize),
    /// By a directory's descriptor and a path.
    At(usize, usize),
}

/// How many bytes are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Length {
    /// As many as this argument says.
    Count(usize),
    /// As many as the pieces add up to: their array, and how many there are.
    Vector(usize, usize),
}

/// From where on they are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Position {
    /// From where the descriptor is.
    Current,
    /// From where this argument says.
    Register(usize),
    /// From where it points at says; where it points nowhere, from where the descriptor is.
    Pointer(usize),
}

/// Where the flags of an opening are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Flags {
    /// In this argument.
    Register(usize),
    /// At the start of what it points at.
    Structure(usize),
    /// It always creates and empties.
    Creat,
}

/// What a call does.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    Open(Place, Flags),
    Write(Place, Length, Position),
    Resize(Place, usize),
    Allocate(usize),
    Sync(usize),
    SyncAll,
    Rename(Place, Place),
    Link(Place, Place),
    Symlink(usize, Place),
    /// With the argument whose flag says that it is a directory.
    Unlink(Place, Option<usize>),
    MakeDirectory(Place),
    RemoveDirectory(Place),
    Attributes(Place),
    Map,
    Uring,
    Exit,
}

/// One call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) number: c_long,
    pub(super) name: &'static str,
    pub(super) what: What,
}

const fn call(number: c_long, name: &'static str, what: What) -> Call {
    Call { number, name, what }
}

use Flags::{Creat, Register, Structure};
use Length::{Count, Vector};
use Place::{At, Fd, Path};
use Position::{Current, Pointer};
use What as W;

/// All of them.
pub(super) const CALLS: [Call; 52] = [
    call(libc::SYS_open, "open", W::Open(Path(0), Register(1))),
    call(libc::SYS_creat, "creat", W::Open(Path(0), Creat)),
    call(libc::SYS_openat, "openat", W::Open(At(0, 1), Register(2))),
    call(
        libc::SYS_openat2,
        "openat2",
        W::Open(At(0, 1), Structure(2)),
    ),
    call(libc::SYS_write, "write", W::Write(Fd(0), Count(2), Current)),
    call(
        libc::SYS_pwrite64,
        "pwrite64",
        W::Write(Fd(0), Count(2), Position::Register(3)),
    ),
    call(
        libc::SYS_writev,
        "writev",
        W::Write(Fd(0), Vector(1, 2), Current),
    ),
    call(
        libc::SYS_pwritev,
        "pwritev",
        W::Write(Fd(0), Vector(1, 2), Position::Register(3)),
    ),
    call(
        libc::SYS_pwritev2,
        "pwritev2",
        W::Write(Fd(0), Vector(1, 2), Position::Register(3)),
    ),
    call(
        libc::SYS_sendfile,
        "sendfile",
        W::Write(Fd(0), Count(3), Current),
    ),
    call(
        libc::SYS_copy_file_range,
        "copy_file_range",
        W::Write(Fd(2), Count(4), Pointer(3)),
    ),
    call(
        libc::SYS_splice,
        "splice",
        W::Write(Fd(2), Count(4), Pointer(3)),
    ),
    call(libc::SYS_truncate, "truncate", W::Resize(Path(0), 1)),
    call(libc::SYS_ftruncate, "ftruncate", W::Resize(Fd(0), 1)),
    call(libc::SYS_fallocate, "fallocate", W::Allocate(0)),
    call(libc::SYS_fsync, "fsync", W::Sync(0)),
    call(libc::SYS_fdatasync, "fdatasync", W::Sync(0)),
    call(libc::SYS_sync, "sync", W::SyncAll),
    call(libc::SYS_syncfs, "syncfs", W::SyncAll),
    call(libc::SYS_rename, "rename", W::Rename(Path(0), Path(1))),
    call(
        libc::SYS_renameat,
        "renameat",
        W::Rename(At(0, 1), At(2, 3)),
    ),
    call(
        libc::SYS_renameat2,
        "renameat2",
        W::Rename(At(0, 1), At(2, 3)),
    ),
    call(libc::SYS_link, "link", W::Link(Path(0), Path(1))),
    call(libc::SYS_linkat, "linkat", W::Link(At(0, 1), At(2, 3))),
    call(libc::SYS_symlink, "symlink", W::Symlink(0, Path(1))),
    call(libc::SYS_symlinkat, "symlinkat", W::Symlink(0, At(1, 2))),
    call(libc::SYS_unlink, "unlink", W::Unlink(Path(0), None)),
    call(libc::SYS_unlinkat, "unlinkat", W::Unlink(At(0, 1), Some(2))),
    call(libc::SYS_mkdir, "mkdir", W::MakeDirectory(Path(0))),
    call(libc::SYS_mkdirat, "mkdirat", W::MakeDirectory(At(0, 1))),
    call(libc::SYS_rmdir, "rmdir", W::RemoveDirectory(Path(0))),
    call(libc::SYS_chmod, "chmod", W::Attributes(Path(0))),
    call(libc::SYS_fchmod, "fchmod", W::Attributes(Fd(0))),
    call(libc::SYS_fchmodat, "fchmodat", W::Attributes(At(0, 1))),
    call(libc::SYS_fchmodat2, "fchmodat2", W::Attributes(At(0, 1))),
    call(libc::SYS_chown, "chown", W::Attributes(Path(0))),
    call(libc::SYS_fchown, "fchown", W::Attributes(Fd(0))),
    call(libc::SYS_lchown, "lchown", W::Attributes(Path(0))),
    call(libc::SYS_fchownat, "fchownat", W::Attributes(At(0, 1))),
    call(libc::SYS_utime, "utime", W::Attributes(Path(0))),
    call(libc::SYS_utimes, "utimes", W::Attributes(Path(0))),
    call(libc::SYS_futimesat, "futimesat", W::Attributes(At(0, 1))),
    call(libc::SYS_utimensat, "utimensat", W::Attributes(At(0, 1))),
    call(libc::SYS_setxattr, "setxattr", W::Attributes(Path(0))),
    call(libc::SYS_lsetxattr, "lsetxattr", W::Attributes(Path(0))),
    call(libc::SYS_fsetxattr, "fsetxattr", W::Attributes(Fd(0))),
    call(libc::SYS_removexattr, "removexattr", W::Attributes(Path(0))),
    call(libc::SYS_fremovexattr, "fremovexattr", W::Attributes(Fd(0))),
    call(
        libc::SYS_sync_file_range,
        "sync_file_range",
        // It makes no promise that outlives a power loss, so it is a point and nothing more.
        W::Attributes(Fd(0)),
    ),
    call(libc::SYS_mmap, "mmap", W::Map),
    call(libc::SYS_io_uring_setup, "io_uring_setup", W::Uring),
    call(libc::SYS_exit_group, "exit_group", W::Exit),
];

/// The call with this number.
pub(super) fn of(number: u64) -> Option<&'static Call> {
    let number = c_long::try_from(number).ok()?;
    CALLS.iter().find(|call| call.number == number)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_call_stands_twice() {
        let numbers: BTreeSet<_> = CALLS.iter().map(|call| call.number).collect();
        let names: BTreeSet<_> = CALLS.iter().map(|call| call.name).collect();
        assert_eq!((numbers.len(), names.len()), (CALLS.len(), CALLS.len()));
    }
}
