//! Seeded faults of the reference orchestrator: each is seen to fail the checks that are meant for it, which
//! pass where there is no fault.
//!
//! One fault of each family is run; `CABINCREW_FAULTS=all` runs every one that a check catches, which takes a
//! third of an hour on two cores. `docs/generated/orchestrator-faults.md` is the table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use cabincrew_conform::fault::{self, Fault, Shown, Wrong};
use cabincrew_conform::orchestrator::catalogue::Kit;
use cabincrew_conform::orchestrator::judge::{DAMAGE_INVARIANTS, INVARIANTS};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_cabincrew-conform");

/// One fault of each family, of those that a small drill shows.
const EXAMPLES: &[&str] = &[
    "actual-token-not-audited",
    "approval-kept-without-token",
    "approval-reused-by-next-step",
    "chain-over-event-ids",
    "checksum-of-data-alone",
    "completion-told-twice",
    "descriptor-rewritten-in-store",
    "environment-inherited",
    "existing-workflow-overwritten",
    "folder-made-in-workspace",
    "mode-in-input-stays-flight-plan",
    "policies-do-not-see-config",
    "policy-digest-constant",
    "post-execution-not-audited",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Whether a program knows of faults: one that does refuses a name that no fault has.
fn is_faulty(program: &Path) -> bool {
    let mut command = Command::new(program);
    command
        .env("CABINCREW_FAULT", "none-of-that-name")
        .arg("--version");
    command
        .output()
        .is_ok_and(|output| output.status.code() == Some(2))
}

/// The reference with its faults, which a build with all features leaves beside our program; it is built
/// here where there was none.
static REFERENCE: LazyLock<PathBuf> = LazyLock::new(|| {
    let program = Path::new(BINARY).with_file_name("cabincrew");
    if !is_faulty(&program) {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "-p", "cabincrew-reference"])
            .args(["--features", "faults"])
            .current_dir(root())
            .status();
        assert!(status.expect("cargo runs").success(), "it is built");
    }
    assert!(is_faulty(&program), "it has faults");
    program
});

/// Judges the reference with a fault, or without one; returns the outcomes of these checks. Checks on
/// every step of every drill look at those of `family` as well.
fn outcomes(
    fault: Option<&str>,
    checks: &BTreeSet<&str>,
    family: Option<&str>,
) -> Result<BTreeMap<String, String>, String> {
    let folder = tempfile::tempdir().expect("a folder for the report");
    let kit = Kit::embedded().expect("the kit of this build is sound");
    let drills = kit.drills.iter().filter(|it| !it.checks.is_empty());
    let drills = drills
        .filter(|drill| Some(drill.family.as_str()) == family)
        .map(|drill| format!("drill:{}", drill.name));
    // A fault that holds up every launch of a family until its time is over is waited for side by side.
    let jobs = if family.is_some() { "8" } else { "1" };
    let words = checks.iter().map(|id| (*id).to_owned());
    let filter: Vec<String> = words.chain(drills).collect();
    let mut command = Command::new(BINARY);
    command
        .args([
            "orchestrator",
            "--class",
            "all",
            "--format",
            "json",
            "--jobs",
            jobs,
        ])
        .args(["--filter", &filter.join(" | "), "--adapter"])
        .arg(root().join("reference/conform.toml"))
        .arg("--output")
        .arg(folder.path().join("report"))
        .arg("env");
    if let Some(name) = fault {
        command.arg(format!("CABINCREW_FAULT={name}"));
    }
    let output = command.arg(&*REFERENCE).output().expect("the kit starts");
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let told = report["checks"].as_array().expect("a report lists checks");
    let text = |check: &Value, member: &str| check[member].as_str().unwrap_or_default().to_owned();
    let told = told
        .iter()
        .filter(|check| checks.contains(text(check, "id").as_str()))
        .map(|check| (text(check, "id"), text(check, "outcome")));
    Ok(told.collect())
}

fn chosen() -> Vec<Fault> {
    let mut faults = fault::of(Wrong::Orchestrator).expect("they can be read");
    faults.retain(|fault| !fault.fails.is_empty());
    if std::env::var_os("CABINCREW_FAULTS").is_none_or(|which| which != "all") {
        faults.retain(|fault| EXAMPLES.contains(&fault.name.as_str()));
        assert_eq!(faults.len(), EXAMPLES.len(), "an example was lost");
    }
    faults
}

#[test]
fn every_family_has_an_example() {
    let faults = fault::of(Wrong::Orchestrator).expect("they can be read");
    let checked = faults.iter().filter(|it| !it.fails.is_empty());
    let all: BTreeSet<&str> = checked.map(|it| it.family.as_str()).collect();
    let examples = faults
        .iter()
        .filter(|fault| EXAMPLES.contains(&fault.name.as_str()));
    let shown: BTreeSet<&str> = examples.map(|it| it.family.as_str()).collect();
    assert_eq!(all, shown);
}

#[test]
fn each_fault_fails_the_checks_that_are_meant_for_it() {
    let faults = chosen();
    let queue = Mutex::new(faults.iter().collect::<Vec<_>>());
    let problems = Mutex::new(Vec::new());
    // Half of a run is waiting.
    let workers = 2 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(fault) = queue.lock().expect("no panic holds it").pop() else {
                        return;
                    };
                    let meant: BTreeSet<&str> = fault.fails.iter().map(String::as_str).collect();
                    let fails = |told: &Result<BTreeMap<String, String>, String>| {
                        let told = told.as_ref();
                        told.is_ok_and(|it| {
                            it.len() == meant.len() && it.values().all(|word| word == "fail")
                        })
                    };
                    let mut told = outcomes(Some(&fault.name), &meant, None);
                    if !fails(&told) {
                        told = outcomes(Some(&fault.name), &meant, Some(&fault.family));
                    }
                    if !fails(&told) {
                        let problem = format!("{}: {told:?}", fault.name);
                        problems.lock().expect("no panic holds it").push(problem);
                    }
                }
            });
        }
    });
    let problems = problems.into_inner().expect("no panic holds it");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn without_a_fault_these_checks_pass() {
    let faults = chosen();
    let meant = faults.iter().flat_map(|fault| &fault.fails);
    let meant: BTreeSet<&str> = meant.map(String::as_str).collect();
    let told = outcomes(None, &meant, None).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(told.len(), meant.len());
    let failed: Vec<_> = told
        .iter()
        .filter(|(_, outcome)| *outcome != "pass")
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// One of the faults that a sweep shows for each way to show one; the others are driven with `CABINCREW_FAULTS=all`.
const SWEPT: &[&str] = &[
    "artifact-names-not-synced",
    "artifacts-not-synced",
    "doubt-taken-for-done",
    "failed-sync-tried-again",
    "full-disk-overlooked",
    "journal-links-not-checked",
    "launch-before-its-record",
    "lost-entries-not-noticed",
    "second-recovery-takes-off",
    "short-writes-overlooked",
    "tail-kept-only-once",
    "torn-tail-left-in-place",
];

/// Sweeps the reference with a fault, or without one, at one place; gives the exit status and what was said.
fn swept(fault: Option<&str>, options: &[String]) -> (Option<i32>, String) {
    let mut command = Command::new(BINARY);
    command.arg("sweep").args(options).arg("--adapter");
    command
        .arg(root().join("reference/conform.toml"))
        .arg("env");
    if let Some(name) = fault {
        command.arg(format!("CABINCREW_FAULT={name}"));
    }
    let output = command.arg(&*REFERENCE).output().expect("the kit starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), text)
}

/// What is not as it should be: the fault does not break its invariant, or the correct program breaks one.
fn unshown(name: &str, shown: &Shown) -> Option<String> {
    let (code, text) = swept(Some(name), &shown.options);
    let word = if shown.note { "NOTE" } else { "FAIL" };
    let line = format!("{word}  {}  ", shown.invariant);
    if !text.lines().any(|it| it.starts_with(&line)) || (code != Some(1) && !shown.note) {
        return Some(format!("{name} is not seen: {text}"));
    }
    let (code, text) = swept(None, &shown.options);
    let found = text.contains("FAIL") || text.contains("NOTE");
    (found || code != Some(0)).then(|| format!("{name} is seen without it: {text}"))
}

#[test]
fn crashes_show_faults_and_nothing_where_there_is_none() {
    // Some containers do not let a program be traced.
    if swept(None, &["--list".to_owned()]).0 == Some(3) {
        return;
    }
    let mut faults = fault::of(Wrong::Orchestrator).expect("they can be read");
    if std::env::var_os("CABINCREW_FAULTS").is_none_or(|which| which != "all") {
        faults.retain(|fault| SWEPT.contains(&fault.name.as_str()));
        assert_eq!(faults.len(), SWEPT.len(), "an example was lost");
    }
    let swept = faults
        .iter()
        .filter_map(|fault| Some((&fault.name, fault.sweep.as_ref()?)));
    let problems: Vec<String> = swept
        .filter_map(|(name, shown)| unshown(name, shown))
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The engine has taken off, and nothing is recorded of it yet.
const TOOK_OFF: &str = "answer/openat:workflows/wf-#-a/logs/edit-take-off-#.stderr:1";

#[test]
fn a_correct_orchestrator_survives_crashes_in_its_recovery() {
    let options = ["--part", "double", "--point", TOOK_OFF, "--mode", "before"];
    let options = options.into_iter().chain(["--then-mode", "torn"]);
    let options: Vec<String> = options.map(str::to_owned).collect();
    let (code, text) = swept(None, &options);
    // Some containers do not let a program be traced.
    if code != Some(3) {
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("SURVIVES at these points"), "{text}");
    }
}

#[test]
fn what_sweeps_show_is_an_invariant_and_enough() {
    let faults = fault::of(Wrong::Orchestrator).expect("they can be read");
    let shown: Vec<&Shown> = faults
        .iter()
        .filter_map(|fault| fault.sweep.as_ref())
        .collect();
    assert!(shown.len() >= 35, "{}", shown.len());
    let known = INVARIANTS.into_iter().chain(DAMAGE_INVARIANTS);
    let known: BTreeSet<&str> = known.map(|(name, _)| name).collect();
    for shown in shown {
        assert!(
            known.contains(shown.invariant.as_str()),
            "{}",
            shown.invariant
        );
    }
}
