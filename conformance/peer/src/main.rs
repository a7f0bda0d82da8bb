//! `cabincrew-peer SCRIPT.toml --mode flight-plan|take-off`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    cabincrew_peer::run(std::env::args_os().skip(1))
}
