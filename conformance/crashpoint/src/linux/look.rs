//! What a call is about to do to the watched directory.

use std::fs;
use std::path::{Path, PathBuf};

use libc::{c_int, pid_t};

use super::calls::{Call, Flags, Place, Position, What};
use super::memory::Memory;
use super::place::{below, descriptor, position, resolve, target};
use crate::{Act, Brought};

/// What a look needs to know.
#[derive(Debug)]
pub(super) struct Scene {
    /// Without links.
    pub(super) watched: PathBuf,
    /// What the subject's standard output is open on.
    pub(super) stdout: Option<PathBuf>,
    /// The subject's first process.
    pub(super) leader: pid_t,
    /// Whether content is kept.
    pub(super) record: bool,
}

/// Where a write goes; it is looked at again once it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) fd: c_int,
    /// From where on, if the call says so itself.
    pub(super) at: Option<u64>,
}

/// What was found.
#[derive(Debug)]
pub(super) enum Look {
    /// Nothing that concerns the watched directory.
    Nothing,
    /// A watched file is mapped shared and writable.
    Map(String),
    /// `io_uring` is asked for.
    Uring,
    /// Something that changes or tells.
    Act(Act, Option<Target>),
}

/// Largest length of what is brought from outside, bytes; longer files are taken for empty.
const BROUGHT_MAX: u64 = 64 << 20;

impl Scene {
    /// Looks at a call of a stopped process.
    pub(super) fn look(&self, pid: pid_t, call: &Call, arguments: &[u64; 6]) -> Look {
        match call.what {
            What::Uring => return Look::Uring,
            What::Map => {
                let file = resolve(pid, Place::Fd(4), arguments);
                let file = file.and_then(|path| below(&self.watched, &path));
                return file.map_or(Look::Nothing, Look::Map);
            }
            What::Write(place, _, position) => {
                return self.write(pid, place, position, arguments);
            }
            _ => {}
        }
        self.act(pid, call, arguments)
            .map_or(Look::Nothing, |act| Look::Act(act, None))
    }

    fn write(&self, pid: pid_t, place: Place, position: Position, arguments: &[u64; 6]) -> Look {
        let Place::Fd(at) = place else {
            return Look::Nothing;
        };
        let fd = descriptor(arguments[at]);
        if let Ok(file) = target(pid, fd)
            && Some(&file) == self.stdout.as_ref()
        {
            return Look::Act(Act::Acknowledge, None);
        }
        let path = resolve(pid, place, arguments).and_then(|path| below(&self.watched, &path));
        let Some(path) = path else {
            return Look::Nothing;
        };
        let at = match position {
            Position::Current => None,
            // -1 stands for where the descriptor is.
            Position::Register(at) => Some(arguments[at]).filter(|at| *at != u64::MAX),
            Position::Pointer(at) if arguments[at] == 0 => None,
            Position::Pointer(at) => Memory::of(pid)
                .and_then(|memory| memory.number(arguments[at]))
                .ok(),
        };
        let act = Act::Write {
            path,
            offset: 0,
            synchronous: synchronous(pid, fd),
            data: Vec::new(),
        };
        Look::Act(act, Some(Target { fd, at }))
    }

    fn act(&self, pid: pid_t, call: &Call, arguments: &[u64; 6]) -> Option<Act> {
        let find = |place| resolve(pid, place, arguments);
        let inside = |path: &PathBuf| below(&self.watched, path);
        let one = |place| find(place).as_ref().and_then(inside);
        let there = |place| find(place).filter(|path| path.symlink_metadata().is_ok());
        Some(match call.what {
            What::Open(place, flags) => {
                let path = find(place)?;
                open(inside(&path)?, &path, flags_of(pid, flags, arguments)?)?
            }
            What::Resize(place, length) => Act::Resize {
                path: one(place)?,
                length: arguments[length],
            },
            What::Allocate(fd) => Act::Allocate {
                path: one(Place::Fd(fd))?,
                length: 0,
            },
            What::Sync(fd) => Act::Sync {
                path: one(Place::Fd(fd))?,
            },
            What::SyncAll => Act::SyncAll,
            What::Rename(from, to) => {
                let (source, to) = (there(from)?, one(to));
                let from = inside(&source);
                if from.is_none() && to.is_none() {
                    return None;
                }
                let brought = self.brought(from.as_deref(), to.as_deref(), &source);
                Act::Rename { from, to, brought }
            }
            What::Link(from, to) => {
                let to = Some(one(to)?);
                let source = find(from);
                let from = source.as_ref().and_then(inside);
                let source = source.unwrap_or_else(|| opened(pid, call, arguments));
                let brought = self.brought(from.as_deref(), to.as_deref(), &source);
                Act::Link { from, to, brought }
            }
            What::Symlink(text, place) => Act::Symlink {
                path: one(place)?,
                target: Memory::of(pid)
                    .and_then(|memory| memory.text(arguments[text]))
                    .ok()?
                    .to_string_lossy()
                    .into_owned(),
            },
            What::Unlink(place, flags) => {
                let path = inside(&there(place)?)?;
                let directory = u64::try_from(libc::AT_REMOVEDIR).unwrap_or_default();
                if flags.is_some_and(|flags| arguments[flags] & directory != 0) {
                    Act::RemoveDirectory { path }
                } else {
                    Act::Unlink { path }
                }
            }
            What::RemoveDirectory(place) => Act::RemoveDirectory {
                path: inside(&there(place)?)?,
            },
            What::MakeDirectory(place) => {
                let path = find(place).filter(|path| path.symlink_metadata().is_err())?;
                Act::MakeDirectory {
                    path: inside(&path)?,
                }
            }
            What::Attributes(place) => Act::Attributes { path: one(place)? },
            What::Exit => Act::Exit {
                status: descriptor(arguments[0]) & 0xff,
            },
            What::Write(..) | What::Map | What::Uring => return None,
        })
    }

    /// What comes in from outside.
    fn brought(&self, from: Option<&str>, to: Option<&str>, source: &Path) -> Vec<Brought> {
        let mut found = Vec::new();
        if self.record && from.is_none() && to.is_some() {
            collect(source, "", &mut found);
        }
        found
    }
}

fn collect(at: &Path, path: &str, found: &mut Vec<Brought>) {
    let Ok(metadata) = fs::metadata(at) else {
        return;
    };
    let content = if metadata.is_dir() {
        None
    } else if metadata.len() <= BROUGHT_MAX {
        Some(fs::read(at).unwrap_or_default())
    } else {
        Some(Vec::new())
    };
    found.push(Brought {
        path: path.to_owned(),
        content,
    });
    let entries = fs::read_dir(at).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let below = format!("{path}/{}", name.to_string_lossy());
        collect(&entry.path(), below.trim_start_matches('/'), found);
    }
}

/// A file without a name, as it is linked: by its descriptor, in `/proc` or directly.
fn opened(pid: pid_t, call: &Call, arguments: &[u64; 6]) -> PathBuf {
    let What::Link(Place::At(directory, path), _) = call.what else {
        return PathBuf::new();
    };
    let text = Memory::of(pid).and_then(|memory| memory.text(arguments[path]));
    let text = text.unwrap_or_default();
    match Path::new(&text).strip_prefix("/proc/self") {
        Ok(rest) => Path::new("/proc").join(pid.to_string()).join(rest),
        Err(_) => PathBuf::from(format!(
            "/proc/{pid}/fd/{}",
            descriptor(arguments[directory])
        )),
    }
}

fn flags_of(pid: pid_t, flags: Flags, arguments: &[u64; 6]) -> Option<c_int> {
    match flags {
        Flags::Register(at) => Some(descriptor(arguments[at])),
        Flags::Structure(at) => Memory::of(pid)
            .and_then(|memory| memory.number(arguments[at]))
            .ok()
            .map(descriptor),
        Flags::Creat => Some(libc::O_CREAT | libc::O_TRUNC),
    }
}

/// An opening that changes something.
fn open(path: String, at: &Path, flags: c_int) -> Option<Act> {
    let has = |flag: c_int| flags & flag == flag;
    let nameless = has(libc::O_TMPFILE);
    let there = at.metadata().ok().filter(|_| !nameless);
    match there {
        // What nobody will ever name is no part of the directory.
        None if nameless => None,
        None if has(libc::O_CREAT) => Some(Act::Open {
            path,
            created: true,
        }),
        Some(file) if has(libc::O_TRUNC) && file.is_file() && file.len() > 0 => Some(Act::Open {
            path,
            created: false,
        }),
        None | Some(_) => None,
    }
}

fn synchronous(pid: pid_t, fd: c_int) -> bool {
    let sync = u32::try_from(libc::O_DSYNC).unwrap_or_default();
    position(pid, fd).is_some_and(|(_, flags)| flags & sync != 0)
}
