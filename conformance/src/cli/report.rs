//! `report`: a report in another form, held against itself, or compared with another one.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use super::arguments::Color;
use super::attestation::{self, AttestationArgs};
use super::error::CliError;
use super::output;
use crate::catalogue::Kit;
use crate::exit::Exit;
use crate::orchestrator::catalogue::Kit as OrchestratorKit;
use crate::report::model::Report;
use crate::report::page::{BAD, GOOD, Page, paint};
use crate::report::recount::{Turn, turns, verify};
use crate::report::{html, json, junit, markdown, plain, sarif};
use crate::suite::CheckSet;
use crate::verdict::Outcome;

/// Show a report in another form, verify it, or compare two
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct ReportCommand {
    #[command(subcommand)]
    command: Option<ReportVerb>,
    /// The report, as report.json
    #[arg(value_name = "FILE", required = true)]
    file: Option<PathBuf>,
    /// The form
    #[arg(long, value_enum, default_value = "markdown")]
    format: PageFormat,
    /// File with the key that signs an attestation (made by `cabincrew audit keygen`)
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum ReportVerb {
    /// Recompute totals, verdicts and exit status from the checks; or check an attestation with --key
    Verify {
        /// The report, or with --key the attestation
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        attestation: AttestationArgs,
    },
    /// Show which checks have another outcome; exit status 1 when one got worse
    Diff {
        /// The older report
        #[arg(value_name = "OLD")]
        old: PathBuf,
        /// The newer report
        #[arg(value_name = "NEW")]
        new: PathBuf,
    },
}

/// The form of a page made of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PageFormat {
    /// For the summary of a CI job
    Markdown,
    /// One HTML page that needs no other file
    Html,
    /// Data for a badge
    Badge,
    /// SARIF 2.1.0, for the alerts of a code host
    Sarif,
    /// A signed in-toto attestation; needs --key
    Intoto,
    /// JUnit XML
    Junit,
    /// report.json, written anew
    Json,
}

/// Carries out the subcommand. Showing a report is no verdict: it succeeds whatever the report says.
///
/// # Errors
/// When a file is no report of this version.
pub(crate) fn run(args: &ReportCommand) -> Result<Exit, CliError> {
    match (&args.command, &args.file) {
        (Some(ReportVerb::Verify { file, attestation }), _) => match &attestation.key {
            Some(key) => attestation::verified(file, key, attestation),
            None => verified(file),
        },
        (Some(ReportVerb::Diff { old, new }), _) => compared(old, new),
        (None, Some(file)) => {
            let report = read(file)?;
            let text = match args.format {
                PageFormat::Markdown => markdown::render(&report),
                PageFormat::Html => html::render(&report),
                PageFormat::Badge => markdown::badge(&report),
                PageFormat::Sarif => sarif::render(&report).map_err(CliError::Serialise)?,
                PageFormat::Intoto => attestation::made(&report, args.key.as_deref())?,
                PageFormat::Junit => junit::render(&report),
                PageFormat::Json => json::render(&report).map_err(CliError::Serialise)?,
            };
            output::print(&text, Color::Never)?;
            Ok(Exit::Conforms)
        }
        // The parser has refused it.
        (None, None) => Ok(Exit::Usage),
    }
}

pub(super) fn read(path: &Path) -> Result<Report, CliError> {
    let why = |why: String| CliError::NotReadable {
        path: path.to_owned(),
        what: "a report",
        why,
    };
    let text = std::fs::read_to_string(path).map_err(|error| why(error.to_string()))?;
    json::read(&text).map_err(|error| why(error.to_string()))
}

fn verified(path: &Path) -> Result<Exit, CliError> {
    let report = read(path)?;
    let (engine, orchestrator) = (Kit::embedded()?, OrchestratorKit::embedded()?);
    let kits: [&dyn CheckSet; 2] = [&engine, &orchestrator];
    let own = kits
        .into_iter()
        .find(|kit| kit.digest() == report.suite.digest);
    let wrong = verify(&report, own.map(|kit| kit.frozen_ids()));
    let mut page = Page::default();
    for text in &wrong {
        page.line(&format!("{}: {}", paint(BAD, "wrong"), plain::safe(text)));
    }
    if own.is_none() {
        page.line("made by another suite: whether it has all checks cannot be told");
    }
    if wrong.is_empty() {
        page.line(&paint(
            GOOD,
            "totals, verdicts and exit status follow from the checks",
        ));
    }
    output::print(&page.finish(), Color::Auto)?;
    Ok(match wrong.is_empty() {
        true => Exit::Conforms,
        false => Exit::DoesNotConform,
    })
}

fn compared(old: &Path, new: &Path) -> Result<Exit, CliError> {
    let turns = turns(&read(old)?, &read(new)?);
    let mut page = Page::default();
    for turn in &turns {
        let style = if turn.is_worse() { BAD } else { GOOD };
        let word = |outcome: Option<Outcome>| outcome.map_or("absent", Outcome::as_str);
        let id = paint(style, &plain::safe(&turn.id));
        page.line(&format!("{id}  {} to {}", word(turn.old), word(turn.new)));
    }
    let worse = turns.iter().filter(|turn| turn.is_worse()).count();
    page.line(&format!(
        "{} checks differ, {worse} of them for the worse",
        turns.len()
    ));
    output::print(&page.finish(), Color::Auto)?;
    Ok(match turns.iter().any(Turn::is_worse) {
        true => Exit::DoesNotConform,
        false => Exit::Conforms,
    })
}
