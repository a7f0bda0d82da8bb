//! The lines that end a workflow.

use cabincrew_protocol::audit::Severity;
use cabincrew_protocol::replay::Phase;
use cabincrew_protocol::wal::{WalEntryData, WorkflowCompletedData, WorkflowFailedData};
use cabincrew_protocol::workflow::{Event, State};

use super::draft::{Drafter, names, policy_evaluated};
use super::events::with_mode;
use super::failure::Failure;
use super::governed;
use crate::fact::Fact;
use crate::fault::{self, Fault};
use crate::journal::Draft;

impl Drafter<'_> {
    pub(super) fn completed(&self) -> Draft {
        let all = self.record.history.iter();
        let artifacts = all
            .flat_map(|step| names(&step.plan).into_iter().chain(names(&step.result)))
            .collect();
        let entries = vec![
            self.start(Phase::Finalization),
            self.complete(None),
            WalEntryData::WorkflowCompleted(WorkflowCompletedData {
                final_state: State::Completed,
                artifacts,
            }),
        ];
        let mut draft = self.moved(Event::Finalized, Fact::Completed, entries, Vec::new());
        if matches!(draft.fact, Fact::Completed) {
            let teller = self.teller.in_state(State::Completed);
            let message = format!("{} steps done", self.record.steps_completed.len());
            draft
                .events
                .push(teller.event("workflow_complete", Severity::Info, &message));
        }
        draft
    }

    /// The line that ends a workflow: evaluations, the cause, the move, the closing event.
    pub(super) fn failed(&self, failure: Failure) -> Draft {
        let from = self.record.state();
        let mut events = Vec::new();
        let mut entries: Vec<WalEntryData> =
            failure.evaluations.iter().map(policy_evaluated).collect();
        events.extend(
            failure
                .evaluations
                .iter()
                .map(|found| self.teller.evaluation(found)),
        );
        if !failure.evaluations.is_empty() {
            events.push(
                self.teller
                    .decision("preflight_decision", &failure.evaluations),
            );
        }
        if let Some(response) = &failure.response {
            let (entry, told) = governed::answered(&self.teller, self.record, response);
            entries.push(entry);
            events.extend(told);
        }
        if let Some(text) = &failure.unused_answer {
            events.push(
                self.teller
                    .event("approval_mismatch", Severity::Warning, text),
            );
        }
        if let Some((mode, engine)) = failure.run.as_deref() {
            events.push(self.teller.ended(*mode, engine));
        }
        let error = &failure.error;
        let mut cause = self
            .teller
            .event(failure.event_type, failure.severity, error);
        cause.engine = failure.engine.as_deref().cloned();
        cause.integrity_check = failure.integrity.as_deref().cloned();
        if let Some(mode) = failure.mode {
            cause = with_mode(cause, mode);
        }
        events.push(cause);
        if let Some(passed) = passed_by_mistake(from, &failure) {
            events.push(self.teller.in_state(passed).transition(from));
        }
        let teller = self.teller.in_state(State::Failed);
        events.push(teller.transition(from));
        events.push(teller.event("workflow_failure", failure.severity, error));
        entries.push(WalEntryData::WorkflowFailed(WorkflowFailedData {
            error: error.clone(),
            failed_step: Some(self.record.step().step_id.clone()),
        }));
        Draft {
            fact: Fact::Failed {
                error: failure.error,
                evaluations: failure.evaluations,
                response: failure.response.map(|response| *response),
            },
            entries,
            events,
        }
    }
}

/// A state that a faulty program enters before the checks that lead to it have passed.
fn passed_by_mistake(from: State, failure: &Failure) -> Option<State> {
    match from {
        State::PlanRunning if fault::on(Fault::PlannedWhateverTheEnd) => Some(State::PlanGenerated),
        State::PlanGenerated if fault::on(Fault::ValidatedBeforeChecks) => {
            Some(State::ArtifactsValidated)
        }
        State::PreFlightRunning
            if !failure.evaluations.is_empty() && fault::on(Fault::CompleteBeforeDenial) =>
        {
            Some(State::PreflightComplete)
        }
        State::PreflightComplete | State::Approved if fault::on(Fault::ReadyBeforeChecks) => {
            Some(State::ReadyForTakeoff)
        }
        _ => None,
    }
}
