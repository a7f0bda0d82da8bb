//! Every data file is used, and says what it is used for.

use std::collections::BTreeSet;

use cabincrew_conform::catalogue::Kit;
use cabincrew_conform::drill::Check;
use cabincrew_conform::expect::Expect;
use cabincrew_conform::scenario::Scenario;

use super::repository;

fn kit() -> Kit {
    Kit::embedded().expect("the kit of this build is sound")
}

#[test]
fn every_drill_file_is_in_the_kit() {
    let kit = kit();
    let names: BTreeSet<&str> = kit.drills.iter().map(|drill| drill.name.as_str()).collect();
    let mut files = 0;
    for file in repository::files() {
        if let Some(name) = file.path.strip_prefix("conformance/drills/") {
            // Those of the other kit are in folders of families.
            if name.starts_with("orchestrator/") {
                continue;
            }
            let stem = name.strip_suffix(".toml");
            let known = stem.is_some_and(|stem| names.contains(stem));
            assert!(known, "{} is no drill", file.path);
            files += 1;
        }
    }
    assert_eq!(files, names.len());
}

#[test]
fn every_launch_is_looked_at_by_name() {
    let kit = kit();
    let named: Vec<&str> = kit.checks().flat_map(selectors).collect();
    let after = kit.drills.iter().flat_map(|drill| &drill.launches);
    let after: Vec<&str> = after.filter_map(|l| l.after.as_deref()).collect();
    for drill in &kit.drills {
        assert!(!drill.checks.is_empty(), "{} checks nothing", drill.name);
        for launch in &drill.launches {
            let seen = named.iter().chain(&after).any(|selector| {
                selector
                    .strip_suffix(".*")
                    .map_or(*selector == launch.name, |stem| {
                        launch.name == stem || launch.name.starts_with(&format!("{stem}."))
                    })
            });
            // What may be taken or refused is looked at by the checks on all launches.
            let either_way = launch.name.starts_with("either-way.");
            assert!(
                seen || either_way,
                "no check is about the launch {}",
                launch.name
            );
        }
    }
}

/// The launches that a check names, or compares with.
fn selectors(check: &Check) -> Vec<&str> {
    let compared = match &check.expect {
        Expect::AppliesGivenPlan { of }
        | Expect::NoLeftoversNeeded { of }
        | Expect::RepeatIsHarmless { of } => Some(of),
        Expect::SamePlan { r#as, .. }
        | Expect::SameWorkspace { r#as, .. }
        | Expect::WholeOrRefused { r#as } => Some(r#as),
        _ => None,
    };
    let named = check.on.iter().chain(&check.control).chain(compared);
    named.map(String::as_str).collect()
}

#[test]
fn every_check_says_what_usually_breaks_it() {
    for check in kit().checks() {
        assert!(!check.causes.is_empty(), "{} has no causes", check.id);
        assert!(
            !check.title.ends_with('.'),
            "{}: a title has no stop",
            check.id
        );
    }
}

#[test]
fn controls_form_no_circle() {
    let kit = kit();
    for check in kit.checks() {
        let mut open: Vec<&str> = vec![&check.id];
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        while let Some(other) = open.pop().and_then(|id| kit.check(id)) {
            for control in &other.control {
                let Some(id) = control.strip_prefix("check:") else {
                    continue;
                };
                assert_ne!(id, check.id, "the controls of {id} lead back to it");
                if reached.insert(id) {
                    open.push(id);
                }
            }
        }
    }
}

#[test]
fn every_scenario_loads_and_is_driven_by_ci() {
    let ci = repository::read(".ci/run");
    let folder = repository::root().join("fixtures/scenarios");
    let mut loaded = 0;
    for entry in std::fs::read_dir(folder).expect("there are scenarios") {
        let path = entry.expect("the folder can be listed").path();
        if !path.is_dir() {
            continue;
        }
        let scenario = Scenario::load(&path).expect("a scenario of ours can be read");
        let named =
            scenario.name == "default" || ci.contains(&format!("scenarios/{}", scenario.name));
        assert!(named, "no engine is driven through {}", scenario.name);
        loaded += 1;
    }
    assert!(loaded >= 6, "scenarios were lost");
}

#[test]
fn every_fault_names_checks_that_exist() {
    let kit = kit();
    let mut caught: BTreeSet<String> = BTreeSet::new();
    for file in repository::files() {
        if !file.path.starts_with("fixtures/faults/") || !file.has_extension("toml") {
            continue;
        }
        let fault: toml::Table = file
            .text()
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("{} is not TOML", file.path));
        let requirement = fault.get("requirement").and_then(toml::Value::as_str);
        let known = requirement.is_some_and(|id| kit.requirement(id).is_some());
        assert!(known, "{} names no requirement", file.path);
        let fails = fault.get("fails").and_then(toml::Value::as_array);
        for id in fails.into_iter().flatten() {
            let id = id.as_str().unwrap_or_default();
            assert!(kit.check(id).is_some(), "{} names {id:?}", file.path);
            caught.insert(id.to_owned());
        }
    }
    for check in kit.checks() {
        assert!(
            caught.contains(&check.id),
            "no fault is caught by {}",
            check.id
        );
    }
}

#[test]
fn every_vector_file_is_read_by_a_test() {
    let files = repository::files();
    let readers: Vec<&str> = files
        .iter()
        .filter(|file| file.has_extension("rs") && !file.path.starts_with("fixtures/"))
        .filter_map(|file| file.text())
        .collect();
    for file in &files {
        if let Some(name) = file.path.strip_prefix("fixtures/vectors/")
            && name.ends_with(".json")
        {
            let stem = name.trim_end_matches(".json");
            let read = readers
                .iter()
                .any(|text| text.contains(&format!("\"{stem}")));
            assert!(read, "no test reads the vectors of {}", file.path);
        }
    }
}

/// An embedded folder that no build script watches is embedded as it was before a file came to it.
#[test]
fn every_embedded_folder_is_watched() {
    let mut embedded = 0;
    for file in repository::files() {
        if !file.has_extension("rs") || !file.path.contains("/src/") {
            continue;
        }
        let text = file.text().expect("Rust files are text");
        for (_, rest) in text
            .match_indices("include_dir!(\"$CARGO_MANIFEST_DIR/")
            .map(|(at, found)| text.split_at(at + found.len()))
        {
            let folder = rest.split('"').next().unwrap_or_default();
            let top = folder.split('/').next().unwrap_or_default();
            let (krate, _) = file.path.split_once("/src/").unwrap_or_default();
            let script = repository::read(&format!("{krate}/build.rs"));
            let watched =
                script.contains(&format!("\"{top}\"")) || script.contains(&format!("={top}\""));
            assert!(watched, "{krate}/build.rs does not watch {folder}");
            embedded += 1;
        }
    }
    assert!(embedded >= 9, "the embedded folders were not found");
}
