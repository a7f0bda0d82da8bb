//! `cabincrew-peer SCRIPT.toml --mode flight-plan|take-off`, or `cabincrew-peer --policy SCRIPT.toml`:
//! see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1).peekable();
    if args.next_if(|first| first == "--policy").is_some() {
        return cabincrew_peer::run_policy(args);
    }
    cabincrew_peer::run(args)
}
