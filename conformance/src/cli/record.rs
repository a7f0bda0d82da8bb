//! `record`: pins an engine's plans and receipts.

use std::path::PathBuf;

use super::arguments::Color;
use super::edge::Edge;
use super::error::CliError;
use super::output;
use super::run::{self, Passes};
use super::subject::SubjectArgs;
use crate::catalogue::Kit;
use crate::exit::Exit;
use crate::golden;
use crate::report::page::{self, BAD, Page};
use crate::report::terminal;
use crate::select::{Selection, select};

/// The drill whose launches are pinned.
const DRILL: &str = "drill:010_baseline";

/// Pin an engine's plans and receipts in a golden folder
///
/// A new folder is written at once. Later differences are shown, and written only with --accept.
#[derive(Debug, clap::Args)]
pub(crate) struct RecordArgs {
    /// The golden folder
    #[arg(long, value_name = "DIR")]
    golden: PathBuf,
    /// Take over what differs
    #[arg(long)]
    accept: bool,
    #[command(flatten)]
    subject: SubjectArgs,
}

/// Drives the engine once in each scenario and compares or writes.
///
/// # Errors
/// When the engine makes no plan, or the folder cannot be used.
pub(crate) fn run(args: &RecordArgs, edge: &Edge) -> Result<Exit, CliError> {
    let kit = Kit::embedded()?;
    let selection = Selection {
        filters: vec![DRILL.to_owned()],
        ..Selection::default()
    };
    let plan = select(&kit, &selection)?;
    let target = args.subject.prepare(edge)?;
    let passes = Passes {
        repeat: 1,
        keep: None,
    };
    let driven = run::drive_all(&target, &kit, &plan, edge, &passes)?;
    let now = golden::pin(driven.judged.iter().map(|judged| &judged.observation))?;
    let old = golden::load(&args.golden)?;
    let differences = if old.is_empty() {
        Vec::new()
    } else {
        golden::differences(&old, &now)
    };
    let mut text = Page::default();
    for difference in &differences {
        let mut lines = difference.lines();
        text.headline(BAD, "GOLDEN", lines.next().unwrap_or_default());
        for line in lines {
            text.line(&terminal::diff_line(line));
        }
    }
    let must_write = old.is_empty() || (args.accept && !differences.is_empty());
    if must_write {
        golden::accept(&args.golden, &now)?;
    }
    let is_open = !must_write && !differences.is_empty();
    text.line(&match (must_write, is_open) {
        (true, _) => format!("pinned {} files in {}", now.len(), edge.told(&args.golden)),
        (false, true) => page::paint(
            BAD,
            "nothing was written; --accept takes the differences over",
        ),
        (false, false) => format!("all {} files are as pinned", now.len()),
    });
    output::print(&text.finish(), Color::Auto)?;
    Ok(if is_open {
        Exit::DoesNotConform
    } else {
        Exit::Conforms
    })
}
