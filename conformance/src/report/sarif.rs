//! A report as SARIF 2.1.0, which code hosts show in their lists of alerts: one rule for each check, one
//! result for each that is red, and for each that is accepted one that is suppressed.

use cabincrew_protocol::requirement::Catalogue;
use serde_json::{Value, json};

use super::model::{CheckResult, Report};
use super::plain;
use crate::verdict::Outcome;

/// The report as one SARIF log, ending with a line end.
///
/// # Errors
/// Never for a report that this crate made: all keys are strings.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let rules: Vec<Value> = report.checks.iter().map(rule).collect();
    let results: Vec<Value> = report
        .checks
        .iter()
        .enumerate()
        .filter_map(|(index, check)| result(report, index, check))
        .collect();
    let version = report.suite.tool.rsplit(' ').next().unwrap_or_default();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cabincrew-conform",
                "version": version,
                "properties": {
                    "suite": report.suite.digest,
                    "spec_revision": report.suite.spec_revision,
                },
                "rules": rules,
            } },
            "automationDetails": { "id": format!("cabincrew-conform/{}/", report.subject.kind) },
            "invocations": [invocation(report)],
            "results": results,
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

/// A check: what holds, the sentences that it comes from, and what usually goes against them.
fn rule(check: &CheckResult) -> Value {
    let mut help = vec![check.class.meaning().to_owned()];
    for id in &check.requirements {
        if let Some(requirement) = Catalogue::embedded().get(id) {
            let level = requirement.level.as_str();
            help.push(format!("{id} ({level}): {}", requirement.text));
            help.push(format!("A violation: {}", requirement.violation));
            help.push(format!("Sources: {}", requirement.sources.join("; ")));
        }
    }
    help.push(format!("More: cabincrew-conform explain {}", check.id));
    let mut tags = vec![check.class.as_str(), check.level.as_str()];
    tags.extend(check.requirements.iter().map(String::as_str));
    json!({
        "id": check.id,
        "shortDescription": { "text": check.title },
        "help": { "text": help.join("\n") },
        "defaultConfiguration": { "level": "error" },
        "properties": { "tags": tags },
    })
}

/// A red or accepted check; none for the others.
fn result(report: &Report, index: usize, check: &CheckResult) -> Option<Value> {
    // "open" would be the word for what is unproven, but hosts hide it, and unproven is red.
    let level = match check.outcome {
        Outcome::Fail | Outcome::Known => "error",
        Outcome::Unproven => "warning",
        Outcome::Pass | Outcome::NotApplicable | Outcome::NotRun => return None,
    };
    let mut result = json!({
        "ruleId": check.id,
        "ruleIndex": index,
        "level": level,
        "message": { "text": message(check) },
        "locations": [location(report, check)],
        // The same check on the same subject is the same alert, whatever was observed this time.
        "partialFingerprints": { "cabincrewCheck/v1": check.id },
    });
    if check.outcome == Outcome::Known {
        let reason = plain::safe(check.reason.as_deref().unwrap_or_default());
        result["suppressions"] = json!([
            { "kind": "external", "status": "accepted", "justification": reason }
        ]);
    }
    Some(result)
}

fn message(check: &CheckResult) -> String {
    let mut lines = vec![format!("{}: {}", check.outcome.as_str(), check.title)];
    let mut say = |label: &str, text: &str| lines.push(format!("{label}: {}", plain::safe(text)));
    if let Some(reason) = &check.reason {
        say("because", reason);
    }
    if let Some(finding) = check.findings.first() {
        say("expected", &finding.expected);
        say("observed", &finding.observed);
    }
    say("rerun", &check.rerun);
    lines.join("\n")
}

/// The program as the report names it, and in it the launch. There is no line in a program, and hosts
/// show only results with one: the first stands for the whole.
fn location(report: &Report, check: &CheckResult) -> Value {
    let program = report.subject.command.first().map_or("", String::as_str);
    let scenario = check.scenario.as_deref().unwrap_or("default");
    let launch = check.place().unwrap_or(&check.id);
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(program) },
            "region": { "startLine": 1 },
        },
        "logicalLocations": [
            { "fullyQualifiedName": plain::safe(&format!("{scenario}/{launch}")) }
        ],
    })
}

/// How the run ended, and what is red and belongs to no check.
fn invocation(report: &Report) -> Value {
    let notes: Vec<Value> = report
        .aborted
        .iter()
        .chain(&report.known_problems)
        .chain(&report.golden_differences)
        .map(|text| json!({ "level": "error", "message": { "text": plain::safe_lines(text) } }))
        .collect();
    let mut invocation = json!({
        "executionSuccessful": report.aborted.is_none(),
        "exitCode": report.exit_code,
    });
    if !notes.is_empty() {
        invocation["toolExecutionNotifications"] = Value::from(notes);
    }
    invocation
}

/// A relative path as a URI reference: whatever could be read as something else is percent-encoded.
fn uri(path: &str) -> String {
    let mut relative = path;
    while let Some(rest) = relative.strip_prefix("./").or(relative.strip_prefix('/')) {
        relative = rest;
    }
    let mut out = String::new();
    for byte in relative.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                for nibble in [byte >> 4, byte & 15] {
                    let digit = char::from_digit(nibble.into(), 16).unwrap_or_default();
                    out.push(digit.to_ascii_uppercase());
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{failed, other, passed, report};

    fn log(report: &Report) -> Value {
        serde_json::from_str(&render(report).unwrap()).unwrap()
    }

    #[test]
    fn a_failure_is_one_result_with_the_members_that_hosts_read() {
        let made = report(vec![
            passed("CC-ENG-018/workspace-untouched"),
            failed("CC-ENG-013/path-names-file", "path \"/abs\"\u{1b}[2J"),
        ]);
        let log = log(&made);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["name"], "cabincrew-conform");
        assert_eq!(run["tool"]["driver"]["version"], "0.0.0");
        let expected = json!([{
            "ruleId": "CC-ENG-013/path-names-file",
            "ruleIndex": 1,
            "level": "error",
            "message": { "text": "fail: Planning leaves the workspace as it was\n\
                expected: the workspace is unchanged\n\
                observed: path \"/abs\"\\u{1b}[2J\n\
                rerun: cabincrew-conform engine --filter CC-ENG-013/path-names-file ./my-engine" },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": { "uri": "my-engine" },
                    "region": { "startLine": 1 },
                },
                "logicalLocations": [{ "fullyQualifiedName": "default/baseline" }],
            }],
            "partialFingerprints": { "cabincrewCheck/v1": "CC-ENG-013/path-names-file" },
        }]);
        assert_eq!(run["results"], expected);
        assert_eq!(
            run["invocations"],
            json!([{ "executionSuccessful": true, "exitCode": 1 }])
        );
    }

    #[test]
    fn every_check_is_a_rule_with_help() {
        let made = report(vec![
            passed("CC-ENG-018/workspace-untouched"),
            passed("CC-ENG-022/umask"),
        ]);
        let log = log(&made);
        let rules = log["runs"][0]["tool"]["driver"]["rules"]
            .as_array()
            .unwrap();
        for (rule, check) in rules.iter().zip(&made.checks) {
            assert_eq!(rule["id"], check.id.as_str());
            assert_eq!(rule["shortDescription"]["text"], check.title.as_str());
            let help = rule["help"]["text"].as_str().unwrap();
            let requirement = Catalogue::embedded().get(&check.requirements[0]).unwrap();
            assert!(help.contains(&requirement.text), "{help}");
            assert!(help.ends_with(&format!("explain {}", check.id)), "{help}");
        }
        assert_eq!(rules.len(), 2);
        assert_eq!(log["runs"][0]["results"], json!([]));
    }

    #[test]
    fn what_is_unproven_warns_and_what_is_accepted_is_suppressed() {
        let mut made = report(vec![
            other(
                "CC-ENG-019/watched-system",
                Outcome::Unproven,
                "the machine does not let it",
            ),
            other("CC-ENG-022/umask", Outcome::Known, "known until 2027-01-31"),
            other("CC-ENG-041/no-shell-injection", Outcome::NotRun, "left out"),
        ]);
        made.aborted = Some("the run was interrupted".to_owned());
        let log = log(&made);
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        assert_eq!(results[0]["level"], "warning");
        assert!(results[0].get("suppressions").is_none());
        assert_eq!(
            results[1]["suppressions"][0]["justification"],
            "known until 2027-01-31"
        );
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        let note = &invocation["toolExecutionNotifications"][0]["message"]["text"];
        assert_eq!(note, "the run was interrupted");
    }

    #[test]
    fn paths_become_references_that_lead_nowhere_else() {
        assert_eq!(uri("./bin/my engine"), "bin/my%20engine");
        assert_eq!(uri("file:%2f"), "file%3A%252f");
        assert_eq!(uri("././x"), "x");
        assert_eq!(uri("/x"), "x");
        assert_eq!(uri("//host/x"), "host/x");
        assert_eq!(uri("gr\u{fc}n"), "gr%C3%BCn");
    }
}
