//! `orchestrator`: judges an orchestrator.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::again;
use super::arguments::{ReportArgs, SelectionArgs};
use super::call::CallArgs;
use super::edge::Edge;
use super::error::CliError;
use super::output;
use super::progress::Live;
use super::subject;
use super::traces;
use crate::drive::clock;
use crate::drive::engine::Subject;
use crate::evidence::{OutputFolder, REPORT};
use crate::exit::Exit;
use crate::golden;
use crate::known::KnownList;
use crate::orchestrator::adapter::OrchestratorAdapter;
use crate::orchestrator::catalogue::Kit;
use crate::orchestrator::drive::drive;
use crate::orchestrator::evidence;
use crate::orchestrator::judge::{judge, leave_to_other_parts};
use crate::orchestrator::report::{self as told, Judged};
use crate::orchestrator::select::{Part, Plan, select};
use crate::report::assemble::{Facts, Lists, Pass, assemble};
use crate::report::json;
use crate::report::model::{self, Selected};
use crate::report::view::{Typed, View};
use crate::suite::CheckSet as _;

const EXAMPLES: &str = "\
Options come before BIN; everything after BIN belongs to the orchestrator:
  cabincrew-conform orchestrator ./my-orchestrator
  cabincrew-conform orchestrator --adapter conform.toml python3 my_adapter.py
  cabincrew-conform orchestrator --filter 'TKO | drill:killed' ./my-orchestrator
  cabincrew-conform orchestrator --partition 1/4 --format junit ./my-orchestrator >results.xml

An adapter file conform.toml beside BIN is found by itself. A filter is an id, an id prefix ending in *, a
requirement, an area (APR), level:SHOULD, class:profile or drill:NAME, joined with &, |, ! and parentheses. Checks
on every step look at the drills that are driven: at fewer under a filter, so a green part says less than the whole.";

/// Judge an orchestrator
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct OrchestratorArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    report: ReportArgs,
    /// An adapter file [default: conform.toml beside BIN, if there is one]
    #[arg(long, value_name = "FILE")]
    adapter: Option<PathBuf>,
    /// Drills of this folder (FAMILY/NAME.toml) instead of the built-in ones, for whoever writes drills
    #[arg(long, value_name = "DIR")]
    drills: Option<PathBuf>,
    /// Drive only a part of the drills, for machines that share the work
    #[arg(long, value_name = "K/N")]
    partition: Option<Part>,
    /// Leave the directories of the runs behind, and say where
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
    /// A folder of pinned traces; a run that went another way is red
    #[arg(long, value_name = "DIR")]
    golden: Option<PathBuf>,
    /// Pin the traces of this run; with --repeat only of what went the same way each time
    #[arg(long, value_name = "DIR")]
    write_golden: Option<PathBuf>,
    /// Run several times; an outcome that changes is red
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,
    /// Run only what failed or was unproven in the last run
    #[arg(long, conflicts_with = "filter")]
    rerun_failed: bool,
    #[command(flatten)]
    call: CallArgs,
}

/// Judges the orchestrator and returns the exit that its report names.
///
/// # Errors
/// When the request cannot be carried out.
pub(crate) fn run(args: &OrchestratorArgs, edge: &Edge) -> Result<Exit, CliError> {
    let kit = match &args.drills {
        Some(folder) => Kit::of_folder(folder)?,
        None => Kit::embedded()?,
    };
    let selection = again::selection(&args.selection, args.rerun_failed, &args.output)?;
    let plan = select(&kit, &selection, args.partition.unwrap_or(Part::WHOLE))?;
    let load_known = |path: &PathBuf| KnownList::load(path, &kit, edge.today);
    let known = args.known.as_ref().map(load_known).transpose()?;
    let draft = args
        .write_known
        .as_deref()
        .map(KnownList::draft)
        .transpose()?;
    let golden = args.golden.as_deref().map(golden::load).transpose()?;
    let subject = args.call.subject(edge)?;
    let adapter = OrchestratorAdapter::find(args.adapter.as_deref(), &subject.command)?;
    let folder = OutputFolder::open(&args.output)?;
    let driven = drive_all(
        args,
        edge,
        &Target {
            kit: &kit,
            plan: &plan,
            subject: &subject,
            adapter: &adapter,
        },
    )?;
    let digest = kit.digest();
    let passes: Vec<Pass<'_>> = driven
        .judged
        .iter()
        .map(|judged| judged.pass(&digest))
        .collect();
    let facts = Facts {
        subject: told_subject(args, edge, &subject, &adapter),
        selection: Selected {
            classes: selection.classes,
            filter: selection.filters,
        },
        seed: args.call.seed,
        aborted: driven.aborted,
        duration_ms: driven.duration_ms,
        capabilities: told::capabilities(&driven.judged),
        launches: told::launches(&driven.judged),
        rerun: rerun(args, edge),
    };
    let lists = Lists {
        known: known.as_ref(),
        golden_differences: golden
            .map(|pinned| traces::differences(&pinned, &driven.judged))
            .unwrap_or_default(),
        ..Lists::default()
    };
    let mut report = assemble(&kit, facts, &passes, lists)?;
    evidence::write(&driven.judged, &mut report, &plan.runs, &folder)?;
    let text = json::render(&report).map_err(CliError::Serialise)?;
    folder.write(REPORT, text.as_bytes())?;
    folder.publish()?;
    if let (Some(path), Some(draft)) = (&args.write_known, draft) {
        again::write_known(path, &draft, &report, edge)?;
    }
    if let Some(path) = &args.write_golden {
        traces::pin(path, &driven.judged)?;
    }
    output::print_report(&report, &args.report, view(args, edge))?;
    Ok(Exit::of_report(&report))
}

/// The subject as reports name it.
fn told_subject(
    args: &OrchestratorArgs,
    edge: &Edge,
    subject: &Subject,
    adapter: &OrchestratorAdapter,
) -> model::Subject {
    let program = subject.command.first();
    model::Subject {
        kind: "orchestrator".to_owned(),
        command: subject::told(&args.call.command, edge),
        sha256: program.and_then(|program| subject::digest(Path::new(program))),
        engine_id: None,
        adapter: adapter.digest.clone(),
    }
}

/// What is driven.
struct Target<'a> {
    kit: &'a Kit,
    plan: &'a Plan,
    subject: &'a Subject,
    adapter: &'a OrchestratorAdapter,
}

/// What came of it.
struct Driven {
    judged: Vec<Judged>,
    duration_ms: u64,
    aborted: Option<String>,
}

fn drive_all(
    args: &OrchestratorArgs,
    edge: &Edge,
    target: &Target<'_>,
) -> Result<Driven, CliError> {
    let start = clock::now();
    let mut driven = Driven {
        judged: Vec::new(),
        duration_ms: 0,
        aborted: None,
    };
    for pass in 1..=args.repeat {
        let kept = || args.output.with_extension(format!("kept-{pass}"));
        let keep = args.keep.then(kept);
        let options = args.call.options(target.adapter, keep, edge);
        let live = Live {
            edge,
            scenario: model::DRILLS,
        };
        let seen = drive(
            target.subject,
            target.adapter,
            &target.plan.runs,
            &options,
            &live,
        );
        live.clear();
        let observation = seen?;
        if let Some(folder) = options.keep.filter(|folder| folder.exists()) {
            output::tell(&format!(
                "the directories of the runs are in {}",
                folder.display()
            ));
        }
        let mut verdicts = judge(&target.kit.drills, &target.plan.not_run, &observation);
        if args.partition.is_some_and(|part| part != Part::WHOLE) {
            leave_to_other_parts(&mut verdicts);
        }
        driven.judged.push(Judged {
            verdicts,
            observation,
        });
        driven.duration_ms = start.elapsed_ms();
        if edge.interrupted.load(Ordering::Relaxed) {
            driven.aborted = Some("the run was interrupted".to_owned());
            break;
        }
    }
    Ok(driven)
}

/// The words that repeat a run, before `--filter ID` and after it, as reports hold them.
fn rerun(args: &OrchestratorArgs, edge: &Edge) -> (Vec<String>, Vec<String>) {
    repeated(args, "cabincrew-conform", &|path| edge.placeheld(path))
}

/// What is printed names folders and commands so that they can be pasted into the shell that this was
/// called from.
fn view(args: &OrchestratorArgs, edge: &Edge) -> View {
    let written = |path: &Path| path.to_string_lossy().into_owned();
    let (before, after) = repeated(args, &edge.called, &written);
    View {
        output: Some(written(&args.output)),
        typed: Some(Typed {
            program: edge.called.clone(),
            before,
            after,
        }),
        ..View::default()
    }
}

fn repeated(
    args: &OrchestratorArgs,
    program: &str,
    written: &dyn Fn(&Path) -> String,
) -> (Vec<String>, Vec<String>) {
    let options = [
        ("--adapter", args.adapter.as_deref().map(written)),
        ("--drills", args.drills.as_deref().map(written)),
    ];
    args.call
        .again((program, "orchestrator"), &options, written)
}
