//! The worker's end.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use serde::de::DeserializeOwned;

use super::confinement::confine;
use super::engine::Engine;
use super::message::{Answer, Reply, Request};
use crate::failure::{Failure, FailureKind};

/// What a worker does with its requests.
pub trait Bounded {
    /// What it is asked.
    type Body: DeserializeOwned;

    /// Answers one request. It may panic: that is a failed evaluation, and the worker ends.
    fn answer(&mut self, body: Self::Body) -> Reply;
}

/// Gives up all access to files and network, then answers requests from standard input until it
/// ends. `engine` is named in the greeting.
pub fn serve(worker: &mut impl Bounded, engine: &Engine) -> ExitCode {
    // What a panic says goes into the answer, not to a terminal that nobody reads.
    panic::set_hook(Box::new(|_| {}));
    match converse(worker, engine) {
        Ok(()) => ExitCode::SUCCESS,
        // The other side is gone or speaks something else: nobody is left to be told.
        Err(_) => ExitCode::FAILURE,
    }
}

fn converse<W: Bounded>(worker: &mut W, engine: &Engine) -> io::Result<()> {
    say(&Answer {
        seq: 0,
        last: false,
        reply: Reply::Hello {
            engine: engine.to_string(),
            confinement: confine(),
        },
    })?;
    let mut input = BufReader::new(io::stdin().lock());
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let request: Request<W::Body> = serde_json::from_slice(&line)?;
        limit_processor_time(request.cpu_s)?;
        let answer = attempt(worker, request);
        say(&answer)?;
        if answer.last {
            return Ok(());
        }
    }
}

fn attempt<W: Bounded>(worker: &mut W, request: Request<W::Body>) -> Answer {
    let Request { seq, body, .. } = request;
    // Broken invariants cannot be met afterwards: a worker that panicked ends.
    match panic::catch_unwind(AssertUnwindSafe(|| worker.answer(body))) {
        Ok(reply) => Answer {
            seq,
            last: false,
            reply,
        },
        Err(cause) => Answer {
            seq,
            last: true,
            reply: panicked(&*cause).into(),
        },
    }
}

fn panicked(cause: &(dyn std::any::Any + Send)) -> Failure {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Failure::new(FailureKind::Died, format!("the engine panicked: {text}"))
}

/// A request gets its time on top of what earlier ones have used.
fn limit_processor_time(seconds: u64) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
    let used = u64::try_from(used).unwrap_or(0);
    let limit = Rlimit {
        current: Some(used.saturating_add(seconds).saturating_add(1)),
        maximum: getrlimit(Resource::Cpu).maximum,
    };
    Ok(setrlimit(Resource::Cpu, limit)?)
}

fn say(answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    let mut output = io::stdout().lock();
    output.write_all(&line)?;
    output.flush()
}
