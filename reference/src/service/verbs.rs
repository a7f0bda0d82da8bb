//! The verbs that move a workflow: create, resume, respond, cancel.

use std::path::Path;
use std::time::Duration;

use cabincrew_protocol::workflow::State;

use super::desk::Service;
use super::error::{Result, ServiceError, journal_error};
use super::recover::{Open, Retry};
use super::unrecorded::{after_the_end, again, apply_unrecorded, forgets, is_overlooked};
use crate::cancel::{self, Request};
use crate::clock;
use crate::decide::{self, Next, Outcome, Task};
use crate::fact::Created;
use crate::fault::{self, Fault};
use crate::journal::Journal;
use crate::perform::{chain, finalize};
use crate::projection;
use crate::record::Stage;
use crate::roster;
use crate::run::{Outside as _, drive, write};
use crate::store::StoreError;
use crate::workflow;

/// How long another process may take to end what it is at: an engine is ended at once, policies and
/// probes are waited for.
const LETS_GO_WITHIN: Duration = Duration::from_secs(60);
/// How often it is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// An answer as it is delivered.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The bytes of the ApprovalResponse.
    pub bytes: &'a [u8],
    /// The signed note with the approver's signature, if there is one.
    pub signature: Option<&'a str>,
}

impl Service {
    /// Creates a workflow and drives it until it rests (DESIGN 5).
    ///
    /// # Errors
    /// When it exists, or the file, the workspace or the store cannot be used.
    pub fn run(&self, id: &str, workspace: &Path, file: &Path) -> Result<State> {
        let loaded = workflow::load(file)?;
        let workspace = self.workspace(workspace)?;
        let held = self.home(id)?.create(id)?;
        let storage = held.home.new_storage()?;
        let created = Created {
            workflow_id: id.to_owned(),
            workflow: loaded.workflow,
            base: loaded.base,
            workspace,
        };
        let draft = decide::created(created);
        let journal = Journal::create(storage, self.audit_key.clone(), &draft, &clock::now());
        let journal = journal.map_err(|source| journal_error(id, source))?;
        let site = self.site(held.home.clone());
        let mut open = Open {
            held,
            journal,
            site,
        };
        let first = decide::next(open.journal.record());
        self.go_on(id, &mut open, first)
    }

    /// Recovers a workflow and goes on (DESIGN 5).
    ///
    /// # Errors
    /// When it cannot be recovered.
    pub fn resume(&self, id: &str, retry: Option<&Retry>) -> Result<State> {
        let mut open = match self.open(id, retry) {
            Err(error) if is_overlooked(&error) => return Ok(State::AwaitingApproval),
            opened => opened?,
        };
        let in_doubt = matches!(open.journal.record().stage, Stage::Flying(..));
        if retry.is_some() && !in_doubt {
            return Err(ServiceError::NothingToRetry);
        }
        again(&mut open);
        let first = decide::after_restart(open.journal.record(), retry.is_some());
        self.go_on(id, &mut open, first)
    }

    /// Delivers an answer, and goes on as `resume` does (DESIGN 5).
    ///
    /// # Errors
    /// When the workflow cannot be recovered.
    pub fn respond(&self, id: &str, answer: &Answer<'_>) -> Result<State> {
        let mut open = match self.open(id, None) {
            Err(error) if is_overlooked(&error) => return Ok(State::AwaitingApproval),
            opened => opened?,
        };
        let waiting = matches!(open.journal.record().stage, Stage::Waiting(_));
        if waiting && !fault::on(Fault::AnswerDoesNotVerifyPlan) {
            // The plan is looked at again before the answer counts (CC-APR-014).
            let mut outcome = open.site.perform(open.journal.record(), Task::Recheck);
            if let Outcome::Failed(failure) = &mut outcome {
                failure.unused_answer = Some("an answer has found the plan changed".into());
            }
            self.note(id, &mut open, outcome)?;
        }
        let failed = matches!(open.journal.record().stage, Stage::Failed { .. });
        let first = if (failed && waiting) || forgets(open.journal.events()) {
            Next::Rest
        } else {
            let taken = self.take_answer(id, &mut open, answer);
            if taken.is_err() && fault::on(Fault::UnwrittenAnswerAcknowledged) {
                return Ok(State::Completed);
            }
            taken?;
            after_the_end(&mut open);
            match open.journal.record().stage {
                Stage::Waiting(_) => Next::Rest,
                _ if waiting => decide::next(open.journal.record()),
                _ => decide::after_restart(open.journal.record(), false),
            }
        };
        self.go_on(id, &mut open, first)
    }

    /// Ends a workflow. Another process that is working on it is asked to, and waited for.
    ///
    /// # Errors
    /// When it cannot be recovered, or the other process does not let go in time; the request stays
    /// then.
    pub fn cancel(&self, id: &str, by: &str, reason: Option<&str>) -> Result<State> {
        let request = Request {
            by: by.to_owned(),
            reason: reason.unwrap_or("no reason given").to_owned(),
        };
        let mut open = self.take_from_others(id, &request)?;
        if !open.journal.record().state().is_final() {
            let failure = request.failure(open.journal.record());
            self.note(id, &mut open, Outcome::Failed(Box::new(failure)))?;
        }
        self.go_on(id, &mut open, Next::Rest)
    }

    fn take_from_others(&self, id: &str, request: &Request) -> Result<Open> {
        let until = clock::tick() + LETS_GO_WITHIN;
        let home = self.home(id)?;
        loop {
            match self.open(id, None) {
                Err(ServiceError::Store(StoreError::Locked { .. })) if clock::tick() < until => {
                    if !cancel::is_asked(&home) {
                        cancel::ask(&home, request).map_err(ServiceError::Request)?;
                    }
                    std::thread::sleep(LOOK_EVERY);
                }
                outcome => return outcome,
            }
        }
    }

    fn note(&self, id: &str, open: &mut Open, outcome: Outcome) -> Result<()> {
        write(&mut open.journal, &mut open.site, outcome)
            .map_err(|source| journal_error(id, source))
    }

    fn take_answer(&self, id: &str, open: &mut Open, answer: &Answer<'_>) -> Result<()> {
        let record = open.journal.record();
        let now = clock::now();
        let loaded = match &record.created.workflow.approval.roster {
            None => Err("the workflow has no roster".to_owned()),
            Some(path) => {
                roster::load(&record.created.base.join(path)).map_err(|error| chain(&error))
            }
        };
        let response = decide::Response {
            bytes: answer.bytes,
            signature: answer.signature,
            roster: match &loaded {
                Ok((roster, _)) => Ok(roster),
                Err(why) => Err(why.as_str()),
            },
            now: &now,
        };
        let judged = decide::judge(record, &response);
        if matches!(judged.draft.fact, crate::fact::Fact::Failed { .. }) {
            open.site.clean(record);
        }
        let appended = open.journal.append(&judged.draft, &now);
        appended.map_err(|source| journal_error(id, source))
    }

    /// Drives on, and leaves everything durable and projected.
    fn go_on(&self, id: &str, open: &mut Open, first: Next) -> Result<State> {
        let state = drive(&mut open.journal, &mut open.site, first)
            .map_err(|source| journal_error(id, source))?;
        if state.is_final() && !fault::on(Fault::TemporaryDirectoriesLeft) {
            // A crash may have come between the end and the removal.
            let _ = finalize::remove(&open.held.home.runs());
        }
        if state == State::AwaitingApproval && fault::on(Fault::AppliedWhileWaiting) {
            apply_unrecorded(open);
        }
        if state.is_final() {
            cancel::clear(&open.held.home);
        }
        let journal = &open.journal;
        let (entries, events) = (journal.entries(), journal.events());
        projection::write(&open.held.home, journal.record(), entries, events)
            .map_err(ServiceError::Projection)?;
        if fault::on(Fault::StateDurableBeforeJournal) {
            projection::sync(&open.held.home).map_err(ServiceError::Projection)?;
            let synced = open.journal.sync();
            synced.map_err(|source| journal_error(id, source))?;
        }
        Ok(state)
    }
}
