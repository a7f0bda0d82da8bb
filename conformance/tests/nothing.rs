//! Orchestrators that do nothing earn nothing, whatever they answer.

use std::path::Path;

use crate::conform::Conform;

/// A part of the kit that has positive and negative checks of every kind.
const FILTER: &str = "APR | FIN | RST";

fn passes_of(subject: &str) -> usize {
    let conform = Conform::new();
    let ran = conform.run(&[
        "orchestrator",
        "--filter",
        FILTER,
        "--format",
        "json",
        subject,
    ]);
    assert!(ran.code == 1 || ran.code == 3, "{subject}: {}", ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("it is a report");
    let run = ["pass", "fail", "unproven"].map(|outcome| report["totals"][outcome].as_u64());
    assert!(run.iter().flatten().sum::<u64>() > 50, "{subject}: {run:?}");
    usize::try_from(run[0].expect("passes are counted")).expect("they are few")
}

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/orchestrators/nothing")
        .join(name)
        .display()
        .to_string()
}

#[test]
fn an_orchestrator_that_only_ends_passes_nothing() {
    assert_eq!(passes_of("true"), 0);
    assert_eq!(passes_of("false"), 0);
}

#[test]
fn canned_documents_pass_nothing() {
    assert_eq!(passes_of(&fixture("always-completed")), 0);
    assert_eq!(passes_of(&fixture("always-failed")), 0);
}
