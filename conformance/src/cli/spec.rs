//! `spec`: what editors of a draft ask.

use std::path::{Path, PathBuf};

use cabincrew_protocol::requirement::Catalogue;
use clap::{Subcommand, ValueEnum};

use super::arguments::Color;
use super::edge::Edge;
use super::editor_data::{self, CoverageFormat, Export};
use super::error::CliError;
use super::output;
use crate::catalogue::Kit;
use crate::draft::baseline::{Baseline, Compared};
use crate::draft::print::{Outcome, annotations, explain, json, sarif, terminal};
use crate::draft::{self, difference, rule};
use crate::exit::Exit;
use crate::orchestrator::catalogue::Kit as OrchestratorKit;

/// Check drafts of the protocol
#[derive(Debug, clap::Args)]
pub(crate) struct SpecArgs {
    #[command(subcommand)]
    command: SpecCommand,
}

#[derive(Debug, Subcommand)]
enum SpecCommand {
    /// Check a draft's schemas and prose against each other and the requirements
    Check(CheckArgs),
    /// Say what changed between two drafts, and for whom it matters
    Diff(DiffArgs),
    /// Say which checks verify which requirement, and which faults prove them
    Coverage {
        /// The form of the table on standard output
        #[arg(long, value_enum, default_value = "markdown")]
        format: CoverageFormat,
    },
    /// Print one of the kit's tables as JSON
    Export {
        /// Which
        #[arg(value_enum, value_name = "TABLE")]
        table: Export,
    },
    /// Explain a rule of `check`, or list all of them
    Explain {
        /// For example CCS-020
        #[arg(value_name = "CODE")]
        code: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// The draft's folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The form of the findings on standard output
    #[arg(long, value_enum, default_value = "terminal")]
    format: FindingFormat,
    /// A list of known findings, which are not reported
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all findings as a list of known ones
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
    /// Report only these rules; may be repeated
    #[arg(long, value_name = "CODE")]
    only: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct DiffArgs {
    /// The older draft: a folder, or one schema file
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The newer draft
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The form of the difference on standard output
    #[arg(long, value_enum, default_value = "terminal")]
    format: DifferenceFormat,
    /// Exit with status 1 when a change is breaking for either side
    #[arg(long)]
    deny_breaking: bool,
}

/// The form of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DifferenceFormat {
    /// For people
    Terminal,
    /// For a pull request or release notes
    Markdown,
    /// One JSON document
    Json,
}

/// The form of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FindingFormat {
    /// For people
    Terminal,
    /// One JSON document
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
}

/// Carries out the subcommand.
///
/// # Errors
/// When the draft or a list cannot be read or written, or a code names no rule.
pub(crate) fn run(args: &SpecArgs, edge: &Edge) -> Result<Exit, CliError> {
    match &args.command {
        SpecCommand::Check(args) => check(args, edge),
        SpecCommand::Diff(args) => diff(args),
        SpecCommand::Coverage { format } => editor_data::coverage(*format),
        SpecCommand::Export { table } => editor_data::export(*table),
        SpecCommand::Explain { code } => {
            let text = match code {
                Some(code) => explain::one(known_rule(code)?),
                None => explain::all(),
            };
            output::print(&text, Color::Auto)?;
            Ok(Exit::Conforms)
        }
    }
}

fn known_rule(code: &str) -> Result<&'static rule::Rule, CliError> {
    rule::find(code).ok_or_else(|| CliError::UnknownRule {
        code: code.to_owned(),
    })
}

fn check(args: &CheckArgs, edge: &Edge) -> Result<Exit, CliError> {
    let only: Vec<&str> = args
        .only
        .iter()
        .map(|code| known_rule(code).map(|rule| rule.code))
        .collect::<Result<_, _>>()?;
    let draft = draft::read(&args.folder)?;
    let mut findings = rule::check(&draft, Catalogue::embedded());
    findings.retain(|finding| only.is_empty() || only.contains(&finding.code));
    if let Some(path) = &args.write_baseline {
        let count = findings.len();
        write(
            path,
            &Baseline::of(&findings).to_text().map_err(CliError::List)?,
        )?;
        output::tell(&format!("{count} findings written to {}", edge.told(path)));
        return Ok(Exit::Conforms);
    }
    let compared = match &args.baseline {
        Some(path) => Baseline::parse(&read(path)?)?.compare(findings),
        None => Compared {
            new: findings,
            ..Compared::default()
        },
    };
    let exit = match (compared.new.is_empty(), compared.gone.is_empty()) {
        (true, true) => Exit::Conforms,
        (false, _) | (_, false) => Exit::DoesNotConform,
    };
    let outcome = Outcome {
        root: root(&args.folder),
        compared,
        read: [draft.chapters.len(), draft.schemas.len()],
    };
    let (text, color) = match args.format {
        FindingFormat::Terminal => (terminal::render(&outcome), Color::Auto),
        FindingFormat::Json => (
            json::render(&outcome).map_err(CliError::Serialise)?,
            Color::Never,
        ),
        FindingFormat::Sarif => (
            sarif::render(&outcome).map_err(CliError::Serialise)?,
            Color::Never,
        ),
        FindingFormat::Github => (annotations::render(&outcome), Color::Never),
    };
    output::print(&text, color)?;
    Ok(exit)
}

fn diff(args: &DiffArgs) -> Result<Exit, CliError> {
    let (old, new) = (draft::read(&args.old)?, draft::read(&args.new)?);
    let (engine, orchestrator) = (Kit::embedded()?, OrchestratorKit::embedded()?);
    let difference = difference::compare(&old, &new, &[&engine, &orchestrator]);
    let text = match args.format {
        DifferenceFormat::Terminal => difference::print::terminal(&difference),
        DifferenceFormat::Markdown => difference::print::markdown(&difference),
        DifferenceFormat::Json => {
            difference::print::json(&difference).map_err(CliError::Serialise)?
        }
    };
    output::print(&text, Color::Auto)?;
    let breaks = difference.worst() == difference::Class::Breaking;
    Ok(if args.deny_breaking && breaks {
        Exit::DoesNotConform
    } else {
        Exit::Conforms
    })
}

/// The folder as a prefix of paths in the output, which holds no absolute ones.
fn root(folder: &Path) -> String {
    if folder.is_absolute() {
        return String::new();
    }
    folder.to_string_lossy().into_owned()
}

fn read(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|error| CliError::NotReadable {
        path: path.to_owned(),
        what: "a list of known findings",
        why: error.to_string(),
    })
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    std::fs::write(path, text).map_err(|source| CliError::Write {
        path: path.to_owned(),
        source,
    })
}
