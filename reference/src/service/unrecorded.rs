//! What a faulty program does behind its record, engine runs above all, and what it overlooks there; the
//! others do nothing of it.

use serde_json::Value;

use super::error::ServiceError;
use super::recover::Open;
use crate::decide::{Outcome, Task};
use crate::fault::{self, Fault};
use crate::record::{Record, Stage};
use crate::run::Outside as _;

/// What is done once more when a workflow is resumed: nothing.
pub(super) fn again(open: &mut Open) {
    let record = open.journal.record();
    let failed = matches!(record.stage, Stage::Failed { .. });
    let sealed = record.stage.sealed().is_some();
    let gone = fault::on(Fault::MissingArtifactsPlannedAgain) && !whole(open);
    let plan = (failed && fault::on(Fault::FailedWorkflowPlannedAgain))
        || (sealed && fault::on(Fault::PlannedAgainOnRestart))
        || (sealed && gone);
    if plan {
        plan_unrecorded(open);
    }
    let completed = matches!(open.journal.record().stage, Stage::Completed);
    if completed && fault::on(Fault::CompletedWorkflowRunAgain) {
        plan_last_step(open);
    }
    let flying = matches!(open.journal.record().stage, Stage::Flying(..));
    if flying && fault::on(Fault::SecondRecoveryTakesOff) {
        let mark = open.held.home.folder().join("recovered");
        if mark.exists() {
            apply_unrecorded(open);
        } else {
            let _ = std::fs::write(mark, "");
        }
    }
    let waiting = matches!(open.journal.record().stage, Stage::Waiting(_));
    if waiting && fault::on(Fault::StateDocumentBelieved) && says_approved(open) {
        apply_unrecorded(open);
    }
}

/// Does nothing with an answer that comes after the end.
pub(super) fn after_the_end(open: &mut Open) {
    let ended = open.journal.record().state().is_final();
    if ended && fault::on(Fault::AnswerAfterTheEndStartsEngine) {
        plan_last_step(open);
    }
}

/// Runs the engine of the last step to plan, although all steps are done.
fn plan_last_step(open: &mut Open) {
    let mut record = open.journal.record().clone();
    record.steps_completed.pop();
    plan_as(open, record);
}

/// Whether the artifacts of the first step are there, each with its files.
fn whole(open: &Open) -> bool {
    let folder = open.held.home.artifacts(0, "");
    let plan = open.journal.record().history.first();
    plan.into_iter().flat_map(|step| &step.plan).all(|stored| {
        let folder = folder.join(&stored.name);
        let body = stored.body.is_none() || folder.join("body.data").is_file();
        body && folder.join("artifact.json").is_file()
    })
}

/// Whether a request is not known any more once there was a restart between it and its answer: never.
pub(super) fn forgets(events: &[Value]) -> bool {
    if !fault::on(Fault::RequestForgottenOnRestart) {
        return false;
    }
    let other = |event: &&Value| event["event_type"] != "approval_request";
    let since = events.iter().rev().take_while(other);
    // The call that brings the answer takes the workflow up as well.
    let resumed = since.filter(|event| event["event_type"] == "workflow_resumed");
    resumed.count() > 1
}

/// Whether a workflow is told to wait although its journal cannot be read: never.
pub(super) fn is_overlooked(error: &ServiceError) -> bool {
    let unreadable = matches!(
        error,
        ServiceError::Journal { .. } | ServiceError::Gone { .. }
    );
    unreadable && fault::on(Fault::DamagedJournalTakenForWaiting)
}

/// Runs the engine to plan, and keeps what it leaves.
fn plan_unrecorded(open: &mut Open) {
    let record = open.journal.record().clone();
    if record.steps_completed.len() < record.created.workflow.steps.len() {
        plan_as(open, record);
    }
}

fn plan_as(open: &mut Open, mut record: Record) {
    if let Outcome::PlanPrepared { launch, .. } = open.site.perform(&record, Task::PreparePlan) {
        record.stage = Stage::Planning { launch };
        record.receipt_ids.clear();
        open.site.perform(&record, Task::Plan);
    }
}

/// Runs the engine to apply the plan that waits.
pub(super) fn apply_unrecorded(open: &mut Open) {
    let mut record = open.journal.record().clone();
    let Some(sealed) = record.stage.sealed().cloned() else {
        return;
    };
    record.stage = Stage::Ready(sealed.clone());
    let prepared = open.site.perform(&record, Task::PrepareTakeoff);
    if let Outcome::TakeoffPrepared { launch, .. } = prepared {
        record.stage = Stage::Flying(sealed, launch);
        open.site.perform(&record, Task::TakeOff);
    }
}

fn says_approved(open: &Open) -> bool {
    let text = std::fs::read_to_string(open.held.home.folder().join("state.json"));
    text.is_ok_and(|text| text.contains("\"APPROVED\"") || text.contains("\"READY_FOR_TAKEOFF\""))
}
