//! `spec`: exit statuses, forms of output, and lists of known findings.

use serde_json::Value;

use crate::conform::Conform;

const SCHEMA: &str = r#"{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Ticket",
  "type": "object",
  "properties": { "ticket_id": { "type": "string" } },
  "required": ["ticket_id"]
}
"#;

/// A draft with one note, and one error when `broken`.
fn draft(broken: bool) -> Conform {
    let conform = Conform::new();
    conform.write("draft/schema.json", SCHEMA);
    let link = if broken { "lost" } else { "guide" };
    let text = format!("# Guide\n\nSee [it]({link}.md), 100 % of `ticket_id`.\n");
    conform.write("draft/guide.md", &text);
    conform
}

#[test]
fn findings_fail_and_are_printed_like_a_compilers() {
    let ran = draft(true).run(&["spec", "check", "draft"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    insta::assert_snapshot!("spec_check", ran.stdout);
}

#[test]
fn programs_get_json_sarif_and_annotations() {
    let conform = draft(true);
    let run = |format: &str| {
        conform
            .run(&["spec", "check", "draft", "--format", format])
            .stdout
    };
    let json: Value = serde_json::from_str(&run("json")).expect("JSON is JSON");
    assert_eq!(json["findings"][0]["code"], "CCS-040");
    assert_eq!(json["findings"][0]["line"], 3);
    let sarif: Value = serde_json::from_str(&run("sarif")).expect("SARIF is JSON");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "draft/guide.md");
    let lines = run("github");
    let first = lines.lines().next().unwrap_or_default();
    assert_eq!(
        first,
        "::error file=draft/guide.md,line=3,title=CCS-040 file-missing::there is no file `lost.md`"
    );
}

#[test]
fn what_is_listed_is_not_reported_until_it_is_dealt_with() {
    let conform = draft(true);
    let wrote = conform.run(&["spec", "check", "draft", "--write-baseline", "known.toml"]);
    assert_eq!(wrote.code, 0, "{}", wrote.stderr);
    let args = ["spec", "check", "draft", "--baseline", "known.toml"];
    let quiet = conform.run(&args);
    assert_eq!(quiet.code, 0, "{}", quiet.stdout);
    assert!(quiet.stdout.contains("2 known"), "{}", quiet.stdout);
    conform.write("draft/lost.md", "# Found\n");
    let stale = conform.run(&args);
    assert_eq!(stale.code, 1);
    assert!(
        stale.stdout.contains("stale: dealt with"),
        "{}",
        stale.stdout
    );
    conform.write("known.toml", "version = 9\n");
    assert_eq!(conform.run(&args).code, 2);
}

#[test]
fn a_clean_draft_conforms_to_the_rules_that_are_asked_for() {
    let ran = draft(false).run(&["spec", "check", "draft", "--only", "ccs-040"]);
    assert_eq!(
        (ran.code, ran.stdout.lines().count()),
        (0, 1),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_is_no_draft_and_no_rule_is_a_usage_error() {
    let conform = Conform::new();
    conform.write("empty/file.txt", "x");
    for args in [
        ["spec", "check", "empty"],
        ["spec", "check", "nowhere"],
        ["spec", "explain", "CCS-999"],
    ] {
        let ran = conform.run(&args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.is_empty());
    }
}

#[test]
fn rules_are_explained() {
    let conform = Conform::new();
    let one = conform.run(&["spec", "explain", "ccs-020"]);
    assert_eq!(one.code, 0);
    assert!(one.stdout.contains("remedy"), "{}", one.stdout);
    let all = conform.run(&["spec", "explain"]);
    assert!(all.stdout.contains("CCS-004"), "{}", all.stdout);
}

#[test]
fn a_difference_has_three_forms_and_may_be_denied() {
    let conform = draft(false);
    conform.write("new.json", &SCHEMA.replace("\"string\"", "\"number\""));
    let run = |more: &[&str]| {
        let mut args = vec!["spec", "diff", "draft/schema.json", "new.json"];
        args.extend(more);
        conform.run(&args)
    };
    let plain = run(&[]);
    assert_eq!(plain.code, 0, "{}", plain.stderr);
    insta::assert_snapshot!("spec_diff", plain.stdout);
    assert_eq!(run(&["--deny-breaking"]).code, 1);
    let json: Value =
        serde_json::from_str(&run(&["--format", "json"]).stdout).expect("JSON is JSON");
    assert_eq!(json["changes"][0]["producers"], "breaking");
    let markdown = run(&["--format", "markdown"]).stdout;
    let row = "| `Ticket.ticket_id` | the type string became number | breaking | breaking |";
    assert!(markdown.contains(row), "{markdown}");
    let same = conform.run(&["spec", "diff", "draft", "draft", "--deny-breaking"]);
    assert_eq!(same.code, 0, "{}", same.stdout);
}

#[test]
fn coverage_and_tables_are_printed() {
    let conform = Conform::new();
    let run = |args: &[&str]| {
        let ran = conform.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
        ran.stdout
    };
    let json: Value = serde_json::from_str(&run(&["spec", "coverage", "--format", "json"]))
        .expect("JSON is JSON");
    let first = &json["requirements"][0];
    assert_eq!(first["id"], "CC-ENG-001");
    assert_eq!(first["standing"], "checked");
    assert!(
        first["checks"][0]["faults"]
            .as_array()
            .is_some_and(|faults| !faults.is_empty()),
        "{first}"
    );
    let html = run(&["spec", "coverage", "--format", "html"]);
    assert!(html.contains("<tr id=\"CC-ENG-001\">"));
    for outside in ["src=", "href=", "http"] {
        assert!(!html.contains(outside), "the page needs {outside}");
    }
    let markdown = run(&["spec", "coverage"]);
    assert!(
        markdown.contains("| CC-ENG-001 | MUST | engine |"),
        "{markdown}"
    );
    let rows: Value =
        serde_json::from_str(&run(&["spec", "export", "transitions"])).expect("JSON is JSON");
    assert_eq!(rows["rows"][0]["from"], "INIT");
    let all: Value =
        serde_json::from_str(&run(&["spec", "export", "requirements"])).expect("JSON is JSON");
    assert_eq!(all[0]["id"], "CC-ENG-001");
    let vectors: Value =
        serde_json::from_str(&run(&["spec", "export", "vectors"])).expect("JSON is JSON");
    assert!(vectors["canonical-json"]["cases"].is_array());
}
