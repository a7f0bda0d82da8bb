//! The loop: decide, make durable, perform, write down; until the workflow is over or people are
//! asked.

use cabincrew_protocol::workflow::State;

use crate::decide::{self, Failure, Next, Outcome, Task};
use crate::fact::Fact;
use crate::fault::{self, Fault};
use crate::journal::{Journal, JournalError, Storage};
use crate::record::Record;
use crate::workflow::Keep;

/// The world as the loop sees it. The real one is in [`perform`](crate::perform).
pub trait Outside {
    /// The time, RFC 3339.
    fn now(&mut self) -> String;

    /// Has a task done. Whatever goes wrong is an outcome.
    fn perform(&mut self, record: &Record, task: Task) -> Outcome;

    /// Why the workflow is to end now, if somebody has asked for that.
    fn cancelled(&mut self, _record: &Record) -> Option<Failure> {
        None
    }

    /// Removes what must not outlive a workflow that fails (C-76).
    fn clean(&mut self, record: &Record);
}

/// Drives a workflow from a first move until it rests; everything is durable then.
///
/// # Errors
/// When the journal cannot be written. Nothing that was not durable has been announced.
pub fn drive<S: Storage>(
    journal: &mut Journal<S>,
    outside: &mut impl Outside,
    first: Next,
) -> Result<State, JournalError> {
    let mut next = first;
    loop {
        if !journal.record().state().is_final()
            && let Some(failure) = outside.cancelled(journal.record())
        {
            next = Next::Record(Box::new(Outcome::Failed(Box::new(failure))));
        }
        let outcome = match next {
            Next::Rest => {
                if !fault::on(Fault::EndToldBeforeDurable)
                    && !fault::on(Fault::StateDurableBeforeJournal)
                {
                    journal.sync()?;
                }
                return Ok(journal.record().state());
            }
            Next::Record(outcome) => *outcome,
            Next::Perform(task) => {
                let unrecorded =
                    fault::on(Fault::LaunchBeforeItsRecord) || fault::on(Fault::LinesKeptInMemory);
                if acts(task, journal.record()) && !unrecorded {
                    journal.sync()?;
                }
                outside.perform(journal.record(), task)
            }
        };
        write(journal, outside, outcome)?;
        next = decide::next(journal.record());
    }
}

/// Writes an outcome down.
///
/// # Errors
/// When the journal cannot be written.
pub fn write<S: Storage>(
    journal: &mut Journal<S>,
    outside: &mut impl Outside,
    outcome: Outcome,
) -> Result<(), JournalError> {
    let at = outside.now();
    let draft = decide::draft(journal.record(), outcome, &at);
    if matches!(draft.fact, Fact::Failed { .. }) {
        outside.clean(journal.record());
    }
    journal.append(&draft, &at)
}

/// Tasks that have an effect beyond the orchestrator's own files, or remove what a record speaks
/// of: what announces them must be durable first (C-07, C-106). The others can be done again after
/// a crash.
fn acts(task: Task, record: &Record) -> bool {
    match task {
        Task::Plan | Task::TakeOff => true,
        // Directories of launches hold nothing that a restart would look at.
        Task::Finalize => record.created.workflow.retention.artifacts == Keep::Delete,
        Task::PreparePlan
        | Task::Pin
        | Task::Govern
        | Task::Clear
        | Task::PrepareTakeoff
        | Task::Inspect
        | Task::Recheck => false,
    }
}
