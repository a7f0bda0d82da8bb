//! How the write-ahead log encodes the lifecycle (C-14): which entry means which state, and the
//! fold from entries to the state (CC-RST-006, CC-RST-017).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::wal::{WalEntry, WalEntryData, WalEntryType};
use crate::workflow::{State, TOLERATED, may_follow};

/// A phase of a step, as `step_type` names it (C-14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The engine plans.
    FlightPlan,
    /// Artifacts are checked.
    ArtifactValidation,
    /// The token is minted.
    PlanToken,
    /// Governance decides.
    Preflight,
    /// Everything is checked once more.
    TakeOffPrep,
    /// The engine applies the plan.
    TakeOff,
    /// Governance looks at what was done.
    PostExecution,
    /// Summary and cleanup.
    Finalization,
}

impl Phase {
    /// All phases in order.
    pub const ALL: [Self; 8] = [
        Self::FlightPlan,
        Self::ArtifactValidation,
        Self::PlanToken,
        Self::Preflight,
        Self::TakeOffPrep,
        Self::TakeOff,
        Self::PostExecution,
        Self::Finalization,
    ];

    /// The word in `step_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FlightPlan => "flight-plan",
            Self::ArtifactValidation => "artifact-validation",
            Self::PlanToken => "plan-token",
            Self::Preflight => "preflight",
            Self::TakeOffPrep => "take-off-prep",
            Self::TakeOff => "take-off",
            Self::PostExecution => "post-execution",
            Self::Finalization => "finalization",
        }
    }

    /// The phase with that word.
    #[must_use]
    pub fn from_wire(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == word)
    }
}

/// One kind of entry, and the state that it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// The entry type.
    pub entry_type: WalEntryType,
    /// The phase, for `step_started` and `step_completed`.
    pub phase: Option<Phase>,
    /// The state that the workflow is in after it; none if it moves nothing.
    pub state: Option<State>,
}

const fn means(entry_type: WalEntryType, phase: Option<Phase>, state: Option<State>) -> Meaning {
    Meaning {
        entry_type,
        phase,
        state,
    }
}

/// What every kind of entry means. A refused approval moves nothing by itself: the
/// `workflow_failed` after it does. A granted one means APPROVED once no request is open (C-57).
pub const ENCODING: &[Meaning] = {
    use State as S;
    use WalEntryType as T;
    &[
        means(T::WorkflowStarted, None, Some(S::Init)),
        means(
            T::StepStarted,
            Some(Phase::FlightPlan),
            Some(S::PlanRunning),
        ),
        means(
            T::StepCompleted,
            Some(Phase::FlightPlan),
            Some(S::PlanGenerated),
        ),
        means(T::StepStarted, Some(Phase::ArtifactValidation), None),
        means(
            T::StepCompleted,
            Some(Phase::ArtifactValidation),
            Some(S::ArtifactsValidated),
        ),
        means(T::StepStarted, Some(Phase::PlanToken), None),
        means(T::ArtifactCreated, None, None),
        means(
            T::StepCompleted,
            Some(Phase::PlanToken),
            Some(S::TokenCreated),
        ),
        means(
            T::StepStarted,
            Some(Phase::Preflight),
            Some(S::PreFlightRunning),
        ),
        means(T::PolicyEvaluated, None, None),
        means(
            T::StepCompleted,
            Some(Phase::Preflight),
            Some(S::PreflightComplete),
        ),
        means(T::ApprovalRequested, None, Some(S::AwaitingApproval)),
        means(T::ApprovalReceived, None, Some(S::Approved)),
        means(T::StepStarted, Some(Phase::TakeOffPrep), None),
        means(
            T::StepCompleted,
            Some(Phase::TakeOffPrep),
            Some(S::ReadyForTakeoff),
        ),
        means(
            T::StepStarted,
            Some(Phase::TakeOff),
            Some(S::TakeoffRunning),
        ),
        means(
            T::StepCompleted,
            Some(Phase::TakeOff),
            Some(S::ExecutionComplete),
        ),
        means(T::StepStarted, Some(Phase::PostExecution), None),
        means(T::StepCompleted, Some(Phase::PostExecution), None),
        means(T::StepStarted, Some(Phase::Finalization), None),
        means(T::StepCompleted, Some(Phase::Finalization), None),
        means(T::WorkflowCompleted, None, Some(S::Completed)),
        means(T::WorkflowFailed, None, Some(S::Failed)),
    ]
};

/// Why an entry cannot follow those before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Something other than the failure follows a refused approval (CC-APR-019, CC-APR-024).
    #[error("an entry other than `workflow_failed` after a refused approval")]
    AfterRefusal,
    /// The table has no such move.
    #[error("{from} is followed by {to}")]
    IllegalMove {
        /// State before.
        from: State,
        /// State that the entry means.
        to: State,
    },
    /// The first entry is not `workflow_started`, or a later one is.
    #[error("`workflow_started` does not stand at the start and only there")]
    Misplaced,
    /// A completion without an open phase of its step.
    #[error("the step {step_id:?} completes a phase that it has not started")]
    NothingOpen {
        /// The step.
        step_id: String,
    },
    /// A response to a request that is not open.
    #[error("response to {approval_id:?}, which is not open")]
    NotRequested {
        /// The request.
        approval_id: String,
    },
    /// A `step_type` outside the encoding.
    #[error("unknown phase {step_type:?}")]
    UnknownPhase {
        /// The word.
        step_type: String,
    },
}

/// The state that entries add up to, and what is still open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replay {
    state: Option<State>,
    open: BTreeMap<String, Vec<Phase>>,
    requested: BTreeSet<String>,
    refused: bool,
}

impl Replay {
    /// The state after the entries so far; none before the first.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        self.state
    }

    /// The innermost open phase of a step.
    #[must_use]
    pub fn open_phase(&self, step_id: &str) -> Option<Phase> {
        self.open
            .get(step_id)
            .and_then(|phases| phases.last())
            .copied()
    }

    /// The requests that no response has answered.
    #[must_use]
    pub fn open_requests(&self) -> &BTreeSet<String> {
        &self.requested
    }

    /// Takes the next entry, and gives the state that it leads to, if it moves the workflow.
    ///
    /// # Errors
    /// When the entry cannot follow those before it; the replay is then as before.
    pub fn apply(&mut self, entry: &WalEntry) -> Result<Option<State>, ReplayError> {
        let mut next = self.clone();
        let moved = next.step(&entry.data)?;
        if let Some(to) = moved {
            next.move_to(to)?;
        }
        *self = next;
        Ok(moved)
    }

    fn step(&mut self, data: &WalEntryData) -> Result<Option<State>, ReplayError> {
        if self.state.is_none() != (data.entry_type() == WalEntryType::WorkflowStarted) {
            return Err(ReplayError::Misplaced);
        }
        if self.refused && data.entry_type() != WalEntryType::WorkflowFailed {
            return Err(ReplayError::AfterRefusal);
        }
        let phase = match data {
            WalEntryData::StepStarted(started) => Some(self.start(started)?),
            WalEntryData::StepCompleted(completed) => Some(self.close(&completed.step_id)?),
            WalEntryData::ApprovalRequested(request) => {
                // Whoever says that governance is complete before it asks has closed it (C-25).
                if self.requested.is_empty() && self.state != Some(State::PreflightComplete) {
                    self.close(&request.step_id)?;
                }
                self.requested.insert(request.approval_id.clone());
                None
            }
            WalEntryData::ApprovalReceived(response) => {
                if !self.requested.remove(&response.approval_id) {
                    let approval_id = response.approval_id.clone();
                    return Err(ReplayError::NotRequested { approval_id });
                }
                self.refused = !response.approved;
                if self.refused || !self.requested.is_empty() {
                    return Ok(None);
                }
                None
            }
            WalEntryData::ArtifactCreated(_)
            | WalEntryData::PolicyEvaluated(_)
            | WalEntryData::WorkflowCompleted(_)
            | WalEntryData::WorkflowFailed(_)
            | WalEntryData::WorkflowStarted(_) => None,
        };
        let kind = |row: &&Meaning| row.entry_type == data.entry_type() && row.phase == phase;
        Ok(ENCODING.iter().find(kind).and_then(|row| row.state))
    }

    fn start(&mut self, started: &crate::wal::StepStartedData) -> Result<Phase, ReplayError> {
        let phase =
            Phase::from_wire(&started.step_type).ok_or_else(|| ReplayError::UnknownPhase {
                step_type: started.step_type.clone(),
            })?;
        let open = self.open.entry(started.step_id.clone()).or_default();
        // A phase that a crash cut short is started anew (C-79); it is still open only once.
        if open.last() != Some(&phase) {
            open.push(phase);
        }
        Ok(phase)
    }

    fn close(&mut self, step_id: &str) -> Result<Phase, ReplayError> {
        let nothing = || ReplayError::NothingOpen {
            step_id: step_id.to_owned(),
        };
        let phases = self.open.get_mut(step_id).ok_or_else(nothing)?;
        let phase = phases.pop().ok_or_else(nothing)?;
        // Steps that are over are forgotten: every entry works on a copy of what is open.
        if phases.is_empty() {
            self.open.remove(step_id);
        }
        Ok(phase)
    }

    fn move_to(&mut self, to: State) -> Result<(), ReplayError> {
        let fits = match self.state {
            None => to == State::Init,
            Some(from) => {
                // A phase started anew, or another request while one waits, stays in its state.
                (from == to && !from.is_final())
                    || may_follow(from, to)
                    || TOLERATED.contains(&(from, to))
            }
        };
        match self.state {
            Some(from) if !fits => Err(ReplayError::IllegalMove { from, to }),
            _ => {
                self.state = Some(to);
                Ok(())
            }
        }
    }
}
