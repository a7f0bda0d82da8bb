//! State record, write-ahead log and audit log as files beside the journal, for people and tools.
//! Nothing is ever decided from them; but a projection that has more than the journal proves that
//! the journal has lost its end, and then nothing may go on (C-41, C-43).

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use cabincrew_protocol::audit::{leaf_hash, log};
use cabincrew_protocol::canonical;
use cabincrew_protocol::record::WorkflowStateRecord;
use cabincrew_protocol::wal::WalEntry;
use serde_json::Value;

use crate::fault::{self, Fault};
use crate::journal::Replayed;
use crate::record::Record;
use crate::state::state_record;
use crate::store::Home;

/// The files as they are, compared with the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Files that say what the journal does not: they are written anew.
    pub damaged: Vec<&'static str>,
    /// Files that end in an incomplete line.
    pub torn: Vec<&'static str>,
    /// A file that rightly has more than the journal.
    pub ahead: Option<&'static str>,
}

/// The bytes of the audit log.
#[must_use]
pub fn audit_bytes(events: &[Value]) -> Vec<u8> {
    let events = fault::republished(events);
    let lines = events.iter().filter_map(|event| log::line(event).ok());
    let free = fault::on(Fault::FreeTextInAuditLog).then(|| b"audit log of a workflow\n".to_vec());
    free.into_iter().chain(lines).flatten().collect()
}

/// The bytes of the write-ahead log.
#[must_use]
pub fn wal_bytes(entries: &[WalEntry]) -> Vec<u8> {
    let values = entries
        .iter()
        .filter_map(|entry| serde_json::to_value(entry).ok());
    let mut values: Vec<Value> = values.collect();
    fault::relog(&mut values);
    let lines = values
        .iter()
        .filter_map(|value| canonical::to_vec(value).ok());
    lines
        .flat_map(|mut line| {
            line.push(b'\n');
            line
        })
        .collect()
}

/// The bytes of the state record.
#[must_use]
pub fn state_bytes(record: &Record) -> Vec<u8> {
    let mut value = serde_json::to_value(state_record(record)).expect("a record is JSON");
    let refused = record
        .responses
        .iter()
        .any(|answer| !answer.response.approved);
    if refused && fault::on(Fault::StateRejected) {
        value["current_state"] = Value::from("REJECTED");
    }
    let mut bytes = canonical::to_vec(&value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

const STATE: &str = "state.json";
const WAL: &str = "wal.jsonl";
const AUDIT: &str = "audit.jsonl";

/// Compares the files with the journal.
#[must_use]
pub fn compare(home: &Home, replayed: &Replayed) -> Compared {
    let mut compared = Compared::default();
    compare_log(
        home,
        AUDIT,
        &audit_bytes(&replayed.events),
        &mut compared,
        |next| {
            let expected = replayed
                .events
                .last()
                .and_then(|event| leaf_hash(event).ok());
            let chained = next.get("chain_hash").and_then(Value::as_str);
            chained.is_some() && chained == expected.as_ref().map(|hash| hash.as_str())
        },
    );
    compare_log(
        home,
        WAL,
        &wal_bytes(&replayed.entries),
        &mut compared,
        |next| {
            let entry: Option<WalEntry> = serde_json::from_value(next.clone()).ok();
            entry.is_some_and(|entry| {
                let sum = entry.computed_checksum();
                entry.sequence == replayed.record.wal_sequence + 1
                    && sum.is_ok_and(|sum| sum.as_str() == entry.checksum)
            })
        },
    );
    match fs::read(home.folder().join(STATE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(_) => compared.damaged.push(STATE),
        Ok(bytes) => match position(&bytes) {
            None => compared.damaged.push(STATE),
            Some((sequence, count))
                if sequence > replayed.record.wal_sequence
                    || count > replayed.record.audit_count =>
            {
                compared.ahead = Some(STATE);
            }
            // Behind is what a crash leaves; at the same place it must be the same.
            Some((sequence, count))
                if sequence == replayed.record.wal_sequence
                    && count == replayed.record.audit_count
                    && bytes != state_bytes(&replayed.record) =>
            {
                compared.damaged.push(STATE);
            }
            Some(_) => {}
        },
    }
    compared
}

/// Sequence and audit count of a state record.
fn position(bytes: &[u8]) -> Option<(u64, u64)> {
    let state: WorkflowStateRecord = serde_json::from_slice(bytes).ok()?;
    let metadata = state.metadata?;
    let count = metadata.get("audit_offset")?.get("count")?.as_u64()?;
    Some((metadata.get("wal_sequence")?.as_u64()?, count))
}

fn compare_log(
    home: &Home,
    name: &'static str,
    expected: &[u8],
    compared: &mut Compared,
    follows: impl Fn(&Value) -> bool,
) {
    let bytes = match fs::read(home.folder().join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(_) => {
            compared.damaged.push(name);
            return;
        }
        Ok(bytes) => bytes,
    };
    if expected.starts_with(&bytes) {
        return;
    }
    let Some(rest) = bytes.strip_prefix(expected) else {
        let complete = bytes.iter().rposition(|byte| *byte == b'\n');
        let complete = complete.map_or(0, |at| at + 1);
        if complete < bytes.len() && expected.starts_with(&bytes[..complete]) {
            compared.torn.push(name);
        } else {
            compared.damaged.push(name);
        }
        return;
    };
    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
        compared.torn.push(name);
        return;
    };
    let next: Option<Value> = serde_json::from_slice(&rest[..end]).ok();
    if next.as_ref().is_some_and(follows) {
        compared.ahead = Some(name);
    } else {
        compared.damaged.push(name);
    }
}

/// Brings the files up to the journal. They need not be durable: the journal is.
///
/// # Errors
/// When they cannot be written.
pub fn write(
    home: &Home,
    record: &Record,
    entries: &[WalEntry],
    events: &[Value],
) -> io::Result<()> {
    write_log(&home.folder().join(AUDIT), &audit_bytes(events))?;
    write_log(&home.folder().join(WAL), &wal_bytes(entries))?;
    replace(&home.folder().join(STATE), &state_bytes(record))
}

fn write_log(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let held = fs::read(path).unwrap_or_default();
    match bytes.strip_prefix(held.as_slice()) {
        Some([]) if !held.is_empty() => Ok(()),
        Some(rest) if !held.is_empty() => {
            let mut file = fs::File::options().append(true).open(path)?;
            file.write_all(rest)
        }
        _ => replace(path, bytes),
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fault::on(Fault::StateRewrittenInPlace) {
        return fs::write(path, bytes);
    }
    let beside = path.with_extension("new");
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true);
    let mut file = std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600).open(&beside)?;
    file.write_all(bytes)?;
    drop(file);
    fs::rename(&beside, path)
}

/// Makes the state record durable, which no correct program has to.
///
/// # Errors
/// When that is not certain.
pub(crate) fn sync(home: &Home) -> io::Result<()> {
    fs::File::open(home.folder().join(STATE))?.sync_all()?;
    fs::File::open(home.folder())?.sync_all()
}
