//! `init orchestrator`: probes a program and writes its adapter file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::arguments::Color;
use super::call::CallArgs;
use super::edge::Edge;
use super::error::CliError;
use super::output;
use super::progress::Live;
use crate::exit::Exit;
use crate::init;
use crate::orchestrator::adapter::OrchestratorAdapter;
use crate::orchestrator::catalogue::Kit;
use crate::orchestrator::drive::drive;
use crate::orchestrator::judge::judge;
use crate::orchestrator::probe;
use crate::orchestrator::select::{Part, select};
use crate::report::model;
use crate::report::plain;
use crate::select::Selection;

/// Options of `init orchestrator`.
#[derive(Debug, clap::Args)]
pub(crate) struct ProbeArgs {
    /// The adapter file to write; one that is there already is used, and left as it is
    #[arg(long, value_name = "FILE", default_value = "conform.toml")]
    adapter: PathBuf,
    #[command(flatten)]
    call: CallArgs,
}

/// Drives the few drills that show whether the verbs work and what is offered; writes the adapter
/// file if there is none. The exit is 3 as long as the orchestrator cannot be exercised.
///
/// # Errors
/// When the program cannot be found, or the adapter file cannot be read or written.
pub(crate) fn run(args: &ProbeArgs, edge: &Edge) -> Result<Exit, CliError> {
    let subject = args.call.subject(edge)?;
    let kit = Kit::embedded()?;
    let selection = Selection {
        filters: probe::filters(),
        ..Selection::default()
    };
    let mut plan = select(&kit, &selection, Part::WHOLE)?;
    probe::narrow(&kit, &mut plan.runs);
    let there = args.adapter.symlink_metadata().is_ok();
    let adapter = if there {
        OrchestratorAdapter::load(&args.adapter)?
    } else {
        OrchestratorAdapter::default()
    };
    let options = args.call.options(&adapter, None, edge);
    let live = Live {
        edge,
        scenario: model::DRILLS,
    };
    let seen = drive(&subject, &adapter, &plan.runs, &options, &live);
    live.clear();
    let seen = seen?;
    let probed = probe::look(&seen, &judge(&kit.drills, &plan.not_run, &seen));
    let mut text = probed.remarks.render("orchestrator");
    let file = plain::safe(&args.adapter.display().to_string());
    if there {
        let _ = writeln!(text, "{file} was used, and is left as it is.");
    } else {
        let program = args
            .call
            .command
            .last()
            .and_then(|word| Path::new(word).file_name());
        let name = program.map(|name| name.to_string_lossy().into_owned());
        let content = init::adapter(
            &name.unwrap_or_default(),
            &adapter.verbs,
            &probed.capabilities,
        );
        init::write_new(&args.adapter, &content)?;
        let _ = writeln!(text, "wrote {file}");
    }
    output::print(&text, Color::Auto)?;
    Ok(if probed.remarks.is_fit() {
        Exit::Conforms
    } else {
        Exit::NotExercised
    })
}
