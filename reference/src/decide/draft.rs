//! From an outcome to the line that records it. Every move goes through the protocol's table: an
//! outcome that has no row in the present state is written down as a failure instead.

use cabincrew_protocol::audit::{AuditEvent, Severity};
use cabincrew_protocol::engine::{EngineOutput, Mode};
use cabincrew_protocol::plan_token;
use cabincrew_protocol::replay::Phase;
use cabincrew_protocol::wal::{
    ArtifactCreatedData, PolicyEvaluatedData, StepCompletedData, StepStartedData, WalEntryData,
    WorkflowStartedData,
};
use cabincrew_protocol::workflow::{Event, State};

use super::events::Teller;
use super::failure::Failure;
use super::governed;
use super::next::Outcome;
use super::token::{composite, document};
use crate::fact::{Collection, Created, Evaluated, Fact, Launch, Stored};
use crate::fault::{self, Fault};
use crate::journal::Draft;
use crate::record::{Record, Stage};

/// The line that creates a workflow (CC-ORC-005).
#[must_use]
pub fn created(created: Created) -> Draft {
    let trigger = &created.workflow.trigger;
    let step_id = created.workflow.steps[0].step_id.as_str();
    let teller = Teller::new(&created.workflow_id, step_id, State::Init);
    let message = format!(
        "workflow {:?} started by {} {:?}",
        created.workflow.workflow, trigger.kind, trigger.by
    );
    Draft {
        entries: vec![WalEntryData::WorkflowStarted(WorkflowStartedData {
            plan_token_hash: String::new(),
            initial_state: State::Init,
        })],
        events: vec![teller.event("workflow_started", Severity::Info, &message)],
        fact: Fact::Created(Box::new(created)),
    }
}

/// A line that moves nothing.
#[must_use]
pub fn noted(events: Vec<AuditEvent>) -> Draft {
    Draft {
        fact: Fact::Noted,
        entries: Vec::new(),
        events,
    }
}

/// The line that records an outcome.
#[must_use]
pub fn draft(record: &Record, outcome: Outcome, at: &str) -> Draft {
    let drafter = Drafter::new(record);
    match outcome {
        Outcome::PlanPrepared {
            launch,
            confinement,
        } => drafter.plan_started(launch, &confinement),
        Outcome::Planned {
            receipt,
            collection,
        } => drafter.planned(receipt, collection),
        Outcome::Validated(artifacts) => drafter.validated(artifacts),
        Outcome::Pinned {
            policy_digest,
            governance_hash,
        } => drafter.minted(policy_digest.to_string(), governance_hash.to_string(), at),
        Outcome::PreflightStarted => drafter.preflight_started(),
        Outcome::Governed { .. } => governed::preflight(&drafter, outcome, at),
        Outcome::Cleared {
            integrity,
            gateways,
        } => {
            let message = "artifacts, token, approval, workspace and gateways are as they must be";
            let mut events: Vec<AuditEvent> = gateways
                .iter()
                .map(|id| format!("the gateway {id:?} answers"))
                .map(|text| drafter.teller.event("gateway_probe", Severity::Info, &text))
                .collect();
            events.push(drafter.teller.verified(&integrity, message));
            drafter.moved(
                Event::Cleared,
                Fact::Cleared,
                vec![drafter.start(Phase::TakeOffPrep), drafter.complete(None)],
                events,
            )
        }
        Outcome::TakeoffPrepared {
            launch,
            confinement,
        } => drafter.takeoff_started(launch, &confinement),
        Outcome::Executed {
            receipt,
            collection,
            altered,
        } => drafter.moved(
            Event::TakeoffCompleted,
            Fact::Executed {
                receipt: receipt.clone(),
                collection,
                altered,
            },
            vec![drafter.complete(None)],
            vec![drafter.teller.receipt(&receipt)],
        ),
        Outcome::Inspected {
            artifacts,
            evaluations,
            integrity,
        } => governed::inspected(&drafter, artifacts, evaluations, &integrity),
        Outcome::Finalized => drafter.completed(),
        Outcome::Rechecked {
            integrity,
            evaluations,
        } => governed::rechecked(&drafter, integrity.as_ref(), &evaluations),
        Outcome::Failed(failure) => drafter.failed(*failure),
    }
}

/// What all lines of one record share.
pub(super) struct Drafter<'a> {
    pub(super) record: &'a Record,
    pub(super) teller: Teller,
}

impl<'a> Drafter<'a> {
    pub(super) fn new(record: &'a Record) -> Self {
        let teller = Teller::of(record);
        Self { record, teller }
    }

    /// A line that moves the workflow by a row of the table.
    pub(super) fn moved(
        &self,
        event: Event,
        fact: Fact,
        entries: Vec<WalEntryData>,
        mut events: Vec<AuditEvent>,
    ) -> Draft {
        let from = self.record.state();
        let Some(to) = from.next(event) else {
            return self.failed(Failure::new(format!("{event} cannot happen in {from}")));
        };
        let shown = if fault::on(Fault::TransitionToldInOldState) {
            from
        } else {
            to
        };
        events.push(self.teller.in_state(shown).transition(from));
        Draft {
            fact,
            entries,
            events,
        }
    }

    pub(super) fn start(&self, phase: Phase) -> WalEntryData {
        self.start_of(&self.record.step().step_id, phase)
    }

    fn start_of(&self, step_id: &str, phase: Phase) -> WalEntryData {
        WalEntryData::StepStarted(StepStartedData {
            step_id: step_id.to_owned(),
            step_type: phase.as_str().to_owned(),
        })
    }

    pub(super) fn complete(&self, artifacts: Option<Vec<String>>) -> WalEntryData {
        WalEntryData::StepCompleted(StepCompletedData {
            step_id: self.record.step().step_id.clone(),
            artifacts,
        })
    }

    fn plan_started(&self, launch: Launch, confinement: &str) -> Draft {
        // The step that begins: the first, the same again after a crash, or the next one.
        let index = self.record.steps_completed.len();
        let steps = &self.record.created.workflow.steps;
        let step_id = steps[index.min(steps.len() - 1)].step_id.clone();
        let teller = self.teller.in_step(&step_id);
        let again = matches!(self.record.stage, Stage::Planning { .. });
        let prepared = format!(
            "snapshot, artifacts and temp directories for run {} are ready; {confinement}",
            launch.run_index
        );
        let started = format!("the engine is started to plan, run {}", launch.run_index);
        let mut events = vec![
            teller.run("environment_prepared", Mode::FlightPlan, &prepared),
            teller.run("engine_start", Mode::FlightPlan, &started),
        ];
        let entries = vec![self.start_of(&step_id, Phase::FlightPlan)];
        let fact = Fact::PlanStarted { launch };
        if again {
            return Draft {
                fact,
                entries,
                events,
            };
        }
        let from = self.record.state();
        let Some(to) = from.next(Event::PlanStarted) else {
            return self.failed(Failure::new(format!("planning cannot start in {from}")));
        };
        events.push(teller.in_state(to).transition(from));
        Draft {
            fact,
            entries,
            events,
        }
    }

    fn planned(&self, receipt: Box<EngineOutput>, collection: Collection) -> Draft {
        let events = vec![self.teller.receipt(&receipt)];
        let names = receipt.artifacts.as_deref().unwrap_or_default().iter();
        let names = names.map(|artifact| artifact.name.clone()).collect();
        self.moved(
            Event::PlanGenerated,
            Fact::Planned {
                receipt,
                collection,
            },
            vec![self.complete(Some(names))],
            events,
        )
    }

    fn validated(&self, artifacts: Vec<Stored>) -> Draft {
        let mut entries = vec![self.start(Phase::ArtifactValidation)];
        entries.extend(artifacts.iter().map(artifact_created));
        entries.push(self.complete(Some(names(&artifacts))));
        let events = vec![self.teller.artifacts(Mode::FlightPlan, &artifacts)];
        self.moved(
            Event::ArtifactsValidated,
            Fact::Validated { artifacts },
            entries,
            events,
        )
    }

    fn minted(&self, policy_digest: String, governance_hash: String, at: &str) -> Draft {
        let Stage::Validated(plan) = &self.record.stage else {
            return self.failed(Failure::new("a token without a validated plan"));
        };
        let mut token = document(self.record, plan, at);
        token.policy_digest = Some(policy_digest);
        token.governance_hash = Some(governance_hash);
        match composite(self.record, &token) {
            Ok(value) => token.token = value,
            Err(error) => return self.failed(Failure::new(format!("no plan token: {error}"))),
        }
        let entries = vec![
            self.start(Phase::PlanToken),
            WalEntryData::ArtifactCreated(ArtifactCreatedData {
                artifact_id: plan_token::ARTIFACT_ID.to_owned(),
                artifact_hash: token.token.clone(),
                artifact_type: plan_token::ARTIFACT_TYPE.to_owned(),
            }),
            self.complete(None),
        ];
        let events = vec![self.teller.minted(&token)];
        let token = Box::new(token);
        self.moved(Event::TokenCreated, Fact::Minted { token }, entries, events)
    }

    fn preflight_started(&self) -> Draft {
        self.moved(
            Event::PreflightStarted,
            Fact::PreflightStarted,
            vec![self.start(Phase::Preflight)],
            Vec::new(),
        )
    }

    fn takeoff_started(&self, launch: Launch, confinement: &str) -> Draft {
        let prepared = format!(
            "state artifacts are restored and directories for run {} are ready; {confinement}",
            launch.run_index
        );
        let started = format!("the engine is started to apply, run {}", launch.run_index);
        let events = vec![
            self.teller
                .run("environment_prepared", Mode::TakeOff, &prepared),
            self.teller.run("engine_start", Mode::TakeOff, &started),
        ];
        let entries = vec![self.start(Phase::TakeOff)];
        let fact = Fact::TakeoffStarted { launch };
        if matches!(self.record.stage, Stage::Flying(..)) {
            return Draft {
                fact,
                entries,
                events,
            };
        }
        self.moved(Event::TakeoffStarted, fact, entries, events)
    }
}

pub(super) fn policy_evaluated(evaluated: &Evaluated) -> WalEntryData {
    WalEntryData::PolicyEvaluated(PolicyEvaluatedData {
        evaluation_id: evaluated.evaluation_id.clone(),
        policy_name: format!("{}/{}", evaluated.source.as_str(), evaluated.policy_id),
        decision: evaluated.decision,
    })
}

pub(super) fn artifact_created(stored: &Stored) -> WalEntryData {
    WalEntryData::ArtifactCreated(ArtifactCreatedData {
        artifact_id: stored.name.clone(),
        artifact_hash: stored.descriptor().to_string(),
        artifact_type: stored.artifact.artifact_type.clone(),
    })
}

pub(super) fn names(artifacts: &[Stored]) -> Vec<String> {
    artifacts.iter().map(|stored| stored.name.clone()).collect()
}
