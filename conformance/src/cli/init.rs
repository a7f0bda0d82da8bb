//! `init`: writes starters.

use std::path::{Path, PathBuf};

use super::arguments::Color;
use super::edge::Edge;
use super::error::CliError;
use super::output;
use super::probe;
use crate::exit::Exit;
use crate::init::{self, Lang};
use crate::report::page::Page;
use crate::report::plain;

/// Write a starter scenario, a starter engine, or an orchestrator's adapter file
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// For an engine: a scenario folder, or with --lang an engine and its scenario
    Engine {
        /// The folder to write to; nothing in it is overwritten
        #[arg(value_name = "DIR", default_value = "cabincrew-conform")]
        folder: PathBuf,
        /// Write a small engine in this language too
        #[arg(long, value_enum, value_name = "LANG")]
        lang: Option<Lang>,
    },
    /// For an orchestrator: try it, say what is missing, and write its adapter file
    Orchestrator(probe::ProbeArgs),
}

/// Writes the files and says what to do with them; an orchestrator is tried first.
///
/// # Errors
/// When a file is there already or cannot be written, or an orchestrator cannot be tried.
pub(crate) fn run(args: &InitArgs, edge: &Edge) -> Result<Exit, CliError> {
    match &args.what {
        What::Engine { folder, lang } => engine(folder, *lang),
        What::Orchestrator(args) => probe::run(args, edge),
    }
}

fn engine(folder: &Path, lang: Option<Lang>) -> Result<Exit, CliError> {
    let written = init::engine(folder, lang)?;
    let mut page = Page::default();
    for path in &written {
        page.line(&format!(
            "wrote {}",
            plain::safe(&path.display().to_string())
        ));
    }
    page.gap();
    page.line("next:");
    for command in init::next(folder, lang) {
        page.line(&format!("  {command}"));
    }
    output::print(&page.finish(), Color::Auto)?;
    Ok(Exit::Conforms)
}
