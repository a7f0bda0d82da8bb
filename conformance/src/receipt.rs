//! Reads a receipt as generously as possible, to tell whether a launch did its work at all.
//!
//! The strict reading is the judge's business. Controls must not fail for a fault that has a check of
//! its own, or one fault would make everything unproven.

use serde_json::Value;

use crate::drill::LaunchMode;
use crate::observe::{End, Launch};
use crate::tree::Kind;

/// The first JSON object in a launch's standard output, if there is one.
pub fn lenient(stdout: &[u8]) -> Option<Value> {
    let start = stdout.iter().position(|byte| *byte == b'{')?;
    let mut stream = serde_json::Deserializer::from_slice(&stdout[start..]).into_iter::<Value>();
    stream.next()?.ok().filter(Value::is_object)
}

/// Why a launch did not do its work, or `Ok` if it did: exit status 0, a success receipt, and while
/// planning at least one artifact on disk whose `artifact.json` is an object.
///
/// # Errors
/// The reason in a few words.
pub fn worked(launch: &Launch) -> Result<(), String> {
    match &launch.end {
        End::Exited(0) => {}
        End::Exited(code) => {
            let error = lenient(&launch.stdout.kept)
                .and_then(|receipt| receipt.get("error")?.as_str().map(str::to_owned));
            let error = error.map(|text| format!(": {text}")).unwrap_or_default();
            return Err(format!("exit status {code}{error}"));
        }
        other => return Err(describe_end(other)),
    }
    let receipt = lenient(&launch.stdout.kept).ok_or("no JSON object on standard output")?;
    if receipt.get("status").and_then(Value::as_str) != Some("success") {
        return Err("the receipt's status is not \"success\"".to_owned());
    }
    if launch.mode == LaunchMode::FlightPlan && artifact_names(launch).is_empty() {
        return Err("no artifact was written".to_owned());
    }
    Ok(())
}

/// How a launch ended, in words.
pub fn describe_end(end: &End) -> String {
    match end {
        End::Exited(code) => format!("exit status {code}"),
        End::Signalled(signal) => format!("ended by signal {signal}{}", signal_name(*signal)),
        End::TimedOut(limit) => format!("did not end within {limit} ms and was killed"),
        End::Exceeded(what) => format!("killed: {what}"),
        End::NotStarted(why) => format!("could not be started: {why}"),
        End::NotLaunched(why) => format!("not launched: {why}"),
    }
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        25 => " (SIGXFSZ)",
        _ => "",
    }
}

/// Names of the artifact directories on disk whose `artifact.json` is a JSON object.
pub fn artifact_names(launch: &Launch) -> Vec<&str> {
    launch
        .artifacts
        .iter()
        .filter(|(path, entry)| entry.kind == Kind::Directory && !path.contains('/'))
        .map(|(path, _)| path.as_str())
        .filter(|name| !launch.restored.iter().any(|restored| restored == name))
        .filter(|name| {
            launch
                .contents
                .get(&format!("{name}/artifact.json"))
                .and_then(|bytes| lenient(&bytes.kept))
                .is_some()
        })
        .collect()
}

/// Names of the artifacts that a receipt lists with the role `state`.
pub fn state_names(launch: &Launch) -> Vec<String> {
    let receipt = lenient(&launch.stdout.kept);
    let listed = receipt
        .as_ref()
        .and_then(|r| r.get("artifacts"))
        .and_then(Value::as_array);
    listed
        .into_iter()
        .flatten()
        .filter(|artifact| artifact.get("role").and_then(Value::as_str) == Some("state"))
        .filter_map(|artifact| artifact.get("name")?.as_str().map(str::to_owned))
        .filter(|name| artifact_names(launch).contains(&name.as_str()))
        .collect()
}
