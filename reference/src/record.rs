//! The record of a workflow: journal lines folded into where it stands. Every stage carries
//! exactly the data that exists there.

use std::collections::BTreeSet;

use cabincrew_protocol::decision::Decision;
use cabincrew_protocol::engine::{EngineOutput, Mode};
use cabincrew_protocol::plan_token::PlanToken;
use cabincrew_protocol::replay::{Replay, ReplayError};
use cabincrew_protocol::wal::WalEntry;
use cabincrew_protocol::workflow::State;

use crate::fact::{Collection, Created, Evaluated, Fact, Launch, Request, Response, Stored};
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

/// A stage of the lifecycle with its data.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one per record, so a box would save nothing"
)]
pub enum Stage {
    /// Created.
    Init,
    /// The engine plans.
    Planning {
        /// The launch.
        launch: Launch,
    },
    /// A good receipt is there.
    Planned {
        /// The launch.
        launch: Launch,
        /// The receipt.
        receipt: EngineOutput,
        /// What it left.
        collection: Collection,
    },
    /// The artifacts are as they must be.
    Validated(Plan),
    /// The token is there.
    Sealed(Sealed),
    /// Governance is at work.
    Governing(Sealed),
    /// Governance allows.
    Permitted(Sealed),
    /// People are asked.
    Waiting(Sealed),
    /// People have agreed.
    Approved(Sealed),
    /// Every check has passed.
    Ready(Sealed),
    /// The engine applies the plan.
    Flying(Sealed, Launch),
    /// A good take-off receipt is there.
    Executed(Sealed, Execution),
    /// What was done has been looked at.
    Inspected(Sealed),
    /// The good end.
    Completed,
    /// Every other end.
    Failed {
        /// Why.
        error: String,
    },
}

/// A plan whose artifacts are stored and checked.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The launch that made it.
    pub launch: Launch,
    /// Its receipt.
    pub receipt: EngineOutput,
    /// Its artifacts in byte order of their names.
    pub artifacts: Vec<Stored>,
}

/// A plan and the token that binds it.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The plan.
    pub plan: Plan,
    /// The token.
    pub token: PlanToken,
}

/// What take-off gave.
#[derive(Debug, Clone)]
pub struct Execution {
    /// The receipt.
    pub receipt: EngineOutput,
    /// New artifacts, not yet checked.
    pub collection: Collection,
    /// Restored artifacts that were altered.
    pub altered: Vec<String>,
}

/// Why a line cannot follow those before it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError {
    /// The first line does not create the workflow, or a later one does.
    #[error("creation does not stand at the start and only there")]
    Misplaced,
    /// The line says that something happened which cannot happen in that stage.
    #[error("a fact that cannot follow in {state}")]
    Fact {
        /// The state before.
        state: State,
    },
    /// An entry of the line cannot follow.
    #[error("a write-ahead entry that cannot follow")]
    Entry(#[source] ReplayError),
    /// The entries of the line mean another state than its fact.
    #[error("the entries lead to {entries} and the fact to {fact}")]
    Disagree {
        /// The state by the entries.
        entries: State,
        /// The state by the fact.
        fact: State,
    },
}

impl Stage {
    /// The state under its name in the protocol.
    #[must_use]
    pub const fn state(&self) -> State {
        match self {
            Self::Init => State::Init,
            Self::Planning { .. } => State::PlanRunning,
            Self::Planned { .. } => State::PlanGenerated,
            Self::Validated(_) => State::ArtifactsValidated,
            Self::Sealed(_) => State::TokenCreated,
            Self::Governing(_) => State::PreFlightRunning,
            Self::Permitted(_) => State::PreflightComplete,
            Self::Waiting(_) => State::AwaitingApproval,
            Self::Approved(_) => State::Approved,
            Self::Ready(_) => State::ReadyForTakeoff,
            Self::Flying(..) => State::TakeoffRunning,
            Self::Executed(..) | Self::Inspected(_) => State::ExecutionComplete,
            Self::Completed => State::Completed,
            Self::Failed { .. } => State::Failed,
        }
    }

    /// The plan and its token, from TOKEN_CREATED until the step ends.
    #[must_use]
    pub const fn sealed(&self) -> Option<&Sealed> {
        match self {
            Self::Sealed(sealed)
            | Self::Governing(sealed)
            | Self::Permitted(sealed)
            | Self::Waiting(sealed)
            | Self::Approved(sealed)
            | Self::Ready(sealed)
            | Self::Flying(sealed, _)
            | Self::Executed(sealed, _)
            | Self::Inspected(sealed) => Some(sealed),
            Self::Init
            | Self::Planning { .. }
            | Self::Planned { .. }
            | Self::Validated(_)
            | Self::Completed
            | Self::Failed { .. } => None,
        }
    }
}

impl Record {
    /// The record after the first line.
    ///
    /// # Errors
    /// When the line does not create a workflow.
    pub fn begin(fact: &Fact, entries: &[WalEntry], at: &str) -> Result<Self, FoldError> {
        let Fact::Created(created) = fact else {
            return Err(FoldError::Misplaced);
        };
        let mut record = Self {
            created: (**created).clone(),
            created_at: at.to_owned(),
            updated_at: at.to_owned(),
            replay: Replay::default(),
            stage: Stage::Init,
            step_index: 0,
            steps_completed: Vec::new(),
            history: Vec::new(),
            requests: Vec::new(),
            responses: Vec::new(),
            receipt_ids: BTreeSet::new(),
            wal_sequence: 0,
            audit_count: 0,
            audit_last: String::new(),
        };
        record.apply_entries(entries)?;
        record.agree()?;
        Ok(record)
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// When the line cannot follow those before it; the record is then of no more use.
    pub fn fold(&mut self, fact: &Fact, entries: &[WalEntry], at: &str) -> Result<(), FoldError> {
        self.apply_entries(entries)?;
        if !matches!(fact, Fact::Noted) {
            at.clone_into(&mut self.updated_at);
        }
        self.apply_fact(fact, at)?;
        self.agree()
    }

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

    fn apply_entries(&mut self, entries: &[WalEntry]) -> Result<(), FoldError> {
        for entry in entries {
            self.replay.apply(entry).map_err(FoldError::Entry)?;
            self.wal_sequence = entry.sequence;
        }
        Ok(())
    }

    fn agree(&self) -> Result<(), FoldError> {
        let fact = self.stage.state();
        match self.replay.state() {
            Some(entries) if entries == fact => Ok(()),
            Some(entries) => Err(FoldError::Disagree { entries, fact }),
            None => Err(FoldError::Misplaced),
        }
    }

    fn apply_fact(&mut self, fact: &Fact, at: &str) -> Result<(), FoldError> {
        let state = self.state();
        let stage = std::mem::replace(&mut self.stage, Stage::Init);
        let next = self.follow(stage, fact, at);
        self.stage = next.ok_or(FoldError::Fact { state })?;
        Ok(())
    }

    /// The stage that a fact leads to; none if it cannot follow.
    fn follow(&mut self, stage: Stage, fact: &Fact, at: &str) -> Option<Stage> {
        match (stage, fact) {
            (stage, Fact::Noted) => Some(stage),
            (Stage::Completed | Stage::Failed { .. }, _) => None,
            (
                _,
                Fact::Failed {
                    error,
                    evaluations,
                    response,
                },
            ) => {
                if let Some(step) = self.history.last_mut() {
                    step.evaluations.extend(evaluations.iter().cloned());
                }
                if let Some(response) = response {
                    self.answer(response);
                }
                let error = error.clone();
                Some(Stage::Failed { error })
            }
            (
                Stage::Init | Stage::Planning { .. } | Stage::Inspected(_),
                Fact::PlanStarted { launch },
            ) => self.start_plan(launch),
            (
                Stage::Planning { launch },
                Fact::Planned {
                    receipt,
                    collection,
                },
            ) => {
                self.receipt_ids.insert(receipt.receipt_id.clone());
                Some(Stage::Planned {
                    launch,
                    receipt: (**receipt).clone(),
                    collection: collection.clone(),
                })
            }
            (
                Stage::Planned {
                    launch, receipt, ..
                },
                Fact::Validated { artifacts },
            ) => {
                let step = self.history.last_mut()?;
                step.plan.clone_from(artifacts);
                at.clone_into(&mut step.planned_at);
                let artifacts = artifacts.clone();
                Some(Stage::Validated(Plan {
                    launch,
                    receipt,
                    artifacts,
                }))
            }
            (Stage::Validated(plan), Fact::Minted { token }) => {
                self.history.last_mut()?.token = Some((**token).clone());
                let token = (**token).clone();
                Some(Stage::Sealed(Sealed { plan, token }))
            }
            (Stage::Sealed(sealed), Fact::PreflightStarted) => Some(Stage::Governing(sealed)),
            (stage, fact) => self.follow_governed(stage, fact, at),
        }
    }

    /// The second half of the lifecycle.
    fn follow_governed(&mut self, stage: Stage, fact: &Fact, at: &str) -> Option<Stage> {
        match (stage, fact) {
            (Stage::Governing(sealed), Fact::Permitted { evaluations }) => {
                self.history
                    .last_mut()?
                    .evaluations
                    .extend(evaluations.iter().cloned());
                Some(Stage::Permitted(sealed))
            }
            (
                Stage::Governing(sealed),
                Fact::ApprovalRequested {
                    evaluations,
                    requests,
                },
            ) => {
                self.history
                    .last_mut()?
                    .evaluations
                    .extend(evaluations.iter().cloned());
                self.requests.extend(requests.iter().cloned());
                Some(Stage::Waiting(sealed))
            }
            (Stage::Waiting(sealed), Fact::Responded { response }) => {
                self.answer(response);
                if self.replay.open_requests().is_empty() {
                    Some(Stage::Approved(sealed))
                } else {
                    Some(Stage::Waiting(sealed))
                }
            }
            (Stage::Permitted(sealed) | Stage::Approved(sealed), Fact::Cleared) => {
                Some(Stage::Ready(sealed))
            }
            (Stage::Ready(sealed) | Stage::Flying(sealed, _), Fact::TakeoffStarted { launch }) => {
                self.history.last_mut()?.launches[1] += 1;
                Some(Stage::Flying(sealed, launch.clone()))
            }
            (
                Stage::Flying(sealed, _),
                Fact::Executed {
                    receipt,
                    collection,
                    altered,
                },
            ) => {
                self.receipt_ids.insert(receipt.receipt_id.clone());
                let execution = Execution {
                    receipt: (**receipt).clone(),
                    collection: collection.clone(),
                    altered: altered.clone(),
                };
                Some(Stage::Executed(sealed, execution))
            }
            (
                Stage::Executed(sealed, _),
                Fact::Inspected {
                    artifacts,
                    evaluations,
                },
            ) => {
                let step = self.history.last_mut()?;
                step.result.clone_from(artifacts);
                at.clone_into(&mut step.executed_at);
                step.evaluations.extend(evaluations.iter().cloned());
                self.steps_completed.push(step.step_id.clone());
                Some(Stage::Inspected(sealed))
            }
            (Stage::Inspected(_), Fact::Completed) => Some(Stage::Completed),
            _ => None,
        }
    }

    /// A first plan, a plan once more after a crash, or the plan of the next step.
    fn start_plan(&mut self, launch: &Launch) -> Option<Stage> {
        if self.steps_completed.len() == self.history.len() {
            self.step_index = self.history.len();
            let step = self.created.workflow.steps.get(self.step_index)?;
            self.history.push(StepHistory {
                step_id: step.step_id.clone(),
                ..StepHistory::default()
            });
        }
        self.history.last_mut()?.launches[0] += 1;
        let launch = launch.clone();
        Some(Stage::Planning { launch })
    }

    fn answer(&mut self, response: &Response) {
        let asked = self
            .requests
            .iter()
            .find(|request| request.request.approval_id == response.approval_id);
        let Some(asked) = asked else { return };
        let governed = self.current().map(|step| step.plan.as_slice());
        let evidence_hashes = governed.unwrap_or_default().iter();
        let answered = Answered {
            response: response.clone(),
            step_id: asked.request.step_id.clone(),
            plan_token_hash: asked.request.plan_token_hash.clone(),
            evidence_hashes: evidence_hashes
                .map(|stored| stored.descriptor().to_string())
                .collect(),
        };
        self.responses.push(answered);
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
