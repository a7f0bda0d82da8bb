//! What a failure leaves behind, and that it shows the failure without the kit.

use std::process::Command;

use crate::conform::{BINARY, Conform, fault};

const LAST: &str = ".cabincrew-conform/last";

fn repro(conform: &Conform, folder: &str, args: &[&str]) -> String {
    let mut command = Command::new("sh");
    command
        .arg(conform.path(LAST).join(folder).join("repro.sh"))
        .args(args);
    let ran = conform.output(command);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    // The script leaves its directories for the user; tests do not.
    let (_, root) = ran
        .stdout
        .rsplit_once("everything is left in ")
        .expect("it says where");
    std::fs::remove_dir_all(root.trim()).expect("it was made by the script");
    ran.stdout
}

#[test]
fn a_planning_failure_shows_without_the_kit() {
    let conform = Conform::new();
    let ran = conform.engine(
        &["--filter", "CC-ENG-018/workspace-untouched"],
        &fault("applies-while-planning"),
    );
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let folder = "CC-ENG-018.workspace-untouched";
    for name in [
        "input.json",
        "stdout",
        "stderr",
        "environment",
        "report.txt",
        "workspace/README.md",
        "artifacts-left",
    ] {
        assert!(
            conform.path(LAST).join(folder).join(name).exists(),
            "{name}"
        );
    }
    assert!(
        ran.stdout.contains(&format!("sh {LAST}/{folder}/repro.sh")),
        "{}",
        ran.stdout
    );
    let text = repro(&conform, folder, &[]);
    assert!(text.contains("exit status: 0"), "{text}");
    assert!(!text.contains("\nnothing\n"), "{text}");
    conform.write("good.toml", "");
    let other = repro(&conform, folder, &[BINARY, "peer", "good.toml"]);
    assert!(other.contains("\nnothing\n"), "{other}");
}

#[test]
fn a_changed_mode_shows_too() {
    let conform = Conform::new();
    conform.engine(
        &["--filter", "CC-ENG-018/workspace-untouched"],
        &fault("formats-in-place"),
    );
    let text = repro(&conform, "CC-ENG-018.workspace-untouched", &[]);
    assert!(text.contains("docs/notes.txt"), "{text}");
}

#[test]
fn a_take_off_failure_has_the_artifacts_that_it_got() {
    let conform = Conform::new();
    let ran = conform.engine(
        &[
            "--filter",
            "CC-ENG-039/repeat-is-harmless | CC-ENG-032/applies-plan",
        ],
        &fault("applies-in-temp"),
    );
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let folder = "CC-ENG-032.applies-plan";
    let artifacts = conform.path(LAST).join(folder).join("artifacts");
    assert!(artifacts.read_dir().unwrap().count() > 0);
    let text = repro(&conform, folder, &[]);
    assert!(
        text.contains("exit status: 0") && text.contains("\nnothing\n"),
        "{text}"
    );
    conform.write("good.toml", "");
    let other = repro(&conform, folder, &[BINARY, "peer", "good.toml"]);
    assert!(
        other.contains("exit status: 0") && !other.contains("\nnothing\n"),
        "{other}"
    );
}

#[test]
fn an_engine_without_a_plan_leaves_its_first_words() {
    let conform = Conform::new();
    conform.write(
        "broken.sh",
        "#!/bin/sh\necho 'no package is named' >&2\nexit 2\n",
    );
    let ran = conform.run(&[
        "engine",
        "--filter",
        "CC-ENG-032/applies-plan",
        "sh",
        "broken.sh",
    ]);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert_eq!(
        conform.read(&format!("{LAST}/baseline/stderr")),
        "no package is named\n"
    );
    let text = repro(&conform, "baseline", &[]);
    assert!(text.contains("exit status: 2"), "{text}");
}

#[test]
fn nothing_else_is_written() {
    let conform = Conform::new();
    conform.engine(&["--filter", "CC-ENG-012", "--output", "out/here"], "");
    let mut names: Vec<String> = std::fs::read_dir(conform.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["out", "script.toml"]);
    let mut names: Vec<String> = std::fs::read_dir(conform.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["here"]);
}
