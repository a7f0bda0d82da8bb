//! What goes with a subject: known failures, golden folders, the last report.

use cabincrew_conform::verdict::Outcome;

use crate::conform::{BINARY, Conform, fault};

const FILTER: [&str; 2] = ["--filter", "CC-ENG-018/workspace-untouched | CC-ENG-012"];

fn with<'a>(options: &[&'a str]) -> Vec<&'a str> {
    [&FILTER[..], options].concat()
}

#[test]
fn known_failures_are_written_filled_in_and_met() {
    let conform = Conform::new();
    let script = fault("formats-in-place");
    let ran = conform.engine(&with(&["--write-known", "known.toml"]), &script);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let list = conform.read("known.toml");
    assert!(
        list.contains("check = \"CC-ENG-018/workspace-untouched\""),
        "{list}"
    );

    let empty = conform.engine(&with(&["--known", "known.toml"]), &script);
    assert_eq!(empty.code, 2);
    assert!(empty.stderr.contains("has no reason"), "{}", empty.stderr);

    conform.write("known.toml", &list.replace("\"\"", "\"x\""));
    let known = conform.engine(&with(&["--known", "known.toml"]), &script);
    assert_eq!(known.code, 0, "{}{}", known.stdout, known.stderr);
    assert!(
        known.stdout.contains("CONFORMS EXCEPT 1 KNOWN"),
        "{}",
        known.stdout
    );
    assert_eq!(conform.report().known, 1);

    let other = fault("log-in-workspace");
    let differs = conform.engine(&with(&["--known", "known.toml"]), &other);
    assert_eq!(differs.code, 1);
    assert!(
        differs.stdout.contains("fails differently"),
        "{}",
        differs.stdout
    );

    let passes = conform.engine(&with(&["--known", "known.toml"]), "");
    assert_eq!(passes.code, 1, "{}", passes.stdout);
    assert!(
        passes.stdout.contains("passes although it is listed"),
        "{}",
        passes.stdout
    );

    conform.write(
        "known.toml",
        &conform
            .read("known.toml")
            .replace("until = 20", "until = 19"),
    );
    let expired = conform.engine(&with(&["--known", "known.toml"]), &script);
    assert_eq!(expired.code, 2);
    assert!(
        expired.stderr.contains("expired on 19"),
        "{}",
        expired.stderr
    );
}

#[test]
fn only_what_failed_is_run_again() {
    let conform = Conform::new();
    let script = fault("formats-in-place");
    conform.engine(&FILTER, &script);
    let again = conform.engine(&["--rerun-failed"], &script);
    assert_eq!(again.code, 1, "{}", again.stderr);
    let report = conform.report();
    assert_eq!(report.selection.filter, ["CC-ENG-018/workspace-untouched"]);
    assert_eq!(report.totals["fail"], 1);
    assert_eq!(report.totals["pass"], 0);

    conform.engine(&["--rerun-failed"], "");
    let nothing = conform.engine(&["--rerun-failed"], "");
    assert_eq!(nothing.code, 2, "{}", nothing.stdout);
    assert!(
        nothing.stderr.contains("no failed or unproven check"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn an_outcome_that_changes_is_red_and_named() {
    let conform = Conform::new();
    conform.write("good.toml", "");
    conform.write("bad.toml", &fault("mode-constant"));
    // Good in the first run, bad afterwards: it counts its launches outside all given directories.
    let count = conform.path("count").display().to_string();
    conform.write(
        "moody.sh",
        &format!(
            "#!/bin/sh\necho x >>'{count}'\nif [ \"$(wc -l <'{count}')\" -gt 2 ]; then s=bad; else s=good; fi\n\
             exec '{BINARY}' peer \"${{0%/*}}/$s.toml\" \"$@\"\n"
        ),
    );
    let id = "CC-ENG-001/both-modes";
    let ran = conform.run(&[
        "engine", "--repeat", "2", "--jobs", "1", "--filter", id, "sh", "moody.sh",
    ]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(conform.read("count").lines().count(), 4);
    let report = conform.report();
    let check = report.checks.iter().find(|c| c.id == id).unwrap();
    assert_eq!(check.outcome, Outcome::Fail);
    let reason = check.reason.as_deref().unwrap_or_default();
    assert!(
        reason.contains("changed between runs"),
        "{reason}\n{}",
        ran.stdout
    );
}

#[test]
fn golden_folders_are_pinned_compared_and_accepted() {
    let conform = Conform::new();
    conform.write("script.toml", "");
    let record = |options: &[&str]| {
        let peer = [BINARY, "peer", "script.toml"];
        conform.run(&[&["record", "--golden", "golden"], options, &peer].concat())
    };
    let first = record(&[]);
    assert_eq!(first.code, 0, "{}{}", first.stdout, first.stderr);
    assert!(conform.path("golden/default/plan/receipt.json").exists());
    let again = record(&[]);
    assert!(again.stdout.contains("are as pinned"), "{}", again.stdout);
    let same = conform.engine(&with(&["--golden", "golden"]), "");
    assert_eq!(same.code, 0, "{}", same.stdout);

    let script = fault("mode-in-engine-id");
    let differs = conform.engine(&with(&["--golden", "golden"]), &script);
    assert_eq!(differs.code, 1, "{}", differs.stdout);
    assert!(
        differs
            .stdout
            .contains("GOLDEN  default/plan/receipt.json differs"),
        "{}",
        differs.stdout
    );
    assert!(
        differs.stdout.contains("+  \"engine_id\""),
        "{}",
        differs.stdout
    );

    let shown = record(&[]);
    assert_eq!(shown.code, 1, "{}", shown.stdout);
    let accepted = record(&["--accept"]);
    assert_eq!(accepted.code, 0, "{}", accepted.stdout);
    let same = conform.engine(&with(&["--golden", "golden"]), &script);
    assert!(!same.stdout.contains("GOLDEN"), "{}", same.stdout);

    conform.write("script.toml", &fault("hangs-at-start"));
    let nothing = conform.run(&["record", "--golden", "golden", "--timeout", "1", "false"]);
    assert_eq!(nothing.code, 3, "{}", nothing.stderr);
}
