//! Every check is seen failing: each fault of the scripted peer fails its own check and hardly any
//! other, every check appears, and the peer without a fault fails none.
//!
//! The table is `docs/generated/faults.md`; `UPDATE=1 cargo test -p cabincrew-conform --test mutants`
//! rewrites it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};
use std::time::SystemTime;

use assert_cmd::Command;
use serde::Deserialize;
use serde_json::Value;

/// Most checks that may fail besides the intended one.
const OTHERS_MAX: usize = 2;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    summary: String,
    requirement: String,
    fails: Vec<String>,
    #[serde(default)]
    may_fail: Vec<String>,
    #[serde(default)]
    scenario: String,
    #[serde(rename = "fault")]
    _fault: toml::Value,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// How the peer is started. Tens of thousands of starts are most of what this test does, and the peer's own
/// program starts faster than the harness, which holds the same code: it is taken if it is not out of date.
static PEER: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
    let harness = PathBuf::from(env!("CARGO_BIN_EXE_cabincrew-conform"));
    let own = harness.with_file_name("cabincrew-peer");
    let newest = last_change(&root().join("conformance/peer/src"));
    if own.is_file() && last_change(&own) > newest {
        return vec![own];
    }
    vec![harness, "peer".into()]
});

/// When a file, or the last of all files below a folder, was written.
fn last_change(path: &Path) -> SystemTime {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).expect("it can be listed");
        let times = entries.map(|it| last_change(&it.expect("it can be listed").path()));
        return times.max().unwrap_or(SystemTime::UNIX_EPOCH);
    }
    let metadata = path.metadata().expect("it is there");
    metadata.modified().expect("times are kept")
}

/// Judges the peer under a script; returns check ids by outcome.
fn outcomes(script: &Path, scenario: &str, output: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let binary = env!("CARGO_BIN_EXE_cabincrew-conform");
    let mut command = Command::new(binary);
    command.args([
        "engine",
        "--class",
        "all",
        "--format",
        "json",
        "--timeout",
        "5",
        "--jobs",
        "1",
        "--color",
        "never",
    ]);
    command.arg("--output").arg(output);
    if !scenario.is_empty() {
        command
            .arg("--scenario")
            .arg(root().join("fixtures/scenarios").join(scenario));
    }
    command.args(&*PEER).arg(script);
    let out = command.output().expect("the harness starts");
    let report: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|error| {
        panic!(
            "{}: {error}: {}",
            script.display(),
            String::from_utf8_lossy(&out.stderr)
        )
    });
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for check in report["checks"].as_array().expect("a report lists checks") {
        let text = |member: &str| check[member].as_str().unwrap_or_default().to_owned();
        found.entry(text("outcome")).or_default().insert(text("id"));
    }
    found
}

/// Judges all faults, two for each processor since half of a run is waiting; returns what each one failed.
fn judge_all(faults: &BTreeMap<String, Fault>) -> BTreeMap<String, BTreeSet<String>> {
    let folder = tempfile::tempdir().expect("a folder for reports");
    let queue = Mutex::new(faults.keys().collect::<Vec<_>>());
    let failed = Mutex::new(BTreeMap::new());
    let workers = 2 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(name) = queue.lock().expect("no panic holds it").pop() else {
                        return;
                    };
                    let script = root().join("fixtures/faults").join(format!("{name}.toml"));
                    let found =
                        outcomes(&script, &faults[name].scenario, &folder.path().join(name));
                    let fails = found.get("fail").cloned().unwrap_or_default();
                    failed
                        .lock()
                        .expect("no panic holds it")
                        .insert(name.clone(), fails);
                }
            });
        }
    });
    failed.into_inner().expect("no panic holds it")
}

fn faults() -> BTreeMap<String, Fault> {
    let folder = root().join("fixtures/faults");
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the faults are there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_some_and(|end| end == "toml") {
            let text = std::fs::read_to_string(&path).expect("it can be read");
            let fault = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let name = path
                .file_stem()
                .expect("it has a name")
                .to_string_lossy()
                .into_owned();
            found.insert(name, fault);
        }
    }
    found
}

fn table(faults: &BTreeMap<String, Fault>, failed: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut text = String::from(
        "# Faults and the checks that catch them\n\n\
         Made by `UPDATE=1 cargo test -p cabincrew-conform --test mutants`; every row was seen.\n\n\
         | fault | what it does | requirement | caught by |\n|---|---|---|---|\n",
    );
    for (name, fault) in faults {
        // What depends on timing would make the table differ from run to run.
        let steady = failed[name]
            .iter()
            .filter(|id| !fault.may_fail.contains(id));
        let mut ids: Vec<&String> = steady.collect();
        ids.sort_by_key(|id| (**id != fault.fails[0], (*id).clone()));
        let ids: Vec<String> = ids.into_iter().map(|id| format!("`{id}`")).collect();
        let _ = writeln!(
            text,
            "| `{name}` | {} | {} | {} |",
            fault.summary,
            fault.requirement,
            ids.join(", ")
        );
    }
    text
}

#[test]
fn every_fault_is_caught_by_its_check_and_every_check_bites() {
    let faults = faults();
    let failed = judge_all(&faults);
    let mut problems = Vec::new();
    for (name, fault) in &faults {
        let wanted: BTreeSet<String> = fault.fails.iter().cloned().collect();
        let allowed: BTreeSet<String> = wanted.iter().chain(&fault.may_fail).cloned().collect();
        let seen = &failed[name];
        let missing: Vec<_> = wanted.difference(seen).collect();
        let extra: Vec<_> = seen.difference(&allowed).collect();
        if !missing.is_empty() || !extra.is_empty() {
            problems.push(format!("{name}: missing {missing:?}, extra {extra:?}"));
        }
        if wanted.len() > 1 + OTHERS_MAX {
            problems.push(format!(
                "{name}: {} checks fail for one fault",
                wanted.len()
            ));
        }
    }
    let kit = cabincrew_conform::catalogue::Kit::embedded().expect("the kit is valid");
    for check in kit.checks() {
        if !faults.values().any(|fault| fault.fails[0] == check.id) {
            problems.push(format!("{}: no fault is meant for it", check.id));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));

    let path = root().join("docs/generated/faults.md");
    let text = table(&faults, &failed);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("the table can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        committed, text,
        "docs/generated/faults.md is out of date; run with UPDATE=1"
    );
}

#[test]
fn the_peer_without_a_fault_fails_no_check() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("correct.toml");
    std::fs::write(&script, "").expect("it can be written");
    for scenario in ["", "peer"] {
        let found = outcomes(&script, scenario, &folder.path().join("report"));
        assert_eq!(found.get("fail"), None, "{scenario}");
        assert_eq!(found.get("unproven"), None, "{scenario}");
        assert!(found["pass"].len() > 80, "{}", found["pass"].len());
    }
}
