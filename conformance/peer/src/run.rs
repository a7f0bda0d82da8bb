//! The edge: arguments in, exit status out.

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use crate::engine;
use crate::script::{Script, ScriptError};

/// Exit status of a peer that has no usable script; no receipt is printed then.
const NO_SCRIPT: u8 = 2;

/// Runs the peer once. `args` are the script's path and then the engine's own arguments; the
/// environment, standard input and standard output are the process's.
///
/// Returns the exit status: 0 success, 1 own failure, 2 refusal, unless the script says otherwise.
pub fn run(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(path) = args.next() else {
        tell("usage: cabincrew-peer SCRIPT.toml --mode flight-plan|take-off\n");
        return ExitCode::from(NO_SCRIPT);
    };
    match Script::load(Path::new(&path)) {
        Ok(script) => {
            let record = script.record.clone();
            let start = engine::Start::collect(args.collect(), script);
            engine::launch(&start, record.as_ref())
        }
        Err(error) => tell_error(&error),
    }
}

/// Says why there is no usable script.
pub(crate) fn tell_error(error: &ScriptError) -> ExitCode {
    tell(&chain(error));
    ExitCode::from(NO_SCRIPT)
}

fn chain(error: &ScriptError) -> String {
    let mut text = format!("cabincrew-peer: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text.push('\n');
    text
}

fn tell(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
