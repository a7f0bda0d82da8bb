//! Everything that verbs need from the edge, and looking without changing anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cabincrew_protocol::audit::SigningKey;

use super::error::{Result, ServiceError, journal_error};
use crate::fault::{self, Fault};
use crate::journal::{JournalError, Replayed, Storage as _, replay};
use crate::launch::Launcher;
use crate::perform::{Governors, Site, Watch};
use crate::store::{Home, StoreError};

/// Everything that verbs need from the edge.
#[derive(Debug)]
pub struct Service {
    /// Where workflows are kept.
    pub state_dir: PathBuf,
    /// Starts engines.
    pub launcher: Launcher,
    /// Governors, shared by all workflows.
    pub governors: Arc<Governors>,
    /// The orchestrator's environment, for mapped secrets.
    pub environment: BTreeMap<String, String>,
    /// Signs audit events.
    pub audit_key: Option<SigningKey>,
    /// Is told of every engine.
    pub watch: Option<Watch>,
}

impl Service {
    /// A service without secrets and without an audit key. `workers` is the folder of the policy
    /// workers.
    #[must_use]
    pub fn new(state_dir: PathBuf, launcher: Launcher, workers: PathBuf) -> Self {
        Self {
            state_dir,
            launcher,
            governors: Arc::new(Governors::new(workers)),
            environment: BTreeMap::new(),
            audit_key: None,
            watch: None,
        }
    }

    /// The same with the orchestrator's environment, for mapped secrets.
    #[must_use]
    pub fn with_environment(mut self, environment: BTreeMap<String, String>) -> Self {
        self.environment = environment;
        self
    }

    /// The same with the key that signs audit events.
    #[must_use]
    pub fn with_audit_key(mut self, key: Option<SigningKey>) -> Self {
        self.audit_key = key;
        self
    }

    /// The same with somebody who is told of every engine.
    #[must_use]
    pub fn with_watch(mut self, watch: Option<Watch>) -> Self {
        self.watch = watch;
        self
    }

    /// What the journal of a workflow says, without changing anything.
    ///
    /// # Errors
    /// When there is none or it is damaged.
    pub fn look(&self, id: &str) -> Result<Replayed> {
        let home = self.home(id)?;
        let unknown = || StoreError::Unknown { id: id.to_owned() };
        if !home.folder().is_dir() || !home.was_created() {
            return Err(unknown().into());
        }
        let mut storage = home
            .storage()
            .map_err(|_| ServiceError::Gone { id: id.to_owned() })?;
        // What is shown must be durable, also when another process has just written it.
        let synced = storage.sync().and_then(|()| storage.read());
        let bytes = synced.map_err(|source| {
            let what = "read";
            journal_error(id, JournalError::Storage { what, source })
        })?;
        let replayed = replay(&bytes, id);
        let replayed =
            replayed.map_err(|damage| journal_error(id, JournalError::Damaged(damage)))?;
        Ok(replayed)
    }

    /// The folder of a workflow.
    ///
    /// # Errors
    /// When the id cannot be a file name.
    pub fn home(&self, id: &str) -> Result<Home> {
        // Engines are told absolute paths, and survivors are known by the real ones.
        let state_dir = std::fs::canonicalize(&self.state_dir)
            .or_else(|_| std::path::absolute(&self.state_dir))
            .unwrap_or_else(|_| self.state_dir.clone());
        Ok(Home::of(&state_dir, id)?)
    }

    pub(super) fn site(&self, home: Home) -> Site {
        let environment = self.environment.clone();
        Site::new(
            home,
            self.launcher.clone(),
            Arc::clone(&self.governors),
            environment,
        )
        .with_watch(self.watch)
    }

    /// The workspace, absolute; neither the store nor around it nor inside it.
    pub(super) fn workspace(&self, workspace: &Path) -> Result<PathBuf> {
        let refuse = |why| ServiceError::Workspace {
            path: workspace.to_owned(),
            why,
        };
        let real = std::fs::canonicalize(workspace).map_err(|_| refuse("is not there"))?;
        if !real.is_dir() {
            return Err(refuse("is no folder"));
        }
        crate::store::make_private(&self.state_dir)?;
        let state = std::fs::canonicalize(&self.state_dir).map_err(|_| refuse("is not there"))?;
        let nested = state.starts_with(&real) || real.starts_with(&state);
        if nested && !fault::on(Fault::StateInsideWorkspaceAccepted) {
            return Err(refuse("and the state directory lie inside one another"));
        }
        Ok(real)
    }
}
