//! The only place that prints. Text from outside is shown without control characters (H42).

use std::io::{self, Write as _};

use cabincrew_protocol::engine::Mode;
use cabincrew_protocol::workflow::State;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::perform::{Progress, chain};
use crate::service::ServiceError;

/// Writes bytes to standard output.
pub(super) fn bytes(bytes: &[u8]) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Refused,
    }
}

/// Writes a line to standard output.
pub(super) fn line(text: &str) -> Exit {
    bytes(format!("{text}\n").as_bytes())
}

/// Writes a JSON value to standard output.
pub(super) fn value(value: &Value) -> Exit {
    line(&value.to_string())
}

/// Says where a workflow rests.
pub(super) fn state(id: &str, state: State, as_json: bool) -> Exit {
    let exit = Exit::of_state(state);
    let printed = if as_json {
        value(&json!({"workflow_id": id, "state": state, "exit": exit.code()}))
    } else {
        line(&format!("{id} {state}"))
    };
    if printed == Exit::Done { exit } else { printed }
}

/// Says why a verb was refused.
pub(super) fn refused(error: &ServiceError) -> Exit {
    problem(&chain(error));
    Exit::of_error(error)
}

/// Says what is wrong, on standard error.
pub(super) fn problem(text: &str) {
    let _ = writeln!(io::stderr(), "cabincrew: {}", shown(text));
}

/// Tells somebody at a terminal what an engine is doing.
pub(super) fn progress(progress: Progress<'_>) {
    let what = match (progress.mode, progress.took) {
        (Mode::FlightPlan, None) => "the engine plans".to_owned(),
        (Mode::TakeOff, None) => "the engine applies the plan".to_owned(),
        (_, Some(took)) => format!("the engine has ended after {:.1} s", took.as_secs_f64()),
    };
    let text = format!("{} {}: {what}", progress.workflow_id, progress.step_id);
    let _ = writeln!(io::stderr(), "{}", shown(&text));
}

/// A text without control and direction characters.
pub(super) fn shown(text: &str) -> String {
    let hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .flat_map(|character| {
            let escaped: Vec<char> = if hidden(character) {
                character.escape_default().collect()
            } else {
                vec![character]
            };
            escaped
        })
        .collect()
}
