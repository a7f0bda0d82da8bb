//! The stage as a drill writes it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::defaults;
use super::error::StageError;
use crate::orchestrator::plan::merge;

/// What a drill happens on. Texts may hold `{stage}` (the folder of scripts and other files),
/// `{workspace}` (workflow `a`'s), `{elsewhere}` (a folder outside all given ones), `{conform}` (the
/// harness's program).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stage {
    /// Merged over the default workflow: one step `edit` that starts the engine `{stage}/edit`, one
    /// custom policy `rule` that starts `{stage}/rule`, a roster, no gateways. The text `{null}`
    /// stands for null, and a member with the text `{absent}` is left out. An engine's pin may be
    /// `{sha256:NAME}`, the digest of the program of that script.
    pub workflow: toml::Table,
    /// Workflow text that is used as it is, instead of `workflow`; for malformed ones.
    pub workflow_text: Option<String>,
    /// Merged over the default roster: `ada` (approver, security), `bob` (approver), `eve` (reader).
    pub roster: toml::Table,
    /// Roster text that is used as it is.
    pub roster_text: Option<String>,
    /// Files of the workspace: path to text. Merged over the default ones.
    pub files: Option<BTreeMap<String, String>>,
    /// Scripts of peer engines by name: `edit` becomes the program `{stage}/edit`. Beside the members
    /// of a script: `include_fault` (a fault of `fixtures/faults/`) and `try_write`.
    pub engine: BTreeMap<String, toml::Table>,
    /// Scripts of custom policies and probes by name. `rule` allows.
    pub policy: BTreeMap<String, toml::Table>,
    /// Other files of the stage: name to text, for example Rego policies.
    pub write: BTreeMap<String, String>,
    /// Files of `fixtures/policies/` and `fixtures/models/` copied into the stage: name to path, for
    /// example `policies/always-deny.rego`.
    pub copy: BTreeMap<String, String>,
    /// Names of stage files that are not there, whatever else says that they are.
    pub omit: Vec<String>,
    /// The orchestrator's own environment, beside `PATH` and the harmless usual variables: a text, or
    /// `false` to leave one out. `CC_TOKEN` (mapped to the engine's secret `TOKEN`) and `CC_UNMAPPED`
    /// (mapped to nothing) hold secrets that are made up for each run.
    pub env: BTreeMap<String, toml::Value>,
    /// Workflow ids by label, in place of made-up ones.
    pub ids: BTreeMap<String, String>,
    /// The workspace cannot be written by the orchestrator and whatever it starts (needs mounts).
    pub read_only_workspace: bool,
}

impl Stage {
    /// Reads a merged table, over the defaults.
    ///
    /// # Errors
    /// When it has unknown or ill-typed members.
    pub fn of(run: &str, table: &toml::Table) -> Result<Self, StageError> {
        let mut whole = defaults::table();
        merge(&mut whole, table);
        whole.try_into().map_err(|source| StageError::Invalid {
            run: run.to_owned(),
            source,
        })
    }
}
