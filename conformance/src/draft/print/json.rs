//! Findings as JSON.

use serde::Serialize;

use super::Outcome;
use crate::draft::baseline::Known;
use crate::draft::finding::Finding;
use crate::draft::rule::{self, Weight};

/// One document, version 1.
#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    findings: Vec<Row<'a>>,
    known: usize,
    stale: &'a [Known],
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    rule: &'static str,
    weight: Weight,
}

/// The findings as one JSON document, ending with a line end. Paths are relative to the draft.
///
/// # Errors
/// Never for findings; the serialiser's error is passed on.
pub fn render(outcome: &Outcome) -> Result<String, serde_json::Error> {
    let findings = outcome
        .compared
        .new
        .iter()
        .filter_map(|finding| {
            let rule = rule::find(finding.code)?;
            Some(Row {
                finding,
                rule: rule.name,
                weight: rule.weight,
            })
        })
        .collect();
    let document = Document {
        version: 1,
        findings,
        known: outcome.compared.known,
        stale: &outcome.compared.gone,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
