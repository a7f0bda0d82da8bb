//! The seeded faults: data, list and code agree, and the default build has none of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cabincrew_protocol::requirement::Catalogue;
use serde::Deserialize;

use crate::place::Place;

/// Families of scenarios that show faults.
const FAMILIES: [&str; 15] = [
    "approval",
    "artifacts",
    "audit",
    "concurrency",
    "durability",
    "finalization",
    "governance",
    "lifecycle",
    "multi-step",
    "post-execution",
    "preparation",
    "restart",
    "secrets",
    "take-off",
    "token",
];

/// A file of `fixtures/orchestrator-faults`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    summary: String,
    requirement: String,
    family: String,
    /// Checks that must fail, the intended one first.
    fails: Vec<String>,
    /// Checks that may fail besides.
    #[serde(default)]
    may_fail: Vec<String>,
    /// Why no check catches it.
    #[serde(default)]
    excluded: Option<String>,
    /// The crash that shows it.
    #[serde(default)]
    sweep: Option<Swept>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Swept {
    options: Vec<String>,
    invariant: String,
    #[serde(default)]
    note: bool,
}

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The data files by fault.
fn data() -> BTreeMap<String, Fault> {
    let folder = crate_folder().join("../fixtures/orchestrator-faults");
    let mut faults = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let fault: Fault = toml::from_str(&text).unwrap_or_else(|error| {
            panic!("{}: {error}", path.display());
        });
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        faults.insert(name, fault);
    }
    faults
}

/// Variant and name of every line of the list.
fn list() -> Vec<(String, String)> {
    let text = fs::read_to_string(crate_folder().join("src/fault/list.rs")).unwrap();
    let (_, lines) = text.split_once("\nfaults! {\n").unwrap();
    let lines = lines.lines().filter_map(|line| {
        let (variant, name) = line.trim().split_once(" = ")?;
        let name = name.strip_prefix('"')?.strip_suffix("\",")?;
        Some((variant.to_owned(), name.to_owned()))
    });
    lines.collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// `name-of-it` as `NameOfIt`.
fn variant_of(name: &str) -> String {
    let words = name.split('-');
    words
        .flat_map(|word| {
            word[..1]
                .to_uppercase()
                .chars()
                .chain(word[1..].chars())
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_fault_has_its_file_and_every_file_its_fault() {
    let (data, list) = (data(), list());
    let listed: BTreeSet<&str> = list.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(listed.len(), list.len(), "a name stands twice");
    let files: BTreeSet<&str> = data.keys().map(String::as_str).collect();
    assert_eq!(listed, files);
    assert!(list.len() >= 100, "faults were lost: {}", list.len());
    for (variant, name) in &list {
        assert_eq!(*variant, variant_of(name));
    }
}

#[test]
fn every_fault_is_described() {
    let catalogue = Catalogue::embedded();
    let mut seen = BTreeSet::new();
    for (name, fault) in data() {
        let summary = &fault.summary;
        assert!(
            summary.ends_with('.') && !summary.contains(". "),
            "{name}: one sentence"
        );
        assert!(
            seen.insert(summary.clone()),
            "{name} says what another says"
        );
        let known = catalogue.get(&fault.requirement).is_some();
        assert!(
            known,
            "{name} breaks {}, which is no requirement",
            fault.requirement
        );
        assert!(
            FAMILIES.contains(&fault.family.as_str()),
            "{name}: {}",
            fault.family
        );
        if let Some(reason) = &fault.excluded {
            assert!(
                fault.fails.is_empty() && fault.sweep.is_none() && reason.len() > 20,
                "{name} is caught, or does not say why it is not"
            );
        }
        if let Some(swept) = &fault.sweep {
            assert!(
                swept.options.len() >= 2 && !swept.invariant.is_empty(),
                "{name}"
            );
            let strict = swept.options.iter().any(|it| it.ends_with("(strict)"));
            assert_eq!(swept.note, strict, "{name}: a note and nothing else");
        }
        for check in &fault.fails {
            assert!(
                !fault.may_fail.contains(check),
                "{name}: {check} fails or may fail"
            );
        }
    }
}

#[test]
fn every_fault_is_asked_for_in_the_program() {
    let mut files = Vec::new();
    sources(&crate_folder().join("src"), &mut files);
    let texts: Vec<String> = files
        .iter()
        .filter(|path| !path.ends_with("fault/list.rs"))
        .map(|path| {
            fs::read_to_string(path)
                .unwrap()
                .split_whitespace()
                .collect()
        })
        .collect();
    for (variant, name) in list() {
        let question = format!("on(Fault::{variant})");
        let asked = texts.iter().any(|text| text.contains(&question));
        assert!(asked, "nothing goes wrong by {name}");
    }
}

/// What names of faults and variables could be among: the words of a file that have a hyphen or an
/// underscore inside, joined by line feeds.
#[cfg(not(feature = "faults"))]
fn words(bytes: &[u8]) -> String {
    let ends = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"_-".contains(byte);
    let compound = |word: &&[u8]| {
        let hyphens = word.iter().filter(|byte| **byte == b'-').count();
        hyphens > 0 || word.starts_with(b"CABINCREW_")
    };
    let words = bytes.split(ends).filter(compound);
    let words = words.map(|word| std::str::from_utf8(word).unwrap());
    words.collect::<Vec<_>>().join("\n")
}

#[cfg(not(feature = "faults"))]
#[test]
fn the_default_build_knows_no_fault() {
    let program = fs::read(crate::place::program()).unwrap();
    let words = words(&program);
    assert!(
        words.contains("CABINCREW_AUDIT_KEY"),
        "the search finds nothing"
    );
    assert!(!words.contains("CABINCREW_FAULT"));
    for (_, name) in list() {
        assert!(!words.contains(&name), "{name} is in the default build");
    }
    let place = Place::new();
    place.policy("deny");
    let output = faulty(&place, "deny-downgraded-to-warn");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[cfg(feature = "faults")]
#[test]
fn a_fault_is_on_when_it_is_named_and_a_name_that_none_has_is_refused() {
    let place = Place::new();
    place.policy("deny");
    let output = faulty(&place, "deny-downgraded-to-upgrade");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("CABINCREW_FAULT") && told.contains("deny-downgraded-to-upgrade"),
        "{told}"
    );
    assert!(!place.home("w").exists());
    assert_eq!(place.run("honest").status.code(), Some(1));
    assert_eq!(
        faulty(&place, "deny-downgraded-to-warn").status.code(),
        Some(0)
    );
    assert_eq!(place.applied(), 1);
}

fn faulty(place: &Place, fault: &str) -> std::process::Output {
    let words = ["--workspace", "ws", "--workflow-id", "w", "workflow.json"];
    let mut command = place.command("run", &words);
    command.env("CABINCREW_FAULT", fault).output().unwrap()
}
