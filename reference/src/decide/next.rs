//! The next task of a workflow, from its record alone: so a restart decides as the first run did.

use cabincrew_protocol::audit::AuditIntegrity;
use cabincrew_protocol::decision::Decision;
use cabincrew_protocol::digest::Sha256Hex;
use cabincrew_protocol::engine::EngineOutput;

use super::failure::Failure;
use super::validate::validate;
use crate::fact::{Collection, Evaluated, Launch, Stored};
use crate::fault::{self, Fault};
use crate::record::{Record, Sealed, Stage};

/// What comes next.
#[derive(Debug, Clone)]
pub enum Next {
    /// Write this down; nothing outside is needed.
    Record(Box<Outcome>),
    /// Have this done, and write down its outcome.
    Perform(Task),
    /// Nothing: it is over, or people are asked.
    Rest,
}

/// What only the outside can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Make the directories and the snapshot for planning.
    PreparePlan,
    /// Run the engine to plan, and take over what it leaves.
    Plan,
    /// Digest the policies, models and programs.
    Pin,
    /// Check the stored artifacts, evaluate all policies, check again.
    Govern,
    /// Check everything before take-off.
    Clear,
    /// Make the directories for take-off and restore the state artifacts.
    PrepareTakeoff,
    /// Run the engine to apply the plan, and take over what it leaves.
    TakeOff,
    /// Look at what was done.
    Inspect,
    /// Clean up and apply the retention policy.
    Finalize,
    /// After a restart: check the stored artifacts and, if configured, the decision.
    Recheck,
}

/// What has happened.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Of [`Task::PreparePlan`].
    PlanPrepared {
        /// The launch that is to follow.
        launch: Launch,
        /// What the engine is confined by, for the audit log.
        confinement: String,
    },
    /// Of [`Task::Plan`], with a good receipt.
    Planned {
        /// The receipt.
        receipt: Box<EngineOutput>,
        /// What the engine left.
        collection: Collection,
    },
    /// Every artifact is as it must be.
    Validated(Vec<Stored>),
    /// Of [`Task::Pin`].
    Pinned {
        /// Digest of the policies (C-53).
        policy_digest: Sha256Hex,
        /// Digest of everything that can change a decision (C-53).
        governance_hash: Sha256Hex,
    },
    /// Governance begins.
    PreflightStarted,
    /// Of [`Task::Govern`].
    Governed {
        /// All evaluations, without those that the workflow file itself adds.
        evaluations: Vec<Evaluated>,
        /// Makes approval ids new.
        nonce: String,
        /// Digest of the roster.
        roster_sha256: Option<Sha256Hex>,
        /// The comparison with the token.
        integrity: AuditIntegrity,
    },
    /// Of [`Task::Clear`].
    Cleared {
        /// The comparison with the token.
        integrity: AuditIntegrity,
        /// The gateways that answered.
        gateways: Vec<String>,
    },
    /// Of [`Task::PrepareTakeoff`].
    TakeoffPrepared {
        /// The launch that is to follow.
        launch: Launch,
        /// What the engine is confined by, for the audit log.
        confinement: String,
    },
    /// Of [`Task::TakeOff`], with a good receipt.
    Executed {
        /// The receipt.
        receipt: Box<EngineOutput>,
        /// What the engine left beside the restored artifacts.
        collection: Collection,
        /// Restored artifacts that were altered.
        altered: Vec<String>,
    },
    /// Of [`Task::Inspect`].
    Inspected {
        /// New artifacts.
        artifacts: Vec<Stored>,
        /// All evaluations.
        evaluations: Vec<Evaluated>,
        /// The comparison with the token.
        integrity: AuditIntegrity,
    },
    /// Of [`Task::Finalize`].
    Finalized,
    /// Of [`Task::Recheck`].
    Rechecked {
        /// The comparison with the token, from TOKEN_CREATED on.
        integrity: Option<AuditIntegrity>,
        /// Evaluations made once more.
        evaluations: Vec<Evaluated>,
    },
    /// The workflow ends here.
    Failed(Box<Failure>),
}

/// The next move of a workflow that runs.
#[must_use]
pub fn next(record: &Record) -> Next {
    match &record.stage {
        Stage::Init => Next::Perform(Task::PreparePlan),
        Stage::Planning { .. } => Next::Perform(Task::Plan),
        Stage::Planned {
            receipt,
            collection,
            ..
        } => Next::Record(Box::new(validate(receipt, collection))),
        Stage::Validated(_) => Next::Perform(Task::Pin),
        Stage::Sealed(_) => Next::Record(Box::new(Outcome::PreflightStarted)),
        Stage::Governing(_) => Next::Perform(Task::Govern),
        Stage::Permitted(_) | Stage::Approved(_) => Next::Perform(Task::Clear),
        Stage::Ready(_) => Next::Perform(Task::PrepareTakeoff),
        Stage::Flying(..) => Next::Perform(Task::TakeOff),
        Stage::Executed(..) => Next::Perform(Task::Inspect),
        Stage::Inspected(_) => {
            let steps = record.created.workflow.steps.len();
            if record.steps_completed.len() < steps && !fault::on(Fault::FirstStepIsEnough) {
                Next::Perform(Task::PreparePlan)
            } else {
                Next::Perform(Task::Finalize)
            }
        }
        Stage::Waiting(_) | Stage::Completed | Stage::Failed { .. } => Next::Rest,
    }
}

/// The first move after a restart. Planning that was cut short is begun anew (C-79). Take-off that
/// was cut short is never repeated by itself (C-07): `retry` says that an operator wants it.
#[must_use]
pub fn after_restart(record: &Record, retry: bool) -> Next {
    match &record.stage {
        Stage::Init | Stage::Planning { .. } if fault::on(Fault::PlanningLeftAlone) => Next::Rest,
        Stage::Init | Stage::Planning { .. } => Next::Perform(Task::PreparePlan),
        Stage::Flying(..) if retry || fault::on(Fault::TakeOffRepeatedAfterCrash) => {
            Next::Perform(Task::PrepareTakeoff)
        }
        Stage::Flying(sealed, _) if fault::on(Fault::DoubtTakenForDone) => {
            Next::Record(Box::new(done(sealed)))
        }
        Stage::Flying(..) => Next::Record(Box::new(Outcome::Failed(Box::new(
            Failure::outcome_unknown(),
        )))),
        Stage::Waiting(_) if fault::on(Fault::PendingApprovalLost) => Next::Record(Box::new(
            Outcome::Failed(Box::new(Failure::new("there is no request for approval"))),
        )),
        Stage::Planned { .. } | Stage::Validated(_) | Stage::Sealed(_)
            if fault::on(Fault::RestartGoesNoFurther) =>
        {
            Next::Rest
        }
        Stage::Governing(_) if fault::on(Fault::GovernanceLeftAlone) => Next::Rest,
        Stage::Approved(_) if fault::on(Fault::GrantsForgotten) => Next::Record(Box::new(
            Outcome::Failed(Box::new(Failure::new("there is no approval"))),
        )),
        Stage::Governing(_) if fault::on(Fault::GovernanceLeftOutAfterRestart) => {
            Next::Record(Box::new(ungoverned(record)))
        }
        Stage::Completed | Stage::Failed { .. } => Next::Rest,
        Stage::Planned { .. }
        | Stage::Validated(_)
        | Stage::Sealed(_)
        | Stage::Governing(_)
        | Stage::Permitted(_)
        | Stage::Waiting(_)
        | Stage::Approved(_)
        | Stage::Ready(_)
        | Stage::Executed(..)
        | Stage::Inspected(_) => Next::Perform(Task::Recheck),
    }
}

/// A take-off that nobody has seen.
fn done(sealed: &Sealed) -> Outcome {
    let mut receipt = sealed.plan.receipt.clone();
    receipt.receipt_id.push_str("-done");
    receipt.artifacts = Some(Vec::new());
    Outcome::Executed {
        receipt: Box::new(receipt),
        collection: Collection::default(),
        altered: Vec::new(),
    }
}

/// A preflight in which nobody was asked.
fn ungoverned(record: &Record) -> Outcome {
    let policies = record.created.workflow.governance.policies.iter();
    let evaluations = policies.map(|policy| Evaluated {
        evaluation_id: format!("{}-pre-{}", record.step().step_id, policy.id),
        source: policy.kind.source(),
        policy_id: policy.id.clone(),
        decision: Decision::Allow,
        reason: None,
        remarks: Vec::new(),
        role: None,
        evidence: serde_json::Map::new(),
        evaluated_at: record.updated_at.clone(),
    });
    Outcome::Governed {
        evaluations: evaluations.collect(),
        nonce: String::new(),
        roster_sha256: None,
        integrity: AuditIntegrity {
            expected_plan_token: None,
            actual_plan_token: None,
            plan_token_match: None,
            artifacts_match: None,
            differences: None,
        },
    }
}
