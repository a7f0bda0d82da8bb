//! Where a workflow stands, and what can be asked of it.

use std::collections::BTreeSet;

use cabincrew_protocol::decision::Decision;
use cabincrew_protocol::engine::Mode;
use cabincrew_protocol::plan_token::PlanToken;
use cabincrew_protocol::replay::Replay;
use cabincrew_protocol::workflow::State;

use super::stage::Stage;
use crate::fact::{Created, Evaluated, Request, Response, Stored};
use crate::workflow::Step;

/// Where a workflow stands and how it came there.
#[derive(Debug, Clone)]
pub struct Record {
    /// How it began.
    pub created: Created,
    /// When it was created.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// What the write-ahead log adds up to.
    pub replay: Replay,
    /// Where it stands.
    pub stage: Stage,
    /// Index of the current step.
    pub step_index: usize,
    /// Ids of the finished steps.
    pub steps_completed: Vec<String>,
    /// Finished and current steps, as far as they have come.
    pub history: Vec<StepHistory>,
    /// Every request ever made.
    pub requests: Vec<Request>,
    /// Every valid answer, with the token that it was bound to.
    pub responses: Vec<Answered>,
    /// Ids of all receipts (C-121).
    pub receipt_ids: BTreeSet<String>,
    /// Number of the last WAL entry.
    pub wal_sequence: u64,
    /// Audit events so far.
    pub audit_count: u64,
    /// Leaf hash of the last audit event.
    pub audit_last: String,
}

/// What one step has made.
#[derive(Debug, Clone, Default)]
pub struct StepHistory {
    /// The step.
    pub step_id: String,
    /// Launches to plan, launches to take off.
    pub launches: [u64; 2],
    /// Artifacts of the plan.
    pub plan: Vec<Stored>,
    /// When they were taken over.
    pub planned_at: String,
    /// New artifacts of take-off.
    pub result: Vec<Stored>,
    /// When they were taken over.
    pub executed_at: String,
    /// All evaluations, before and after take-off.
    pub evaluations: Vec<Evaluated>,
    /// The step's token.
    pub token: Option<PlanToken>,
}

/// An answer and when it was taken.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The answer.
    pub response: Response,
    /// The step that waited.
    pub step_id: String,
    /// The token that the answer is bound to.
    pub plan_token_hash: String,
    /// Descriptor digests of what was shown.
    pub evidence_hashes: Vec<String>,
}

impl Record {
    /// The state by its name in the protocol.
    #[must_use]
    pub const fn state(&self) -> State {
        self.stage.state()
    }

    /// The workflow's id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        &self.created.workflow_id
    }

    /// The current step's definition.
    #[must_use]
    pub fn step(&self) -> &Step {
        let last = self.created.workflow.steps.len() - 1;
        &self.created.workflow.steps[self.step_index.min(last)]
    }

    /// What the current step has made.
    #[must_use]
    pub fn current(&self) -> Option<&StepHistory> {
        self.history.get(self.step_index)
    }

    /// How often a phase of the current step was launched.
    #[must_use]
    pub fn launches(&self, mode: Mode) -> u64 {
        self.current()
            .map_or(0, |step| step.launches[phase_index(mode)])
    }

    /// The requests of the current step that nobody has answered.
    #[must_use]
    pub fn open_requests(&self) -> Vec<&Request> {
        let open = self.replay.open_requests();
        self.requests
            .iter()
            .filter(|request| open.contains(&request.request.approval_id))
            .collect()
    }

    /// The aggregated decision of the current step's preflight, if there is one.
    #[must_use]
    pub fn last_decision(&self) -> Option<Decision> {
        let evaluations = &self.current()?.evaluations;
        evaluations.iter().map(|found| found.decision).max()
    }
}

/// Index of a mode in [`StepHistory::launches`].
#[must_use]
pub const fn phase_index(mode: Mode) -> usize {
    match mode {
        Mode::FlightPlan => 0,
        Mode::TakeOff => 1,
    }
}
