//! Which crate may depend on which: one direction only.

use std::collections::{BTreeMap, BTreeSet};

use super::repository;

/// Every crate of ours, with the crates of ours that it may depend on, and those that only its
/// tests may depend on.
const ALLOWED: [(&str, &[&str], &[&str]); 10] = [
    ("cabincrew-fixtures", &[], &[]),
    ("cabincrew-protocol", &[], &["cabincrew-fixtures"]),
    ("cabincrew-crashpoint", &[], &[]),
    // The peer and the example engines share no code with what judges them.
    ("cabincrew-peer", &[], &[]),
    ("cabincrew-engine-update-dependency", &[], &[]),
    (
        "cabincrew-governance",
        &["cabincrew-protocol"],
        &["cabincrew-fixtures", "cabincrew-protocol"],
    ),
    (
        "cabincrew-reference",
        &["cabincrew-governance", "cabincrew-protocol"],
        &["cabincrew-fixtures", "cabincrew-protocol"],
    ),
    // The harness judges strangers: it knows the reference from its tests alone.
    (
        "cabincrew-conform",
        &[
            "cabincrew-crashpoint",
            "cabincrew-fixtures",
            "cabincrew-peer",
            "cabincrew-protocol",
        ],
        &["cabincrew-peer", "cabincrew-reference"],
    ),
    (
        "cabincrew-fuzz",
        &[
            "cabincrew-conform",
            "cabincrew-protocol",
            "cabincrew-reference",
        ],
        &[],
    ),
    ("cabincrew-fuzz-targets", &["cabincrew-fuzz"], &[]),
];

/// Crates that may go without the workspace's lints: the one with unsafe code, and the one that
/// belongs to another workspace.
const OWN_LINTS: [&str; 2] = ["cabincrew-crashpoint", "cabincrew-fuzz-targets"];

/// Crates that a crate must not link, directly: engines of policies and models run in workers.
const FOREIGN: [(&str, &str); 5] = [
    ("regorus", "cabincrew-reference"),
    ("tract-onnx", "cabincrew-reference"),
    ("jsonschema", "cabincrew-protocol"),
    ("clap", "cabincrew-conform"),
    ("clap", "cabincrew-reference"),
];

/// The manifests of all crates, by name.
fn manifests() -> BTreeMap<String, toml::Table> {
    repository::files()
        .iter()
        .filter(|file| file.path.ends_with("Cargo.toml") && !file.path.contains("/workspace/"))
        .filter(|file| !file.path.contains("/after/") && !file.path.contains("/unchanged/"))
        .filter_map(|file| {
            let table: toml::Table = file.text()?.parse().ok()?;
            let name = table.get("package")?.get("name")?.as_str()?.to_owned();
            name.starts_with("cabincrew-").then_some((name, table))
        })
        .collect()
}

/// The names in the dependency tables of `kind`, target-specific ones included.
fn dependencies(manifest: &toml::Table, kind: &str) -> BTreeSet<String> {
    let mut tables = vec![manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(
        targets
            .into_iter()
            .flat_map(|targets| targets.values().filter_map(toml::Value::as_table)),
    );
    tables
        .into_iter()
        .filter_map(|table| table.get(kind)?.as_table())
        .flat_map(|table| table.keys().cloned())
        .collect()
}

#[test]
fn crates_depend_in_one_direction() {
    let manifests = manifests();
    assert!(manifests.len() >= 7, "manifests were lost");
    let ours = |names: BTreeSet<String>| -> Vec<String> {
        names
            .into_iter()
            .filter(|name| name.starts_with("cabincrew-"))
            .collect()
    };
    for (name, manifest) in &manifests {
        let allowed = ALLOWED.iter().find(|(allowed, _, _)| allowed == name);
        let (_, always, in_tests) =
            allowed.unwrap_or_else(|| panic!("{name} is new: say what it may depend on"));
        for kind in ["dependencies", "build-dependencies"] {
            for edge in ours(dependencies(manifest, kind)) {
                let known = always.contains(&edge.as_str());
                assert!(known, "{name} must not depend on {edge}");
            }
        }
        for edge in ours(dependencies(manifest, "dev-dependencies")) {
            let known = in_tests.contains(&edge.as_str());
            assert!(known, "not even the tests of {name} depend on {edge}");
        }
    }
}

#[test]
fn heavy_crates_stay_where_they_belong() {
    for (name, manifest) in manifests() {
        for dependency in dependencies(&manifest, "dependencies") {
            let owners: Vec<&str> = FOREIGN
                .iter()
                .filter(|(foreign, _)| *foreign == dependency)
                .map(|(_, owner)| *owner)
                .collect();
            assert!(
                owners.is_empty() || owners.contains(&name.as_str()),
                "{name} must not link {dependency}: it belongs to {owners:?}"
            );
        }
    }
}

#[test]
fn every_crate_takes_the_workspace_lints() {
    for (name, manifest) in manifests() {
        let lints = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        let taken = lints.and_then(toml::Value::as_bool) == Some(true);
        assert!(
            taken || OWN_LINTS.contains(&name.as_str()),
            "{name} has no `[lints] workspace = true`"
        );
    }
}
