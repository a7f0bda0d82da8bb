//! What users see, for made-up reports.

use serde_json::Value;

use super::course::{Course, CourseStep, Moment, MomentKind};
use super::model::{CheckResult, Report};
use super::sample::{failed, other, passed, report, without_baseline};
use super::view::{Typed, View};
use super::{html, json, junit, terminal};
use crate::drill::Class;
use crate::verdict::{Finding, Outcome};
use cabincrew_protocol::workflow::State;

fn shown(report: &Report, verbose: bool) -> String {
    let view = View {
        verbose,
        output: Some(".cabincrew-conform/last".to_owned()),
        typed: None,
    };
    anstream::adapter::strip_str(&terminal::render(report, &view)).to_string()
}

fn profile(check: CheckResult) -> CheckResult {
    CheckResult {
        class: Class::Profile,
        title: "Each path in the receipt names the hashed file (C-12)".to_owned(),
        ..check
    }
}

fn clean() -> Report {
    report(vec![
        passed("CC-ENG-018/workspace-untouched"),
        profile(passed("CC-ENG-013/path-names-file")),
        other(
            "CC-ENG-008/config-refused",
            Outcome::NotApplicable,
            "the scenario lists no config that the engine refuses",
        ),
        other(
            "CC-ENG-041/no-shell-injection",
            Outcome::NotRun,
            "left out by the filter",
        ),
    ])
}

fn hostile() -> Report {
    let mut check = profile(failed(
        "CC-ENG-013/path-names-file",
        "path \"<a>&\u{1b}[31m\u{202e}]]>\u{0}\n\u{fffe}\"",
    ));
    check.findings.push(Finding {
        launch: "same-again.2".to_owned(),
        expected: "the path is change/body.data".to_owned(),
        observed: "path \"/abs\"".to_owned(),
    });
    check.findings_total = 9;
    report(vec![check, passed("CC-ENG-018/workspace-untouched")])
}

fn many() -> Report {
    let ids = [
        "CC-ENG-010/one-receipt",
        "CC-ENG-018/workspace-untouched",
        "CC-ENG-022/umask",
        "CC-ENG-025/names",
        "CC-ENG-032/applies-plan",
    ];
    report(
        ids.iter()
            .map(|id| failed(id, "M README.md, A .lock"))
            .collect(),
    )
}

fn unplanned() -> Report {
    report(vec![
        without_baseline("CC-ENG-018/workspace-untouched"),
        without_baseline("CC-ENG-022/umask"),
        other(
            "CC-ENG-019/watched-system",
            Outcome::Unproven,
            "this machine does not let the harness watch the system's directories",
        ),
    ])
}

fn course() -> Course {
    let moment = |kind, text: &str| Moment {
        kind,
        text: text.to_owned(),
    };
    Course {
        path: vec![State::Init, State::PlanRunning, State::Failed],
        steps: vec![CourseStep {
            name: "resume".to_owned(),
            moments: vec![
                moment(MomentKind::Kill, "at edit:take-off:begin"),
                moment(MomentKind::Restart, "resume <b>\u{202e}"),
            ],
        }],
    }
}

fn listed() -> Report {
    let mut made = report(vec![
        other(
            "CC-ENG-022/umask",
            Outcome::Known,
            "known until 2027-01-31: the writer is being replaced (https://example.org/12)",
        ),
        passed("CC-ENG-018/workspace-untouched"),
    ]);
    made.known_problems = vec![
        "CC-ENG-018/workspace-untouched passes although it is listed; remove its entry".to_owned(),
    ];
    made.golden_differences =
        vec!["default: plan/receipt.json differs\n@@ -1 +1 @@\n-old\u{7}\n+new".to_owned()];
    made.exit_code = 1;
    made
}

#[test]
fn a_clean_pass_is_short() {
    let text = shown(&clean(), false);
    assert!(text.lines().count() <= 8, "{text}");
    insta::assert_snapshot!("clean", text);
}

#[test]
fn a_failure_is_complete_and_harmless() {
    let text = shown(&hostile(), false);
    assert!(
        text.chars().all(|c| c == '\n' || !c.is_control()),
        "{text:?}"
    );
    insta::assert_snapshot!("one_failure", text);
}

#[test]
fn many_failures_are_cut_unless_asked_for() {
    insta::assert_snapshot!("five_failures", shown(&many(), false));
    let all = shown(&many(), true);
    assert_eq!(all.matches("  requirement ").count(), 5, "{all}");
}

#[test]
fn an_engine_that_makes_no_plan_is_told_how_to_go_on() {
    insta::assert_snapshot!("unproven", shown(&unplanned(), false));
}

#[test]
fn lists_that_are_out_of_date_are_shown() {
    insta::assert_snapshot!("lists", shown(&listed(), true));
}

#[test]
fn commands_are_shown_as_they_can_be_pasted_back() {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    let view = View {
        typed: Some(Typed {
            program: "/opt/kit/cabincrew-conform".to_owned(),
            before: words(&["/opt/kit/cabincrew-conform", "engine"]),
            after: words(&["/srv/my engines/one", "--fast"]),
        }),
        ..View::default()
    };
    let hostile = terminal::render(&hostile(), &view);
    let id = "CC-ENG-013/path-names-file";
    for command in [
        format!("/opt/kit/cabincrew-conform engine --filter {id} '/srv/my engines/one' --fast\n"),
        format!("/opt/kit/cabincrew-conform explain {id}\n"),
    ] {
        assert!(hostile.contains(&command), "{hostile}");
    }
    let unplanned = terminal::render(&unplanned(), &view);
    for command in ["engine --scenario my-scenario", "doctor"] {
        let command =
            format!("/opt/kit/cabincrew-conform {command} '/srv/my engines/one' --fast\n");
        assert!(unplanned.contains(&command), "{unplanned}");
    }
}

#[test]
fn prose_stays_within_the_width() {
    for made in [clean(), hostile(), many(), unplanned(), listed()] {
        for line in shown(&made, true).lines() {
            let command = ["evidence", "rerun", "raw", "more", "cabincrew-conform"];
            let is_command = command
                .iter()
                .any(|word| line.trim_start().starts_with(word));
            assert!(is_command || line.chars().count() <= 96, "{line}");
        }
    }
}

#[test]
fn junit_is_well_formed_and_counts_right() {
    for made in [clean(), hostile(), many(), unplanned(), listed()] {
        let text = junit::render(&made);
        let cases = check_xml(&text);
        let extra = made.known_problems.len() + made.golden_differences.len();
        assert_eq!(cases, made.checks.len() + extra, "{text}");
    }
    insta::assert_snapshot!("junit", junit::render(&hostile()));
}

#[test]
fn a_page_of_five_thousand_failures_stays_small() {
    let observed = "M a-file-with-a-name-of-usual-length.txt, ".repeat(3);
    let ids = (0..5000).map(|number| format!("CC-ENG-018/check-number-{number}"));
    let made = report(ids.map(|id| failed(&id, &observed)).collect());
    let page = html::render(&made);
    assert!(page.len() < 5 << 20, "{} bytes", page.len());
    assert!(page.contains("4000 more failures are in the table"));
    assert_eq!(page.matches("<tr data-outcome=").count(), 5000);
}

#[test]
fn a_page_tells_how_a_failure_came_about_and_once() {
    let place = "restart:kill/resume";
    let mut checks = vec![
        failed("CC-RST-016/one-launch-only", "2 <script>"),
        failed("CC-TKO-022/at-most-once", "2"),
    ];
    for check in &mut checks {
        check.findings[0].launch = place.to_owned();
    }
    let mut made = report(checks);
    made.courses.insert(place.to_owned(), course());
    let page = html::render(&made);
    for part in [
        "<title>Path through the lifecycle: INIT, then PLAN_RUNNING, then FAILED</title>",
        "<li class=\"kill\"><span class=\"kind\">kill</span> at edit:take-off:begin</li>",
        "resume &lt;b&gt;\\u{202e}</li>",
        "2 &lt;script&gt;",
        "<a href=\"#course-1\">as told above</a>",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert_eq!(page.matches("class=\"lifecycle\"").count(), 1);
    let text = json::render(&made).unwrap();
    assert_eq!(json::read(&text).unwrap(), made);
}

#[test]
fn what_one_reason_keeps_from_being_exercised_stands_together() {
    let page = html::render(&unplanned());
    assert_eq!(page.matches("<article class=\"open\"").count(), 2, "{page}");
    assert!(page.contains("2 checks could not be exercised"), "{page}");
}

/// A small reader of XML: tags close in order, text and attributes hold no raw mark-up and no
/// character that XML forbids. Returns the number of `testcase` elements.
fn check_xml(text: &str) -> usize {
    assert!(
        text.chars()
            .all(|c| c == '\n' || (!c.is_control() && c != '\u{fffe}'))
    );
    let body = text
        .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        .unwrap();
    let mut open: Vec<&str> = Vec::new();
    let mut cases = 0;
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        check_entities(&rest[..start]);
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<'), "{tag}");
        check_entities(tag);
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else {
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            cases += usize::from(name == "testcase");
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    cases
}

fn check_entities(text: &str) {
    for (index, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"];
        assert!(
            known.iter().any(|entity| text[index..].starts_with(entity)),
            "{text}"
        );
    }
    assert!(!text.contains('>'), "{text}");
}

#[test]
fn reports_satisfy_their_schema_and_read_back() {
    let schema = include_str!("../../../spec/schemas/report.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let mut told = many();
    told.courses.insert("x:run".to_owned(), course());
    for made in [clean(), hostile(), many(), unplanned(), listed(), told] {
        let text = json::render(&made).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| e.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(json::read(&text).unwrap(), made);
        for (pointer, wrong) in [
            ("/verdict", "fine"),
            ("/checks/0/outcome", "ok"),
            ("/subject/sha256", "x"),
        ] {
            let mut broken = value.clone();
            *broken.pointer_mut(pointer).unwrap() = Value::from(wrong);
            assert!(!validator.is_valid(&broken), "{pointer}");
        }
        let mut more = value;
        more["checks"][0]["note"] = Value::from("x");
        assert!(!validator.is_valid(&more));
    }
}
