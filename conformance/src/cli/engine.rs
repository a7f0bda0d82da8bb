//! `engine`: judges an engine.

use std::path::PathBuf;

use super::again;
use super::arguments::{ReportArgs, SelectionArgs};
use super::edge::Edge;
use super::error::CliError;
use super::output;
use super::run::{self, Driven, Passes};
use super::subject::{SubjectArgs, Target};
use crate::catalogue::Kit;
use crate::evidence::{self, OutputFolder};
use crate::exit::Exit;
use crate::golden::{self, Pinned};
use crate::known::KnownList;
use crate::report::assemble::{Facts, Lists, Pass, assemble};
use crate::report::engine::{self as told, Judged};
use crate::report::json;
use crate::report::model::{self, Selected};
use crate::report::view::View;
use crate::select::{Selection, select};

const EXAMPLES: &str = "\
Options come before BIN; everything after BIN belongs to the engine:
  cabincrew-conform engine ./my-engine
  cabincrew-conform engine --scenario tests/conform ./my-engine --config engine.toml
  cabincrew-conform engine --filter 'CC-ENG-018/* | drill:090_take_off' python3 my_engine.py
  cabincrew-conform engine --known known.toml --format junit ./my-engine >results.xml

A filter is an id, an id prefix ending in *, a requirement, an area (ENG), level:SHOULD, class:profile or
drill:NAME, joined with &, |, ! and parentheses. `cabincrew-conform list` shows what there is.";

/// Judge an engine
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EngineArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    report: ReportArgs,
    /// Leave the directories of the launches behind, and say where
    #[arg(long)]
    keep: bool,
    /// The output folder, replaced by each run
    #[arg(long, value_name = "DIR", default_value = ".cabincrew-conform/last")]
    output: PathBuf,
    /// The list of known failures
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
    /// Write a list of the failures of this run; reasons that still fit are kept
    #[arg(long, value_name = "FILE")]
    write_known: Option<PathBuf>,
    /// Run several times; an outcome that changes is red
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,
    /// Run only what failed or was unproven in the last run
    #[arg(long, conflicts_with = "filter")]
    rerun_failed: bool,
    /// Compare plans and receipts with this folder, written by `record`
    #[arg(long, value_name = "DIR")]
    golden: Option<PathBuf>,
    #[command(flatten)]
    subject: SubjectArgs,
}

/// Judges the engine and returns the exit that its report names.
///
/// # Errors
/// When the request cannot be carried out.
pub(crate) fn run(args: &EngineArgs, edge: &Edge) -> Result<Exit, CliError> {
    args.subject.refuse_options()?;
    let kit = Kit::embedded()?;
    let selection = again::selection(&args.selection, args.rerun_failed, &args.output)?;
    let plan = select(&kit, &selection)?;
    let load_known = |path: &PathBuf| KnownList::load(path, &kit, edge.today);
    let known = args.known.as_ref().map(load_known).transpose()?;
    let draft = args
        .write_known
        .as_deref()
        .map(KnownList::draft)
        .transpose()?;
    let golden = args.golden.as_deref().map(golden::load).transpose()?;
    let target = args.subject.prepare(edge)?;
    let folder = OutputFolder::open(&args.output)?;
    let passes = Passes {
        repeat: args.repeat,
        keep: args.keep.then(|| args.output.with_extension("kept")),
    };
    let driven = run::drive_all(&target, &kit, &plan, edge, &passes)?;
    let lists = Lists {
        known: known.as_ref(),
        golden_differences: golden
            .map(|golden| differences(&golden, &driven))
            .unwrap_or_default(),
        advice: Vec::new(),
    };
    let facts = facts(args, &selection, &target, &driven, edge);
    let passes: Vec<Pass<'_>> = driven.judged.iter().map(Judged::pass).collect();
    let mut report = assemble(&kit, facts, &passes, lists)?;
    let evidence = evidence::Run {
        kit: &kit,
        scenarios: &target.scenarios,
        judged: &driven.judged,
        command: &args.subject.words(),
    };
    evidence::write(&evidence, &mut report, &folder)?;
    let text = json::render(&report).map_err(CliError::Serialise)?;
    folder.write(evidence::REPORT, text.as_bytes())?;
    folder.publish()?;
    if let (Some(path), Some(draft)) = (&args.write_known, draft) {
        again::write_known(path, &draft, &report, edge)?;
    }
    let view = View {
        output: Some(args.output.to_string_lossy().into_owned()),
        typed: Some(args.subject.typed(edge)),
        ..View::default()
    };
    output::print_report(&report, &args.report, view)?;
    Ok(Exit::of_report(&report))
}

fn facts(
    args: &EngineArgs,
    selection: &Selection,
    target: &Target,
    driven: &Driven,
    edge: &Edge,
) -> Facts {
    Facts {
        subject: model::Subject {
            engine_id: told::engine_id(&driven.judged),
            ..args.subject.described(target, edge)
        },
        selection: Selected {
            classes: selection.classes.clone(),
            filter: selection.filters.clone(),
        },
        seed: args.subject.seed,
        aborted: driven.aborted.clone(),
        duration_ms: driven.duration_ms,
        capabilities: told::capabilities(&driven.judged),
        launches: told::launches(&driven.judged),
        rerun: args.subject.rerun(edge),
    }
}

/// An engine that makes no plan differs from any golden folder.
fn differences(golden: &Pinned, driven: &Driven) -> Vec<String> {
    match golden::pin(driven.judged.iter().map(|judged| &judged.observation)) {
        Ok(now) => golden::differences(golden, &now),
        Err(error) => vec![error.to_string()],
    }
}
