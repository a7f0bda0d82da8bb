//! The scripts in `fixtures/faults/`: valid, different from each other, and together they show every
//! check failing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cabincrew_peer::script::Script;

use crate::driver::repository;

/// Files with the ending `.toml` in a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut found: Vec<_> = entries.map(|entry| entry.path()).collect();
    found.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    found.sort();
    found
}

fn scripts() -> Vec<(String, Script)> {
    let load = |path: PathBuf| {
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let script = Script::load(&path).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        (name, script)
    };
    files(&repository().join("fixtures/faults"))
        .into_iter()
        .map(load)
        .collect()
}

fn check_ids() -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for path in files(&repository().join("conformance/drills")) {
        let text = std::fs::read_to_string(path).expect("a drill");
        let drill: toml::Table = toml::from_str(&text).expect("TOML");
        let checks = drill.get("check").and_then(toml::Value::as_array);
        for check in checks.into_iter().flatten() {
            ids.insert(check["id"].as_str().expect("an id").to_owned());
        }
    }
    ids
}

#[test]
fn each_script_says_what_it_violates() {
    for (name, script) in scripts() {
        assert!(script.fault.is_some(), "{name} has no fault");
        assert!(script.record.is_none(), "{name} records");
        assert!(
            script.summary.ends_with('.') && script.summary.len() > 20,
            "{name}"
        );
        assert!(script.requirement.starts_with("CC-"), "{name}");
        assert!((1..=3).contains(&script.fails.len()), "{name}");
        let distinct: BTreeSet<_> = script.fails.iter().collect();
        assert_eq!(distinct.len(), script.fails.len(), "{name}");
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(name.chars().all(kebab), "{name}");
    }
}

#[test]
fn no_two_scripts_are_wrong_in_the_same_way() {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for (name, script) in scripts() {
        if let Some(other) = known.insert(format!("{:?}", script.fault), name.clone()) {
            panic!("{name} and {other} have the same fault");
        }
    }
    assert!(known.len() >= 75);
}

#[test]
fn every_check_is_the_first_to_fail_in_some_script() {
    let ids = check_ids();
    assert!(ids.len() >= 80);
    let scripts = scripts();
    let named: BTreeSet<_> = scripts
        .iter()
        .flat_map(|(_, script)| script.fails.clone())
        .collect();
    let unknown: Vec<_> = named.difference(&ids).collect();
    assert!(unknown.is_empty(), "no such checks: {unknown:?}");
    let intended: BTreeSet<_> = scripts
        .iter()
        .map(|(_, script)| script.fails[0].clone())
        .collect();
    let unseen: Vec<_> = ids.difference(&intended).collect();
    assert!(unseen.is_empty(), "never seen failing: {unseen:?}");
}

#[test]
fn every_engine_requirement_that_can_be_violated_has_a_script() {
    let violated: BTreeSet<_> = scripts()
        .into_iter()
        .map(|(_, script)| script.requirement)
        .collect();
    // 020 and 036 are permissions; nothing an engine does breaks them.
    let missing: Vec<_> = (1..=41)
        .filter(|number| ![20, 36].contains(number))
        .map(|number| format!("CC-ENG-{number:03}"))
        .filter(|id| !violated.contains(id))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
