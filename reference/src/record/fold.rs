//! The fold: each journal line moves the record on, or cannot follow those before it.

use std::collections::BTreeSet;

use cabincrew_protocol::replay::{Replay, ReplayError};
use cabincrew_protocol::wal::WalEntry;
use cabincrew_protocol::workflow::State;

use super::stage::{Execution, Plan, Sealed, Stage};
use super::standing::{Answered, Record, StepHistory};
use crate::fact::{Fact, Launch, Response};

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
