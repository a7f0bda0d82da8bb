//! What evaluators are given and what they answer.

use serde::{Deserialize, Serialize};

use crate::decision::Decision;
use crate::engine::Mode;
use crate::plan_token::PlanToken;
use crate::wire::{self, RecordStringAny};

/// A file that an evaluator or an approver is pointed to (CC-APR-005, C-05).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct PreflightEvidence {
    /// Name of the artifact.
    pub name: String,
    /// The hashed file, relative to the artifacts directory (C-12).
    pub path: String,
    /// SHA-256 of that file's raw bytes: 64 lower-case hex digits (C-05).
    pub hash: String,
}

wire::document! {
    /// What every evaluator is given (CC-PRE-008, C-31).
    pub struct PreflightInput {
        /// The workflow (CC-PRE-008).
        pub workflow_id: String,
        /// Its step (CC-PRE-008).
        pub step_id: String,
        /// `flight-plan` in preflight, `take-off` in post-execution governance (CC-PST-001, C-114).
        pub mode: Mode,
        /// The engine's receipt as it was read (CC-PRE-008).
        pub engine_output: RecordStringAny,
        /// The governed artifacts as files (CC-PRE-007).
        pub evidence?: Vec<PreflightEvidence>,
        /// Configuration, and under `artifacts` the metadata and content of each governed artifact
        /// (CC-PRE-005, CC-PRE-006, C-31).
        pub context?: RecordStringAny,
        /// The token in force; always there in preflight (C-114).
        pub plan_token?: PlanToken,
    }
}

wire::document! {
    /// Whose approval an evaluator asks for (CC-APR-009, C-19).
    pub struct PreflightRequires {
        /// Role that the approver must hold; the configured default when absent (CC-APR-009, C-19).
        pub role?: String,
        /// Why a human is needed (CC-APR-007).
        pub reason?: String,
    }
}

wire::document! {
    /// What every evaluator answers (CC-PRE-009, C-31).
    pub struct PreflightOutput {
        /// The decision; anything else is a failed evaluation (CC-PRE-009, CC-PRE-010).
        pub decision: Decision,
        /// What is wrong, for the audit log (CC-PRE-024).
        pub violations?: Vec<String>,
        /// What is doubtful, for the audit log (CC-PRE-014).
        pub warnings?: Vec<String>,
        /// Whose approval is asked for, with `require_approval` (CC-APR-009).
        pub requires?: PreflightRequires,
    }
}

crate::wire::objects!(PreflightEvidence);
