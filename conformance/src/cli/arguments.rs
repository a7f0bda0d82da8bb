//! The arguments of all subcommands.

use std::sync::LazyLock;

use clap::{Parser, Subcommand, ValueEnum};

use super::{
    Edge, completions, doctor, engine, error::CliError, explain, init, judge, list, man, merge,
    orchestrator, record, report, spec, sweep,
};
use crate::catalogue::{Kit, SPEC_REVISION};
use crate::drill::Class;
use crate::exit::Exit;
use crate::suite::CheckSet as _;

/// Judges CabinCrew engines and orchestrators, whatever language they are written in.
#[derive(Debug, Parser)]
#[command(name = "cabincrew-conform", version = version(), max_term_width = 100, after_help = STATUSES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const STATUSES: &str = "\
Exit status: 0 conforms, 1 does not conform, 2 usage, 3 the subject could not be exercised,
4 the kit itself is wrong. `cabincrew-conform explain exit-code` says more.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge an engine
    Engine(engine::EngineArgs),
    /// Judge an orchestrator
    Orchestrator(orchestrator::OrchestratorArgs),
    /// Crash an orchestrator at every point at which it changes something
    Sweep(sweep::SweepArgs),
    /// Start an engine once and say what is missing
    Doctor(doctor::DoctorArgs),
    /// Write a starter scenario, a starter engine, or an orchestrator's adapter file
    Init(init::InitArgs),
    /// List the checks
    List(list::ListArgs),
    /// Explain a check, a requirement, a decision, a state, an exit status, an outcome or a class
    Explain(explain::ExplainArgs),
    /// Repeat verdicts from recorded observations, without the subject
    Judge(judge::JudgeArgs),
    /// Join the reports of parts
    Merge(merge::MergeArgs),
    /// Pin an engine's plans and receipts in a golden folder
    Record(record::RecordArgs),
    /// Show a report in another form, verify it, or compare two
    Report(report::ReportCommand),
    /// Check drafts of the protocol
    Spec(spec::SpecArgs),
    /// Print a completion script
    Completions(completions::CompletionsArgs),
    /// Write a man page for each command
    #[command(hide = true)]
    Man(man::ManArgs),
}

impl Cli {
    /// Carries out the subcommand.
    ///
    /// # Errors
    /// When the request cannot be carried out; verdicts on the subject are not errors.
    pub fn run(&self, edge: &Edge) -> Result<Exit, CliError> {
        match &self.command {
            Command::Engine(args) => engine::run(args, edge),
            Command::Orchestrator(args) => orchestrator::run(args, edge),
            Command::Sweep(args) => sweep::run(args, edge),
            Command::Doctor(args) => doctor::run(args, edge),
            Command::Init(args) => init::run(args, edge),
            Command::List(args) => list::run(args),
            Command::Explain(args) => explain::run(args),
            Command::Judge(args) => judge::run(args, edge),
            Command::Merge(args) => merge::run(args),
            Command::Record(args) => record::run(args, edge),
            Command::Report(args) => report::run(args),
            Command::Spec(args) => spec::run(args, edge),
            Command::Completions(args) => completions::run(args),
            Command::Man(args) => man::run(args),
        }
    }
}

/// Version, suite and draft, since a verdict is worth nothing without them.
fn version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let suite = Kit::embedded().map_or_else(|error| error.to_string(), |kit| kit.digest());
        format!(
            "{}\nsuite {suite}\nspec  {SPEC_REVISION}",
            env!("CARGO_PKG_VERSION")
        )
    });
    &TEXT
}

/// A class of checks on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClassArg {
    /// The published draft says so
    Draft,
    /// Our resolution where the draft is silent or contradicts itself
    Profile,
    /// Beyond the draft: hostile or rare circumstances
    Hardening,
    /// All three
    All,
}

impl ClassArg {
    /// The classes that the words name, each once.
    pub(crate) fn classes(words: &[Self]) -> Vec<Class> {
        [
            (Self::Draft, Class::Draft),
            (Self::Profile, Class::Profile),
            (Self::Hardening, Class::Hardening),
        ]
        .into_iter()
        .filter(|(word, _)| words.contains(word) || words.contains(&Self::All))
        .map(|(_, class)| class)
        .collect()
    }
}

/// Which checks: shared by all subcommands that select.
#[derive(Debug, clap::Args)]
pub(crate) struct SelectionArgs {
    /// Run only checks that match; may be repeated, see the end of this text
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Vec<String>,
    /// Classes of checks to run
    #[arg(
        long,
        value_enum,
        value_name = "CLASS",
        value_delimiter = ',',
        default_value = "draft,profile"
    )]
    pub(crate) class: Vec<ClassArg>,
}

/// The form of a report on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Terminal,
    /// report.json
    Json,
    /// JUnit XML
    Junit,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How to show a report: shared by all subcommands that judge.
#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// The form of the report on standard output
    #[arg(long, value_enum, default_value = "terminal")]
    pub(crate) format: Format,
    /// When to use colours
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) color: Color,
    /// Show every failure in full, and what was not run
    #[arg(long, short)]
    pub(crate) verbose: bool,
}
