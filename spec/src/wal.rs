//! The write-ahead log: entries, their payloads and their checksum (CC-RST-002).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical::CanonicalError;
use crate::decision::Decision;
use crate::digest::{self, Sha256Hex};
use crate::wire;
use crate::workflow::State;

/// One line of the write-ahead log. The kind of entry is that of `data` (C-44); on the wire it
/// is written as `entry_type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawEntry", into = "RawEntry")]
pub struct WalEntry {
    /// Number of the entry in its workflow: from 0, without gaps (CC-RST-003, C-43).
    pub sequence: u64,
    /// When it was written, RFC 3339.
    pub timestamp: String,
    /// The workflow.
    pub workflow_id: String,
    /// The payload (CC-SCH-011).
    pub data: WalEntryData,
    /// SHA-256 of the canonical form of the entry without this member (CC-RST-004, C-43).
    pub checksum: String,
}

impl WalEntry {
    /// The checksum that the entry must carry.
    ///
    /// # Errors
    /// When the sequence number has no canonical form.
    pub fn computed_checksum(&self) -> Result<Sha256Hex, CanonicalError> {
        checksum(&serde_json::to_value(self).expect("an entry has only JSON members"))
    }
}

/// The checksum of an entry as it was read: SHA-256 of the canonical form of all members
/// except `checksum` (C-43).
///
/// # Errors
/// When a number in the entry has no canonical form.
pub fn checksum(entry: &Value) -> Result<Sha256Hex, CanonicalError> {
    let mut covered = entry.clone();
    if let Some(members) = covered.as_object_mut() {
        members.remove("checksum");
    }
    digest::of_json(&covered)
}

/// What an entry records (CC-RST-002).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WalEntryType {
    /// A valid response was taken.
    ApprovalReceived,
    /// An approval was asked for.
    ApprovalRequested,
    /// An artifact was taken over, or the plan token minted.
    ArtifactCreated,
    /// A policy or model was evaluated.
    PolicyEvaluated,
    /// A phase of a step ended.
    StepCompleted,
    /// A phase of a step begins.
    StepStarted,
    /// The workflow ended as approved.
    WorkflowCompleted,
    /// The workflow ended otherwise.
    WorkflowFailed,
    /// The workflow was created.
    WorkflowStarted,
}

/// The payload of an entry: the shape that its entry type names, no other (CC-SCH-011, C-44).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum WalEntryData {
    /// Of `approval_received`.
    ApprovalReceived(ApprovalReceivedData),
    /// Of `approval_requested`.
    ApprovalRequested(ApprovalRequestedData),
    /// Of `artifact_created`.
    ArtifactCreated(ArtifactCreatedData),
    /// Of `policy_evaluated`.
    PolicyEvaluated(PolicyEvaluatedData),
    /// Of `step_completed`.
    StepCompleted(StepCompletedData),
    /// Of `step_started`.
    StepStarted(StepStartedData),
    /// Of `workflow_completed`.
    WorkflowCompleted(WorkflowCompletedData),
    /// Of `workflow_failed`.
    WorkflowFailed(WorkflowFailedData),
    /// Of `workflow_started`.
    WorkflowStarted(WorkflowStartedData),
}

impl WalEntryData {
    /// Reads the payload that belongs to an entry type (C-44).
    ///
    /// # Errors
    /// When `data` has another shape.
    pub fn read(entry_type: WalEntryType, data: Value) -> Result<Self, serde_json::Error> {
        use serde_json::from_value;
        Ok(match entry_type {
            WalEntryType::ApprovalReceived => Self::ApprovalReceived(from_value(data)?),
            WalEntryType::ApprovalRequested => Self::ApprovalRequested(from_value(data)?),
            WalEntryType::ArtifactCreated => Self::ArtifactCreated(from_value(data)?),
            WalEntryType::PolicyEvaluated => Self::PolicyEvaluated(from_value(data)?),
            WalEntryType::StepCompleted => Self::StepCompleted(from_value(data)?),
            WalEntryType::StepStarted => Self::StepStarted(from_value(data)?),
            WalEntryType::WorkflowCompleted => Self::WorkflowCompleted(from_value(data)?),
            WalEntryType::WorkflowFailed => Self::WorkflowFailed(from_value(data)?),
            WalEntryType::WorkflowStarted => Self::WorkflowStarted(from_value(data)?),
        })
    }

    /// The entry type that the payload belongs to.
    #[must_use]
    pub const fn entry_type(&self) -> WalEntryType {
        match self {
            Self::ApprovalReceived(_) => WalEntryType::ApprovalReceived,
            Self::ApprovalRequested(_) => WalEntryType::ApprovalRequested,
            Self::ArtifactCreated(_) => WalEntryType::ArtifactCreated,
            Self::PolicyEvaluated(_) => WalEntryType::PolicyEvaluated,
            Self::StepCompleted(_) => WalEntryType::StepCompleted,
            Self::StepStarted(_) => WalEntryType::StepStarted,
            Self::WorkflowCompleted(_) => WalEntryType::WorkflowCompleted,
            Self::WorkflowFailed(_) => WalEntryType::WorkflowFailed,
            Self::WorkflowStarted(_) => WalEntryType::WorkflowStarted,
        }
    }
}

/// The entry as it stands on the wire.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
struct RawEntry {
    #[serde(deserialize_with = "wire::whole")]
    sequence: u64,
    timestamp: String,
    workflow_id: String,
    entry_type: WalEntryType,
    data: Value,
    checksum: String,
}

impl TryFrom<RawEntry> for WalEntry {
    type Error = serde_json::Error;

    fn try_from(raw: RawEntry) -> Result<Self, serde_json::Error> {
        Ok(Self {
            sequence: raw.sequence,
            timestamp: raw.timestamp,
            workflow_id: raw.workflow_id,
            data: WalEntryData::read(raw.entry_type, raw.data)?,
            checksum: raw.checksum,
        })
    }
}

impl From<WalEntry> for RawEntry {
    fn from(entry: WalEntry) -> Self {
        Self {
            sequence: entry.sequence,
            timestamp: entry.timestamp,
            workflow_id: entry.workflow_id,
            entry_type: entry.data.entry_type(),
            data: serde_json::to_value(entry.data).expect("a payload has only JSON members"),
            checksum: entry.checksum,
        }
    }
}

/// A workflow was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct WorkflowStartedData {
    /// Empty: nothing is minted yet (C-13).
    pub plan_token_hash: String,
    /// `INIT` (CC-ORC-005).
    pub initial_state: State,
}

/// A phase of a step begins; durable before what it announces (CC-RST-024, C-07).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct StepStartedData {
    /// The step.
    pub step_id: String,
    /// The phase: `flight-plan`, `artifact-validation`, `plan-token`, `preflight`, `take-off-prep`,
    /// `take-off`, `post-execution` or `finalization` (C-14).
    pub step_type: String,
}

wire::document! {
    /// The latest open phase of a step ended (C-14).
    pub struct StepCompletedData {
        /// The step.
        pub step_id: String,
        /// Names of the artifacts that the phase made (CC-RST-002).
        pub artifacts?: Vec<String>,
    }
}

/// An approval was asked for; ends the preflight phase (C-14).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct ApprovalRequestedData {
    /// The request, which carries the token hash (C-01).
    pub approval_id: String,
    /// The waiting step.
    pub step_id: String,
    /// Role that the approver must hold (CC-APR-009).
    pub required_role: String,
}

/// A valid response was taken (CC-APR-029).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct ApprovalReceivedData {
    /// The request that was answered (C-01).
    pub approval_id: String,
    /// Whether approval was granted.
    pub approved: bool,
    /// Who decided (CC-APR-016).
    pub approver: String,
}

/// An artifact was taken over, or the plan token minted (C-13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct ArtifactCreatedData {
    /// The artifact's name, or `plan-token` (C-13, C-110).
    pub artifact_id: String,
    /// Descriptor digest, or the token (C-05, C-13).
    pub artifact_hash: String,
    /// The type of the artifact, or `cabincrew.plan_token` (C-13).
    pub artifact_type: String,
}

/// A policy or model was evaluated (CC-PRE-024).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct PolicyEvaluatedData {
    /// Joins the entry with record and audit event (C-45).
    pub evaluation_id: String,
    /// `<source>/<policy id>` (C-45).
    pub policy_name: String,
    /// The decision (CC-PRE-009).
    pub decision: Decision,
}

/// The workflow ended as approved (CC-FIN-005).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct WorkflowCompletedData {
    /// `COMPLETED`.
    pub final_state: State,
    /// Names of all artifacts of the workflow.
    pub artifacts: Vec<String>,
}

wire::document! {
    /// The workflow ended otherwise (CC-ORC-028).
    pub struct WorkflowFailedData {
        /// Why (CC-ORC-028).
        pub error: String,
        /// The step that it failed in.
        pub failed_step?: String,
    }
}

crate::wire::objects!(
    RawEntry,
    WorkflowStartedData,
    StepStartedData,
    ApprovalRequestedData,
    ApprovalReceivedData,
    ArtifactCreatedData,
    PolicyEvaluatedData,
    WorkflowCompletedData
);
