//! How launches end: exit status, signals, processes left behind.

use serde_json::Value;

use super::Look;
use crate::observe::{Capabilities, End, Launch};
use crate::receipt;

fn status(launch: &Launch) -> Option<String> {
    let receipt = receipt::lenient(&launch.stdout.kept)?;
    receipt
        .get("status")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// CC-ENG-009: no exit status above 2.
pub(super) fn exit_codes(look: &mut Look, launch: &Launch) {
    let problems = match launch.end {
        End::Exited(code) if code > 2 => {
            vec![(
                "exit status 0, 1 or 2".to_owned(),
                format!("exit status {code}"),
            )]
        }
        _ => Vec::new(),
    };
    look.judged(launch, problems);
}

/// CC-ENG-007: no signal ends the engine.
pub(super) fn no_signal(look: &mut Look, launch: &Launch) {
    let problems = match launch.end {
        End::Signalled(_) => {
            vec![(
                "an exit status".to_owned(),
                receipt::describe_end(&launch.end),
            )]
        }
        _ => Vec::new(),
    };
    look.judged(launch, problems);
}

/// CC-ENG-006: exit status 0 exactly with status "success".
pub(super) fn exit_fits_status(look: &mut Look, launch: &Launch) {
    let (End::Exited(code), Some(status)) = (&launch.end, status(launch)) else {
        // Without an exit status or a receipt there is nothing to compare; other checks say so.
        return;
    };
    let problems = match (code, status.as_str()) {
        (0, "success") => Vec::new(),
        (0, "failure") => vec![(
            "exit status 0 only with status \"success\"".to_owned(),
            "exit status 0 with status \"failure\"".to_owned(),
        )],
        (_, "success") => vec![(
            "status \"failure\" with any exit status but 0".to_owned(),
            format!("exit status {code} with status \"success\""),
        )],
        (_, _) => Vec::new(),
    };
    look.judged(launch, problems);
}

/// CC-ENG-040: nothing outlives the engine.
pub(super) fn no_process_left(look: &mut Look, launch: &Launch, capabilities: &Capabilities) {
    if !super::sees_processes(capabilities) {
        look.unproven(launch, "this machine does not list processes");
        return;
    }
    if !matches!(launch.end, End::Exited(_) | End::Signalled(_)) {
        // We ended it ourselves, with everything it had started.
        return;
    }
    let problems = if launch.processes_left.is_empty() {
        Vec::new()
    } else {
        let names = launch.processes_left.join(", ");
        vec![(
            "no process of the engine alive after its end".to_owned(),
            format!("alive: {names}"),
        )]
    };
    look.judged(launch, problems);
}

/// The launch does its work.
pub(super) fn succeeds(look: &mut Look, launch: &Launch) {
    let problems = match receipt::worked(launch) {
        Ok(()) => Vec::new(),
        Err(why) => vec![("exit status 0 and a success receipt".to_owned(), why)],
    };
    look.judged(launch, problems);
}
