//! From bytes to the record. The only damage that is forgiven is a last line without a line feed,
//! which is what a crash leaves behind (C-22). A whole line with another byte in its place is none: a
//! write that was cut off has nothing behind what it wrote.

use cabincrew_protocol::audit::{ChainError, verify_chain};
use cabincrew_protocol::digest::Sha256Hex;
use cabincrew_protocol::json::{self, JsonError, Limits};
use cabincrew_protocol::wal::WalEntry;
use serde_json::Value;

use super::frame::{self, Line, first_link};
use crate::fault::{self, Fault};
use crate::record::{FoldError, Record};

/// What the bytes of a journal say.
#[derive(Debug)]
pub struct Replayed {
    /// Where the workflow stands.
    pub record: Record,
    /// The write-ahead log.
    pub entries: Vec<WalEntry>,
    /// The audit log.
    pub events: Vec<Value>,
    /// Number of lines.
    pub lines: u64,
    /// Link of the last line.
    pub link: Sha256Hex,
    /// When the last line was written.
    pub last_at: String,
    /// Length of the complete lines in bytes.
    pub complete: usize,
    /// Whether bytes without a line feed follow them.
    pub torn: bool,
}

/// What is wrong with a journal. Nothing may be launched or appended then (CC-RST-018).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// There is no complete line.
    #[error("no complete line")]
    Empty,
    /// A line has not the form of one.
    #[error("line {line} is not a link, a blank and a document")]
    Form {
        /// Number of the line, from 0.
        line: u64,
    },
    /// A line is not the one that was written there.
    #[error("line {line} does not fit its link")]
    Link {
        /// Number of the line, from 0.
        line: u64,
    },
    /// A line is not strict JSON.
    #[error("line {line} is not one JSON document")]
    Json {
        /// Number of the line, from 0.
        line: u64,
        /// Why.
        source: JsonError,
    },
    /// A line has other members.
    #[error("line {line} is no journal line")]
    Shape {
        /// Number of the line, from 0.
        line: u64,
        /// Why.
        source: serde_json::Error,
    },
    /// The last line is whole, and another byte stands where its line feed was.
    #[error("the end of line {line} is no line feed")]
    End {
        /// Number of the line, from 0.
        line: u64,
    },
    /// A number in a line is not the next one.
    #[error("line {line} has a number that is not the next one")]
    Number {
        /// Number of the line, from 0.
        line: u64,
    },
    /// A write-ahead entry does not fit its checksum.
    #[error("entry {sequence} does not fit its checksum")]
    Checksum {
        /// Number of the entry.
        sequence: u64,
    },
    /// A line cannot follow those before it.
    #[error("line {line} cannot follow")]
    Fold {
        /// Number of the line, from 0.
        line: u64,
        /// Why.
        source: FoldError,
    },
    /// The audit chain is broken.
    #[error("the audit chain is broken")]
    Chain(#[source] ChainError),
}

/// Reads a journal.
///
/// # Errors
/// For every damage but a torn last line.
pub fn replay(bytes: &[u8], workflow_id: &str) -> Result<Replayed, Damage> {
    let complete = bytes.iter().rposition(|byte| *byte == b'\n');
    let mut complete = complete.map_or(0, |at| at + 1);
    let mut reader = Reader {
        workflow_id,
        link: first_link(workflow_id),
        lines: 0,
        last_at: String::new(),
        entries: Vec::new(),
        events: Vec::new(),
        record: None,
    };
    let mut at = 0;
    for line in bytes[..complete].split_inclusive(|byte| *byte == b'\n') {
        let taken = reader.take(&line[..line.len() - 1]);
        if taken.is_err() && reader.record.is_some() && fault::on(Fault::EditedJournalTrusted) {
            at += line.len();
            continue;
        }
        if taken.is_err() && reader.record.is_some() && fault::on(Fault::JournalCutInTheMiddle) {
            complete = at;
            break;
        }
        taken?;
        at += line.len();
    }
    if let Some((_, tail)) = bytes[complete..].split_last()
        && reader.fits(tail)
    {
        return Err(Damage::End { line: reader.lines });
    }
    let mut record = reader.record.ok_or(Damage::Empty)?;
    let leaves = match verify_chain(workflow_id, &reader.events) {
        Err(_) if fault::on(Fault::EditedJournalTrusted) => Vec::new(),
        verified => verified.map_err(Damage::Chain)?,
    };
    record.audit_count = u64::try_from(reader.events.len()).expect("a length fits 64 bits");
    record.audit_last = leaves.last().map(ToString::to_string).unwrap_or_default();
    Ok(Replayed {
        record,
        entries: reader.entries,
        events: reader.events,
        lines: reader.lines,
        link: reader.link,
        last_at: reader.last_at,
        complete,
        torn: complete < bytes.len(),
    })
}

struct Reader<'a> {
    workflow_id: &'a str,
    link: Sha256Hex,
    lines: u64,
    last_at: String,
    entries: Vec<WalEntry>,
    events: Vec<Value>,
    record: Option<Record>,
}

impl Reader<'_> {
    /// Whether these bytes are the next line, whole.
    fn fits(&self, bytes: &[u8]) -> bool {
        let parts = bytes.split_at_checked(64);
        let body = parts.and_then(|(link, rest)| Some((link, rest.strip_prefix(b" ")?)));
        body.is_some_and(|(link, body)| link == frame::link(&self.link, body).as_str().as_bytes())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Damage> {
        let line = self.lines;
        let (link, body) = bytes.split_at_checked(64).ok_or(Damage::Form { line })?;
        let body = body.strip_prefix(b" ").ok_or(Damage::Form { line })?;
        let expected = frame::link(&self.link, body);
        let unseen =
            fault::on(Fault::JournalLinksNotChecked) || fault::on(Fault::EditedJournalTrusted);
        if link != expected.as_str().as_bytes() && !unseen {
            return Err(Damage::Link { line });
        }
        let value =
            json::parse(body, &Limits::DOCUMENT).map_err(|source| Damage::Json { line, source })?;
        let parsed: Line =
            serde_json::from_value(value).map_err(|source| Damage::Shape { line, source })?;
        if parsed.number != line {
            return Err(Damage::Number { line });
        }
        self.check_entries(&parsed, line)?;
        let folded = match self.record.as_mut() {
            None => Record::begin(&parsed.fact, &parsed.entries, &parsed.at)
                .map(|record| self.record = Some(record)),
            Some(record) => record.fold(&parsed.fact, &parsed.entries, &parsed.at),
        };
        folded.map_err(|source| Damage::Fold { line, source })?;
        self.link = expected;
        self.lines += 1;
        self.last_at = parsed.at;
        self.entries.extend(parsed.entries);
        self.events.extend(parsed.events);
        Ok(())
    }

    fn check_entries(&self, line: &Line, number: u64) -> Result<(), Damage> {
        let next = u64::try_from(self.entries.len()).expect("a length fits 64 bits");
        for (next, entry) in (next..).zip(&line.entries) {
            if entry.sequence != next || entry.workflow_id != self.workflow_id {
                return Err(Damage::Number { line: number });
            }
            let computed = entry.computed_checksum().ok();
            if computed.is_none_or(|checksum| checksum.as_str() != entry.checksum)
                && !fault::on(Fault::EditedJournalTrusted)
            {
                return Err(Damage::Checksum {
                    sequence: entry.sequence,
                });
            }
        }
        Ok(())
    }
}
