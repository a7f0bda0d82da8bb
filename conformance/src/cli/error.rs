//! Why a request cannot be carried out, and the exit that goes with it.

use std::path::PathBuf;

use cabincrew_protocol::audit::KeyError;

use crate::adapter::AdapterError;
use crate::catalogue::CatalogueError;
use crate::draft::DraftError;
use crate::draft::baseline::BaselineError;
use crate::drive::engine::DriveError;
use crate::everything::EverythingError;
use crate::evidence::EvidenceError;
use crate::exit::Exit;
use crate::explain::ExplainError;
use crate::fault::FaultError;
use crate::golden::GoldenError;
use crate::init::InitError;
use crate::known::KnownError;
use crate::orchestrator::adapter::OrchestratorAdapterError;
use crate::orchestrator::catalogue::KitError;
use crate::orchestrator::drive::OrchestratorDriveError;
use crate::orchestrator::sweep::SweepError;
use crate::report::AccountingError;
use crate::report::intoto::AttestationError;
use crate::report::merge::MergeError;
use crate::scenario::ScenarioError;
use crate::select::SelectError;

/// Why a subcommand gave up. The chain of causes is printed once, in `main`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// The accounts do not add up.
    #[error("the accounts of the run do not add up")]
    Accounting(#[from] AccountingError),
    /// The adapter cannot be used.
    #[error("the adapter cannot be used")]
    Adapter(#[from] AdapterError),
    /// The orchestrator's adapter cannot be used.
    #[error("the adapter cannot be used")]
    OrchestratorAdapter(#[from] OrchestratorAdapterError),
    /// The orchestrator kit is broken.
    #[error("the orchestrator kit is broken")]
    OrchestratorKit(#[from] KitError),
    /// The orchestrator cannot be driven.
    #[error("the orchestrator cannot be exercised")]
    OrchestratorDrive(#[from] OrchestratorDriveError),
    /// Reports cannot be merged.
    #[error("the reports cannot be merged")]
    Merge(#[from] MergeError),
    /// The catalogue is broken.
    #[error("the kit's catalogue is broken")]
    Catalogue(#[from] CatalogueError),
    /// The table of coverage cannot be made.
    #[error("the table of coverage cannot be made")]
    Coverage(#[from] FaultError),
    /// The draft cannot be read.
    #[error("the draft cannot be checked")]
    Draft(#[from] DraftError),
    /// A list of known findings cannot be used.
    #[error("the list of known findings cannot be used")]
    Baseline(#[from] BaselineError),
    /// A list of known findings cannot be written.
    #[error("cannot write the list of known findings")]
    List(#[source] toml::ser::Error),
    /// The engine cannot be driven.
    #[error("the engine cannot be exercised")]
    Drive(#[from] DriveError),
    /// A kit is broken.
    #[error("the kit is broken")]
    Everything(#[from] EverythingError),
    /// Evidence cannot be written.
    #[error("the output cannot be written")]
    Evidence(#[from] EvidenceError),
    /// There is nothing to explain.
    #[error("there is nothing to explain")]
    Explain(#[from] ExplainError),
    /// The golden folder cannot be used.
    #[error("the golden folder cannot be used")]
    Golden(#[from] GoldenError),
    /// A starter cannot be written.
    #[error("the starter cannot be written")]
    Init(#[from] InitError),
    /// There is no attestation of a report.
    #[error("the report cannot be attested")]
    Attestation(#[from] AttestationError),
    /// A file or a word is no key.
    #[error("{given} is no key")]
    Key {
        /// As given.
        given: String,
        /// Why.
        source: KeyError,
    },
    /// An option is missing that goes with another one.
    #[error("{what} needs {option}")]
    Missing {
        /// What was asked for.
        what: &'static str,
        /// The option.
        option: &'static str,
    },
    /// The list of known failures cannot be used.
    #[error("the list of known failures cannot be used")]
    Known(#[from] KnownError),
    /// The last report holds nothing to run again.
    #[error("{path} lists no failed or unproven check to run again")]
    NothingFailed {
        /// The report.
        path: PathBuf,
    },
    /// A file cannot be read as what it should be.
    #[error("{path} cannot be read as {what}: {why}")]
    NotReadable {
        /// The file.
        path: PathBuf,
        /// `a report` or `an observation`.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// The report cannot be printed.
    #[error("cannot write to standard output")]
    Output(#[source] std::io::Error),
    /// A document cannot be serialised.
    #[error("cannot serialise the report")]
    Serialise(#[source] serde_json::Error),
    /// A scenario cannot be used.
    #[error("the scenario cannot be used")]
    Scenario(#[from] ScenarioError),
    /// Nothing sensible is selected.
    #[error("the selection cannot be used")]
    Select(#[from] SelectError),
    /// The orchestrator cannot be swept.
    #[error("the orchestrator cannot be swept")]
    Sweep(#[from] SweepError),
    /// Two scenarios have one name.
    #[error("two scenarios are called {name}; reports tell scenarios by name")]
    TwoScenarios {
        /// The name.
        name: String,
    },
    /// A code names no rule.
    #[error("{code} is no rule; `spec explain` lists them")]
    UnknownRule {
        /// As given.
        code: String,
    },
    /// An option stands where the program belongs, most likely misspelt.
    #[error(
        "{option} is no option of this command; options come before BIN, and a program named so is written ./{option}"
    )]
    UnknownOption {
        /// As given.
        option: String,
    },
    /// A list cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl CliError {
    /// The exit that goes with it.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Accounting(_)
            | Self::Catalogue(_)
            | Self::Coverage(_)
            | Self::Everything(_)
            | Self::OrchestratorKit(_)
            | Self::OrchestratorDrive(_)
            | Self::Sweep(SweepError::Drive(_))
            | Self::Evidence(EvidenceError::Unwritable { .. } | EvidenceError::Serialise { .. })
            | Self::List(_)
            | Self::Output(_)
            | Self::Serialise(_) => Exit::KitWrong,
            Self::Drive(_) | Self::Golden(GoldenError::NoPlan { .. }) => Exit::NotExercised,
            Self::Adapter(_)
            | Self::Baseline(_)
            | Self::Draft(_)
            | Self::Merge(_)
            | Self::OrchestratorAdapter(_)
            | Self::Evidence(EvidenceError::Foreign { .. })
            | Self::Explain(_)
            | Self::Golden(_)
            | Self::Init(_)
            | Self::Attestation(_)
            | Self::Key { .. }
            | Self::Missing { .. }
            | Self::Known(_)
            | Self::NotReadable { .. }
            | Self::NothingFailed { .. }
            | Self::Scenario(_)
            | Self::Select(_)
            | Self::Sweep(_)
            | Self::TwoScenarios { .. }
            | Self::UnknownOption { .. }
            | Self::UnknownRule { .. }
            | Self::Write { .. } => Exit::Usage,
        }
    }
}
