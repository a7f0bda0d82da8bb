//! Refusals and failures: for their own reason, with nothing done.

use serde_json::Value;

use super::{Look, words};
use crate::observe::{Capabilities, End, Launch};
use crate::receipt;
use crate::tree::{Change, What};

/// What is wrong with the receipt of a launch that failed.
fn failure_receipt(launch: &Launch, needed: bool) -> Option<String> {
    let stdout = &launch.stdout.kept;
    if stdout.iter().all(u8::is_ascii_whitespace) {
        return needed.then(|| "no receipt on standard output".to_owned());
    }
    let Some(receipt) = receipt::lenient(stdout) else {
        return Some(format!("standard output is {}", words::quote(stdout)));
    };
    match receipt.get("status").and_then(Value::as_str) {
        Some("failure") => None,
        Some(other) => Some(format!("a receipt with status \"{other}\"")),
        None => Some("a receipt without status".to_owned()),
    }
}

/// What the launch left although it should have done nothing.
fn traces(launch: &Launch) -> Option<String> {
    let left: Vec<&String> = launch
        .artifacts
        .keys()
        .filter(|path| !path.contains('/') && !launch.restored.iter().any(|r| r == *path))
        .collect();
    if !left.is_empty() {
        let names: Vec<&str> = left.iter().map(|name| name.as_str()).take(4).collect();
        return Some(format!("artifacts were written: {}", names.join(", ")));
    }
    let changed: Vec<&Change> = launch
        .workspace_changes
        .iter()
        .filter(|c| c.what != What::Touched)
        .collect();
    (!changed.is_empty()).then(|| format!("the workspace was changed: {}", words::list(&changed)))
}

/// CC-ENG-002, 005: refused with exit status 1 or 2 (or the given one), a failure receipt where there
/// is one (C-49: optional with 2), no artifacts. A crash or a reserved status is no refusal, and has
/// checks of its own.
pub(super) fn refused(look: &mut Look, launch: &Launch, code: Option<i32>) {
    let expected = match code {
        Some(code) => format!("a refusal: exit status {code}, nothing written"),
        None => "a refusal: exit status 2, nothing written".to_owned(),
    };
    let observed = match launch.end {
        End::Exited(0) => Some("exit status 0".to_owned()),
        End::Exited(other @ 1..=2) if code.is_some_and(|code| code != other) => {
            Some(format!("exit status {other}"))
        }
        // Which of 1 and 2 it is, CC-ENG-008 says.
        End::Exited(1..=2) => failure_receipt(launch, false),
        _ => {
            look.unproven(
                launch,
                &format!("no refusal: {}", receipt::describe_end(&launch.end)),
            );
            return;
        }
    };
    let observed = observed.or_else(|| traces(launch));
    look.judged(
        launch,
        observed
            .map(|observed| (expected, observed))
            .into_iter()
            .collect(),
    );
}

/// DESIGN 4: an engine may decline to plan, but it says so in a receipt, also with exit status 2.
pub(super) fn no_plan_explained(look: &mut Look, launch: &Launch) {
    match launch.end {
        End::Exited(0) if receipt::worked(launch).is_ok() => look.judged(launch, Vec::new()),
        End::Exited(code @ 1..=2) => {
            let observed = failure_receipt(launch, true);
            let observed = observed.map(|receipt| format!("exit status {code}, {receipt}"));
            let expected = "a plan, or a failure receipt that says why not".to_owned();
            look.judged(
                launch,
                observed.map(|o| (expected, o)).into_iter().collect(),
            );
        }
        // Other endings have checks of their own.
        _ => look.unproven(launch, &receipt::describe_end(&launch.end)),
    }
}

/// CC-ENG-008: of those that are refused, each one ends with 2.
pub(super) fn is_2(look: &mut Look, launch: &Launch) {
    match launch.end {
        End::Exited(2) => look.judged(launch, Vec::new()),
        End::Exited(1) => look.judged(
            launch,
            vec![(
                "exit status 2, a validation failure".to_owned(),
                "exit status 1".to_owned(),
            )],
        ),
        // Not refused, or ended in a way that other checks are about.
        _ => {}
    }
}

/// CC-ENG-007, 011: a failure of the engine's own work.
pub(super) fn own_failure(
    look: &mut Look,
    launch: &Launch,
    or_success: bool,
    capabilities: &Capabilities,
) {
    let expected = "exit status 1 and a failure receipt with an error".to_owned();
    let observed = match launch.end {
        End::Exited(1) => failure_receipt(launch, true),
        End::Exited(0) if or_success => None,
        // An engine that cannot read its manifest may call the workspace invalid.
        End::Exited(2) if or_success => failure_receipt(launch, false),
        // Without a file system that is full, the directory merely cannot be written, which an engine
        // may notice while it validates its surroundings.
        End::Exited(2) if !capabilities.mounts => failure_receipt(launch, false),
        // CC-ENG-009 is about these.
        End::Exited(code) if code > 2 => Some(format!("exit status {code}")),
        _ => Some(receipt::describe_end(&launch.end)),
    };
    look.judged(
        launch,
        observed
            .map(|observed| (expected, observed))
            .into_iter()
            .collect(),
    );
}

/// CC-ENG-038: take-off stops with an error and touches nothing. Exit status 0 with a failure receipt
/// is what CC-ENG-006 is about.
pub(super) fn take_off_refused(look: &mut Look, launch: &Launch) {
    let what = "exit status 1 or 2, a failure receipt, and an unchanged workspace";
    let expected = if launch.spoiled {
        format!("{what}, since a state artifact is not as context.state_artifacts lists it")
    } else {
        format!("{what}, or all that was planned")
    };
    let changed: Vec<&Change> = launch
        .workspace_changes
        .iter()
        .filter(|c| c.what != What::Touched)
        .collect();
    let observed = match launch.end {
        _ if !changed.is_empty() => Some(format!(
            "the workspace was changed: {}",
            words::list(&changed)
        )),
        End::Exited(0) => {
            failure_receipt(launch, true).map(|receipt| format!("exit status 0, {receipt}"))
        }
        End::Exited(1..=2) => failure_receipt(launch, false),
        _ => {
            look.unproven(
                launch,
                &format!("no refusal: {}", receipt::describe_end(&launch.end)),
            );
            return;
        }
    };
    look.judged(
        launch,
        observed
            .map(|observed| (expected, observed))
            .into_iter()
            .collect(),
    );
}
