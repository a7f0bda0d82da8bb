//! One file, opened so that it can only be a regular file of its folder, copied and hashed in one go.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use cabincrew_protocol::digest::Hasher;
use rustix::fs::{Dir, FileType, Mode, OFlags, fstat, open, openat};

use crate::fact::FileDigest;
use crate::fault::{self, Fault};
use crate::redact::Redactor;

/// Why a file or folder is not taken over. The texts are defects of artifacts, so they stand alone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// Not a regular file, or a link.
    #[error("not a regular file")]
    NotRegular,
    /// It has a second name somewhere.
    #[error("a file with more than one link")]
    Linked,
    /// It is too large.
    #[error("longer than {max} bytes")]
    TooLong {
        /// The bound.
        max: u64,
    },
    /// It holds the value of a secret.
    #[error("holds the value of a secret")]
    Secret,
    /// It cannot be read or written.
    #[error("cannot be copied")]
    Io(#[from] io::Error),
}

impl From<rustix::io::Errno> for CopyError {
    fn from(errno: rustix::io::Errno) -> Self {
        Self::Io(errno.into())
    }
}

/// Most bytes that are read at once.
const CHUNK_MAX: usize = 128 * 1024;

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Opens a folder that is no link.
///
/// # Errors
/// When it is a link, no folder, or cannot be opened.
pub fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    Ok(open(path, DIRECTORY, Mode::empty())?)
}

/// Opens a folder inside a folder, without following a link.
pub(super) fn open_folder_at(parent: impl AsFd, name: &str) -> io::Result<OwnedFd> {
    Ok(openat(parent, name, DIRECTORY, Mode::empty())?)
}

/// The names in a folder, sorted; an error beyond `max`, or for a name that is not UTF-8.
pub(super) fn names(folder: impl AsFd, max: usize) -> Result<Vec<String>, String> {
    let failed = |error: rustix::io::Errno| format!("cannot be listed: {error}");
    let mut found = Vec::new();
    for entry in Dir::read_from(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        let name = String::from_utf8(name.to_vec()).map_err(|error| {
            let shown = String::from_utf8_lossy(error.as_bytes())
                .escape_default()
                .to_string();
            format!("the name {shown} is not UTF-8")
        })?;
        found.push(name);
        if found.len() > max {
            return Err(format!("more than {max} entries"));
        }
    }
    found.sort();
    Ok(found)
}

/// Opens a regular file with one link inside a folder.
pub(super) fn open_file(parent: impl AsFd, name: &str, max: u64) -> Result<File, CopyError> {
    let mut flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    flags.set(OFlags::NOFOLLOW, !fault::on(Fault::SymlinkedBodyFollowed));
    let opened = openat(parent, name, flags, Mode::empty());
    let opened = opened.map_err(|errno| match errno {
        rustix::io::Errno::LOOP | rustix::io::Errno::NXIO => CopyError::NotRegular,
        other => CopyError::Io(other.into()),
    })?;
    let status = fstat(&opened)?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Err(CopyError::NotRegular);
    }
    if status.st_nlink != 1 && !fault::on(Fault::HardLinkedBodyPasses) {
        return Err(CopyError::Linked);
    }
    if u64::try_from(status.st_size).is_ok_and(|size| size > max) {
        return Err(CopyError::TooLong { max });
    }
    Ok(File::from(opened))
}

/// Copies an open file to a new one, or only reads it, and hashes what goes by. The copy is not
/// durable yet.
pub(super) fn copy(
    mut from: File,
    to: Option<&Path>,
    max: u64,
    redactor: &Redactor,
) -> Result<FileDigest, CopyError> {
    let mut target = to.map(create).transpose()?;
    let mut hasher = Hasher::new();
    let mut size = 0_u64;
    let mut buffer = vec![0; chunk(&from)];
    // What a secret that lies across two reads begins with.
    let mut seam = Vec::new();
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        let piece = &buffer[..length];
        size += u64::try_from(length).expect("a length fits 64 bits");
        if size > max {
            return Err(CopyError::TooLong { max });
        }
        if !redactor.is_empty() {
            seam.extend_from_slice(piece);
            if redactor.finds(&seam) && !fault::on(Fault::SecretInArtifactPasses) {
                return Err(CopyError::Secret);
            }
            let keep = seam.len().saturating_sub(redactor.longest());
            seam.drain(..keep);
        }
        hasher.update(piece);
        if let Some(target) = target.as_mut() {
            target.write_all(piece)?;
        }
    }
    Ok(FileDigest {
        sha256: hasher.finish(),
        size,
    })
}

/// How much of a file is read at once: a small one needs no large buffer.
pub(crate) fn chunk(file: &File) -> usize {
    let length = file.metadata().map_or(u64::MAX, |status| status.len());
    usize::try_from(length)
        .map_or(CHUNK_MAX, |length| length.saturating_add(1))
        .min(CHUNK_MAX)
}

/// The bytes of an open file.
pub(super) fn read(from: File, max: u64) -> Result<Vec<u8>, CopyError> {
    let mut bytes = Vec::new();
    let mut bounded = from.take(max + 1);
    bounded.read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > max) {
        return Err(CopyError::TooLong { max });
    }
    Ok(bytes)
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600).open(path)
}
