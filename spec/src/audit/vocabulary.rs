//! The event types of the profile (C-15, C-40): one table that says who speaks, in which states,
//! and which requirement asks for the event. Unknown types are no errors; adapters map them.

use serde::Serialize;

use crate::workflow::State;

/// Who an event speaks for. Each type has exactly one (CC-AUD-006, C-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Where approvals come from.
    ApprovalSystem,
    /// The engine, whose receipt the orchestrator writes down (C-80).
    Engine,
    /// The gateway for model calls.
    LlmGateway,
    /// The gateway for tool calls.
    McpGateway,
    /// The orchestrator itself.
    Orchestrator,
}

/// Which `workflow_state` an event of a type may carry (CC-AUD-005, C-38).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StateRule {
    /// Whatever state the workflow is in.
    Any,
    /// Whatever state the workflow is in, or `NONE` outside a workflow.
    AnyOrNone,
    /// One of these: the states in which the event can happen, and those that it leads to.
    Among(&'static [State]),
}

impl StateRule {
    /// Whether an event may carry that state.
    #[must_use]
    pub fn allows(self, workflow_state: &str) -> bool {
        match self {
            Self::Any => State::from_wire(workflow_state).is_some(),
            Self::AnyOrNone => {
                workflow_state == super::NO_STATE || State::from_wire(workflow_state).is_some()
            }
            Self::Among(states) => states.iter().any(|state| state.as_str() == workflow_state),
        }
    }
}

/// One event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EventType {
    /// The word in `event_type`.
    pub name: &'static str,
    /// Who it speaks for.
    pub component: Component,
    /// Which states it may carry.
    pub states: StateRule,
    /// The requirement that asks for it.
    pub requirement: &'static str,
}

/// The event type with that name.
#[must_use]
pub fn event_type(name: &str) -> Option<&'static EventType> {
    EVENT_TYPES
        .iter()
        .find(|event_type| event_type.name == name)
}

use Component::{ApprovalSystem, Engine, LlmGateway, McpGateway, Orchestrator};
use State::{
    Approved, ArtifactsValidated, AwaitingApproval, Completed, ExecutionComplete, Failed, Init,
    PlanGenerated, PlanRunning, PreFlightRunning, PreflightComplete, ReadyForTakeoff,
    TakeoffRunning, TokenCreated,
};
use StateRule::{Among, Any, AnyOrNone};

const fn row(
    name: &'static str,
    component: Component,
    states: StateRule,
    requirement: &'static str,
) -> EventType {
    EventType {
        name,
        component,
        states,
        requirement,
    }
}

// The next of several steps is planned from EXECUTION_COMPLETE on (CC-ORC-029).
const LAUNCH: StateRule = Among(&[
    Init,
    PlanRunning,
    ReadyForTakeoff,
    TakeoffRunning,
    ExecutionComplete,
]);
// Without the optional running states, preparation may be told of in the state before.
const PREPARED: StateRule = Among(&[
    Init,
    PlanRunning,
    PreflightComplete,
    Approved,
    ReadyForTakeoff,
    TakeoffRunning,
    ExecutionComplete,
]);
const RUN_END: StateRule = Among(&[
    Init,
    PlanRunning,
    PlanGenerated,
    ReadyForTakeoff,
    TakeoffRunning,
    ExecutionComplete,
    Failed,
]);
const GOVERNED: StateRule = Among(&[
    TokenCreated,
    PreFlightRunning,
    PreflightComplete,
    AwaitingApproval,
    ExecutionComplete,
    Failed,
]);
const RESPONDED: StateRule = Among(&[AwaitingApproval, Approved, Failed]);

/// All event types of the profile, in the order in which a workflow meets them.
pub const EVENT_TYPES: &[EventType] = &[
    row(
        "workflow_started",
        Orchestrator,
        Among(&[Init]),
        "CC-ORC-005",
    ),
    row("environment_prepared", Orchestrator, PREPARED, "CC-AUD-007"),
    row("engine_start", Orchestrator, LAUNCH, "CC-ORC-018"),
    row("engine_complete", Engine, RUN_END, "CC-ORC-018"),
    row("artifact_validation", Orchestrator, Any, "CC-ART-013"),
    row(
        "plan_token_created",
        Orchestrator,
        Among(&[ArtifactsValidated, TokenCreated]),
        "CC-TOK-013",
    ),
    row("plan_token_verified", Orchestrator, Any, "CC-TKO-003"),
    row("policy_result", Orchestrator, GOVERNED, "CC-PRE-024"),
    row("model_result", Orchestrator, GOVERNED, "CC-PRE-025"),
    row("preflight_decision", Orchestrator, GOVERNED, "CC-PRE-026"),
    row(
        "approval_request",
        Orchestrator,
        Among(&[
            TokenCreated,
            PreFlightRunning,
            PreflightComplete,
            AwaitingApproval,
        ]),
        "CC-APR-026",
    ),
    row("approval_response", ApprovalSystem, RESPONDED, "CC-APR-027"),
    row("approval_mismatch", Orchestrator, Any, "CC-APR-028"),
    row("approval_repeated", Orchestrator, Any, "CC-APR-022"),
    row("approval_expired", Orchestrator, RESPONDED, "CC-APR-025"),
    row("state_transition", Orchestrator, Any, "CC-AUD-008"),
    row("workspace_changed", Orchestrator, Any, "CC-TKO-008"),
    row("gateway_probe", Orchestrator, Any, "CC-TKO-007"),
    row(
        "takeoff_outcome_unknown",
        Orchestrator,
        Among(&[ReadyForTakeoff, TakeoffRunning, Failed]),
        "CC-RST-016",
    ),
    row(
        "post_execution",
        Orchestrator,
        Among(&[ReadyForTakeoff, TakeoffRunning, ExecutionComplete, Failed]),
        "CC-PST-003",
    ),
    row("workflow_resumed", Orchestrator, Any, "CC-RST-028"),
    row("incomplete_entry", Orchestrator, Any, "CC-RST-020"),
    row("record_rebuilt", Orchestrator, Any, "CC-RST-025"),
    row(
        "journal_damaged",
        Orchestrator,
        Among(&[Failed]),
        "CC-RST-018",
    ),
    row("audit_key_rotated", Orchestrator, AnyOrNone, "CC-AUD-015"),
    row("error", Orchestrator, AnyOrNone, "CC-AUD-009"),
    row(
        "workflow_failure",
        Orchestrator,
        Among(&[Failed]),
        "CC-ORC-028",
    ),
    row(
        "workflow_complete",
        Orchestrator,
        Among(&[Completed]),
        "CC-FIN-001",
    ),
    row("mcp_request", McpGateway, AnyOrNone, "CC-GMC-020"),
    row("mcp_decision", McpGateway, AnyOrNone, "CC-GMC-020"),
    row("llm_request", LlmGateway, AnyOrNone, "CC-GLM-011"),
    row("llm_decision", LlmGateway, AnyOrNone, "CC-GLM-011"),
    row("gateway_response", McpGateway, AnyOrNone, "CC-GMC-021"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_none_is_missing() {
        let mut names: Vec<_> = EVENT_TYPES
            .iter()
            .map(|event_type| event_type.name)
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), EVENT_TYPES.len());
        assert_eq!(
            event_type("approval_mismatch").map(|found| found.component),
            Some(Orchestrator)
        );
        assert_eq!(event_type("approval_mismatches"), None);
    }

    #[test]
    fn states_follow_their_rule() {
        assert!(Any.allows("INIT") && !Any.allows("NONE"));
        assert!(AnyOrNone.allows("NONE") && !AnyOrNone.allows("REJECTED"));
        assert!(Among(&[Init]).allows("INIT") && !Among(&[Init]).allows("FAILED"));
    }
}
