//! `man`: man pages of our arguments, for whoever packages the kit.

use std::path::PathBuf;

use clap::CommandFactory as _;

use super::arguments::Cli;
use super::error::CliError;
use crate::exit::Exit;

/// Write a man page for each command
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The folder to write to, which has to be there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes `cabincrew-conform.1` and a page for each subcommand.
///
/// # Errors
/// When a page cannot be written.
pub(crate) fn run(args: &ManArgs) -> Result<Exit, CliError> {
    // The version that is printed has several lines, and the head of a page has room for one.
    let command = Cli::command().version(env!("CARGO_PKG_VERSION"));
    clap_mangen::generate_to(command, &args.folder).map_err(|source| CliError::Write {
        path: args.folder.clone(),
        source,
    })?;
    Ok(Exit::Conforms)
}
