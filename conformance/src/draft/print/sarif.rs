//! Findings as SARIF 2.1.0, which code hosts show beside the lines.

use serde_json::{Value, json};

use super::Outcome;
use crate::draft::finding::{Finding, Place};
use crate::draft::rule;

/// The findings as one SARIF log, ending with a line end.
///
/// # Errors
/// Never for findings; the serialiser's error is passed on.
pub fn render(outcome: &Outcome) -> Result<String, serde_json::Error> {
    let rules: Vec<Value> = rule::all()
        .map(|rule| {
            json!({
                "id": rule.code,
                "name": rule.name,
                "shortDescription": { "text": rule.holds },
                "fullDescription": { "text": rule.why },
                "help": { "text": rule.remedy },
                "defaultConfiguration": { "level": rule.weight.as_str() },
            })
        })
        .collect();
    let results: Vec<Value> = outcome
        .compared
        .new
        .iter()
        .map(|finding| result(outcome, finding))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cabincrew-conform",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "results": results,
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn result(outcome: &Outcome, finding: &Finding) -> Value {
    let level = rule::find(finding.code).map_or("warning", |rule| rule.weight.as_str());
    let mut result = json!({
        "ruleId": finding.code,
        "level": level,
        "message": { "text": finding.message },
        "locations": [location(outcome, &finding.place, None)],
    });
    if let Some((place, says)) = &finding.other {
        result["relatedLocations"] = json!([location(outcome, place, Some(says))]);
    }
    result
}

fn location(outcome: &Outcome, place: &Place, says: Option<&str>) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": outcome.path(place) },
            "region": { "startLine": place.line },
        },
    });
    if let Some(says) = says {
        location["message"] = json!({ "text": says });
    }
    location
}
