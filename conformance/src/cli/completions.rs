//! `completions`: a script that completes our arguments.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::arguments::{Cli, Color};
use super::error::CliError;
use super::output;
use crate::exit::Exit;

/// Print a completion script
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut Cli::command(),
        "cabincrew-conform",
        &mut script,
    );
    output::print(&String::from_utf8_lossy(&script), Color::Never)?;
    Ok(Exit::Conforms)
}
