//! One launch, from start to exit status.

use std::process::ExitCode;

use serde_json::Value;

use super::failure::Failure;
use super::input::{self, Input};
use super::receipt::Outcome;
use super::start::{Dirs, Mode, Start};
use super::{plan, take_off};
use crate::conduct::Conduct;
use crate::journal;
use crate::script::Record;

/// A launch that was understood.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) start: &'a Start,
    pub(crate) mode: Mode,
    pub(crate) dirs: Dirs,
    pub(crate) input: &'a Input,
    /// The input's bytes.
    pub(crate) raw: &'a [u8],
}

/// What a successful launch reports.
#[derive(Debug)]
pub(crate) struct Done {
    /// Receipt entries of the written artifacts.
    pub(crate) entries: Vec<Value>,
    pub(crate) metrics: Vec<(&'static str, usize)>,
}

/// Runs one launch.
pub(crate) fn launch(start: &Start, record: Option<&Record>) -> ExitCode {
    if start.deviation.acts_before_reading() {
        journal::append(record, start, None);
        start.tell_begin(None);
        start.deviation.before_reading(&start.hub);
    }
    let bytes = input::bytes(start);
    journal::append(record, start, bytes.as_deref().ok());
    start.tell_begin(bytes.as_deref().ok());
    if let Some(status) = start.deviation.replaces_launch(start) {
        return ExitCode::from(status);
    }
    let outcome = outcome(start, bytes);
    let status = outcome.print(start);
    start.deviation.after_receipt(start, &outcome);
    ExitCode::from(start.conduct(outcome.mode).ends(status))
}

fn outcome(start: &Start, bytes: Result<Vec<u8>, Failure>) -> Outcome {
    let mode = start.apparent_mode();
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(failure) => return Outcome::unread(start, mode, failure),
    };
    let mut request = Request {
        start,
        mode,
        bytes: &bytes,
        input: None,
    };
    let input = match input::parse(start, &bytes) {
        Ok(input) => input,
        Err(failure) => return request.refuse(failure),
    };
    request.input = Some(&input);
    let understood = start
        .mode(input.mode.as_deref())
        .and_then(|mode| Ok((mode, start.dirs()?)));
    let (mode, dirs) = match understood {
        Ok((mode, dirs)) => (start.deviation.takes_mode_for(mode), dirs),
        Err(failure) => return request.refuse(failure),
    };
    let launch = Launch {
        start,
        mode,
        dirs,
        input: &input,
        raw: &bytes,
    };
    let result = start.deviation.begins(&launch).and_then(|()| match mode {
        Mode::FlightPlan => plan::run(&launch),
        Mode::TakeOff => take_off::run(&launch),
    });
    let result = result.and_then(|done| {
        launch.conduct().acts(&launch, &start.hub)?;
        Ok(done)
    });
    Outcome::new(
        &launch,
        result.inspect_err(|failure| start.deviation.sees_failure(failure)),
    )
}

impl Launch<'_> {
    /// What the script has this mode do beside its work.
    pub(crate) const fn conduct(&self) -> &Conduct {
        self.start.conduct(self.mode)
    }
}

/// A request that may yet be refused.
struct Request<'a> {
    start: &'a Start,
    mode: Mode,
    bytes: &'a [u8],
    input: Option<&'a Input>,
}

impl Request<'_> {
    fn refuse(&self, failure: Failure) -> Outcome {
        let failure = self
            .start
            .deviation
            .refuses(self.start, self.bytes, failure);
        Outcome::refused(self.start, self.mode, self.input, failure)
    }
}
