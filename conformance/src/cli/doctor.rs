//! `doctor`: starts an engine once and says what is missing.

use std::error::Error;
use std::path::Path;

use super::arguments::Color;
use super::edge::Edge;
use super::error::CliError;
use super::output;
use super::run::{self, Driven, Passes};
use super::subject::{SubjectArgs, Target};
use crate::catalogue::Kit;
use crate::doctor::{Remark, Remarks};
use crate::exit::Exit;
use crate::select::{Selection, select};

/// Start an engine once and say what is missing
///
/// Checks the program, the adapter, the scenarios and the machine, then plans and takes off once in
/// each scenario. Options come before BIN.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    subject: SubjectArgs,
}

/// Prints what was found; the exit is 3 if the engine cannot be exercised as it is.
///
/// # Errors
/// When the kit itself is wrong, or an option is misspelt.
pub(crate) fn run(args: &DoctorArgs, edge: &Edge) -> Result<Exit, CliError> {
    args.subject.refuse_options()?;
    let mut remarks = Remarks::default();
    match args.subject.adapter() {
        Ok(adapter) => remarks.adapter(&adapter, args.subject.adapter.is_some()),
        Err(error) => remarks.add(unusable("adapter", &error)),
    }
    match args.subject.scenarios() {
        Ok(scenarios) => scenarios
            .iter()
            .for_each(|scenario| remarks.scenario(scenario)),
        Err(error) => remarks.add(unusable("scenario", &error)),
    }
    match args.subject.prepare(edge) {
        Ok(target) => {
            let name = args
                .subject
                .command
                .first()
                .map(|word| edge.told(Path::new(word)));
            remarks.add(Remark::good("program", name.unwrap_or_default()));
            let driven = baseline(&target, edge)?;
            for judged in &driven.judged {
                remarks.observation(&judged.observation);
            }
            if let Some(why) = driven.aborted {
                remarks.add(Remark::bad("run", why, "Start it again."));
            }
        }
        Err(error @ CliError::Drive(_)) => remarks.add(unusable("program", &error)),
        // Said above.
        Err(CliError::Adapter(_) | CliError::Scenario(_) | CliError::TwoScenarios { .. }) => {}
        Err(error) => return Err(error),
    }
    output::print(&remarks.render("engine"), Color::Auto)?;
    Ok(if remarks.is_fit() {
        Exit::Conforms
    } else {
        Exit::NotExercised
    })
}

fn baseline(target: &Target, edge: &Edge) -> Result<Driven, CliError> {
    let kit = Kit::embedded()?;
    let selection = Selection {
        filters: vec!["drill:010_baseline".to_owned()],
        ..Selection::default()
    };
    let plan = select(&kit, &selection)?;
    let passes = Passes {
        repeat: 1,
        keep: None,
    };
    run::drive_all(target, &kit, &plan, edge, &passes)
}

fn unusable(what: &'static str, error: &CliError) -> Remark {
    let mut text = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let mut source = error.source().and_then(Error::source);
    while let Some(cause) = source {
        text = format!("{text}: {}", cause.to_string().trim_end());
        source = cause.source();
    }
    let fix = match what {
        "adapter" => {
            "Its members are described in spec/schemas/adapter.schema.json; most engines need no adapter."
        }
        "scenario" => "`cabincrew-conform init engine DIR` writes one that is valid.",
        _ => "Name the program as you would in a shell.",
    };
    Remark::bad(what, text, fix)
}
