//! The script of the action for GitHub, and the manual pages.

use std::path::Path;
use std::process::Command;

use crate::conform::{BINARY, Conform, Ran, fault};

/// Runs the script as the action does, with a command for the kit.
fn act(conform: &Conform, command: &str) -> Ran {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.ci/action");
    let mut run = Command::new("/bin/sh");
    let variables = [
        ("CONFORM", BINARY),
        ("COMMAND", command),
        ("OUTPUT", "out"),
        ("JUNIT", "results.xml"),
        ("SARIF", ""),
        ("GITHUB_STEP_SUMMARY", "summary.md"),
        ("GITHUB_OUTPUT", "outputs"),
    ];
    // What runs it sets no other variable than these.
    run.args(["-c", "export \"$@\"; exec \"$SCRIPT\"", "sh"]);
    run.args(variables.map(|(name, value)| format!("{name}={value}")));
    run.arg(format!("SCRIPT={}", script.display()));
    conform.output(run)
}

#[test]
fn the_action_ends_as_the_kit_does_and_leaves_what_hosts_read() {
    let conform = Conform::new();
    conform.write("script.toml", &fault("byte-order-mark"));
    let command = format!("engine --filter 'CC-ENG-010/one-receipt' {BINARY} peer script.toml");
    let ran = act(&conform, &command);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("DOES NOT CONFORM"), "{}", ran.stdout);
    assert!(conform.read("results.xml").contains("failures=\"1\""));
    assert!(
        conform
            .read("out/report.html")
            .contains("CC-ENG-010/one-receipt")
    );
    assert!(conform.read("summary.md").contains("does not conform"));
    assert_eq!(
        conform.read("outputs"),
        "report=out/report.json\nverdict=does not conform\n"
    );
    // A request that cannot be carried out does not pass off the old report as its own.
    let ran = act(&conform, "engine --filter no-such-check true");
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(conform.read("outputs").lines().count(), 2);
}

#[test]
fn the_action_names_every_input_of_its_script() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |name: &str| std::fs::read_to_string(root.join(name)).expect("it is there");
    let (action, script) = (read("action.yml"), read(".ci/action"));
    for name in ["COMMAND", "OUTPUT", "JUNIT", "SARIF"] {
        let input = format!("{name}: ${{{{ inputs.{} }}}}", name.to_lowercase());
        assert!(action.contains(&input), "{input}");
        assert!(script.contains(name), "the script does not use {name}");
    }
    // Text of a workflow never becomes part of a script, where it would be run.
    for line in action
        .lines()
        .filter(|line| line.trim().starts_with("run:"))
    {
        assert!(!line.contains("${{"), "{line}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let conform = Conform::new();
    let ran = conform.run(&["man", "."]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for name in [
        "cabincrew-conform",
        "cabincrew-conform-engine",
        "cabincrew-conform-report-verify",
    ] {
        let page = conform.read(&format!("{name}.1"));
        assert!(page.contains(".SH SYNOPSIS"), "{name}: {page}");
    }
    assert_eq!(conform.run(&["man", "no-such-folder"]).code, 2);
}
