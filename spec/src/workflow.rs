//! The lifecycle of a workflow: the only place where a transition is written (C-24, C-25).

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::machine::machine;

machine! {
    /// Where a workflow stands, under the names of the published schema (CC-ORC-022).
    states State {
        /// Created; nothing has run.
        Init = "INIT",
        /// The engine is planning. Optional marker.
        PlanRunning = "PLAN_RUNNING",
        /// A good planning receipt is there.
        PlanGenerated = "PLAN_GENERATED",
        /// Every artifact check has passed.
        ArtifactsValidated = "ARTIFACTS_VALIDATED",
        /// The plan token is durable.
        TokenCreated = "TOKEN_CREATED",
        /// Governance is evaluating. Optional marker.
        PreFlightRunning = "PRE_FLIGHT_RUNNING",
        /// Governance ended in allow or warn.
        PreflightComplete = "PREFLIGHT_COMPLETE",
        /// Governance asked for a human; nothing runs.
        AwaitingApproval = "AWAITING_APPROVAL",
        /// Every approval asked for has been granted.
        Approved = "APPROVED",
        /// Every check before take-off has passed.
        ReadyForTakeoff = "READY_FOR_TAKEOFF",
        /// The engine is applying the plan. Optional marker.
        TakeoffRunning = "TAKEOFF_RUNNING",
        /// A good take-off receipt is there; post-execution governance and finalization follow.
        ExecutionComplete = "EXECUTION_COMPLETE",
        /// The end of a workflow that did what was approved.
        Completed = "COMPLETED",
        /// The end of every other workflow.
        Failed = "FAILED",
    }
    /// What moves a workflow.
    events Event {
        /// The engine is started to plan: the first step, or the next one.
        PlanStarted = "plan-started",
        /// Planning ended with a valid success receipt.
        PlanGenerated = "plan-generated",
        /// All artifacts passed validation.
        ArtifactsValidated = "artifacts-validated",
        /// The token has been minted and stored.
        TokenCreated = "token-created",
        /// Governance begins.
        PreflightStarted = "preflight-started",
        /// The decisions together are allow.
        Allowed = "allowed",
        /// The decisions together are warn.
        Warned = "warned",
        /// The decisions together are require_approval.
        ApprovalRequired = "approval-required",
        /// The decisions together are deny.
        Denied = "denied",
        /// The last approval asked for was granted.
        Granted = "granted",
        /// An approval was refused by its approver.
        Rejected = "rejected",
        /// Every check before take-off has passed.
        Cleared = "cleared",
        /// The engine is started to apply the plan.
        TakeoffStarted = "takeoff-started",
        /// Take-off ended with a valid success receipt.
        TakeoffCompleted = "takeoff-completed",
        /// Summary and cleanup are done.
        Finalized = "finalized",
        /// An error, a mismatch, an invalid response or an operator's abort.
        Failed = "failed",
    }
    rows {
        Init + PlanStarted => PlanRunning ["CC-ORC-005", "CC-ORC-010", "CC-ORC-023"];
        PlanRunning + PlanGenerated => PlanGenerated ["CC-ORC-019"];
        PlanGenerated + ArtifactsValidated => ArtifactsValidated ["CC-ART-016"];
        ArtifactsValidated + TokenCreated => TokenCreated ["CC-TOK-001", "CC-TOK-014"];
        TokenCreated + PreflightStarted => PreFlightRunning ["CC-PRE-001", "CC-PRE-030"];
        PreFlightRunning + Allowed => PreflightComplete ["CC-PRE-015", "CC-PRE-028"];
        PreFlightRunning + Warned => PreflightComplete ["CC-PRE-014", "CC-PRE-028"];
        PreFlightRunning + ApprovalRequired => AwaitingApproval ["CC-PRE-013", "CC-APR-011"];
        PreFlightRunning + Denied => Failed ["CC-PRE-011", "CC-PRE-018"];
        AwaitingApproval + Granted => Approved ["CC-APR-020", "CC-APR-021", "CC-APR-024"];
        AwaitingApproval + Rejected => Failed ["CC-APR-019", "CC-APR-024"];
        PreflightComplete + Cleared => ReadyForTakeoff ["CC-TKO-005", "CC-TKO-009"];
        Approved + Cleared => ReadyForTakeoff ["CC-TKO-004", "CC-TKO-005", "CC-TKO-009"];
        ReadyForTakeoff + TakeoffStarted => TakeoffRunning ["CC-TKO-010", "CC-TKO-022"];
        TakeoffRunning + TakeoffCompleted => ExecutionComplete ["CC-TKO-018"];
        ExecutionComplete + Denied => Failed ["CC-PST-005"];
        ExecutionComplete + Finalized => Completed ["CC-FIN-005"];
        ExecutionComplete + PlanStarted => PlanRunning ["CC-ORC-029"];
        Init + Failed => Failed ["CC-ORC-004", "CC-ORC-028"];
        PlanRunning + Failed => Failed ["CC-ORC-014", "CC-ORC-016", "CC-ORC-020"];
        PlanGenerated + Failed => Failed ["CC-ART-012"];
        ArtifactsValidated + Failed => Failed ["CC-TOK-018", "CC-ORC-028"];
        TokenCreated + Failed => Failed ["CC-TOK-016", "CC-RST-021"];
        PreFlightRunning + Failed => Failed ["CC-PRE-019", "CC-PRE-020", "CC-PRE-029"];
        PreflightComplete + Failed => Failed ["CC-TKO-002", "CC-TKO-006", "CC-TKO-008"];
        AwaitingApproval + Failed => Failed ["CC-APR-013", "CC-APR-014", "CC-APR-018"];
        Approved + Failed => Failed ["CC-TKO-002", "CC-TKO-004", "CC-TKO-008"];
        ReadyForTakeoff + Failed => Failed ["CC-TKO-002", "CC-RST-017"];
        TakeoffRunning + Failed => Failed ["CC-TKO-015", "CC-TKO-016", "CC-RST-016"];
        ExecutionComplete + Failed => Failed ["CC-PST-006", "CC-FIN-006"];
    }
}

/// Moves that the draft neither has nor excludes (C-25): to be reported, never failed.
pub const TOLERATED: &[(State, State)] = &[(State::PreflightComplete, State::AwaitingApproval)];

impl State {
    /// Whether nothing follows (CC-ORC-024).
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }

    /// Whether the state may be left out of a report: the three `*_RUNNING` ones (C-24).
    #[must_use]
    pub const fn is_marker(self) -> bool {
        matches!(
            self,
            Self::PlanRunning | Self::PreFlightRunning | Self::TakeoffRunning
        )
    }

    /// The state with that name in documents.
    #[must_use]
    pub fn from_wire(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|state| state.as_str() == name)
    }

    /// The states that a row leads to from here, each once, in the order of the table.
    #[must_use]
    pub fn successors(self) -> Vec<Self> {
        let mut found = Vec::new();
        for row in TABLE.iter().filter(|row| row.from == self) {
            if !found.contains(&row.to) {
                found.push(row.to);
            }
        }
        found
    }
}

/// Whether an observer may see `to` right after `from`: one row, or several with nothing but
/// markers between them (C-24).
#[must_use]
pub fn may_follow(from: State, to: State) -> bool {
    from.successors()
        .into_iter()
        .any(|next| next == to || (next.is_marker() && may_follow(next, to)))
}

/// The table as a Mermaid state diagram.
#[must_use]
pub fn mermaid() -> String {
    let mut text = String::from("stateDiagram-v2\n    [*] --> INIT\n");
    for row in TABLE {
        writeln!(text, "    {} --> {}: {}", row.from, row.to, row.event)
            .expect("writing to a string succeeds");
    }
    for state in State::ALL.iter().filter(|state| state.is_final()) {
        writeln!(text, "    {state} --> [*]").expect("writing to a string succeeds");
    }
    text
}

/// The table as data for other languages: states, rows, tolerated moves.
#[must_use]
pub fn to_json() -> Value {
    let states: Vec<Value> = State::ALL
        .iter()
        .map(|state| json!({"name": state, "final": state.is_final(), "marker": state.is_marker()}))
        .collect();
    let tolerated: Vec<Value> = TOLERATED
        .iter()
        .map(|(from, to)| json!({"from": from, "to": to}))
        .collect();
    json!({"states": states, "events": Event::ALL, "rows": TABLE, "tolerated": tolerated})
}
