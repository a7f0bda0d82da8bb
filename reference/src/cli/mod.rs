//! The command line.

mod approve;
mod args;
mod audit;
mod capabilities;
mod create;
mod custody;
mod export;
mod init;
mod man;
mod out;
mod people;
mod plan;
mod verbs;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;

use crate::exit::Exit;
use crate::launch::Launcher;

/// What the program finds around itself, read once.
#[derive(Debug)]
pub struct Surroundings {
    /// The environment, as far as it is UTF-8.
    pub environment: BTreeMap<String, String>,
    /// This program.
    pub program: PathBuf,
    /// Whether standard error is a terminal, so that somebody may be watching.
    pub terminal: bool,
}

impl Surroundings {
    /// Folder of the policy workers: that of this program.
    fn workers(&self) -> PathBuf {
        self.program.parent().map(PathBuf::from).unwrap_or_default()
    }

    fn launcher(&self) -> Launcher {
        Launcher::new(self.program.clone())
    }
}

/// Reads the command line and does what it says.
#[must_use]
pub fn main(surroundings: &Surroundings) -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            return exit.into();
        }
    };
    verbs::run(surroundings, args).into()
}
