//! The tracing stage: our own binary, started again, that holds the subject with the tracer of crash
//! points and ends as the subject ended.
//!
//! A tracer has to be the parent of nothing else, and what it holds dies with it: a process of its own
//! is the place for that. Only sweeps start this stage.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use cabincrew_crashpoint::{Finish, Request, Trace};
use rustix::process::Signal;

/// The hidden first argument that selects this stage.
pub const STAGE: &str = "__trace";

/// The exit status of a stage that could not trace.
const FAILED: u8 = 125;

/// What the stage leaves in its report: the trace, or why there is none.
pub(crate) type Report = Result<Trace, String>;

/// Why the stage gave up.
#[derive(Debug, thiserror::Error)]
enum StageError {
    #[error("the stage's arguments are not understood")]
    Arguments,
    #[error("cannot read the request {path}")]
    Request {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the request {path} is not understood")]
    Unclear {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("cannot write the report {path}")]
    Report {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// Runs the stage: `REQUEST(file) REPORT(file) PROGRAM [ARGS...]`.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    match stage(args) {
        Ok(code) => code,
        Err(error) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            let text = format!("tracer: {error}: {}\n", source.unwrap_or_default());
            let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
            ExitCode::from(FAILED)
        }
    }
}

fn stage(mut args: impl Iterator<Item = OsString>) -> Result<ExitCode, StageError> {
    let mut next = || args.next().ok_or(StageError::Arguments);
    let (request, report) = (PathBuf::from(next()?), PathBuf::from(next()?));
    let mut command = Command::new(next()?);
    command.args(args);
    let request = read(&request)?;
    let traced = cabincrew_crashpoint::trace(command, &request);
    let finish = traced.as_ref().map_or(Finish::Unknown, |it| it.finish);
    let told: Report = traced.map_err(|error| told(&error));
    let text = serde_json::to_vec(&told).unwrap_or_default();
    std::fs::write(&report, text).map_err(|source| StageError::Report {
        path: report,
        source,
    })?;
    Ok(end_as(finish))
}

fn read(path: &Path) -> Result<Request, StageError> {
    let text = std::fs::read(path).map_err(|source| StageError::Request {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|source| StageError::Unclear {
        path: path.to_owned(),
        source,
    })
}

/// The error with its causes, in one line.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let words: Vec<String> = causes.map(ToString::to_string).collect();
    words.join(": ")
}

/// Ends as the subject did.
fn end_as(finish: Finish) -> ExitCode {
    match finish {
        Finish::Exited(status) => ExitCode::from(u8::try_from(status).unwrap_or(FAILED)),
        Finish::Signalled(signal) => {
            let signal = Signal::from_named_raw(signal).unwrap_or(Signal::KILL);
            let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
            ExitCode::from(FAILED)
        }
        Finish::Unknown => ExitCode::from(FAILED),
    }
}
