//! `merge`: reports of parts become one.

use std::path::PathBuf;

use super::arguments::ReportArgs;
use super::error::CliError;
use super::output;
use crate::exit::Exit;
use crate::report::json;
use crate::report::merge::merge;
use crate::report::model::Report;
use crate::report::view::View;

/// Most bytes of one report.
const BYTES_MAX: u64 = 256 << 20;

/// Join the reports of parts, driven on different machines with --partition
#[derive(Debug, clap::Args)]
pub(crate) struct MergeArgs {
    #[command(flatten)]
    report: ReportArgs,
    /// Reports of one subject, such as .cabincrew-conform/last/report.json of each part
    #[arg(value_name = "FILE", required = true)]
    reports: Vec<PathBuf>,
}

/// Prints the report of the whole and returns the exit that it names.
///
/// # Errors
/// When a report cannot be read, or they are not about the same thing.
pub(crate) fn run(args: &MergeArgs) -> Result<Exit, CliError> {
    let parts: Vec<Report> = args
        .reports
        .iter()
        .map(read)
        .collect::<Result<_, CliError>>()?;
    let report = merge(&parts)?;
    output::print_report(&report, &args.report, View::default())?;
    Ok(Exit::of_report(&report))
}

fn read(path: &PathBuf) -> Result<Report, CliError> {
    let fail = |why: String| CliError::NotReadable {
        path: path.clone(),
        what: "a report",
        why,
    };
    let size = std::fs::metadata(path)
        .map_err(|error| fail(error.to_string()))?
        .len();
    if size > BYTES_MAX {
        return Err(fail(format!("it is larger than {BYTES_MAX} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    json::read(&text).map_err(|error| fail(error.to_string()))
}
