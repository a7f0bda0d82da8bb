//! What all workers of a run share, and what is made up for it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::artifacts::Restored;
use super::engine::Subject;
use super::worker::Shared;
use crate::adapter::hex;
use crate::drill::{Drill, LaunchPlan};
use crate::observe::{Canary, Capabilities};
use crate::scenario::Scenario;

/// Everything that a run's workers share.
pub(crate) struct World<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) scenario: &'a Scenario,
    pub(crate) root: PathBuf,
    pub(crate) memory: Option<PathBuf>,
    pub(crate) path: OsString,
    pub(crate) watch: Vec<PathBuf>,
    pub(crate) timeout: Duration,
    pub(crate) workflow_id: String,
    pub(crate) canaries: Vec<Canary>,
    pub(crate) decoy: String,
    pub(crate) capabilities: &'a Capabilities,
    pub(crate) shared: Shared,
    pub(crate) progress: &'a (dyn Fn(&str) + Sync),
    /// The launch called `baseline` and the drill it belongs to.
    pub(crate) baseline: Option<(&'a Drill, &'a LaunchPlan)>,
}

impl World<'_> {
    /// A stand-in for the orchestrator's plan token: opaque to engines (C-17), 64 hex digits, and a
    /// function of the restored artifacts.
    pub(crate) fn plan_token(&self, restored: &Restored) -> String {
        let mut hasher = Sha256::new();
        hasher.update(&self.workflow_id);
        for artifact in &restored.announced {
            hasher.update(format!("\0{}\0{}", artifact.name, artifact.hash));
        }
        hex(&hasher.finalize())
    }
}

/// Secrets of this run, the same for the same seed.
pub(crate) fn canaries(seed: u64, scenario: &Scenario) -> Vec<Canary> {
    let named = ["API_TOKEN".to_owned()]
        .into_iter()
        .chain(scenario.secrets.iter().cloned());
    let mut canaries: Vec<Canary> = named
        .map(|name| Canary {
            value: made_up(seed, &name),
            name: format!("secrets.{name}"),
        })
        .collect();
    let value = made_up(seed, "identity_token");
    canaries.push(Canary {
        name: "identity_token".to_owned(),
        value,
    });
    canaries
}

/// A high-entropy word with characters that URL-encoding and shells would change.
pub(crate) fn made_up(seed: u64, name: &str) -> String {
    let digest = hex(&Sha256::digest(format!("{seed}/{name}")));
    format!(
        "Cc{}+{}/{}=",
        &digest[..14],
        &digest[14..26],
        &digest[26..36]
    )
}
