//! Requests to end a workflow that another process is working on. That process looks for one before
//! each task and while an engine runs; whoever asks waits until it has let go. A request that
//! nobody has met stays, and is met by the next process that takes the workflow up.

use std::fs::File;
use std::io::{self, Read as _, Write as _};

use cabincrew_protocol::audit::Severity;
use serde::{Deserialize, Serialize};

use crate::decide::Failure;
use crate::record::{Record, Stage};
use crate::store::Home;

/// Longest request that is read, in bytes.
const REQUEST_MAX: u64 = 64 * 1024;

/// Who wants a workflow to end, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Request {
    /// The end that is asked for. A take-off that was begun may have done anything (C-07).
    #[must_use]
    pub fn failure(&self, record: &Record) -> Failure {
        let text = format!("cancelled by {}: {}", self.by, self.reason);
        if matches!(record.stage, Stage::Flying(..)) {
            return Failure::new(format!(
                "{text}; take-off was cut short and its outcome is unknown"
            ))
            .told_as("takeoff_outcome_unknown", Severity::Critical);
        }
        Failure::new(text)
    }
}

/// Asks; durable when this returns.
///
/// # Errors
/// When the request cannot be written.
pub fn ask(home: &Home, request: &Request) -> io::Result<()> {
    let text = serde_json::to_vec(request)?;
    let beside = home.folder().join(format!("cancel-{}", std::process::id()));
    let mut file = File::create(&beside)?;
    file.write_all(&text)?;
    file.sync_all()?;
    std::fs::rename(beside, home.cancel_request())?;
    File::open(home.folder())?.sync_all()
}

/// Whether somebody has asked.
#[must_use]
pub fn is_asked(home: &Home) -> bool {
    home.cancel_request().exists()
}

/// The request, if somebody has asked. One that cannot be read is one all the same.
#[must_use]
pub fn asked(home: &Home) -> Option<Request> {
    let file = File::open(home.cancel_request()).ok()?;
    let mut text = Vec::new();
    let read = file.take(REQUEST_MAX).read_to_end(&mut text);
    let request = read.ok().and_then(|_| serde_json::from_slice(&text).ok());
    Some(request.unwrap_or_else(|| Request {
        by: "somebody".to_owned(),
        reason: "the request cannot be read".to_owned(),
    }))
}

/// Removes a request that was met, or came too late.
pub fn clear(home: &Home) {
    let _ = std::fs::remove_file(home.cancel_request());
}
