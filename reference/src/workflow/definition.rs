//! What a workflow file says. Unknown members are refused.

use std::collections::BTreeMap;

use cabincrew_protocol::digest::Sha256Hex;
use cabincrew_protocol::engine::PROTOCOL_VERSION;
use cabincrew_protocol::wire::AnyMap;
use serde::{Deserialize, Serialize};

use super::confinement::Confinement;
use super::governance::Governance;

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
    /// What the engine is kept from.
    #[serde(default, skip_serializing_if = "Confinement::is_default")]
    pub confinement: Confinement,
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The variable in the orchestrator's environment.
    pub env: String,
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

fn protocol_version() -> String {
    PROTOCOL_VERSION.to_owned()
}

fn no_model() -> String {
    "none".to_owned()
}

const fn engine_timeout() -> u64 {
    10 * 60 * 1000
}

fn default_role() -> String {
    "approver".to_owned()
}
