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
    Run(Run),
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
        /// The approver's signature over it, as `sign` makes it.
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
    },
    /// Sign an ApprovalResponse, and print the signature for `respond --signature`.
    Sign {
        /// File with the approver's key (made by `audit keygen`).
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
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
    /// List all workflows.
    List {
        #[command(flatten)]
        state: StateDir,
    },
    /// Say where a workflow stands, why, and what it waits for.
    Status {
        #[command(flatten)]
        state: StateDir,
        /// The workflow.
        id: String,
    },
    /// Show what a reviewer needs: the request, the policies' reasons, the artifacts.
    Review {
        #[command(flatten)]
        state: StateDir,
        /// The workflow.
        id: String,
    },
    /// Approve the plan that waits, and go on.
    Approve(Decide),
    /// Refuse the plan that waits.
    Reject(Decide),
    /// Look at, check and sign audit logs.
    #[command(subcommand)]
    Audit(AuditVerb),
    /// Check plans.
    #[command(subcommand)]
    Plan(PlanVerb),
    /// Write a starter workflow with a policy and a roster into a new folder.
    Init {
        /// The folder.
        folder: PathBuf,
    },
    /// Say what engines are kept from on this machine.
    Capabilities,
    /// Write a man page for each command into a folder.
    #[command(hide = true)]
    Man {
        /// The folder, which has to be there.
        folder: PathBuf,
    },
    /// End a workflow, in whatever state; one that another process is working on, too.
    Cancel(Cancel),
}

/// Workflows to be created.
#[derive(Debug, Clone, ClapArgs)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) state: StateDir,
    /// The project folder that engines plan on and change. With several workflow files: one folder
    /// for all of them, or one for each in the same order.
    #[arg(long, value_name = "DIR", required = true)]
    pub(super) workspace: Vec<PathBuf>,
    /// Id of the new workflow; made up when not given, and always with several workflow files.
    #[arg(long, value_name = "ID")]
    pub(super) workflow_id: Option<String>,
    /// How many workflows are driven at once.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) jobs: u16,
    /// The workflow files: JSON, or YAML when the name ends in .yaml or .yml.
    #[arg(value_name = "WORKFLOW", required = true)]
    pub(super) workflows: Vec<PathBuf>,
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

/// Verbs for people.
#[derive(Debug, Subcommand)]
pub(super) enum AuditVerb {
    /// Print the events of a workflow, one line each.
    Show {
        #[command(flatten)]
        state: StateDir,
        /// The workflow.
        id: String,
    },
    /// Check a log: exit status 0 when a checkpoint covers all of it, 3 when it is consistent but
    /// not, or not wholly, anchored, 1 when something broke.
    Verify(Judge),
    /// Print the chain of custody as one HTML page: identity, plan, decisions, every event with its
    /// hash, and what `verify` says of the log; exit status as of `verify`.
    Html(Judge),
    /// Sign the size and the root of a log, to be kept elsewhere.
    Checkpoint {
        #[command(flatten)]
        state: StateDir,
        /// The workflow.
        id: String,
        /// Where to write it; standard output when not given.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Name of the log; `<key name>/<workflow id>` when not given.
        #[arg(long)]
        origin: Option<String>,
    },
    /// Make a signing key, and print the key that others verify with.
    Keygen {
        /// Name of the key, such as `example.com/audit`.
        name: String,
        /// Where to write the signing key.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// A log, and what it is judged with.
#[derive(Debug, Clone, ClapArgs)]
pub(super) struct Judge {
    /// The workflow.
    pub(super) id: String,
    /// Where workflows are kept, to check the log there.
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present = "log",
        conflicts_with = "log"
    )]
    pub(super) state_dir: Option<PathBuf>,
    /// A log that was exported.
    #[arg(long, value_name = "FILE")]
    pub(super) log: Option<PathBuf>,
    /// The key that has signed: `<name>+<id>+<base64>`, as `keygen` prints it.
    #[arg(long, value_name = "VKEY")]
    pub(super) key: Option<String>,
    /// A checkpoint, kept outside the state directory.
    #[arg(long, value_name = "FILE")]
    pub(super) checkpoint: Vec<PathBuf>,
    /// Name of the log in checkpoints; `<key name>/<workflow id>` when not given.
    #[arg(long)]
    pub(super) origin: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum PlanVerb {
    /// Recompute a plan token from artifacts on disk, without any state.
    Verify {
        /// The token that it must be.
        #[arg(long, value_name = "TOKEN")]
        expect: String,
        /// The PlanToken document, as `export plan-token` prints it.
        #[arg(long, value_name = "FILE")]
        plan_token: PathBuf,
        /// The workflow that it was minted for.
        #[arg(long, value_name = "ID")]
        workflow_id: String,
        /// The step that it was minted for.
        #[arg(long, value_name = "ID")]
        step_id: String,
        /// The folder of the artifacts.
        artifacts: PathBuf,
    },
}

/// A decision about a plan.
#[derive(Debug, Clone, ClapArgs)]
pub(super) struct Decide {
    #[command(flatten)]
    pub(super) state: StateDir,
    /// The workflow.
    pub(super) id: String,
    /// Who decides: an identity of the roster.
    #[arg(long = "as", id = "by", value_name = "NAME")]
    pub(super) by: String,
    /// Why.
    #[arg(long)]
    pub(super) reason: Option<String>,
    /// File with the key to sign the decision with (made by `audit keygen`).
    #[arg(long, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,
}

/// The end of a workflow.
#[derive(Debug, Clone, ClapArgs)]
pub(super) struct Cancel {
    #[command(flatten)]
    pub(super) state: StateDir,
    /// The workflow.
    pub(super) id: String,
    /// Who ends it.
    #[arg(long = "as", id = "by", value_name = "NAME")]
    pub(super) by: String,
    /// Why.
    #[arg(long)]
    pub(super) reason: Option<String>,
}
