//! The launcher stage: our own binary, started again, that changes its own circumstances and then
//! becomes the subject.
//!
//! A mask, a read-only workspace, a full artifacts directory and a watched system are properties of a
//! process that it can only give to itself. Doing that in a stage of its own keeps the harness free
//! of `unsafe` and its own circumstances as they were.

use std::ffi::{CString, OsString};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

use super::snapshot;
use crate::tree::{Change, Kind, What};

/// The hidden first argument that selects this stage.
pub const STAGE: &str = "__launch";

/// What the stage does before it becomes the subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Circumstances {
    /// File mode mask.
    pub umask: Option<u32>,
    /// The machine's name.
    pub hostname: Option<String>,
    /// Mode bits bind the subject although it may be root.
    pub bound_by_modes: bool,
    /// Directories that cannot be written.
    pub read_only: Vec<PathBuf>,
    /// A directory without room.
    pub full: Option<PathBuf>,
    /// A directory with room for names and none for content.
    pub no_space: Option<PathBuf>,
    /// Directories whose writes are caught.
    pub watch: Vec<PathBuf>,
    /// A directory that is not caught although it lies in a watched one; also holds `scratch`.
    pub keep: PathBuf,
    /// An empty directory below `keep`, for the layers.
    pub scratch: PathBuf,
    /// Where to write what was caught.
    pub report: PathBuf,
}

impl Circumstances {
    /// True if the stage is needed at all.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    const fn needs_mounts(&self) -> bool {
        !self.read_only.is_empty()
            || self.full.is_some()
            || self.no_space.is_some()
            || self.hostname.is_some()
            || !self.watch.is_empty()
    }
}

/// What was caught, and how the subject ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Caught {
    pub(crate) signal: Option<i32>,
    pub(crate) changes: Vec<Change>,
}

/// Why the stage gave up.
#[derive(Debug, thiserror::Error)]
enum StageError {
    #[error("the stage's arguments are not understood")]
    Arguments,
    #[error("cannot {what} {path}")]
    Mount {
        what: &'static str,
        path: PathBuf,
        source: rustix::io::Errno,
    },
    #[error("cannot start {program:?}")]
    Start {
        program: OsString,
        source: std::io::Error,
    },
}

/// The exit status of a stage that failed before the subject was started.
const FAILED: u8 = 125;

/// Runs the stage: `CIRCUMSTANCES(JSON) PROGRAM [ARGS...]`. Does not return if all goes well, except
/// when the system is watched.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    match stage(args) {
        Ok(code) => code,
        Err(error) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            let text = format!("launcher: {error}: {}\n", source.unwrap_or_default());
            let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
            ExitCode::from(FAILED)
        }
    }
}

fn stage(mut args: impl Iterator<Item = OsString>) -> Result<ExitCode, StageError> {
    let json = args
        .next()
        .and_then(|arg| arg.into_string().ok())
        .ok_or(StageError::Arguments)?;
    let plan: Circumstances = serde_json::from_str(&json).map_err(|_| StageError::Arguments)?;
    let program = args.next().ok_or(StageError::Arguments)?;
    let mut command = Command::new(&program);
    command.args(args);
    if plan.needs_mounts() {
        private_mounts(&plan)?;
    }
    if let Some(mask) = plan.umask {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask));
    }
    if plan.bound_by_modes {
        mounts::give_up_override();
    }
    if plan.watch.is_empty() {
        let source = command.exec();
        return Err(StageError::Start { program, source });
    }
    let layers = layers(&plan)?;
    let status = command
        .status()
        .map_err(|source| StageError::Start { program, source })?;
    let caught = Caught {
        signal: status.signal(),
        changes: caught(&layers),
    };
    let _ = std::fs::write(
        &plan.report,
        serde_json::to_vec(&caught).unwrap_or_default(),
    );
    let code = status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(FAILED);
    Ok(ExitCode::from(code))
}

#[cfg(target_os = "linux")]
mod mounts {
    use rustix::mount::{
        MountFlags, MountPropagationFlags, mount, mount_bind, mount_change, mount_remount,
    };
    use rustix::thread::UnshareFlags;

    use super::{CString, Circumstances, Path, StageError};

    /// Enters namespaces of its own for mounts and the host name; as an ordinary user together with a
    /// user namespace.
    pub(super) fn enter() -> rustix::io::Result<()> {
        let (uid, gid) = (rustix::process::getuid(), rustix::process::getgid());
        #[expect(
            deprecated,
            reason = "the replacement is unsafe for CLONE_FILES, which is not used here"
        )]
        let unshare = |flags| rustix::thread::unshare(flags);
        let spaces = UnshareFlags::NEWNS | UnshareFlags::NEWUTS;
        if unshare(spaces).is_err() {
            unshare(UnshareFlags::NEWUSER | spaces)?;
            let map = |file: &str, text: String| {
                let _ = std::fs::write(format!("/proc/self/{file}"), text);
            };
            map("setgroups", "deny".to_owned());
            map("uid_map", format!("{0} {0} 1", uid.as_raw()));
            map("gid_map", format!("{0} {0} 1", gid.as_raw()));
        }
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        mount_change("/", private)
    }

    pub(super) fn read_only(path: &Path) -> rustix::io::Result<()> {
        mount_bind(path, path)?;
        // In a user namespace, flags that the mount already has must be repeated.
        let hardened = MountFlags::NOSUID | MountFlags::NODEV;
        let tries = [MountFlags::empty(), hardened, hardened | MountFlags::NOEXEC];
        let mut last = Ok(());
        for extra in tries {
            let flags = MountFlags::BIND | MountFlags::RDONLY | extra;
            last = mount_remount(path, flags, "");
            if last.is_ok() {
                return Ok(());
            }
        }
        last
    }

    pub(super) fn memory(path: &Path, options: &str) -> rustix::io::Result<()> {
        let data = CString::new(options).unwrap_or_default();
        mount(
            "tmpfs",
            path,
            "tmpfs",
            MountFlags::NOSUID | MountFlags::NODEV,
            Some(data.as_c_str()),
        )
    }

    pub(super) fn overlay(path: &Path, layer: &Path) -> rustix::io::Result<()> {
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            path.display(),
            layer.join("upper").display(),
            layer.join("work").display()
        );
        let data = CString::new(options).unwrap_or_default();
        mount(
            "overlay",
            path,
            "overlay",
            MountFlags::empty(),
            Some(data.as_c_str()),
        )
    }

    pub(super) fn bind(from: &Path, to: &Path) -> rustix::io::Result<()> {
        mount_bind(from, to)
    }

    /// Gives up the capabilities that let root read and write whatever mode bits say, for good.
    pub(super) fn give_up_override() {
        use rustix::thread::{
            CapabilitySet, capabilities, remove_capability_from_bounding_set, set_capabilities,
        };
        let given_up = [CapabilitySet::DAC_OVERRIDE, CapabilitySet::DAC_READ_SEARCH];
        for capability in given_up {
            let _ = remove_capability_from_bounding_set(capability);
        }
        if let Ok(mut sets) = capabilities(None) {
            for capability in given_up {
                sets.effective.remove(capability);
                sets.permitted.remove(capability);
                sets.inheritable.remove(capability);
            }
            let _ = set_capabilities(None, sets);
        }
    }

    pub(super) fn private_mounts(plan: &Circumstances) -> Result<(), StageError> {
        let fail = |what, path: &Path| {
            let path = path.to_owned();
            move |source| StageError::Mount { what, path, source }
        };
        enter().map_err(fail("enter a mount namespace for", Path::new("/")))?;
        if let Some(name) = &plan.hostname {
            rustix::system::sethostname(name.as_bytes())
                .map_err(fail("rename the machine for", Path::new("/")))?;
        }
        for path in &plan.read_only {
            read_only(path).map_err(fail("make read-only", path))?;
        }
        if let Some(path) = &plan.full {
            memory(path, "size=4096,nr_inodes=1")
                .map_err(fail("mount a full file system at", path))?;
        }
        if let Some(path) = &plan.no_space {
            without_space(path).map_err(fail("mount a full file system at", path))?;
        }
        Ok(())
    }

    /// A file that the subject cannot see takes all the room there is.
    fn without_space(path: &Path) -> rustix::io::Result<()> {
        let failed = |error: std::io::Error| {
            rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO)
        };
        memory(path, "size=4096")?;
        std::fs::write(path.join("filler"), [0; 4096]).map_err(failed)?;
        let shown = path.join("shown");
        std::fs::create_dir(&shown).map_err(failed)?;
        bind(&shown, path)
    }
}

#[cfg(not(target_os = "linux"))]
mod mounts {
    use super::{Circumstances, Path, StageError};

    pub(super) fn private_mounts(_plan: &Circumstances) -> Result<(), StageError> {
        Err(StageError::Arguments)
    }

    pub(super) const fn give_up_override() {}

    pub(super) fn memory(_path: &Path, _options: &str) -> rustix::io::Result<()> {
        Err(rustix::io::Errno::NOSYS)
    }

    pub(super) fn overlay(_path: &Path, _layer: &Path) -> rustix::io::Result<()> {
        Err(rustix::io::Errno::NOSYS)
    }

    pub(super) fn bind(_from: &Path, _to: &Path) -> rustix::io::Result<()> {
        Err(rustix::io::Errno::NOSYS)
    }
}

fn private_mounts(plan: &Circumstances) -> Result<(), StageError> {
    mounts::private_mounts(plan)
}

/// A watched directory and an open handle to the layer that catches its writes.
struct Layer {
    watched: PathBuf,
    original: std::fs::File,
    upper: std::fs::File,
    /// Holds `upper` and `work`.
    folder: std::fs::File,
}

/// A path that leads to an open directory even when its own path has disappeared under a layer.
fn through(handle: &std::fs::File) -> PathBuf {
    PathBuf::from(format!(
        "/proc/self/fd/{}",
        std::os::fd::AsRawFd::as_raw_fd(handle)
    ))
}

/// Lays a writable layer over each watched directory and puts `keep` back as it was.
fn layers(plan: &Circumstances) -> Result<Vec<Layer>, StageError> {
    let fail = |what, path: &Path| {
        let path = path.to_owned();
        move |source| StageError::Mount { what, path, source }
    };
    let io = |what, path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| StageError::Mount {
            what,
            path,
            source: rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO),
        }
    };
    mounts::memory(&plan.scratch, "size=256m").map_err(fail("mount a layer at", &plan.scratch))?;
    let kept = plan.scratch.join("keep");
    std::fs::create_dir(&kept).map_err(io("create", &kept))?;
    mounts::bind(&plan.keep, &kept).map_err(fail("keep", &plan.keep))?;
    // Reached through a handle: its path disappears under the layers.
    let kept_handle = std::fs::File::open(&kept).map_err(io("open", &kept))?;
    let mut layers = Vec::new();
    for (index, watched) in plan.watch.iter().enumerate() {
        let layer = plan.scratch.join(index.to_string());
        for part in ["upper", "work"] {
            std::fs::create_dir_all(layer.join(part)).map_err(io("create", &layer))?;
        }
        let original = std::fs::File::open(watched).map_err(io("open", watched))?;
        let upper_path = layer.join("upper");
        let upper = std::fs::File::open(&upper_path).map_err(io("open", &upper_path))?;
        let folder = std::fs::File::open(&layer).map_err(io("open", &layer))?;
        copy_mode(&original, &upper_path);
        layers.push(Layer {
            watched: watched.clone(),
            original,
            upper,
            folder,
        });
    }
    for Layer {
        watched, folder, ..
    } in &layers
    {
        mounts::overlay(watched, &through(folder)).map_err(fail("lay a layer over", watched))?;
    }
    mounts::bind(&through(&kept_handle), &plan.keep).map_err(fail("put back", &plan.keep))?;
    // The current directory was opened before the layers came.
    if let Ok(cwd) = std::env::current_dir() {
        let _ = std::env::set_current_dir(cwd);
    }
    Ok(layers)
}

/// A layer starts with the mode of the directory below it (`/tmp` is writable for everyone).
fn copy_mode(original: &std::fs::File, upper: &Path) {
    if let Ok(metadata) = original.metadata() {
        let _ = std::fs::set_permissions(upper, metadata.permissions());
    }
}

/// What the layers hold: everything that was written, made or removed.
fn caught(layers: &[Layer]) -> Vec<Change> {
    let mut changes = Vec::new();
    for layer in layers {
        let (upper, original) = (through(&layer.upper), through(&layer.original));
        for (path, entry) in snapshot::look(&upper, None).tree {
            let existed = original.join(&path).symlink_metadata().is_ok();
            let what = match (entry.kind, existed) {
                // Made by the layer itself to hold what was written below.
                (Kind::Directory, true) => continue,
                (Kind::Special, true) => What::Removed,
                (_, true) => What::Content,
                (_, false) => What::Added,
            };
            changes.push(Change {
                path: format!("{}/{path}", layer.watched.display()),
                what,
            });
        }
    }
    changes
}
