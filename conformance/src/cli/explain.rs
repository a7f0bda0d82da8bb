//! `explain`: what an id or a word of a report means.

use super::arguments::Color;
use super::error::CliError;
use super::output;
use crate::everything::Everything;
use crate::exit::Exit;
use crate::explain;

/// Explain a check, a requirement, a decision, a state, an exit status, an outcome or a class
#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// For example CC-ENG-018/workspace-untouched, CC-ENG-018, C-12, AWAITING_APPROVAL,
    /// exit-code:3, unproven or profile
    #[arg(value_name = "TOPIC")]
    topic: String,
}

/// Prints the explanation.
///
/// # Errors
/// When the topic names nothing.
pub(crate) fn run(args: &ExplainArgs) -> Result<Exit, CliError> {
    let text = explain::explain(&Everything::embedded()?, &args.topic)?;
    output::print(&text, Color::Auto)?;
    Ok(Exit::Conforms)
}
