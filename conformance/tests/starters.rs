//! Starters must pass as they are written, or they teach the wrong thing.

use std::path::Path;
use std::process::Command;

use cabincrew_conform::verdict::Outcome;

use crate::conform::{Conform, Ran};

/// What is not applicable to a starter that keeps one file: more files in the workspace give no other plan.
const OF_ONE_FILE: &[&str] = &["CC-ENG-034/applies-given-plan"];

fn passes(conform: &Conform, ran: &Ran, not_shown: &[&str]) {
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let report = conform.report();
    let idle: Vec<&str> = report
        .checks
        .iter()
        .filter(|check| check.outcome == Outcome::NotApplicable)
        .map(|check| check.id.as_str())
        .collect();
    assert_eq!(idle, not_shown, "a starter shows everything else");
}

fn judge(conform: &Conform, lang: &str) -> Ran {
    let written = conform.run(&["init", "engine", "mine", "--lang", lang]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    conform.run(&[
        "engine",
        "--class",
        "all",
        "--scenario",
        "mine/scenario",
        "mine/engine",
    ])
}

#[test]
fn the_python_starter_passes() {
    let conform = Conform::new();
    let ran = judge(&conform, "python");
    passes(&conform, &ran, OF_ONE_FILE);
}

#[test]
fn the_shell_starter_passes() {
    let conform = Conform::new();
    let ran = judge(&conform, "sh");
    passes(&conform, &ran, &[]);
}

#[test]
fn what_is_left_of_a_plan_that_failed_is_no_artifact() {
    let conform = Conform::new();
    let written = conform.run(&["init", "engine", "mine", "--lang", "sh"]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    // Its failures leave an artifact behind that was only begun.
    let engine = conform.path("mine/engine");
    let begun = format!(
        "'{}' \"$@\"\nstatus=$?\nif [ $status = 1 ] && [ \"$CABINCREW_MODE\" = flight-plan ]; then\n\
         mkdir \"$CABINCREW_ARTIFACTS_DIR/half\" && printf '{{\"body_file\": ' \
         >\"$CABINCREW_ARTIFACTS_DIR/half/artifact.json\"\nfi\nexit $status\n",
        engine.display()
    );
    conform.write("halfway", &begun);
    let subject = conform.path("halfway").display().to_string();
    let ran = conform.run(&["engine", "--scenario", "mine/scenario", "sh", &subject]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let observed =
        std::fs::read_to_string(conform.path(".cabincrew-conform/last/observation.json"));
    assert!(observed.expect("it is kept").contains("half/artifact.json"));
}

#[test]
fn the_rust_starter_passes() {
    let conform = Conform::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/rust");
    let template = folder.join("member/Cargo.toml");
    let read = |path: &Path| -> toml::Table {
        let text = std::fs::read_to_string(path).expect("it is there");
        text.parse().expect("it is TOML")
    };
    let mut member = read(&template);
    member.remove("bin").expect("it names the starter's source");
    assert_eq!(member, read(&folder.join("manifest.toml")));
    // Built as a member of this workspace, so that its dependencies are the locked ones.
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(&template)
        .status()
        .expect("cargo runs the tests");
    assert!(status.success());
    let built = Path::new(crate::conform::BINARY).with_file_name("keep-file");
    let written = conform.run(&["init", "engine", "mine", "--lang", "rust"]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    let built = built.display().to_string();
    let ran = conform.run(&[
        "engine",
        "--class",
        "all",
        "--scenario",
        "mine/scenario",
        &built,
    ]);
    passes(&conform, &ran, OF_ONE_FILE);
}

#[test]
fn the_starter_scenario_is_usable_and_nothing_is_overwritten() {
    let conform = Conform::new();
    let written = conform.run(&["init", "engine", "mine"]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    let ran = conform.run(&[
        "engine",
        "--filter",
        "CC-ENG-010/one-receipt",
        "--scenario",
        "mine",
        "true",
    ]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let again = conform.run(&["init", "engine", "mine"]);
    assert_eq!(again.code, 2);
    assert!(
        again.stderr.contains("nothing is ever overwritten"),
        "{}",
        again.stderr
    );
}

#[test]
fn an_orchestrators_adapter_says_what_was_seen() {
    let conform = Conform::new();
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = own.join("../fixtures/orchestrators/python/minimal");
    let program = program.to_str().expect("the path is text");
    let ran = conform.run(&["init", "orchestrator", program]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let written = std::fs::read_to_string(conform.path("conform.toml")).expect("it is written");
    for line in ["several-steps = true", "expiry = true", "# onnx = false"] {
        assert!(written.contains(line), "{line}: {written}");
    }
}

#[test]
fn what_starts_no_engine_is_no_orchestrator_yet() {
    let conform = Conform::new();
    for last in ["wrote own.toml", "own.toml was used, and is left as it is."] {
        let ran = conform.run(&["init", "orchestrator", "--adapter", "own.toml", "false"]);
        assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
        assert!(
            ran.stdout.contains("no engine was started: exit status 1"),
            "{}",
            ran.stdout
        );
        assert!(ran.stdout.trim_end().ends_with(last), "{}", ran.stdout);
    }
}
