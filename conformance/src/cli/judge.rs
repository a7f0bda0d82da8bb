//! `judge`: repeats verdicts from what was recorded.

use std::path::{Path, PathBuf};

use super::arguments::{ClassArg, ReportArgs, SelectionArgs};
use super::edge::Edge;
use super::error::CliError;
use super::output;
use crate::catalogue::Kit;
use crate::exit::Exit;
use crate::judge::judge;
use crate::known::KnownList;
use crate::observe::{OBSERVATION_FORMAT, Observation};
use crate::report::assemble::{Facts, Lists, Pass, assemble};
use crate::report::engine::{self as told, Judged};
use crate::report::model::{Selected, Subject};
use crate::select::{Selection, select};

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
    /// Observations of one subject, such as .cabincrew-conform/last/observation.json
    #[arg(value_name = "FILE", required = true)]
    observations: Vec<PathBuf>,
}

/// Judges the observations.
///
/// # Errors
/// When one of them cannot be read, or the selection or the list cannot be used.
pub(crate) fn run(args: &JudgeArgs, edge: &Edge) -> Result<Exit, CliError> {
    let kit = Kit::embedded()?;
    let selection = Selection {
        classes: ClassArg::classes(&args.selection.class),
        filters: args.selection.filter.clone(),
    };
    let plan = select(&kit, &selection)?;
    let load_known = |path: &PathBuf| KnownList::load(path, &kit, edge.today);
    let known = args.known.as_ref().map(load_known).transpose()?;
    let mut judged = Vec::new();
    for path in &args.observations {
        let observation = read(path)?;
        judged.push(Judged {
            verdicts: judge(&plan, &kit, &observation),
            observation,
        });
    }
    let files: Vec<String> = args
        .observations
        .iter()
        .map(|path| edge.told(path))
        .collect();
    let launches = judged
        .iter()
        .flat_map(|judged| &judged.observation.launches);
    let facts = Facts {
        subject: Subject {
            kind: "engine".to_owned(),
            command: files.clone(),
            sha256: None,
            engine_id: told::engine_id(&judged),
            adapter: None,
        },
        selection: Selected {
            classes: selection.classes,
            filter: selection.filters,
        },
        seed: 0,
        aborted: None,
        duration_ms: launches.map(|launch| launch.duration_ms).sum(),
        capabilities: told::capabilities(&judged),
        launches: told::launches(&judged),
        rerun: (
            vec!["cabincrew-conform".to_owned(), "judge".to_owned()],
            files,
        ),
    };
    let lists = Lists {
        known: known.as_ref(),
        ..Lists::default()
    };
    let passes: Vec<Pass<'_>> = judged.iter().map(Judged::pass).collect();
    let report = assemble(&kit, facts, &passes, lists)?;
    output::print_report(&report, &args.report, None)?;
    Ok(Exit::of_report(&report))
}

fn read(path: &Path) -> Result<Observation, CliError> {
    let fail = |why: String| CliError::NotReadable {
        path: path.to_owned(),
        what: "an observation",
        why,
    };
    let size = std::fs::metadata(path)
        .map_err(|error| fail(error.to_string()))?
        .len();
    if size > BYTES_MAX {
        return Err(fail(format!("it is larger than {BYTES_MAX} bytes")));
    }
    let bytes = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    let observation: Observation =
        serde_json::from_slice(&bytes).map_err(|error| fail(error.to_string()))?;
    if observation.format != OBSERVATION_FORMAT {
        return Err(fail(format!("its format is not {OBSERVATION_FORMAT}")));
    }
    Ok(observation)
}
