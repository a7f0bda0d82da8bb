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
    for outside in ["src=", "url(h", "@import", "http:", "https:"] {
        assert!(!html.contains(outside), "the page needs {outside}");
    }
    let leads_out = |target: &str| !target.starts_with("\"#");
    assert!(
        !html.split("href=").skip(1).any(leads_out),
        "a link leads out"
    );
    assert_eq!(
        html.matches("<tr data-outcome=").count(),
        report.checks.len()
    );
    let badge: Value = serde_json::from_str(&page("badge")).expect("a badge is JSON");
    assert_eq!(
        (&badge["message"], &badge["color"]),
        (&"does not conform".into(), &"red".into())
    );
}

#[test]
fn the_page_says_the_cause_of_planted_faults() {
    let planted = [
        (
            "applies-while-planning",
            "M docs/guide.md, M docs/notes.txt",
        ),
        ("missing-state-is-empty-plan", "exit status 0"),
    ];
    for (name, cause) in planted {
        let conform = Conform::new();
        let ran = conform.engine(&[], &fault(name));
        assert_eq!(ran.code, 1, "{name}: {}", ran.stdout);
        let page = conform.run(&["report", REPORT, "--format", "html"]).stdout;
        let cause = format!("<dt>observed</dt><dd class=\"cause\">{cause}");
        assert!(page.contains(&cause), "{name}: the page lacks {cause}");
        let failed = conform.report().totals["fail"];
        assert_eq!(page.matches("<article id=").count(), failed, "{name}");
    }
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

/// A key for attestations and what verifies them.
const KEY: &str =
    "PRIVATE+KEY+example.com/report+70157a82+AQcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n";
const VERIFIER: &str = "example.com/report+70157a82+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";

#[test]
fn forms_for_machines_say_the_same_as_the_report() {
    let conform = failing();
    let form = |format: &str| {
        let ran = conform.run(&["report", REPORT, "--format", format]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    assert_eq!(form("json"), conform.read(REPORT));
    assert!(form("junit").contains("failures=\"1\""));
    let text = form("sarif");
    let sarif: Value = serde_json::from_str(&text).expect("SARIF is JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("a list");
    assert_eq!(results.len(), 1, "{text}");
    assert_eq!(results[0]["ruleId"], "CC-ENG-010/one-receipt");
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array();
    assert_eq!(rules.map(Vec::len), Some(conform.report().checks.len()));
    let folder = conform.path("");
    let folder = folder.to_str().expect("the folder's name is text");
    assert!(
        !text.contains(folder) && !text.contains("file://"),
        "{text}"
    );
}

#[test]
fn an_attestation_proves_what_was_judged_and_nothing_else() {
    let conform = failing();
    conform.write("report.key", KEY);
    let options = ["report", REPORT, "--format", "intoto"];
    let unsigned = conform.run(&options);
    assert_eq!(unsigned.code, 2);
    assert!(unsigned.stderr.contains("an attestation needs --key"));
    let made = conform.run(&[&options[..], &["--key", "report.key"]].concat());
    assert_eq!(made.code, 0, "{}", made.stderr);
    conform.write("attestation.json", &made.stdout);
    let verify = |file: &str, more: &[&str]| {
        let words = ["report", "verify", file, "--key", VERIFIER];
        conform.run(&[&words[..], more].concat())
    };
    let held = [
        &["--report", REPORT][..],
        &["--subject", crate::conform::BINARY],
    ]
    .concat();
    // The signature is good, and what it says is that a check failed.
    let failed = verify("attestation.json", &held);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    assert!(failed.stdout.contains("FAILED: "), "{}", failed.stdout);
    assert!(!failed.stdout.contains("wrong"), "{}", failed.stdout);

    let cases: [(&[&str], &str); 2] = [
        (&["--subject", "report.key"], "the program has the digest"),
        (
            &["--report", "other.json"],
            "something else than the report",
        ),
    ];
    let other = conform.read(REPORT).replace("\"seed\": 1", "\"seed\": 2");
    conform.write("other.json", &other);
    for (more, says) in cases {
        let ran = verify("attestation.json", more);
        assert_eq!(ran.code, 1);
        assert!(ran.stdout.contains(says), "{}", ran.stdout);
    }
    let mut envelope: Value = serde_json::from_str(&made.stdout).expect("it is JSON");
    envelope["payload"] = "e30=".into();
    conform.write("forged.json", &envelope.to_string());
    let forged = verify("forged.json", &[]);
    assert_eq!(forged.code, 1);
    assert!(
        forged.stdout.contains("forged signature"),
        "{}",
        forged.stdout
    );
    let no_key = conform.run(&["report", "verify", "attestation.json", "--key", "x"]);
    assert_eq!(no_key.code, 2, "{}", no_key.stdout);
}

#[test]
fn an_attestation_of_a_run_that_conforms_verifies() {
    let conform = Conform::new();
    let ran = conform.engine(&["--filter", "CC-ENG-010/one-receipt"], "summary = \"x\"\n");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    conform.write("report.key", KEY);
    let made = conform.run(&[
        "report",
        REPORT,
        "--format",
        "intoto",
        "--key",
        "report.key",
    ]);
    conform.write("attestation.json", &made.stdout);
    let words = ["report", "verify", "attestation.json", "--key", VERIFIER];
    let good = conform.run(&[&words[..], &["--report", REPORT]].concat());
    assert_eq!(good.code, 0, "{}", good.stdout);
    assert!(good.stdout.contains("PASSED: 1 passed"), "{}", good.stdout);
}
