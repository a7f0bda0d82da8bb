//! What the orchestrator tells the stage, and what the stage tells back.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::confinement::Confinement;

/// Longest order or report, in bytes.
const MESSAGE_MAX: u32 = 1024 * 1024;

/// What is to be started and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its whole environment.
    pub env: Vec<(String, String)>,
    /// What it is kept from.
    pub confinement: Confinement,
    /// Its working directory.
    pub cwd: PathBuf,
    /// Length of the input that follows the order, in bytes.
    pub input_length: u64,
    /// Longest run, in milliseconds.
    pub timeout_ms: u64,
    /// Time between asking a run to end and ending it, in milliseconds.
    pub grace_ms: u64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// With an exit status.
    Exited(i32),
    /// By a signal.
    Signaled(i32),
    /// By the time limit.
    TimedOut,
    /// By somebody who wanted it to end.
    Cancelled,
    /// By an output beyond its bound.
    Flooded,
    /// The program could not be started; the system's error number.
    NotStarted(i32),
    /// The program was not started, since it could not be kept from what it must be kept from.
    NotConfined,
}

/// What the stage tells back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// How the engine ended.
    pub end: End,
    /// How many processes it had left behind.
    pub strays: u32,
}

/// Writes a message with its length before it.
pub(super) fn send(mut to: impl Write, message: &impl Serialize) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(&body)?;
    to.flush()
}

/// Reads a message with its length before it.
pub(super) fn receive<T: for<'de> Deserialize<'de>>(mut from: impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > MESSAGE_MAX {
        return Err(io::Error::other("a message that is too long"));
    }
    let mut body = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
