//! `cabincrew-conform`: the edge. Arguments in, exit status out; errors are printed here and nowhere
//! else.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use cabincrew_conform::cli::{Cli, Edge};
use cabincrew_conform::drive::{launcher, trace};
use cabincrew_conform::exit::Exit;
use clap::Parser as _;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    // Started over and over again by others: what the command line offers people stays unread.
    match args.next().as_deref().and_then(std::ffi::OsStr::to_str) {
        Some(launcher::STAGE) => return launcher::run(args),
        Some(trace::STAGE) => return trace::run(args),
        Some("peer") => return cabincrew_peer::run(args),
        Some("peer-policy") => return cabincrew_peer::run_policy(args),
        _ => {}
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // Help and version are no errors.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Conforms
            };
            return exit.into();
        }
    };
    match cli.run(&Edge::read(interrupted())) {
        Ok(exit) => exit.into(),
        Err(error) => {
            let chain = chain(&error);
            let _ = std::io::stderr().write_all(chain.as_bytes());
            error.exit().into()
        }
    }
}

/// A flag that the first interruption sets; the second one ends the process as usual.
fn interrupted() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // Registered first, so that it sees the flag as the signal before left it. Where signals cannot
        // be caught, an interruption just ends the process.
        let _ = signal_hook::flag::register_conditional_default(signal, Arc::clone(&flag));
        let _ = signal_hook::flag::register(signal, Arc::clone(&flag));
    }
    flag
}

fn chain(error: &dyn Error) -> String {
    let mut text = format!("error: {error}\n");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str("  because ");
        text.push_str(cause.to_string().trim_end());
        text.push('\n');
        source = cause.source();
    }
    text
}
