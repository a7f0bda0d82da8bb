//! `judge`: repeats verdicts from what was recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::arguments::{ClassArg, ReportArgs, SelectionArgs};
use super::edge::Edge;
use super::error::CliError;
use super::output;
use crate::catalogue::Kit;
use crate::exit::Exit;
use crate::judge::judge;
use crate::known::KnownList;
use crate::observe::{OBSERVATION_FORMAT, Observation};
use crate::orchestrator;
use crate::orchestrator::select::Part;
use crate::report::assemble::{Facts, Lists, Pass, assemble};
use crate::report::engine::{self as told, Judged};
use crate::report::model::{Selected, Subject};
use crate::report::view::View;
use crate::select::{Selection, select};
use crate::suite::CheckSet;

/// Most bytes of one observation.
const BYTES_MAX: u64 = 4 << 30;

/// Repeat verdicts from recorded observations, without the subject
#[derive(Debug, clap::Args)]
pub(crate) struct JudgeArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    report: ReportArgs,
    /// The list of known failures
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
    /// What was observed
    #[arg(long, value_enum, default_value = "engine")]
    kind: Kind,
    /// Observations of one subject, such as .cabincrew-conform/last/observation.json
    #[arg(value_name = "FILE", required = true)]
    observations: Vec<PathBuf>,
}

/// What was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// An engine
    Engine,
    /// An orchestrator
    Orchestrator,
}

/// Judges the observations.
///
/// # Errors
/// When one of them cannot be read, or the selection or the list cannot be used.
pub(crate) fn run(args: &JudgeArgs, edge: &Edge) -> Result<Exit, CliError> {
    match args.kind {
        Kind::Engine => of_engine(args, edge),
        Kind::Orchestrator => of_orchestrator(args, edge),
    }
}

fn of_engine(args: &JudgeArgs, edge: &Edge) -> Result<Exit, CliError> {
    let kit = Kit::embedded()?;
    let plan = select(&kit, &selection(args))?;
    let mut judged = Vec::new();
    for path in &args.observations {
        let observation: Observation = read(path)?;
        if observation.format != OBSERVATION_FORMAT {
            return Err(other_format(path, OBSERVATION_FORMAT));
        }
        judged.push(Judged {
            verdicts: judge(&plan, &kit, &observation),
            observation,
        });
    }
    let launches = judged
        .iter()
        .flat_map(|judged| &judged.observation.launches);
    let seen = Seen {
        engine_id: told::engine_id(&judged),
        duration_ms: launches.map(|launch| launch.duration_ms).sum(),
        capabilities: told::capabilities(&judged),
        launches: told::launches(&judged),
    };
    let passes: Vec<Pass<'_>> = judged.iter().map(Judged::pass).collect();
    conclude(args, edge, &kit, seen, &passes)
}

fn of_orchestrator(args: &JudgeArgs, edge: &Edge) -> Result<Exit, CliError> {
    let kit = orchestrator::catalogue::Kit::embedded()?;
    let plan = orchestrator::select::select(&kit, &selection(args), Part::WHOLE)?;
    let mut judged = Vec::new();
    for path in &args.observations {
        let observation: orchestrator::observe::Observation = read(path)?;
        if observation.format != orchestrator::observe::OBSERVATION_FORMAT {
            return Err(other_format(
                path,
                orchestrator::observe::OBSERVATION_FORMAT,
            ));
        }
        judged.push(orchestrator::report::Judged {
            verdicts: orchestrator::judge::judge(&kit.drills, &plan.not_run, &observation),
            observation,
        });
    }
    let steps = judged
        .iter()
        .flat_map(|judged| &judged.observation.runs)
        .flat_map(|run| &run.steps);
    let seen = Seen {
        engine_id: None,
        duration_ms: steps.map(|step| step.duration_ms).sum(),
        capabilities: orchestrator::report::capabilities(&judged),
        launches: orchestrator::report::launches(&judged),
    };
    let digest = kit.digest();
    let passes: Vec<Pass<'_>> = judged.iter().map(|judged| judged.pass(&digest)).collect();
    conclude(args, edge, &kit, seen, &passes)
}

fn selection(args: &JudgeArgs) -> Selection {
    Selection {
        classes: ClassArg::classes(&args.selection.class),
        filters: args.selection.filter.clone(),
    }
}

/// What the head of the report says of the observations.
struct Seen {
    engine_id: Option<String>,
    duration_ms: u64,
    capabilities: BTreeMap<String, bool>,
    launches: u64,
}

fn conclude(
    args: &JudgeArgs,
    edge: &Edge,
    checks: &dyn CheckSet,
    seen: Seen,
    passes: &[Pass<'_>],
) -> Result<Exit, CliError> {
    let load_known = |path: &PathBuf| KnownList::load(path, checks, edge.today);
    let known = args.known.as_ref().map(load_known).transpose()?;
    let told = |path: &PathBuf| edge.told(path);
    let files: Vec<String> = args.observations.iter().map(told).collect();
    let selection = selection(args);
    let mut rerun = vec!["cabincrew-conform".to_owned(), "judge".to_owned()];
    if args.kind == Kind::Orchestrator {
        rerun.extend(["--kind".to_owned(), checks.kind().to_owned()]);
    }
    let facts = Facts {
        subject: Subject {
            kind: checks.kind().to_owned(),
            command: files.clone(),
            sha256: None,
            engine_id: seen.engine_id,
            adapter: None,
        },
        selection: Selected {
            classes: selection.classes,
            filter: selection.filters,
        },
        seed: 0,
        aborted: None,
        duration_ms: seen.duration_ms,
        capabilities: seen.capabilities,
        launches: seen.launches,
        rerun: (rerun, files),
    };
    let lists = Lists {
        known: known.as_ref(),
        ..Lists::default()
    };
    let report = assemble(checks, facts, passes, lists)?;
    output::print_report(&report, &args.report, View::default())?;
    Ok(Exit::of_report(&report))
}

fn not_readable(path: &Path, why: String) -> CliError {
    CliError::NotReadable {
        path: path.to_owned(),
        what: "an observation",
        why,
    }
}

fn other_format(path: &Path, wanted: u32) -> CliError {
    not_readable(path, format!("its format is not {wanted}"))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, CliError> {
    let fail = |why: String| not_readable(path, why);
    let size = std::fs::metadata(path)
        .map_err(|error| fail(error.to_string()))?
        .len();
    if size > BYTES_MAX {
        return Err(fail(format!("it is larger than {BYTES_MAX} bytes")));
    }
    let bytes = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| fail(error.to_string()))
}
