//! Arguments, exit statuses and messages.

use std::io::Read as _;
use std::process::{Command, Stdio};

use cabincrew_conform::suite::CheckSet as _;
use cabincrew_conform::verdict::Outcome;

use crate::conform::{BINARY, Conform, fault};

#[test]
fn every_command_has_help() {
    let conform = Conform::new();
    let commands = [
        "",
        "report",
        "report verify",
        "report diff",
        "spec",
        "spec check",
        "spec explain",
        "spec diff",
        "spec coverage",
        "spec export",
        "engine",
        "doctor",
        "init",
        "init engine",
        "init orchestrator",
        "list",
        "explain",
        "judge",
        "record",
        "completions",
    ];
    for command in commands {
        let mut args: Vec<&str> = command.split_whitespace().collect();
        args.push("--help");
        let ran = conform.run(&args);
        assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
        let name = if command.is_empty() {
            "all".to_owned()
        } else {
            command.replace(' ', "_")
        };
        insta::assert_snapshot!(format!("help_{name}"), ran.stdout);
    }
}

#[test]
fn the_version_names_suite_and_draft() {
    let ran = Conform::new().run(&["--version"]);
    assert_eq!(ran.code, 0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("cabincrew-conform "), "{}", ran.stdout);
    let digest = lines[1].strip_prefix("suite ").expect("the suite is named");
    assert_eq!(digest.len(), 64);
    assert!(
        lines[2].starts_with("spec  cabincrew-protocol draft"),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_is_not_understood_is_named_and_exits_2() {
    let conform = Conform::new();
    conform.write("file", "x");
    let cases: [(&[&str], &str); 12] = [
        (&["engine"], "<BIN>"),
        (
            &[
                "engine",
                "--filter",
                "CC-ENG-018/workspace-untuched",
                "true",
            ],
            "near: CC-ENG-018/workspace-untouched",
        ),
        (
            &["engine", "--filter", "level:MAYBE", "true"],
            "level:MAYBE",
        ),
        (
            &[
                "engine",
                "--class",
                "draft",
                "--filter",
                "class:profile",
                "true",
            ],
            "the selection is empty",
        ),
        (&["engine", "--class", "drafty", "true"], "drafty"),
        (
            &["engine", "--secnario", "x", "true"],
            "--secnario is no option",
        ),
        (
            &["engine", "--scenario", "nowhere", "true"],
            "cannot read nowhere",
        ),
        (
            &["engine", "--adapter", "file", "true"],
            "adapter file file is not valid",
        ),
        (
            &["engine", "--known", "nowhere.toml", "true"],
            "nowhere.toml",
        ),
        (
            &["engine", "--output", "file", "true"],
            "it is not a folder",
        ),
        (
            &["engine", "--rerun-failed", "true"],
            "report.json cannot be read",
        ),
        (&["explain", "CC-ENG-18"], "\"CC-ENG-18\" is no check"),
    ];
    for (args, message) in cases {
        let ran = conform.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{args:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{args:?}: {}", ran.stdout);
    }
    assert!(!conform.path(".cabincrew-conform/last").exists());
}

#[test]
fn a_subject_that_cannot_be_started_exits_3() {
    let conform = Conform::new();
    conform.write("not-executable", "x");
    for (program, message) in [
        ("./nowhere", "there is no such file"),
        ("no-such-program-anywhere", "not in PATH"),
        ("./not-executable", "not executable"),
    ] {
        let ran = conform.run(&["engine", program]);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert!(ran.stderr.contains(message), "{}", ran.stderr);
    }
}

#[test]
fn a_subject_that_does_nothing_earns_not_one_pass() {
    let conform = Conform::new();
    conform.write("braces", "#!/bin/sh\necho '{}'\n");
    conform.write("killed", "#!/bin/sh\nkill -9 $$\n");
    let commands: [&[&str]; 5] = [
        &["true"],
        &["false"],
        &["cat"],
        &["sh", "braces"],
        &["sh", "killed"],
    ];
    for command in commands {
        let ran = conform.run(&[&["engine"], command].concat());
        assert!(matches!(ran.code, 1 | 3), "{command:?}: {}", ran.stderr);
        let report = conform.report();
        assert_eq!(report.totals["pass"], 0, "{command:?}: {}", ran.stdout);
        assert!(
            ran.stdout.contains("made no plan in the scenario default"),
            "{}",
            ran.stdout
        );
        assert_eq!(i32::from(report.exit_code), ran.code);
    }
}

#[test]
fn a_good_engine_conforms_in_few_words() {
    let conform = Conform::new();
    let ran = conform.engine(&["--filter", "drill:010_baseline"], "");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.lines().count() <= 8, "{}", ran.stdout);
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    let report = conform.report();
    assert!(
        report
            .checks
            .iter()
            .all(|check| matches!(check.outcome, Outcome::Pass | Outcome::NotRun))
    );
    assert!(
        !conform
            .read(".cabincrew-conform/last/report.json")
            .contains(env!("CARGO_MANIFEST_DIR"))
    );
}

#[test]
fn reports_have_three_forms_and_can_be_repeated_from_the_record() {
    let conform = Conform::new();
    let script = fault("formats-in-place");
    let filter = ["--filter", "CC-ENG-018/workspace-untouched"];
    let ran = conform.engine(&[&filter[..], &["--format", "json"]].concat(), &script);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(
        ran.stdout,
        conform.read(".cabincrew-conform/last/report.json")
    );
    let first = conform.report();

    let record = ".cabincrew-conform/last/observation.json";
    let again = conform.run(&[&["judge"], &filter[..], &["--format", "json", record]].concat());
    assert_eq!(again.code, 1, "{}", again.stderr);
    let second = cabincrew_conform::report::json::read(&again.stdout).unwrap();
    let outcomes = |report: &cabincrew_conform::report::model::Report| {
        let checks = report.checks.iter();
        checks
            .map(|c| (c.id.clone(), c.outcome, c.findings.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(outcomes(&first), outcomes(&second));

    let junit = conform.run(&[&["judge"], &filter[..], &["--format", "junit", record]].concat());
    assert_eq!(junit.code, 1);
    assert!(
        junit.stdout.contains("<failure message="),
        "{}",
        junit.stdout
    );
    let terminal = conform.run(&[&["judge"], &filter[..], &["--color", "always", record]].concat());
    assert!(terminal.stdout.contains("\u{1b}["), "{}", terminal.stdout);
    let broken = conform.run(&["judge", "script.toml"]);
    assert_eq!(broken.code, 2);
}

#[test]
fn lists_and_explanations_are_printed() {
    let conform = Conform::new();
    let all = conform.run(&["list", "--class", "all", "--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&all.stdout).unwrap();
    let kit = cabincrew_conform::everything::Everything::embedded().unwrap();
    assert_eq!(rows.len(), kit.frozen_ids().len());
    let some = conform.run(&["list", "--filter", "CC-ENG-018"]);
    assert!(
        some.stdout.contains("CC-ENG-018/workspace-untouched"),
        "{}",
        some.stdout
    );
    assert!(some.stdout.ends_with("3 checks\n"), "{}", some.stdout);
    let explained = conform.run(&["explain", "CC-ENG-018/workspace-untouched"]);
    assert!(
        explained.stdout.contains("usual causes"),
        "{}",
        explained.stdout
    );
    for shell in ["bash", "zsh", "fish"] {
        let script = conform.run(&["completions", shell]);
        assert!(script.stdout.contains("rerun-failed"), "{shell}");
    }
}

#[test]
fn the_filters_that_help_gives_as_examples_select_something() {
    let conform = Conform::new();
    for kind in ["engine", "orchestrator"] {
        let help = conform.run(&[kind, "--help"]).stdout;
        let filters = help.split("--filter '").skip(1);
        let filters: Vec<&str> = filters.filter_map(|rest| rest.split('\'').next()).collect();
        assert!(!filters.is_empty(), "{kind}");
        for filter in filters {
            let ran = conform.run(&["list", "--kind", kind, "--filter", filter]);
            assert_eq!(ran.code, 0, "{filter}: {}", ran.stderr);
            assert!(ran.stdout.contains("CC-"), "{filter}: {}", ran.stdout);
        }
    }
}

#[test]
fn the_doctor_says_what_is_missing() {
    let conform = Conform::new();
    conform.write("script.toml", "");
    let well = conform.run(&["doctor", BINARY, "peer", "script.toml"]);
    assert_eq!(well.code, 0, "{}{}", well.stdout, well.stderr);
    assert!(
        well.stdout
            .contains("ok    planning: works in the scenario default"),
        "{}",
        well.stdout
    );

    let ill = conform.run(&["doctor", "false"]);
    assert_eq!(ill.code, 3);
    assert!(
        ill.stdout
            .contains("BAD   planning: in the scenario default: exit status 1"),
        "{}",
        ill.stdout
    );
    let lost = conform.run(&[
        "doctor",
        "--scenario",
        "nowhere",
        "--adapter",
        "gone.toml",
        "./nowhere",
    ]);
    assert_eq!(lost.code, 3);
    for part in ["BAD   adapter", "BAD   scenario", "init engine"] {
        assert!(lost.stdout.contains(part), "{part}: {}", lost.stdout);
    }
}

#[test]
fn what_follows_the_program_belongs_to_it() {
    let conform = Conform::new();
    conform.write("echo.sh", "#!/bin/sh\necho \"$*\" >&2\nexit 1\n");
    let ran = conform.run(&[
        "engine",
        "--filter",
        "CC-ENG-009",
        "sh",
        "echo.sh",
        "--format",
        "json",
        "-v",
    ]);
    assert!(
        ran.stdout.starts_with("cabincrew-conform "),
        "{}",
        ran.stdout
    );
    let last = conform.read(".cabincrew-conform/last/baseline/stderr");
    assert_eq!(last, "--format json -v --mode flight-plan\n");
}

#[test]
fn an_interrupted_run_still_writes_its_report() {
    let conform = Conform::new();
    let pipe = conform.path("pipe");
    let made = Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .expect("mkfifo is there");
    assert!(made.success());
    // Tells when it has been started, then takes longer than it may.
    conform.write(
        "slow.sh",
        &format!(
            "#!/bin/sh\necho started >'{}'\nexec sleep 60\n",
            pipe.display()
        ),
    );
    let child = Command::new(BINARY)
        .args([
            "engine",
            "--timeout",
            "1",
            "--filter",
            "CC-ENG-001",
            "sh",
            "slow.sh",
        ])
        .current_dir(conform.path("."))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut word = String::new();
    std::fs::File::open(&pipe)
        .unwrap()
        .read_to_string(&mut word)
        .unwrap();
    assert_eq!(word, "started\n");
    let signal = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(signal.success());
    let ended = child.wait_with_output().unwrap();
    let stdout = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(3), "{stdout}");
    assert!(
        stdout.contains("ENDED EARLY  the run was interrupted"),
        "{stdout}"
    );
    assert_eq!(
        conform.report().aborted.as_deref(),
        Some("the run was interrupted")
    );
}

#[test]
fn directories_are_kept_when_asked_for() {
    let conform = Conform::new();
    let ran = conform.engine(&["--keep", "--filter", "CC-ENG-001/both-modes"], "");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let (_, place) = ran
        .stderr
        .trim()
        .split_once("launches are in ")
        .expect("it says where");
    let place = conform.path(".").join(place);
    assert!(place.is_dir(), "{}", place.display());
    std::fs::remove_dir_all(place).unwrap();
}
