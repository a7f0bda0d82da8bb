//! Programs (CC-PRE-004): `PreflightInput` on standard input, one `PreflightOutput` on standard
//! output and exit status 0, or a failed evaluation.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use cabincrew_protocol::json::{self, Limits as Strict};
use cabincrew_protocol::preflight::PreflightOutput;
use rustix::process::Signal;
use serde_json::{Map, Value, json};

use crate::config::GovernorConfig;
use crate::failure::{Failure, FailureKind};
use crate::policy::Policy;
use crate::process::{self, Bounds, Ended, Start, Stderr};
use crate::source::Program;

/// Longest file that a program may write, in bytes.
const FILE_MAX: u64 = 64 << 20;

/// Runs the program for `input`, a serialized `PreflightInput`.
pub(crate) fn evaluate(
    policy: &Policy,
    (program, args): (&Program, &[String]),
    config: &GovernorConfig,
    input: &[u8],
    evidence: &mut Map<String, Value>,
) -> Result<PreflightOutput, Failure> {
    program.check_unchanged()?;
    let start = Start {
        program: program.path(),
        args,
        path: &config.path,
        cwd: &config.cwd,
        stderr: Stderr::Piped,
        bounds: Bounds {
            memory: config.limits.program_memory,
            cpu_s: Some(policy.timeout.as_secs() + 1),
            file_bytes: FILE_MAX,
        },
    };
    let answer_max = config.limits.answer_bytes;
    let ended = process::run(&start, input, answer_max, policy.timeout).map_err(|error| {
        let detail = format!("cannot start the program: {error}");
        Failure::new(FailureKind::Unavailable, detail)
    })?;
    match ended {
        Ended::Exited {
            status,
            stdout,
            stderr,
        } => {
            evidence.insert("exit".to_owned(), json!(process::ended(status)));
            check_exit(status, &stderr)?;
            understand(&stdout)
        }
        Ended::Flooded => Err(Failure::new(
            FailureKind::Flooded,
            format!("more than {answer_max} bytes of answer"),
        )),
        Ended::TimedOut => Err(Failure::new(FailureKind::TimedOut, "no end in time")),
    }
}

fn check_exit(status: Option<ExitStatus>, stderr: &[u8]) -> Result<(), Failure> {
    if status.is_some_and(|status| status.success()) {
        return Ok(());
    }
    if status.and_then(|status| status.signal()) == Some(Signal::XCPU.as_raw()) {
        return Err(Failure::new(FailureKind::TimedOut, "out of processor time"));
    }
    let said = String::from_utf8_lossy(stderr);
    let detail = format!("{} {said}", process::ended(status));
    Err(Failure::new(FailureKind::Died, detail))
}

fn understand(stdout: &[u8]) -> Result<PreflightOutput, Failure> {
    let value = json::parse(stdout, &Strict::DOCUMENT)
        .map_err(|error| Failure::new(FailureKind::WrongShape, error.to_string()))?;
    serde_json::from_value(value)
        .map_err(|error| Failure::new(FailureKind::WrongShape, error.to_string()))
}
