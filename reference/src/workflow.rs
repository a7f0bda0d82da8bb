//! The workflow file: what is to be run, by which engines, under which rules. Read once, when the
//! workflow is created, and kept in its journal from then on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cabincrew_protocol::digest::Sha256Hex;
use cabincrew_protocol::engine::PROTOCOL_VERSION;
use cabincrew_protocol::json::{self, JsonError, Limits};
use cabincrew_protocol::rules;
use cabincrew_protocol::wire::AnyMap;
use serde::{Deserialize, Serialize};

/// A workflow file, as written. Unknown members are refused; relative paths are meant from the
/// file's folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// Name of the workflow, for people.
    pub workflow: String,
    /// Version that engines are sent and must echo (C-51).
    #[serde(default = "protocol_version")]
    pub protocol_version: String,
    /// The steps, run in order (CC-ORC-029).
    pub steps: Vec<Step>,
    /// Who decides (CC-PRE-001).
    #[serde(default)]
    pub governance: Governance,
    /// Who may approve (CC-APR-009).
    #[serde(default)]
    pub approval: Approval,
    /// Gateways that must answer before take-off (CC-TKO-007, C-72).
    #[serde(default)]
    pub gateways: Vec<Gateway>,
    /// What stays at the end (CC-FIN-004).
    #[serde(default)]
    pub retention: Retention,
    /// What started the workflow (CC-ORC-003, C-123).
    #[serde(default)]
    pub trigger: Trigger,
}

/// One step: one engine, planned and applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Name of the step, unique in the workflow (CC-ORC-001).
    pub step_id: String,
    /// The program.
    pub engine: Engine,
    /// Model that makes the plan, for provenance (C-52).
    #[serde(default = "no_model")]
    pub model: String,
    /// Given to the engine as `config`, the same in both phases (CC-TKO-012).
    #[serde(default)]
    pub config: AnyMap,
    /// Secrets by the name that the engine sees (CC-SEC-001, C-81).
    #[serde(default)]
    pub secrets: BTreeMap<String, Secret>,
}

/// How an engine is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Program and arguments, before `--mode`. A program with a slash, and arguments that begin
    /// with `./` or `../`, are meant from the workflow file's folder.
    pub command: Vec<String>,
    /// Digest that the program must have (CC-SEC-011).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Hex>,
    /// Longest run of one phase, in milliseconds (CC-ORC-026, C-90).
    #[serde(default = "engine_timeout")]
    pub timeout_ms: u64,
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The variable in the orchestrator's environment.
    pub env: String,
}

/// The rules that plans are judged by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Governance {
    /// Policies, models and programs, all evaluated (C-56).
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// The decision when there are no policies at all: `deny` unless the file says `allow` (C-09).
    #[serde(default)]
    pub default_decision: DefaultDecision,
    /// Whether a restart before approval evaluates once more (CC-RST-012, C-54).
    #[serde(default = "yes")]
    pub recheck_on_restart: bool,
    /// What is evaluated after take-off (CC-PST-001).
    #[serde(default)]
    pub post_execution: PostExecution,
}

impl Default for Governance {
    fn default() -> Self {
        Self {
            policies: Vec::new(),
            default_decision: DefaultDecision::Deny,
            recheck_on_restart: true,
            post_execution: PostExecution::default(),
        }
    }
}

/// The decision for an empty set of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultDecision {
    /// Development only; written down as an evaluation of its own (C-09).
    Allow,
    /// Nothing grants permission, so there is none.
    #[default]
    Deny,
}

/// One policy. Kinds other than these are refused (CC-PRE-033).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Name, unique in its list.
    pub id: String,
    /// Which evaluator.
    pub kind: PolicyKind,
    /// The Rego file or the model (`opa`, `onnx`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The rule that gives one PreflightOutput (`opa`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// What the model sees (`onnx`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Vec<Over>>,
    /// Scores from which a decision holds (`onnx`, CC-PRE-031).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
    /// Program and arguments (`custom`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Digest that the file must have (CC-PRE-037).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Hex>,
    /// Longest evaluation, in milliseconds.
    #[serde(default = "policy_timeout")]
    pub timeout_ms: u64,
}

/// Kinds of evaluator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// A Rego policy.
    Opa,
    /// A model.
    Onnx,
    /// A program.
    Custom,
}

/// What a model is run over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Content of artifacts.
    Body,
    /// `artifact.json`.
    Metadata,
}

/// Scores from which a decision holds; a score equal to the threshold reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// From here on warn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<f64>,
    /// From here on ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_approval: Option<f64>,
    /// From here on deny.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny: Option<f64>,
}

/// The second safety net.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostExecution {
    /// Evaluated over what take-off produced (DESIGN 8.15).
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// What a deny does.
    #[serde(default)]
    pub on_deny: OnDeny,
}

/// What a deny after take-off does (C-35).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDeny {
    /// The workflow fails.
    #[default]
    Fail,
    /// The workflow completes with a warning.
    Warn,
}

/// Who may approve, and how long it may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The roster file; without one nobody can approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roster: Option<String>,
    /// Role asked for when a policy names none (C-19).
    #[serde(default = "default_role")]
    pub default_role: String,
    /// Ask in any case: joins the decisions as `require_approval` (CC-PRE-034).
    #[serde(default)]
    pub always: bool,
    /// Seconds after which a request can no longer be answered (CC-APR-025).
    #[serde(default)]
    pub expires_after_s: Option<u64>,
}

impl Default for Approval {
    fn default() -> Self {
        Self {
            roster: None,
            default_role: default_role(),
            always: false,
            expires_after_s: None,
        }
    }
}

/// A gateway and how to see that it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Its name.
    pub id: String,
    /// The probe.
    pub probe: Probe,
}

/// A probe succeeds when the connection opens or the command exits with 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Probe {
    /// `address:port`.
    Tcp(String),
    /// Path of a socket.
    Unix(String),
    /// Program and arguments.
    Command(Vec<String>),
}

/// What stays when the workflow has completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The stored artifacts.
    #[serde(default)]
    pub artifacts: Keep,
}

/// Keep or delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// They stay.
    #[default]
    Keep,
    /// They go after COMPLETED; after FAILED they stay (C-76).
    Delete,
}

/// What started a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// user, agent, schedule, repository, system, or another word.
    pub kind: String,
    /// Who or what it was; the requester of approvals.
    pub by: String,
}

impl Default for Trigger {
    fn default() -> Self {
        Self {
            kind: "user".to_owned(),
            by: "unknown".to_owned(),
        }
    }
}

/// Why a workflow file cannot be used (CC-ORC-004).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkflowError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not strict JSON.
    #[error("{path} is not one JSON document")]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: JsonError,
    },
    /// The document has another shape.
    #[error("{path} is not a workflow")]
    Shape {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A name is empty, malformed, or used twice.
    #[error("the {what} {name:?} is malformed or used twice")]
    Name {
        /// Kind of name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// There is no step.
    #[error("a workflow needs at least one step")]
    NoSteps,
    /// A member that the kind of policy needs is missing, or one that it has no use for is there.
    #[error("the policy {id:?} needs {needs}")]
    Policy {
        /// The policy.
        id: String,
        /// What is needed.
        needs: &'static str,
    },
    /// A number is outside its range.
    #[error("{what} is out of range")]
    Range {
        /// The member.
        what: &'static str,
    },
}

/// A workflow file together with the folder that its paths are meant from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The definition.
    pub workflow: Workflow,
    /// The file's folder, absolute.
    pub base: PathBuf,
}

/// Reads and checks a workflow file (CC-ORC-004).
///
/// # Errors
/// For everything that [`WorkflowError`] names.
pub fn load(path: &Path) -> Result<Loaded, WorkflowError> {
    let owned = || path.to_owned();
    let read = |source| WorkflowError::Read {
        path: owned(),
        source,
    };
    let bytes = std::fs::read(path).map_err(read)?;
    let absolute = std::fs::canonicalize(path).map_err(read)?;
    let value = json::parse(&bytes, &Limits::RECEIPT).map_err(|source| WorkflowError::Json {
        path: owned(),
        source,
    })?;
    let workflow: Workflow =
        serde_json::from_value(value).map_err(|source| WorkflowError::Shape {
            path: owned(),
            source,
        })?;
    check(&workflow)?;
    let base = absolute.parent().unwrap_or(Path::new("/")).to_owned();
    Ok(Loaded { workflow, base })
}

/// Whether a text can be a workflow id or a step id: it becomes a file name.
#[must_use]
pub fn is_id(text: &str) -> bool {
    rules::artifact_name(text).is_none()
}

fn check(workflow: &Workflow) -> Result<(), WorkflowError> {
    if workflow.steps.is_empty() {
        return Err(WorkflowError::NoSteps);
    }
    unique("step_id", workflow.steps.iter().map(|step| &step.step_id))?;
    for step in &workflow.steps {
        if step.engine.command.first().is_none_or(String::is_empty) {
            return Err(WorkflowError::Name {
                what: "engine command of step",
                name: step.step_id.clone(),
            });
        }
        range("timeout_ms", step.engine.timeout_ms, 1, TIMEOUT_MAX_MS)?;
    }
    for policies in [
        &workflow.governance.policies,
        &workflow.governance.post_execution.policies,
    ] {
        unique("policy id", policies.iter().map(|policy| &policy.id))?;
        for policy in policies {
            check_policy(policy)?;
        }
    }
    unique(
        "gateway id",
        workflow.gateways.iter().map(|gateway| &gateway.id),
    )?;
    if workflow.approval.default_role.is_empty() {
        return Err(WorkflowError::Range {
            what: "approval.default_role",
        });
    }
    Ok(())
}

const TIMEOUT_MAX_MS: u64 = 7 * 24 * 3600 * 1000;

fn range(what: &'static str, value: u64, min: u64, max: u64) -> Result<(), WorkflowError> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(WorkflowError::Range { what })
    }
}

fn unique<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), WorkflowError> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !is_id(name) || !seen.insert(name.to_lowercase()) {
            let name = name.clone();
            return Err(WorkflowError::Name { what, name });
        }
    }
    Ok(())
}

fn check_policy(policy: &Policy) -> Result<(), WorkflowError> {
    let needs = |needs| {
        Err(WorkflowError::Policy {
            id: policy.id.clone(),
            needs,
        })
    };
    range("timeout_ms", policy.timeout_ms, 1, TIMEOUT_MAX_MS)?;
    let onnx = policy.over.is_some() || policy.thresholds.is_some();
    match policy.kind {
        PolicyKind::Opa if policy.path.is_none() || policy.query.is_none() => {
            needs("a path and a query")
        }
        PolicyKind::Opa if onnx || policy.command.is_some() => needs("only path and query"),
        PolicyKind::Onnx if policy.path.is_none() || policy.thresholds.is_none() => {
            needs("a path and thresholds")
        }
        PolicyKind::Onnx if policy.query.is_some() || policy.command.is_some() => {
            needs("only path, over and thresholds")
        }
        PolicyKind::Onnx => match policy.thresholds {
            Some(thresholds) if !thresholds.ordered() => {
                needs("thresholds between 0 and 1 that rise from warn to deny")
            }
            _ => Ok(()),
        },
        PolicyKind::Custom if policy.command.as_ref().is_none_or(Vec::is_empty) => {
            needs("a command")
        }
        PolicyKind::Custom if onnx || policy.query.is_some() || policy.path.is_some() => {
            needs("only a command")
        }
        PolicyKind::Opa | PolicyKind::Custom => Ok(()),
    }
}

impl Thresholds {
    fn ordered(self) -> bool {
        let given: Vec<f64> = [self.warn, self.require_approval, self.deny]
            .into_iter()
            .flatten()
            .collect();
        !given.is_empty()
            && given.iter().all(|value| (0.0..=1.0).contains(value))
            && given.windows(2).all(|pair| pair[0] <= pair[1])
    }
}

fn protocol_version() -> String {
    PROTOCOL_VERSION.to_owned()
}

fn no_model() -> String {
    "none".to_owned()
}

const fn engine_timeout() -> u64 {
    10 * 60 * 1000
}

const fn policy_timeout() -> u64 {
    5000
}

fn default_role() -> String {
    "approver".to_owned()
}

const fn yes() -> bool {
    true
}
