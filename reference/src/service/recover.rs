//! Taking hold of a workflow that was left, and bringing it into order.

use cabincrew_protocol::audit::{AuditEvent, Severity};
use serde_json::Value;

use super::desk::Service;
use super::error::{Result, ServiceError, journal_error};
use crate::clock;
use crate::damage;
use crate::decide::{self, Next, Teller};
use crate::fault::{self, Fault};
use crate::journal::{FileStorage, Journal, JournalError, Replayed, TORN};
use crate::launch::kill_survivors;
use crate::mark::Mark;
use crate::perform::{Site, chain};
use crate::projection;
use crate::record::{Record, Stage};
use crate::store::{Held, Home, StoreError};

/// An operator's wish to run a take-off of unknown outcome again.
#[derive(Debug, Clone)]
pub struct Retry {
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A workflow in hand.
pub(super) struct Open {
    pub(super) held: Held,
    pub(super) journal: Journal<FileStorage>,
    pub(super) site: Site,
}

impl Service {
    /// Takes hold of a workflow and brings it into order: the torn tail is cut, projections are
    /// compared, what still runs is ended, and all of it is written down.
    pub(super) fn open(&self, id: &str, retry: Option<&Retry>) -> Result<Open> {
        fault::restart();
        let home = self.home(id)?;
        let held = home.hold(id)?;
        let _recovering = fault::on(Fault::RecoveryMarkBlocks)
            .then(|| Mark::make(held.home.folder().join("recovering")))
            .transpose()
            .map_err(|_| StoreError::Locked { id: id.to_owned() })?;
        if !held.home.was_created() {
            return Err(StoreError::Unknown { id: id.to_owned() }.into());
        }
        let opened = held
            .home
            .storage()
            .map_err(|_| ServiceError::Gone { id: id.to_owned() })
            .and_then(|storage| {
                Journal::open(storage, self.audit_key.clone(), id)
                    .map_err(|source| journal_error(id, source))
            })
            .and_then(|(journal, replayed)| {
                let compared = projection::compare(&held.home, &replayed);
                let unseen = fault::on(Fault::LostEntriesNotNoticed)
                    || fault::on(Fault::JournalCutInTheMiddle)
                    || fault::on(Fault::EditedJournalTrusted);
                match compared.ahead.filter(|_| !unseen) {
                    Some(file) => Err(ServiceError::Behind {
                        id: id.to_owned(),
                        file,
                    }),
                    None => Ok((journal, replayed, compared)),
                }
            });
        let (journal, replayed, compared) = match opened {
            Ok(opened) => opened,
            Err(error) => return Err(self.seal(&held.home, id, error)?),
        };
        kill_survivors(&held.home.runs()).map_err(ServiceError::Survivors)?;
        let aside = untold(&held.home, &replayed);
        let events = found(&replayed, (&compared, &aside), retry);
        let site = self.site(held.home.clone());
        let mut open = Open {
            held,
            journal,
            site,
        };
        if !events.is_empty() {
            let appended = open.journal.append(&decide::noted(events), &clock::now());
            appended.map_err(|source| journal_error(id, source))?;
        }
        Ok(open)
    }

    /// Keeps a damaged journal as it is, and says so beside it.
    fn seal(&self, home: &Home, id: &str, error: ServiceError) -> Result<ServiceError> {
        let damaged = matches!(
            error,
            ServiceError::Behind { .. }
                | ServiceError::Gone { .. }
                | ServiceError::Journal {
                    source: JournalError::Damaged(_),
                    ..
                }
        );
        if damaged && !fault::on(Fault::DamageNotSealed) {
            let signer = self.audit_key.as_ref();
            damage::seal(home, id, &chain(&error), signer, &clock::now())
                .map_err(ServiceError::Projection)?;
        }
        if damaged && fault::on(Fault::DamagedJournalRemoved) {
            std::fs::remove_file(home.journal()).map_err(ServiceError::Projection)?;
        }
        Ok(error)
    }
}

/// The torn lines that are kept aside and that no event tells of: that of now, and that of a recovery which
/// was broken off after it had cut the journal.
fn untold(home: &Home, replayed: &Replayed) -> Vec<String> {
    let told = |name: &str| {
        let mut events = replayed.events.iter();
        events.any(|event| {
            let message = event.get("message").and_then(Value::as_str);
            message.is_some_and(|message| message.ends_with(name))
        })
    };
    let entries = std::fs::read_dir(home.folder()).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| name.starts_with(TORN) && !told(name))
        .collect();
    names.sort();
    names
}

/// What recovery has to say (CC-RST-020, CC-RST-025, CC-RST-028).
fn found(
    replayed: &Replayed,
    (compared, aside): (&projection::Compared, &[String]),
    retry: Option<&Retry>,
) -> Vec<AuditEvent> {
    let record: &Record = &replayed.record;
    let teller = Teller::of(record);
    let mut events = Vec::new();
    for name in aside {
        let text = format!("the journal ended in an incomplete line, which is kept as {name}");
        events.push(teller.event("incomplete_entry", Severity::Warning, &text));
    }
    for file in &compared.torn {
        let text = format!("{file} ended in an incomplete line and is written anew");
        events.push(teller.event("incomplete_entry", Severity::Warning, &text));
    }
    for file in &compared.damaged {
        let text = format!("{file} was not what the journal says and is written anew");
        events.push(teller.event("record_rebuilt", Severity::Warning, &text));
    }
    if record.state().is_final() && !fault::on(Fault::FinishedWorkflowResumed) {
        return events;
    }
    if let Some(retry) = retry.filter(|_| matches!(record.stage, Stage::Flying(..))) {
        let text = format!(
            "{} has the take-off of unknown outcome run again: {}",
            retry.by, retry.reason
        );
        events.push(teller.event("takeoff_outcome_unknown", Severity::Critical, &text));
    }
    let next = match decide::after_restart(record, retry.is_some()) {
        Next::Rest => "nothing".to_owned(),
        Next::Record(_) => "the end".to_owned(),
        Next::Perform(task) => format!("{task:?}"),
    };
    let text = format!("resumed in {}; next is {next}", record.state());
    events.push(teller.event("workflow_resumed", Severity::Info, &text));
    events
}
