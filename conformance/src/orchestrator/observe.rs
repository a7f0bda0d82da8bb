//! Everything that was seen of an orchestrator: immutable, recordable, and all that the judge gets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::drill::Needs;
use crate::observe::{Bytes, Canary, End};
use crate::tree::{Change, Tree};

/// The version of the recorded form.
pub const OBSERVATION_FORMAT: u32 = 1;

/// What was seen of one orchestrator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// [`OBSERVATION_FORMAT`].
    pub format: u32,
    /// What the adapter claims (`Some(true)`), denies (`Some(false)`) or leaves open (absent).
    pub claims: BTreeMap<Needs, bool>,
    /// Other names for audit event types: ours to theirs.
    pub event_names: BTreeMap<String, String>,
    /// The audit log's public key, where the adapter names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_key: Option<String>,
    /// What this machine let the harness do.
    pub machine: Vec<Needs>,
    /// One for each run of a drill or of one of its cases.
    pub runs: Vec<Run>,
}

/// One run of a drill.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The drill.
    pub drill: String,
    /// The case, where the drill has cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The workflow document, as handed over (all labels share it); null if it was raw text.
    pub workflow: Value,
    /// The roster, as handed over.
    pub roster: Value,
    /// Label to workflow id.
    pub ids: BTreeMap<String, String>,
    /// The run's directories: name to path, as the programs saw them.
    pub dirs: BTreeMap<String, String>,
    /// Secrets and other marks that must not be found where they do not belong; made up for this run.
    pub canaries: Vec<Canary>,
    /// The workspace before the first step, by label.
    pub workspace: BTreeMap<String, Tree>,
    /// Digest of every policy file that the workflow names, by path in the stage; after the last `change`.
    pub policy_files: BTreeMap<String, String>,
    /// What was done and seen, in order; steps of a `meanwhile` come before the step they are in.
    pub steps: Vec<StepSeen>,
}

/// One step and all that was seen of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSeen {
    /// Its name in the drill.
    pub name: String,
    /// The label of the workflow it is about.
    pub workflow: String,
    /// What was done.
    pub act: ActSeen,
    /// For a verb: the command line; the run's directories appear as `{state_dir}` and so on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// For a verb: how the orchestrator ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// Standard output, as far as kept.
    pub stdout: Bytes,
    /// Standard error, as far as kept.
    pub stderr: Bytes,
    /// How long it ran, milliseconds.
    pub duration_ms: u64,
    /// Wall clock at the start and at the end, seconds since the epoch.
    pub started_s: i64,
    /// Wall clock at the end, seconds since the epoch.
    pub ended_s: i64,
    /// Engines, policies and probes that were started, in the order of their first words.
    pub programs: Vec<ProgramSeen>,
    /// The point it was to be killed or held at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The step in whose `meanwhile` it was taken: another orchestrator was being held then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// True if that one went on, or ended, before this one was over: nothing was seen of both at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waited: bool,
    /// The point it was killed or held at, once it was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<String>,
    /// Programs that were still alive once the orchestrator had ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_alive: Vec<String>,
    /// The exported documents afterwards; only after verbs and tampering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exports: Option<Exports>,
    /// The workspace afterwards.
    pub workspace_after: Tree,
    /// What changed in the workspace during the step.
    pub workspace_changes: Vec<Change>,
    /// Directories that engines were given and that still exist, by `WORD pid` such as `temp 17`.
    pub dirs_left: Vec<String>,
    /// Where canaries were found: in exports, output, or files below the state directory.
    pub leaks: Vec<Leak>,
    /// Names of stored copies of each planned artifact file below the state directory: `NAME/FILE` to
    /// number of files with the same bytes.
    pub stored: BTreeMap<String, usize>,
    /// Files that hold the bytes among others, as a database does: `NAME/FILE` to its length in bytes,
    /// since those that are shorter than `TELLING` may stand there by chance.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stored_within: BTreeMap<String, usize>,
    /// For a step of the kit's own (edit, change, tamper): what was done, or why it could not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
    /// For a response: the text that was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
}

/// A text that is shorter, in bytes, may stand in a file by chance.
pub(crate) const TELLING: usize = 12;

/// `EACH.N` of the step names `EACH.N` and `EACH.N.STEP`: what was done to one file after the other.
pub(crate) fn group(step: &str) -> Option<&str> {
    let (each, rest) = step.split_once('.')?;
    let number = rest.split('.').next()?;
    step.get(..each.len() + 1 + number.len())
}

/// What kind of step it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActSeen {
    /// The verb run.
    Run,
    /// The verb resume.
    Resume,
    /// The verb respond.
    Respond,
    /// Workspace files were changed.
    Edit,
    /// Stage files were changed.
    Change,
    /// The orchestrator's files were changed.
    Tamper,
    /// Time went by.
    Wait,
}

/// What became of a step of the kit's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// What was changed, by path.
    Changed(Vec<String>),
    /// Nothing fitted; what comes after it proves nothing.
    NothingFound(String),
}

/// One program that the orchestrator started: an engine, a custom policy or a probe of the kit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramSeen {
    /// Its script: `edit`, `rule`.
    pub script: String,
    /// `flight-plan`, `take-off` (as its environment says), `evaluate` or `probe`.
    pub mode: String,
    /// Process id, parent, group and session.
    pub pid: u32,
    /// Parent process.
    pub ppid: u32,
    /// Process group.
    pub pgid: u32,
    /// Session.
    pub sid: u32,
    /// Whether the parent is the orchestrator's process or one of its descendants.
    pub of_subject: bool,
    /// Arguments after the script.
    pub argv: Vec<String>,
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// Working directory.
    pub cwd: String,
    /// Standard input to its end, as text.
    pub stdin: Bytes,
    /// Open descriptors: number to target.
    pub descriptors: BTreeMap<String, String>,
    /// What the artifacts directory held at the start: path to SHA-256, directories to an empty text.
    pub artifacts_before: BTreeMap<String, String>,
    /// What the temp directory held at the start.
    pub temp_before: Vec<String>,
    /// Which of its directories it can create a file in: `workspace`, `artifacts`, `temp`, `elsewhere`.
    pub writable: BTreeMap<String, bool>,
    /// Whether it reached its harness over the network; none if it did not try.
    #[serde(default)]
    pub connected: Option<bool>,
    /// What the workspace held at the start: path to SHA-256.
    pub workspace_before: BTreeMap<String, String>,
    /// What is more than content there: path to `link TARGET`, `executable` or `folder`.
    #[serde(default)]
    pub workspace_forms: BTreeMap<String, String>,
    /// At its end: what the artifacts directory holds, path to content, as far as kept.
    pub artifacts_after: BTreeMap<String, Bytes>,
    /// What it printed, or would have.
    pub stdout: Bytes,
    /// Whether it came to its end.
    pub ended: bool,
}

/// The six documents, as printed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exports {
    /// `export state`.
    pub state: Document,
    /// `export wal`.
    pub wal: Document,
    /// `export audit`.
    pub audit: Document,
    /// `export plan-token`.
    pub plan_token: Document,
    /// `export approvals`.
    pub approvals: Document,
    /// `export artifacts`.
    pub artifacts: Document,
}

impl Exports {
    /// The documents by name.
    pub const fn named(&self) -> [(&'static str, &Document); 6] {
        [
            ("state", &self.state),
            ("wal", &self.wal),
            ("audit", &self.audit),
            ("plan-token", &self.plan_token),
            ("approvals", &self.approvals),
            ("artifacts", &self.artifacts),
        ]
    }
}

/// One printed document.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// How the command ended.
    pub end: End,
    /// What it printed, as far as kept.
    pub text: Bytes,
}

/// A canary where it does not belong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leak {
    /// Name of the canary.
    pub canary: String,
    /// `plain`, `base64`, `hex`, `url` or `json`.
    pub encoding: String,
    /// `stdout`, `stderr`, `export:audit`, or `state-dir:PATH`.
    pub place: String,
}
