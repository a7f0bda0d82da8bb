//! What engines are given and what they answer.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::artifact::Role;
use crate::wire::{self, AnyMap};

/// Exit status of a run that succeeded (CC-ENG-006).
pub const EXIT_SUCCESS: i32 = 0;
/// Exit status of a run that failed in its own work (CC-ENG-007).
pub const EXIT_FAILURE: i32 = 1;
/// Exit status of a run that refused what it was given (CC-ENG-008). Greater ones are reserved
/// (CC-ENG-009).
pub const EXIT_INVALID: i32 = 2;

/// The version that is sent and that a receipt echoes (C-51).
pub const PROTOCOL_VERSION: &str = "1.0.0";

/// What an engine is to do (CC-SCH-006).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Plan: write artifacts and touch nothing else.
    FlightPlan,
    /// Apply the plan.
    TakeOff,
}

impl Mode {
    /// The name in documents, on the command line and in the environment.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FlightPlan => "flight-plan",
            Self::TakeOff => "take-off",
        }
    }
}

/// How a run ended, as its receipt says (CC-ENG-011).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It did not do what it was asked.
    Failure,
    /// It did.
    Success,
}

/// Which run this is (CC-ORC-001, C-47).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct EngineMeta {
    /// The workflow (CC-ORC-001).
    pub workflow_id: String,
    /// Its step (CC-ORC-001).
    pub step_id: String,
}

wire::document! {
    /// What the orchestrator says about the run (C-89).
    pub struct EngineOrchestrator {
        /// How often this phase of the step was launched before, from 0 (C-89).
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "wire::present_whole"
        )]
        pub run_index: Option<u64>,
        /// Digest of the workspace at planning time (C-20, C-89).
        pub workspace_hash?: String,
        /// Reserved; never written (C-89).
        pub artifacts_salt?: String,
    }
}

wire::document! {
    /// What an engine reads from standard input (CC-ENG-003, CC-ORC-011).
    pub struct EngineInput {
        /// `1.0.0` (C-51).
        pub protocol_version: String,
        /// The mode, the same as in flag and environment (CC-ENG-002, C-47).
        pub mode: Mode,
        /// Which run this is.
        pub meta: EngineMeta,
        /// The step's configuration (CC-ORC-011).
        pub config?: AnyMap,
        /// The mapped secrets by name; never stored or echoed (CC-SEC-001, CC-ENG-030, C-81).
        pub secrets?: AnyMap,
        /// Names of the mapped secrets (CC-SEC-001, C-81).
        pub allowed_secrets?: Vec<String>,
        /// What the workflow knows; in take-off also `state_artifacts` (CC-TKO-013, C-18).
        pub context?: AnyMap,
        /// Short-lived identity of the workload; handled like a secret (CC-SEC-012, C-81).
        pub identity_token?: String,
        /// What the orchestrator says about the run (C-89).
        pub orchestrator?: EngineOrchestrator,
        /// The plan token, in take-off only; an opaque value to the engine (CC-TKO-011, C-17).
        pub expected_plan_token?: String,
    }
}

wire::document! {
    /// One artifact as the receipt lists it (CC-ENG-012).
    pub struct EngineArtifact {
        /// Its name, which is the name of its directory (CC-ENG-012, C-64).
        pub name: String,
        /// `evidence`, `state` or `log` (CC-ENG-014, C-11).
        pub role: Role,
        /// The hashed file, relative to the artifacts directory: `<name>/body.data`, else
        /// `<name>/artifact.json` (C-12).
        pub path: String,
        /// SHA-256 of that file: 64 lower-case hex digits (CC-ENG-013, C-12).
        pub hash: String,
        /// Length of that file in bytes, a non-negative integer (C-68).
        pub size?: Number,
    }
}

wire::document! {
    /// One measurement of a run (CC-ENG-015).
    pub struct EngineMetric {
        /// What was measured.
        pub name: String,
        /// The number.
        pub value: Number,
        /// What distinguishes it from others of the name.
        pub tags?: AnyMap,
    }
}

wire::document! {
    /// The receipt: what an engine writes to standard output (CC-ENG-010, C-50).
    pub struct EngineOutput {
        /// The input's version (C-51).
        pub protocol_version: String,
        /// Who the engine is; the same in both modes (C-50).
        pub engine_id: String,
        /// The mode of the launch (CC-ENG-001).
        pub mode: Mode,
        /// Never used before by this engine in the workflow (C-121).
        pub receipt_id: String,
        /// Success or failure (CC-ENG-011, C-49).
        pub status: Status,
        /// Why it failed; there exactly when it did (CC-ENG-011, C-115).
        pub error?: String,
        /// What a reader should know although it succeeded.
        pub warnings?: Vec<String>,
        /// Anything that helps to find an error; any JSON, null included.
        pub diagnostics?: Value,
        /// The artifacts; there, if only empty, when planning succeeded (CC-ENG-012, C-50).
        pub artifacts?: Vec<EngineArtifact>,
        /// Measurements (CC-ENG-015).
        pub metrics?: Vec<EngineMetric>,
        /// Absent in planning; in take-off equal to `expected_plan_token` if written at all
        /// (CC-ENG-027, C-17).
        pub plan_token?: String,
    }
}

crate::wire::objects!(EngineMeta);
