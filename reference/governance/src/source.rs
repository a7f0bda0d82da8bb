//! Policy files, read once and pinned: what was hashed is what is evaluated (CC-PRE-037).

use std::ffi::OsStr;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use cabincrew_protocol::digest::{Hasher, Sha256Hex, sha256};
use rustix::fs::OFlags;

use crate::failure::{Failure, FailureKind};

/// Largest program that is hashed, in bytes.
const PROGRAM_MAX: u64 = 256 << 20;

/// Reads a file of at most `bytes_max` bytes.
pub(crate) fn read(path: &Path, bytes_max: usize) -> Result<(Vec<u8>, Sha256Hex), Failure> {
    let unreadable = |error: io::Error| unreadable(path, &error);
    let (file, metadata) = open(path).map_err(unreadable)?;
    let bytes_max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    // The size is not believed: the file may grow while it is read.
    let length = file
        .take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if metadata.len() > bytes_max || u64::try_from(length).unwrap_or(u64::MAX) > bytes_max {
        let detail = format!("{} has more than {bytes_max} bytes", name(path));
        return Err(Failure::new(FailureKind::Malformed, detail));
    }
    let digest = sha256(&bytes);
    Ok((bytes, digest))
}

/// Refuses a file of another digest.
pub(crate) fn check_pin(pin: Option<&Sha256Hex>, found: &Sha256Hex) -> Result<(), Failure> {
    match pin {
        Some(pin) if pin != found => {
            let detail = format!("the file has digest {found} where {pin} is pinned");
            Err(Failure::new(FailureKind::PinMismatch, detail))
        }
        _ => Ok(()),
    }
}

/// A program as it was when it was loaded.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    sha256: Sha256Hex,
    stamp: Stamp,
}

impl Program {
    /// Finds and hashes a program: one with `/` from `cwd`, another one in the folders of `path`.
    pub(crate) fn find(word: &str, cwd: &Path, path: &OsStr) -> Result<Self, Failure> {
        let found = if word.contains('/') {
            cwd.join(word)
        } else {
            std::env::split_paths(path)
                .filter(|folder| folder.is_absolute())
                .map(|folder| folder.join(word))
                .find(|candidate| is_executable(candidate))
                .ok_or_else(|| {
                    Failure::new(
                        FailureKind::Unreadable,
                        format!("no program {word} in PATH"),
                    )
                })?
        };
        let (sha256, stamp) = hash(&found).map_err(|error| unreadable(&found, &error))?;
        Ok(Self {
            path: found,
            sha256,
            stamp,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) const fn sha256(&self) -> &Sha256Hex {
        &self.sha256
    }

    /// Refuses a program that is no longer the one that was loaded. It is hashed again only when
    /// its inode tells that it may have changed.
    pub(crate) fn check_unchanged(&self) -> Result<(), Failure> {
        let unreadable = |error: io::Error| unreadable(&self.path, &error);
        let (_, metadata) = open(&self.path).map_err(unreadable)?;
        if Stamp::of(&metadata) == self.stamp {
            return Ok(());
        }
        let (sha256, _) = hash(&self.path).map_err(unreadable)?;
        check_pin(Some(&self.sha256), &sha256)
    }
}

/// What changes when a file does.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Opens a regular file; a pipe or device in its place neither blocks nor is read.
fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(io::Error::other("not a regular file"))
    }
}

fn hash(path: &Path) -> io::Result<(Sha256Hex, Stamp)> {
    let (file, metadata) = open(path)?;
    let mut rest = file.take(PROGRAM_MAX + 1);
    let mut hasher = Hasher::new();
    let mut chunk = vec![0; 64 * 1024];
    let mut total = 0_usize;
    loop {
        let length = rest.read(&mut chunk)?;
        if length == 0 {
            break;
        }
        total += length;
        hasher.update(&chunk[..length]);
    }
    if u64::try_from(total).unwrap_or(u64::MAX) > PROGRAM_MAX {
        return Err(io::Error::other("larger than a program may be"));
    }
    Ok((hasher.finish(), Stamp::of(&metadata)))
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        FailureKind::Unreadable,
        format!("cannot read {}: {error}", name(path)),
    )
}

fn name(path: &Path) -> std::path::Display<'_> {
    Path::new(path.file_name().unwrap_or_default()).display()
}
