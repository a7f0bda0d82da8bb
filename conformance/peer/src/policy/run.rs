//! The edge of a policy.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use super::answer::PolicyScript;
use crate::conduct::flood;
use crate::fault::process::send_itself;
use crate::hub::Hub;
use crate::run::tell_error;
use crate::{scene, script};

/// Largest input.
const SIZE_MAX: u64 = 256 << 20;

/// Runs the policy once. `args` are the script's path and whatever else it was started with.
///
/// Returns the exit status that the script says, 0 as a rule; 2 without a usable script.
pub fn run(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    let path = args.next().unwrap_or_default();
    let script: PolicyScript = match script::read(Path::new(&path)) {
        Ok(script) => script,
        Err(error) => return tell_error(&error),
    };
    let args: Vec<OsString> = args.collect();
    let hub = Hub::connect(script.hub.as_ref());
    let mut input = Vec::new();
    if !script.probe {
        let _ = std::io::stdin().take(SIZE_MAX).read_to_end(&mut input);
    }
    let mode = if script.probe { "probe" } else { "evaluate" };
    if let Some(at) = script.hub.as_ref().filter(|_| hub.is_there()) {
        hub.tell(&scene::begin((at, &hub), mode, &args, Some(&input)));
    }
    let answer = script.answer(&input);
    if answer.hang {
        hub.hang();
    }
    let text = if script.probe {
        String::new()
    } else {
        answer.text()
    };
    if let Some(told) = &answer.stderr {
        let _ = writeln!(std::io::stderr(), "{told}");
    }
    if hub.is_there() {
        hub.tell(&scene::end(text.as_bytes()));
    }
    if let Some(name) = &answer.signal {
        send_itself(name);
    }
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    flood(&mut stdout, b' ', answer.stdout_mebibytes);
    let _ = stdout.flush();
    ExitCode::from(answer.status.unwrap_or(0))
}
