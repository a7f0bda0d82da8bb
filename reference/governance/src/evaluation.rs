//! What came of one policy.

use cabincrew_protocol::decision::{Decision, PolicySource};
use cabincrew_protocol::preflight::PreflightOutput;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::policy::Policy;

/// The result of one policy for one input, as it goes into the audit log (CC-PRE-024, CC-PRE-025,
/// CC-PRE-027). Equal inputs give equal evaluations: there is no time in here (CC-PRE-022).
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The policy.
    pub policy_id: String,
    /// Its kind.
    pub source: PolicySource,
    /// What it decided; `deny` when it failed.
    pub decision: Decision,
    /// What it answered. A score is written as an answer too, so that all kinds have one shape;
    /// absent exactly when the evaluation failed.
    pub output: Option<PreflightOutput>,
    /// One sentence for people, where there is something to say.
    pub reason: Option<String>,
    /// `engine {name, version}` (not for programs), `sha256` of the policy file, then by kind
    /// `query`, `annotations`; `score`, `windows`, `artifact`, `part`, `offset`, `thresholds`;
    /// `command`, `exit`; and `error {kind, detail}` of a failure.
    pub evidence: Map<String, Value>,
    /// Whether the policy failed, rather than decided, to permit (CC-PRE-010, CC-PRE-019).
    pub failed: bool,
}

impl Evaluation {
    /// A policy that answered.
    pub(crate) fn answered(
        policy: &Policy,
        output: PreflightOutput,
        evidence: Map<String, Value>,
    ) -> Self {
        Self {
            policy_id: policy.id.clone(),
            source: policy.source(),
            decision: output.decision,
            reason: reason(&output),
            output: Some(output),
            evidence,
            failed: false,
        }
    }

    /// A policy that failed.
    pub(crate) fn failed(
        policy: &Policy,
        failure: &Failure,
        mut evidence: Map<String, Value>,
    ) -> Self {
        failure.describe(&mut evidence);
        let reason = format!("failed ({}): {}", failure.kind.as_str(), failure.detail);
        Self {
            policy_id: policy.id.clone(),
            source: policy.source(),
            decision: Decision::Deny,
            output: None,
            reason: Some(reason),
            evidence,
            failed: true,
        }
    }
}

/// Why a human is asked, else what is wrong, else what is doubtful.
fn reason(output: &PreflightOutput) -> Option<String> {
    let asked = output.requires.as_ref().and_then(|it| it.reason.clone());
    asked
        .or_else(|| joined(output.violations.as_deref()))
        .or_else(|| joined(output.warnings.as_deref()))
}

fn joined(lines: Option<&[String]>) -> Option<String> {
    lines
        .filter(|lines| !lines.is_empty())
        .map(|lines| lines.join("; "))
}
