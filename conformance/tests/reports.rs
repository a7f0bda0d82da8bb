//! `report`: other forms of a report, and what does not follow from its checks.

use serde_json::Value;

use crate::conform::{Conform, fault};

const REPORT: &str = ".cabincrew-conform/last/report.json";

/// A folder with the report of a run in which one check fails.
fn failing() -> Conform {
    let conform = Conform::new();
    let ran = conform.engine(
        &["--filter", "CC-ENG-010/one-receipt"],
        &fault("byte-order-mark"),
    );
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    conform
}

#[test]
fn pages_name_the_failure_and_how_to_repeat_it() {
    let conform = failing();
    let page = |format: &str| {
        let ran = conform.run(&["report", REPORT, "--format", format]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    let report = conform.report();
    let failed = report
        .checks
        .iter()
        .find(|check| check.id == "CC-ENG-010/one-receipt");
    let failed = failed.expect("the check is in the report");
    for format in ["markdown", "html"] {
        let text = page(format);
        assert!(text.contains("CC-ENG-010/one-receipt"), "{format}: {text}");
        // The placeholder for an absolute path is escaped in a page.
        let repeat = format!("--filter {}", failed.id);
        assert!(
            failed.rerun.contains(&repeat) && text.contains(&repeat),
            "{format} does not say how to repeat it"
        );
        assert!(text.contains("does not conform"), "{format} has no verdict");
    }
    let html = page("html");
    for outside in ["src=", "href=", "http:", "https:"] {
        assert!(!html.contains(outside), "the page needs {outside}");
    }
    assert_eq!(
        html.matches("<tr><th scope=\"row\"><code>").count(),
        report.checks.len()
    );
    let badge: Value = serde_json::from_str(&page("badge")).expect("a badge is JSON");
    assert_eq!(
        (&badge["message"], &badge["color"]),
        (&"does not conform".into(), &"red".into())
    );
}

#[test]
fn text_of_a_subject_stays_text() {
    let conform = failing();
    let text = conform
        .read(REPORT)
        .replace("\"observed\": \"", "\"observed\": \"<script>x|y`");
    conform.write("hostile.json", &text);
    for format in ["html", "markdown"] {
        let ran = conform.run(&["report", "hostile.json", "--format", format]);
        assert!(
            ran.stdout.contains("&lt;script&gt;x"),
            "{format}: {}",
            ran.stdout
        );
        assert!(!ran.stdout.contains("<script>x"), "{format}");
    }
}

#[test]
fn what_does_not_follow_from_the_checks_is_named() {
    let conform = failing();
    let good = conform.run(&["report", "verify", REPORT]);
    assert_eq!(good.code, 0, "{}", good.stdout);
    let text = conform.read(REPORT);
    let cases = [
        (
            "\"exit_code\": 1",
            "\"exit_code\": 0",
            "the exit status is 0 and should be 1",
        ),
        (
            "\"verdict\": \"does-not-conform\"",
            "\"verdict\": \"conforms\"",
            "the verdict is Conforms",
        ),
        ("\"fail\": 1", "\"fail\": 0", "the totals are"),
        (
            "\"outcome\": \"fail\"",
            "\"outcome\": \"pass\"",
            "the totals are",
        ),
        (
            "\"known\": 0,\n  \"exit",
            "\"known\": 3,\n  \"exit",
            "3 known failures are counted",
        ),
    ];
    for (from, to, says) in cases {
        assert!(text.contains(from), "the report has no {from}");
        conform.write("forged.json", &text.replacen(from, to, 1));
        let ran = conform.run(&["report", "verify", "forged.json"]);
        assert_eq!(ran.code, 1, "{to}: {}", ran.stdout);
        assert!(ran.stdout.contains(says), "{to}: {}", ran.stdout);
    }
    let lost = text.replacen(
        "\"id\": \"CC-ENG-010/one-receipt\"",
        "\"id\": \"CC-ENG-010/no-such-check\"",
        1,
    );
    conform.write("forged.json", &lost);
    let ran = conform.run(&["report", "verify", "forged.json"]);
    assert!(ran.stdout.contains("was never published"), "{}", ran.stdout);
    assert_eq!(conform.run(&["report", "verify", "nowhere.json"]).code, 2);
}

#[test]
fn two_reports_are_compared() {
    let conform = failing();
    let text = conform.read(REPORT);
    conform.write(
        "old.json",
        &text.replacen("\"outcome\": \"fail\"", "\"outcome\": \"pass\"", 1),
    );
    let worse = conform.run(&["report", "diff", "old.json", REPORT]);
    assert_eq!(worse.code, 1);
    assert_eq!(
        worse.stdout,
        "CC-ENG-010/one-receipt  pass to fail\n1 checks differ, 1 of them for the worse\n"
    );
    let better = conform.run(&["report", "diff", REPORT, "old.json"]);
    assert_eq!(better.code, 0, "{}", better.stdout);
    let same = conform.run(&["report", "diff", REPORT, REPORT]);
    assert_eq!((same.code, same.stdout.lines().count()), (0, 1));
}
