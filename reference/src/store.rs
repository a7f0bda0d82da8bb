//! Where the files of a workflow lie below the state directory. Directories are private; every
//! workflow has a folder of its own (CC-ORC-013).
//!
//! ```text
//! workflows/<id>/journal                         the truth
//!                state.json wal.jsonl audit.jsonl  projections
//!                artifacts/<name>/..             artifacts of the first step
//!                artifacts-<step>/<name>/..      artifacts of a later step
//!                logs/                           standard error of the engines
//!                manifests/                      what workspaces looked like, to name differences
//!                cancel                          somebody wants it to end (`cancel`)
//!                runs/                           directories of launches, gone at the end
//! ```

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use cabincrew_protocol::engine::Mode;
use rustix::fs::{FlockOperation, flock};

use crate::fault::{self, Fault};
use crate::journal::FileStorage;
use crate::mark::Mark;
use crate::workflow::is_id;

/// The folder of one workflow.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
}

/// The folder of one workflow, held by this process alone until it is dropped or the process ends:
/// the kernel keeps the lock, so a dead holder holds nothing.
#[derive(Debug)]
pub struct Held {
    /// The folder.
    pub home: Home,
    _lock: File,
    _mark: Option<Mark>,
}

/// Why a workflow's folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The id cannot be a file name.
    #[error("the workflow id {id:?} is not [A-Za-z0-9][A-Za-z0-9._-]{{0,127}}")]
    Id {
        /// The id.
        id: String,
    },
    /// There is no workflow of that id.
    #[error("there is no workflow {id:?}")]
    Unknown {
        /// The id.
        id: String,
    },
    /// There is one already.
    #[error("there is a workflow {id:?} already")]
    Exists {
        /// The id.
        id: String,
    },
    /// Another process is working on it.
    #[error("another process is working on {id:?}")]
    Locked {
        /// The id.
        id: String,
    },
    /// The system refuses.
    #[error("cannot {what} {path}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Home {
    /// The folder of a workflow, whether it exists or not.
    ///
    /// # Errors
    /// When the id cannot be a file name.
    pub fn of(state_dir: &Path, id: &str) -> Result<Self, StoreError> {
        if !is_id(id) {
            return Err(StoreError::Id { id: id.to_owned() });
        }
        let folder = state_dir.join("workflows").join(id);
        Ok(Self { folder })
    }

    /// Takes hold of an existing workflow.
    ///
    /// # Errors
    /// When it does not exist or another process holds it.
    pub fn hold(self, id: &str) -> Result<Held, StoreError> {
        let open = File::open(&self.folder);
        let lock = open.map_err(|_| StoreError::Unknown { id: id.to_owned() })?;
        if !fault::on(Fault::LockIgnored) {
            flock(&lock, FlockOperation::NonBlockingLockExclusive)
                .map_err(|_| StoreError::Locked { id: id.to_owned() })?;
        }
        let mark = fault::on(Fault::LockFileLeftBehind)
            .then(|| Mark::make(self.folder.with_extension("lock")))
            .transpose()
            .map_err(|_| StoreError::Locked { id: id.to_owned() })?;
        Ok(Held {
            home: self,
            _lock: lock,
            _mark: mark,
        })
    }

    /// Makes the folder and takes hold of it; the journal's first sync makes it durable. A folder
    /// whose workflow never became durable is used again (DESIGN 8.10).
    ///
    /// # Errors
    /// When the workflow exists, or the system refuses.
    pub fn create(self, id: &str) -> Result<Held, StoreError> {
        let parent = self.folder.parent().unwrap_or(Path::new("/")).to_owned();
        make_private(&parent)?;
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Ok(()) => {}
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists
                    && !fault::on(Fault::LeftoverFolderRefused) => {}
            Err(source) => return Err(self.error("make", source)),
        }
        let held = self.hold(id)?;
        if held.home.was_created() && !fault::on(Fault::ExistingWorkflowOverwritten) {
            return Err(StoreError::Exists { id: id.to_owned() });
        }
        Ok(held)
    }

    /// Whether a workflow was ever durably created here: its journal has a complete line, or
    /// something else is there that only follows one.
    #[must_use]
    pub fn was_created(&self) -> bool {
        let journal = std::fs::read(self.journal()).unwrap_or_default();
        let others = std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten();
        let empty = fault::on(Fault::EmptyJournalCounts) && self.journal().exists();
        empty
            || journal.contains(&b'\n')
            || others
                .into_iter()
                .any(|entry| entry.file_name() != "journal")
    }

    /// The journal's storage.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn storage(&self) -> Result<FileStorage, StoreError> {
        FileStorage::open(&self.journal()).map_err(|source| self.error("open", source))
    }

    /// The storage of a new journal.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new_storage(&self) -> Result<FileStorage, StoreError> {
        // Left over from a creation that never became durable.
        let _ = std::fs::remove_file(self.journal());
        let above = self.folder.ancestors().skip(1).take(2);
        let above = above.map(Path::to_owned).collect();
        FileStorage::create(&self.journal(), above).map_err(|source| self.error("make", source))
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    /// The artifacts of a step.
    #[must_use]
    pub fn artifacts(&self, step_index: usize, step_id: &str) -> PathBuf {
        if step_index == 0 {
            self.folder.join("artifacts")
        } else {
            self.folder.join(format!("artifacts-{step_id}"))
        }
    }

    /// What the workspace of a step's plan looked like.
    #[must_use]
    pub fn manifest(&self, step_id: &str) -> PathBuf {
        self.folder
            .join("manifests")
            .join(format!("{step_id}.json"))
    }

    /// The standard error of a launch.
    #[must_use]
    pub fn log(&self, step_id: &str, mode: Mode, run_index: u64) -> PathBuf {
        let name = format!("{step_id}-{}-{run_index}.stderr", mode.as_str());
        self.folder.join("logs").join(name)
    }

    /// Where somebody asks for the end.
    #[must_use]
    pub fn cancel_request(&self) -> PathBuf {
        self.folder.join("cancel")
    }

    /// All directories of launches.
    #[must_use]
    pub fn runs(&self) -> PathBuf {
        if fault::on(Fault::RunsOfAllWorkflowsInOnePlace) {
            return self.folder.with_file_name("runs");
        }
        self.folder.join("runs")
    }

    /// The directories of one launch.
    #[must_use]
    pub fn run(&self, step_id: &str, mode: Mode, run_index: u64) -> PathBuf {
        self.runs()
            .join(format!("{step_id}-{}-{run_index}", mode.as_str()))
    }

    fn error(&self, what: &'static str, source: io::Error) -> StoreError {
        StoreError::Io {
            what,
            path: self.folder.clone(),
            source,
        }
    }
}

/// The ids of all workflows below a state directory, sorted.
#[must_use]
pub fn list(state_dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(state_dir.join("workflows"));
    let mut ids: Vec<String> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_id(name))
        .collect();
    ids.sort();
    ids
}

/// Makes a private folder and those above it.
///
/// # Errors
/// When the system refuses.
pub(crate) fn make_private(folder: &Path) -> Result<(), StoreError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| StoreError::Io {
        what: "make",
        path: folder.to_owned(),
        source,
    })
}
