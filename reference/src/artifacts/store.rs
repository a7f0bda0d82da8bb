//! The store: the orchestrator's own copies, checked against the record whenever they are used.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use cabincrew_protocol::artifact::{BODY_FILE, METADATA_FILE};

use super::copy::{copy, names, open_file, open_folder, open_folder_at, read};
use crate::fact::{FileDigest, Stored};
use crate::fault::{self, Fault};
use crate::redact::Redactor;

/// Longest `artifact.json`.
pub(super) const METADATA_MAX: u64 = 4 * 1024 * 1024;
/// Longest `body.data`.
pub(super) const BODY_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Longest body that is read into memory to be governed.
const GOVERNED_MAX: u64 = 256 * 1024 * 1024;

/// The stored artifacts of one step.
#[derive(Debug, Clone)]
pub struct ArtifactStore {
    folder: PathBuf,
}

/// How the store compares with the record.
#[derive(Debug, Clone, Default)]
pub struct Intact {
    /// What differs, by name.
    pub differences: Vec<String>,
    /// The artifacts as they are now, in byte order of their names.
    pub actual: Vec<Stored>,
}

/// One artifact in memory, as verified.
#[derive(Debug, Clone)]
pub struct Read {
    /// The bytes of `artifact.json`.
    pub metadata: Vec<u8>,
    /// The bytes of `body.data`.
    pub body: Option<Vec<u8>>,
}

impl ArtifactStore {
    /// The store in that folder.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Computes every digest afresh and compares: changed, missing and added artifacts all show
    /// (CC-TKO-001, CC-TOK-010). Artifacts of `others` may be there as well.
    #[must_use]
    pub fn compare(&self, recorded: &[Stored], others: &[Stored]) -> Intact {
        let mut intact = Intact::default();
        let folder = match open_folder(&self.folder) {
            Ok(folder) => folder,
            Err(error) => {
                intact
                    .differences
                    .push(format!("the store is gone: {error}"));
                return intact;
            }
        };
        let present = names(&folder, usize::MAX - 1).unwrap_or_else(|defect| {
            intact.differences.push(format!("the store: {defect}"));
            Vec::new()
        });
        let expected = |name: &String| {
            let all = recorded.iter().chain(others);
            all.into_iter().any(|stored| stored.name == *name)
        };
        for name in present.iter().filter(|name| !expected(name)) {
            if fault::on(Fault::AddedArtifactNotNoticed) {
                break;
            }
            intact
                .differences
                .push(format!("added {}", name.escape_default()));
        }
        for stored in recorded {
            match digest(&folder, stored) {
                Err(_) if fault::on(Fault::MissingFilesVerified) => {
                    intact.actual.push(stored.clone());
                }
                Err(text) => intact.differences.push(format!("{}: {text}", stored.name)),
                Ok(mut actual) => {
                    if fault::on(Fault::DescriptorsNotVerified) {
                        actual.metadata.clone_from(&stored.metadata);
                    }
                    if actual.body.is_none() && fault::on(Fault::MissingFilesVerified) {
                        actual.body.clone_from(&stored.body);
                    }
                    if actual.descriptor() != stored.descriptor() {
                        intact.differences.push(format!("changed {}", stored.name));
                    }
                    intact.actual.push(actual);
                }
            }
        }
        intact
    }

    /// Reads an artifact, and proves that the bytes are those of the record.
    ///
    /// # Errors
    /// With words about what is wrong.
    pub fn read(&self, stored: &Stored) -> Result<Read, String> {
        if fault::on(Fault::MissingFilesVerified) && self.lacks(stored) {
            let metadata = serde_json::to_vec(&stored.artifact).unwrap_or_default();
            let body = stored.body.as_ref().map(|_| Vec::new());
            return Ok(Read { metadata, body });
        }
        let folder = self.open(stored)?;
        let bytes = |name: &str, expected: &FileDigest, max| -> Result<Vec<u8>, String> {
            let file = open_file(&folder, name, max).map_err(|error| error.to_string())?;
            let bytes = read(file, max).map_err(|error| error.to_string())?;
            let found = cabincrew_protocol::digest::sha256(&bytes);
            let unseen = (name == METADATA_FILE && fault::on(Fault::DescriptorsNotVerified))
                || fault::on(Fault::SecondPlanNotVerified);
            if found == expected.sha256 || unseen {
                Ok(bytes)
            } else {
                Err(format!(
                    "{name} of {:?} is not what was recorded",
                    stored.name
                ))
            }
        };
        let metadata = bytes(METADATA_FILE, &stored.metadata, METADATA_MAX)?;
        let body = stored.body.as_ref();
        let body = body
            .map(|body| bytes(BODY_FILE, body, GOVERNED_MAX))
            .transpose()?;
        Ok(Read { metadata, body })
    }

    /// Copies an artifact into an engine's artifacts directory, and proves that the copy is what
    /// was recorded (CC-TKO-013).
    ///
    /// # Errors
    /// With words about what is wrong.
    pub fn restore(&self, stored: &Stored, to: &Path) -> Result<(), String> {
        let folder = self.open(stored)?;
        let target = to.join(&stored.name);
        std::fs::create_dir(&target).map_err(|error| error.to_string())?;
        let none = Redactor::default();
        let file = |name: &str, expected: &FileDigest| -> Result<(), String> {
            let from = open_file(&folder, name, BODY_MAX).map_err(|error| error.to_string())?;
            let copied = copy(from, Some(&target.join(name)), BODY_MAX, &none);
            let same = copied.map_err(|error| error.to_string())? == *expected;
            if same || fault::on(Fault::TamperingTolerated) {
                Ok(())
            } else {
                Err(format!(
                    "{name} of {:?} is not what was recorded",
                    stored.name
                ))
            }
        };
        if fault::on(Fault::WholeFolderRestored) {
            restore_others(&self.folder.join(&stored.name), &target)?;
        }
        file(METADATA_FILE, &stored.metadata)?;
        stored
            .body
            .as_ref()
            .map_or(Ok(()), |body| file(BODY_FILE, body))
    }

    /// Whether an artifact in an engine's directory still is what was restored.
    #[must_use]
    pub fn is_unaltered(stored: &Stored, directory: &Path) -> bool {
        let found = open_folder(directory)
            .map_err(|error| error.to_string())
            .and_then(|folder| digest(&folder, stored));
        found.is_ok_and(|found| found.descriptor() == stored.descriptor())
    }

    /// Removes everything, if there is anything.
    ///
    /// # Errors
    /// When something stays.
    pub fn clear(&self) -> io::Result<()> {
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Makes the folder's own name durable.
    ///
    /// # Errors
    /// When that is not certain.
    pub fn sync(&self) -> io::Result<()> {
        let above = self.folder.parent().unwrap_or(Path::new("/"));
        File::open(above)?.sync_all()
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn lacks(&self, stored: &Stored) -> bool {
        let folder = self.folder.join(&stored.name);
        let body = stored.body.is_none() || folder.join(BODY_FILE).is_file();
        !(body && folder.join(METADATA_FILE).is_file())
    }

    fn open(&self, stored: &Stored) -> Result<OwnedFd, String> {
        open_folder(&self.folder)
            .and_then(|folder| open_folder_at(&folder, &stored.name))
            .map_err(|error| format!("{:?} cannot be opened: {error}", stored.name))
    }
}

/// The artifact as it is now, under the recorded name and role.
fn digest(folder: &OwnedFd, stored: &Stored) -> Result<Stored, String> {
    let folder = open_folder_at(folder, &stored.name).map_err(|error| error.to_string())?;
    let inside = names(&folder, 8)?;
    if let Some(other) = inside
        .iter()
        .find(|name| *name != METADATA_FILE && *name != BODY_FILE)
        && !fault::on(Fault::WholeFolderRestored)
    {
        return Err(format!("added {}", other.escape_default()));
    }
    let none = Redactor::default();
    let file = |name: &str, max| {
        let opened = open_file(&folder, name, max);
        let digest = opened.and_then(|file| copy(file, None, max, &none));
        digest.map_err(|error| format!("{name}: {error}"))
    };
    let body = inside.iter().any(|name| name == BODY_FILE);
    Ok(Stored {
        metadata: file(METADATA_FILE, METADATA_MAX)?,
        body: body.then(|| file(BODY_FILE, BODY_MAX)).transpose()?,
        ..stored.clone()
    })
}

/// Copies what is no part of an artifact as well.
fn restore_others(from: &Path, to: &Path) -> Result<(), String> {
    let entries = std::fs::read_dir(from).map_err(|error| error.to_string())?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name != METADATA_FILE && name != BODY_FILE {
            std::fs::copy(entry.path(), to.join(name)).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
