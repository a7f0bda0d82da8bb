//! From one run to the next: what failed is run again, or is known from now on.

use std::path::Path;

use super::arguments::{ClassArg, SelectionArgs};
use super::edge::Edge;
use super::error::CliError;
use super::output;
use crate::evidence;
use crate::known::KnownList;
use crate::report::json;
use crate::report::model::Report;
use crate::select::Selection;
use crate::verdict::Outcome;

/// What was selected; with `rerun_failed` what failed or was unproven in the report in `output`.
///
/// # Errors
/// When there is no such report, or nothing in it is to be run again.
pub(crate) fn selection(
    args: &SelectionArgs,
    rerun_failed: bool,
    output: &Path,
) -> Result<Selection, CliError> {
    if !rerun_failed {
        return Ok(Selection {
            classes: ClassArg::classes(&args.class),
            filters: args.filter.clone(),
        });
    }
    let last = last_report(output)?;
    let filters: Vec<String> = last
        .checks
        .iter()
        .filter(|check| matches!(check.outcome, Outcome::Fail | Outcome::Unproven))
        .map(|check| check.id.clone())
        .collect();
    if filters.is_empty() {
        return Err(CliError::NothingFailed {
            path: output.join(evidence::REPORT),
        });
    }
    Ok(Selection {
        classes: last.selection.classes,
        filters,
    })
}

fn last_report(output: &Path) -> Result<Report, CliError> {
    let path = output.join(evidence::REPORT);
    let fail = |why: String| CliError::NotReadable {
        path: path.clone(),
        what: "a report",
        why,
    };
    let text = std::fs::read_to_string(&path).map_err(|error| fail(error.to_string()))?;
    json::read(&text).map_err(|error| fail(error.to_string()))
}

/// Writes the failures of a run as a list of known ones; reasons of `draft` that still fit are kept.
///
/// # Errors
/// When the list cannot be written.
pub(crate) fn write_known(
    path: &Path,
    draft: &KnownList,
    report: &Report,
    edge: &Edge,
) -> Result<(), CliError> {
    let list = draft.renewed(&report.checks, edge.today);
    std::fs::write(path, list.to_toml()).map_err(|source| CliError::Write {
        path: path.to_owned(),
        source,
    })?;
    output::tell(&format!(
        "{} lists {} known failures; each needs a reason and an issue before it counts",
        path.display(),
        list.entries().len()
    ));
    Ok(())
}
