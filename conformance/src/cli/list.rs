//! `list`: the checks of this kit.

use serde::Serialize;

use super::arguments::{ClassArg, Color, SelectionArgs};
use super::error::CliError;
use super::output;
use crate::catalogue::Kit;
use crate::drill::{Check, Class};
use crate::exit::Exit;
use crate::report::page::{Page, STRONG};
use crate::select::{Selection, select};

/// List the checks
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    /// The form of the list
    #[arg(long, value_enum, default_value = "terminal")]
    format: ListFormat,
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
    let kit = Kit::embedded()?;
    let selection = Selection {
        classes: ClassArg::classes(&args.selection.class),
        filters: args.selection.filter.clone(),
    };
    let plan = select(&kit, &selection)?;
    let rows: Vec<Row<'_>> = kit
        .checks()
        .filter(|check| plan.selected.contains(&check.id))
        .map(|check| row(&kit, check))
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

fn row<'a>(kit: &'a Kit, check: &'a Check) -> Row<'a> {
    Row {
        id: &check.id,
        requirements: check.requirement_ids(),
        level: kit.level(check),
        class: check.class,
        drill: kit
            .drill_of(&check.id)
            .map_or("", |drill| drill.name.as_str()),
        title: &check.title,
    }
}

fn table(rows: &[Row<'_>]) -> String {
    let mut page = Page::default();
    for row in rows {
        page.headline(
            STRONG,
            row.id,
            &format!("{} {}", row.level, row.class.as_str()),
        );
        page.paragraph(4, row.title);
    }
    page.line(&format!("{} checks", rows.len()));
    page.finish()
}
