//! `list`: the checks of this kit.

use serde::Serialize;

use super::arguments::{ClassArg, Color, SelectionArgs};
use super::error::CliError;
use super::output;
use crate::drill::Class;
use crate::everything::Everything;
use crate::exit::Exit;
use crate::report::page::{Page, STRONG};
use crate::select::{Selection, choose};
use crate::suite::{Card, CheckSet};

/// List the checks
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    /// Whose checks
    #[arg(long, value_enum, default_value = "all")]
    kind: Kind,
    /// The form of the list
    #[arg(long, value_enum, default_value = "terminal")]
    format: ListFormat,
}

/// Whose checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Those of engines and of orchestrators
    All,
    /// Those of engines
    Engine,
    /// Those of orchestrators
    Orchestrator,
}

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ListFormat {
    /// For people
    Terminal,
    /// One JSON array
    Json,
}

/// One check in the list.
#[derive(Debug, Serialize)]
struct Row<'a> {
    id: &'a str,
    kind: &'static str,
    requirements: Vec<&'a str>,
    level: &'a str,
    class: Class,
    drill: &'a str,
    title: &'a str,
}

/// Prints the selected checks, in the order in which they are driven.
///
/// # Errors
/// When the selection names nothing.
pub(crate) fn run(args: &ListArgs) -> Result<Exit, CliError> {
    let everything = Everything::embedded()?;
    let kit: &dyn CheckSet = match args.kind {
        Kind::All => &everything,
        Kind::Engine => &everything.engine,
        Kind::Orchestrator => &everything.orchestrator,
    };
    let selection = Selection {
        classes: ClassArg::classes(&args.selection.class),
        filters: args.selection.filter.clone(),
    };
    let chosen = choose(kit, &selection)?;
    let cards = kit.cards();
    let rows: Vec<Row<'_>> = cards
        .iter()
        .filter(|card| chosen.selected.contains(card.id))
        .map(|card| row(&everything, card))
        .collect();
    let text = match args.format {
        ListFormat::Json => {
            serde_json::to_string_pretty(&rows).map_err(CliError::Serialise)? + "\n"
        }
        ListFormat::Terminal => table(&rows),
    };
    output::print(&text, Color::Auto)?;
    Ok(Exit::Conforms)
}

fn row<'a>(everything: &Everything, card: &'a Card<'_>) -> Row<'a> {
    Row {
        id: card.id,
        kind: everything.kit_of(card.id).kind(),
        requirements: card.requirements.clone(),
        level: card.level(),
        class: card.class,
        drill: card.drill,
        title: card.title,
    }
}

fn table(rows: &[Row<'_>]) -> String {
    let mut page = Page::default();
    for row in rows {
        page.headline(
            STRONG,
            row.id,
            &format!("{} {} {}", row.kind, row.level, row.class.as_str()),
        );
        page.paragraph(4, row.title);
    }
    page.line(&format!("{} checks", rows.len()));
    page.finish()
}
