//! The words of the command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Plans, governs, has approved, and applies: the CabinCrew workflow protocol.
///
/// Exit status: 0 completed, 3 awaiting approval, 1 failed, 2 usage, 4 refused (corrupt, locked or
/// unknown state).
#[derive(Debug, Parser)]
#[command(name = "cabincrew", version)]
pub(super) struct Args {
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// File with the key that signs audit events (made by `audit keygen`).
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) audit_key: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Create a workflow and drive it until it is final or waits for approval.
    Run {
        #[command(flatten)]
        state: StateDir,
        /// The project folder that engines plan on and change.
        #[arg(long, value_name = "DIR")]
        workspace: PathBuf,
        /// Id of the new workflow; made up when not given.
        #[arg(long, value_name = "ID")]
        workflow_id: Option<String>,
        /// The workflow file.
        workflow: PathBuf,
    },
    /// Recover a workflow after a restart, and go on.
    Resume {
        #[command(flatten)]
        state: StateDir,
        /// The workflow.
        id: String,
        /// Run a take-off of unknown outcome again.
        #[arg(long, requires = "by", requires = "reason")]
        retry_take_off: bool,
        /// Who wants that.
        #[arg(long = "as", id = "by", value_name = "NAME")]
        by: Option<String>,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Deliver an ApprovalResponse, and go on.
    Respond {
        #[command(flatten)]
        state: StateDir,
        /// The workflow.
        id: String,
        /// The response.
        response: PathBuf,
    },
    /// Print documents of a workflow; changes nothing.
    Export {
        #[command(flatten)]
        state: StateDir,
        /// The workflow.
        id: String,
        /// What to print: one JSON value, or JSON lines for wal, audit and approvals.
        document: Document,
    },
    /// End a workflow that nobody is working on.
    Cancel {
        #[command(flatten)]
        state: StateDir,
        /// The workflow.
        id: String,
        /// Who ends it.
        #[arg(long = "as", id = "by", value_name = "NAME")]
        by: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
}

#[derive(Debug, Clone, ClapArgs)]
pub(super) struct StateDir {
    /// Where workflows are kept; outside every workspace.
    #[arg(long = "state-dir", value_name = "DIR")]
    pub(super) state_dir: PathBuf,
}

/// What can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Document {
    /// The WorkflowStateRecord.
    State,
    /// The write-ahead log.
    Wal,
    /// The audit log.
    Audit,
    /// The PlanToken; null before it is minted.
    PlanToken,
    /// Every ApprovalRequest ever made.
    Approvals,
    /// All artifacts, as EngineArtifact.
    Artifacts,
}
