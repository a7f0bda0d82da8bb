//! Governors that wait for the next workflow, so that their workers stay warm.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cabincrew_governance::{GovernanceError, Governor, GovernorConfig};

/// Most governors that wait; each has two workers at most.
const IDLE_MAX: usize = 16;

/// Idle governors by the folder that their policies are read from. What they know of a workflow
/// is replaced when the next one has its policies loaded; compiled policies and models stay.
#[derive(Debug)]
pub struct Governors {
    /// Folder of the policy workers.
    workers: PathBuf,
    idle: Mutex<BTreeMap<PathBuf, Vec<Governor>>>,
}

impl Governors {
    /// None yet. The policy workers are in that folder.
    #[must_use]
    pub const fn new(workers: PathBuf) -> Self {
        Self {
            workers,
            idle: Mutex::new(BTreeMap::new()),
        }
    }

    /// One that waits for that folder, or a new one.
    pub(super) fn take(&self, base: &Path) -> Result<Governor, GovernanceError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(governor) = idle.get_mut(base).and_then(Vec::pop) {
            return Ok(governor);
        }
        drop(idle);
        Governor::start(&GovernorConfig::beside(&self.workers, base))
    }

    /// Keeps one for later; one too many goes, with its workers.
    pub(super) fn give(&self, base: PathBuf, governor: Governor) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.values().map(Vec::len).sum::<usize>() < IDLE_MAX {
            idle.entry(base).or_default().push(governor);
        }
    }
}
