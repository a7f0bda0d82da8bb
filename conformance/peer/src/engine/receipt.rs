//! The receipt and the exit status (C-49, C-50, C-115, C-121).

use std::io::Write as _;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::artifact::sha256;
use super::failure::Failure;
use super::input::Input;
use super::launch::{Done, Launch};
use super::start::{Mode, Start};
use crate::scene;

/// The engine's name in every receipt.
const ENGINE_ID: &str = "cabincrew-peer";

/// How a launch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    OwnFailure,
    Refusal,
    Success,
}

/// A launch's result, before it is printed.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) mode: Mode,
    pub(crate) ending: Ending,
    pub(crate) receipt: Value,
}

impl Ending {
    /// Exit status (C-49).
    const fn status(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::OwnFailure => 1,
            Self::Refusal => 2,
        }
    }
}

impl Outcome {
    /// The outcome of a launch whose input could not even be read.
    pub(crate) fn unread(start: &Start, mode: Mode, failure: Failure) -> Self {
        Self::refused(start, mode, None, failure)
    }

    /// The outcome of a launch that was understood as far as `input`.
    pub(crate) fn refused(
        start: &Start,
        mode: Mode,
        input: Option<&Input>,
        failure: Failure,
    ) -> Self {
        let mut outcome = Self::of(mode, input, Err(failure));
        start
            .deviation
            .edits_receipt(start, input, None, &mut outcome);
        outcome
    }

    /// The outcome of a launch that was understood.
    pub(crate) fn new(launch: &Launch<'_>, result: Result<Done, Failure>) -> Self {
        let input = Some(launch.input);
        let mut outcome = Self::of(launch.mode, input, result);
        launch
            .start
            .deviation
            .edits_receipt(launch.start, input, Some(launch), &mut outcome);
        launch.conduct().edits(launch, &mut outcome.receipt);
        outcome
    }

    fn of(mode: Mode, input: Option<&Input>, result: Result<Done, Failure>) -> Self {
        let version = input.map_or("1.0.0", |input| &input.protocol_version);
        let mut receipt = json!({
            "protocol_version": version,
            "engine_id": ENGINE_ID,
            "mode": mode.as_str(),
            "receipt_id": receipt_id(mode, input),
        });
        let ending = match result {
            Ok(done) => {
                receipt["status"] = json!("success");
                receipt["artifacts"] = Value::Array(done.entries);
                receipt["metrics"] = done.metrics.iter().map(metric).collect();
                Ending::Success
            }
            Err(failure) => {
                receipt["status"] = json!("failure");
                receipt["error"] = json!(failure.to_string());
                if failure.is_refusal() {
                    Ending::Refusal
                } else {
                    Ending::OwnFailure
                }
            }
        };
        let echo = input.and_then(|input| input.expected_plan_token.as_ref());
        if let Some(token) = echo.filter(|_| mode == Mode::TakeOff) {
            receipt["plan_token"] = json!(token);
        }
        Self {
            mode,
            ending,
            receipt,
        }
    }

    /// Prints the receipt and returns the exit status.
    pub(crate) fn print(&self, start: &Start) -> u8 {
        let mut text = self.receipt.to_string();
        text.push('\n');
        let text = start.deviation.rewrites_output(self, text);
        let text = start.conduct(self.mode).prints(text);
        if start.hub.is_there() {
            start.hub.tell(&scene::end(text.as_bytes()));
        }
        let mut stdout = std::io::stdout().lock();
        let printed = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
        let status = if printed.is_ok() {
            self.ending.status()
        } else {
            Ending::OwnFailure.status()
        };
        start.deviation.changes_status(self, status)
    }
}

fn metric((name, value): &(&'static str, usize)) -> Value {
    let mut metric = Map::new();
    metric.insert("name".to_owned(), json!(name));
    metric.insert("value".to_owned(), json!(value));
    Value::Object(metric)
}

/// Unique for each launch; the one value that may differ between equal launches.
fn receipt_id(mode: Mode, input: Option<&Input>) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "only the receipt id may depend on the clock"
    )]
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let ids = input.map(|input| (&input.workflow_id, &input.step_id, input.run_index));
    let text = format!(
        "{} {ids:?} {} {}",
        mode.as_str(),
        std::process::id(),
        now.as_nanos()
    );
    format!("rcp-{}", &sha256(text.as_bytes())[..32])
}
