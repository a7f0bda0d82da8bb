//! The writer: numbers, seals and appends lines, and keeps the record in step with them.

use cabincrew_protocol::audit::{AuditEvent, SigningKey, first_chain_hash, leaf_hash};
use cabincrew_protocol::canonical::CanonicalError;
use cabincrew_protocol::digest::Sha256Hex;
use cabincrew_protocol::wal::{WalEntry, WalEntryData};
use serde_json::Value;

use super::frame::{self, Line, first_link};
use super::replay::{Damage, Replayed, replay};
use super::storage::Storage;
use crate::fact::Fact;
use crate::fault::{self, Fault};
use crate::record::{FoldError, Record};

/// What the names of torn lines that are kept aside begin with.
pub const TORN: &str = "torn-";

/// A line before it is numbered and sealed.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What happened.
    pub fact: Fact,
    /// The write-ahead entries.
    pub entries: Vec<WalEntryData>,
    /// The audit events without id, time, chain value and signature.
    pub events: Vec<AuditEvent>,
}

/// Why a journal cannot be read or continued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Its bytes are damaged.
    #[error("the journal is damaged")]
    Damaged(#[source] Damage),
    /// Storage has failed; nothing was announced.
    #[error("the journal cannot be {what}")]
    Storage {
        /// What was tried.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A value of the line has no canonical form.
    #[error("a line without a canonical form")]
    NoCanonicalForm(#[source] CanonicalError),
    /// The line cannot follow those before it: a fault of the program, caught before it is written.
    #[error("a line that cannot follow")]
    Illegal(#[source] FoldError),
    /// An earlier write has failed, so it is unknown what the file holds.
    #[error("the journal has failed before")]
    Failed,
}

/// A journal open for writing, with the record that its lines add up to.
#[derive(Debug)]
pub struct Journal<S> {
    storage: S,
    signer: Option<SigningKey>,
    record: Record,
    lines: u64,
    link: Sha256Hex,
    last_at: String,
    entries: Vec<WalEntry>,
    events: Vec<Value>,
    failed: bool,
}

impl<S: Storage> Journal<S> {
    /// Writes the first line. Like every other, it is durable after the next [`sync`](Self::sync).
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn create(
        mut storage: S,
        signer: Option<SigningKey>,
        draft: &Draft,
        at: &str,
    ) -> Result<Self, JournalError> {
        let Fact::Created(created) = &draft.fact else {
            return Err(JournalError::Illegal(FoldError::Misplaced));
        };
        let id = created.workflow_id.clone();
        let seal = Seal::new(&id, signer.as_ref());
        let (line, last) = seal.line(draft, at)?;
        let mut record =
            Record::begin(&line.fact, &line.entries, &line.at).map_err(JournalError::Illegal)?;
        record.audit_count = seal.audit_count + count(line.events.len());
        record.audit_last = last;
        let (bytes, link) =
            frame::encode(&line, &first_link(&id)).map_err(JournalError::NoCanonicalForm)?;
        storage.append(&bytes).map_err(storage_error("written"))?;
        Ok(Self {
            storage,
            signer,
            record,
            lines: 1,
            link,
            last_at: at.to_owned(),
            entries: line.entries,
            events: line.events,
            failed: false,
        })
    }

    /// Opens a journal. A torn last line is kept aside and cut; `Replayed::torn` says so.
    ///
    /// # Errors
    /// When it is damaged otherwise, or cannot be read.
    pub fn open(
        mut storage: S,
        signer: Option<SigningKey>,
        workflow_id: &str,
    ) -> Result<(Self, Replayed), JournalError> {
        let bytes = storage.read().map_err(storage_error("read"))?;
        let replayed = replay(&bytes, workflow_id).map_err(JournalError::Damaged)?;
        if replayed.torn && fault::on(Fault::TornTailTakenForData) {
            storage.append(b"\n").map_err(storage_error("written"))?;
        } else if replayed.torn && !fault::on(Fault::TornTailLeftInPlace) {
            let torn = cabincrew_protocol::digest::sha256(&bytes[replayed.complete..]);
            let aside = format!("{TORN}{}-{}", replayed.complete, &torn.as_str()[..16]);
            storage
                .cut(replayed.complete, &aside)
                .map_err(storage_error("cut"))?;
        }
        let journal = Self {
            storage,
            signer,
            record: replayed.record.clone(),
            lines: replayed.lines,
            link: replayed.link.clone(),
            last_at: replayed.last_at.clone(),
            entries: replayed.entries.clone(),
            events: replayed.events.clone(),
            failed: false,
        };
        Ok((journal, replayed))
    }

    /// Where the workflow stands.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The write-ahead log so far.
    #[must_use]
    pub fn entries(&self) -> &[WalEntry] {
        &self.entries
    }

    /// The audit log so far.
    #[must_use]
    pub fn events(&self) -> &[Value] {
        &self.events
    }

    /// Appends a line. It is durable after the next [`sync`](Self::sync).
    ///
    /// # Errors
    /// When it cannot follow or cannot be written; nothing more can be then.
    pub fn append(&mut self, draft: &Draft, at: &str) -> Result<(), JournalError> {
        if self.failed {
            return Err(JournalError::Failed);
        }
        // Time never goes back within a log, whatever the clock does (CC-AUD-003).
        let at = if at < self.last_at.as_str() {
            self.last_at.clone()
        } else {
            at.to_owned()
        };
        // The record moves on before the line is written: after an error it is of no more use.
        self.failed = true;
        let seal = Seal::after(&self.record, self.lines, self.signer.as_ref());
        let (line, last) = seal.line(draft, &at)?;
        let audit_count = seal.audit_count + count(line.events.len());
        self.record
            .fold(&line.fact, &line.entries, &line.at)
            .map_err(JournalError::Illegal)?;
        self.record.audit_count = audit_count;
        self.record.audit_last = last;
        let (bytes, link) =
            frame::encode(&line, &self.link).map_err(JournalError::NoCanonicalForm)?;
        if let Err(source) = self.storage.append(&bytes)
            && !fault::on(Fault::FailedWritesIgnored)
        {
            return Err(storage_error("written")(source));
        }
        self.lines += 1;
        self.link = link;
        self.last_at = at;
        self.entries.extend(line.entries);
        self.events.extend(line.events);
        self.failed = false;
        Ok(())
    }

    /// Makes every line durable: before anything that they announce is done (C-106).
    ///
    /// # Errors
    /// When that is not certain; nothing more can be written then.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        if self.failed {
            return Err(JournalError::Failed);
        }
        if fault::on(Fault::NothingMadeDurable) {
            return Ok(());
        }
        self.storage.sync().map_err(|source| {
            self.failed = true;
            storage_error("synced")(source)
        })
    }
}

fn storage_error(what: &'static str) -> impl Fn(std::io::Error) -> JournalError {
    move |source| JournalError::Storage { what, source }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits 64 bits")
}

/// What is needed to number, chain and sign.
struct Seal<'a> {
    workflow_id: &'a str,
    signer: Option<&'a SigningKey>,
    number: u64,
    next_entry: u64,
    audit_count: u64,
    audit_last: String,
}

impl<'a> Seal<'a> {
    fn new(workflow_id: &'a str, signer: Option<&'a SigningKey>) -> Self {
        Self {
            workflow_id,
            signer,
            number: 0,
            next_entry: 0,
            audit_count: 0,
            audit_last: first_chain_hash(workflow_id).to_string(),
        }
    }

    fn after(record: &'a Record, lines: u64, signer: Option<&'a SigningKey>) -> Self {
        Self {
            workflow_id: record.workflow_id(),
            signer,
            number: lines,
            next_entry: record.wal_sequence + 1,
            audit_count: record.audit_count,
            audit_last: record.audit_last.clone(),
        }
    }

    /// The line, and the leaf hash of its last event.
    fn line(&self, draft: &Draft, at: &str) -> Result<(Line, String), JournalError> {
        let mut entries = Vec::with_capacity(draft.entries.len());
        for (sequence, data) in (self.next_entry..).zip(&draft.entries) {
            let mut entry = WalEntry {
                sequence,
                timestamp: at.to_owned(),
                workflow_id: self.workflow_id.to_owned(),
                data: data.clone(),
                checksum: String::new(),
            };
            let checksum = entry.computed_checksum();
            entry.checksum = checksum.map_err(JournalError::NoCanonicalForm)?.to_string();
            entries.push(entry);
        }
        let mut last = self.audit_last.clone();
        let mut events = Vec::with_capacity(draft.events.len());
        for (index, event) in (self.audit_count..).zip(fault::told(&draft.events)) {
            let event = self.event(event, index, &last, at);
            let event = event.map_err(JournalError::NoCanonicalForm)?;
            last = leaf_hash(&event)
                .map_err(JournalError::NoCanonicalForm)?
                .to_string();
            events.push(event);
        }
        let line = Line {
            number: self.number,
            at: at.to_owned(),
            entries,
            events,
            fact: draft.fact.clone(),
        };
        Ok((line, last))
    }

    fn event(
        &self,
        event: &AuditEvent,
        index: u64,
        before: &str,
        at: &str,
    ) -> Result<Value, CanonicalError> {
        let mut event = event.clone();
        fault::retell(&mut event);
        event.event_id = format!("{}-{index:08}", self.workflow_id);
        at.clone_into(&mut event.timestamp);
        event.chain_hash = Some(before.to_owned());
        let mut event = serde_json::to_value(event).expect("an event has only JSON members");
        fault::seal_wrongly(&mut event, index - self.audit_count);
        if let Some(signer) = self.signer {
            signer.sign_event(&mut event)?;
        }
        Ok(event)
    }
}
