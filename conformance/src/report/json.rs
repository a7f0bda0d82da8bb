//! `report.json`.

use super::model::Report;

/// The report as one JSON document with a line end.
///
/// # Errors
/// Never for a report that this crate made: all keys are strings.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}

/// Reads a report back.
///
/// # Errors
/// When the text is not a report of this version.
pub fn read(text: &str) -> Result<Report, serde_json::Error> {
    serde_json::from_str(text)
}
