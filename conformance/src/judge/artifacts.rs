//! The artifacts directory, the receipt's list of it, and each artifact.json.

use std::collections::BTreeSet;

use cabincrew_protocol::json::{self, JsonError, Limits};
use cabincrew_protocol::{schema as protocol_schema, wire};
use serde_json::Value;

use super::{Look, words};
use crate::drill::LaunchMode;
use crate::observe::{End, Launch};
use crate::receipt;
use crate::tree::{Change, Entry, Kind};

/// An artifact as the receipt lists it.
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) role: Option<String>,
    path: Option<String>,
    hash: Option<String>,
    size: Option<Value>,
}

/// Whether a launch claims to have written artifacts. What one leaves that fails halfway is thrown away,
/// and need not have come to the form of any.
fn claims_artifacts(launch: &Launch) -> bool {
    launch.end == End::Exited(0)
}

/// The receipt's list, if the launch claims success.
pub(super) fn listed(launch: &Launch) -> Option<Vec<Listed>> {
    if !claims_artifacts(launch) {
        return None;
    }
    let receipt = receipt::lenient(&launch.stdout.kept)?;
    let succeeds = receipt.get("status").and_then(Value::as_str) == Some("success");
    succeeds.then(|| list(&receipt))
}

fn list(receipt: &Value) -> Vec<Listed> {
    let text = |artifact: &Value, member: &str| {
        artifact
            .get(member)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let artifacts = receipt.get("artifacts").and_then(Value::as_array);
    artifacts
        .into_iter()
        .flatten()
        .filter_map(|artifact| {
            Some(Listed {
                name: text(artifact, "name")?,
                role: text(artifact, "role"),
                path: text(artifact, "path"),
                hash: text(artifact, "hash"),
                size: artifact.get("size").cloned(),
            })
        })
        .collect()
}

/// Top-level names that this launch wrote.
fn written(launch: &Launch) -> Vec<(&str, &Entry)> {
    launch
        .artifacts
        .iter()
        .filter(|(path, _)| !path.contains('/'))
        .filter(|(path, _)| !launch.restored.contains(path))
        .map(|(path, entry)| (path.as_str(), entry))
        .collect()
}

fn entry<'a>(launch: &'a Launch, path: &str) -> Option<&'a Entry> {
    launch
        .artifacts
        .get(path)
        .filter(|entry| entry.kind == Kind::File)
}

/// The file that a receipt entry has to name: the body if there is one (C-12).
fn expected_path(launch: &Launch, name: &str) -> String {
    let body = format!("{name}/body.data");
    if launch.artifacts.contains_key(&body) {
        body
    } else {
        format!("{name}/artifact.json")
    }
}

/// CC-ENG-012: receipt and disk name the same artifacts.
pub(super) fn receipt_matches_disk(look: &mut Look, launch: &Launch) {
    let Some(listed) = listed(launch) else { return };
    let on_disk: BTreeSet<&str> = written(launch)
        .into_iter()
        .filter(|(_, entry)| entry.kind == Kind::Directory)
        .map(|(name, _)| name)
        .collect();
    let in_receipt: BTreeSet<&str> = listed
        .iter()
        .map(|artifact| artifact.name.as_str())
        .filter(|name| !launch.restored.iter().any(|restored| restored == name))
        .collect();
    let mut problems = Vec::new();
    let expected = || "the receipt lists exactly the artifacts on disk".to_owned();
    for name in on_disk.difference(&in_receipt) {
        problems.push((
            expected(),
            format!("{name}/ is on disk and not in the receipt"),
        ));
    }
    for name in in_receipt.difference(&on_disk) {
        problems.push((
            expected(),
            format!("{name} is in the receipt and not on disk"),
        ));
    }
    let lists = receipt::lenient(&launch.stdout.kept).is_some_and(|r| r.get("artifacts").is_some());
    if !lists && launch.mode == LaunchMode::FlightPlan && problems.is_empty() {
        let expected = "artifacts in the receipt of a successful plan (C-50)".to_owned();
        problems.push((expected, "the receipt has no artifacts member".to_owned()));
    }
    look.judged(launch, problems);
}

/// CC-ENG-012: a receipt of failure lists nothing that is not there either.
pub(super) fn failure_lists_what_is(look: &mut Look, launch: &Launch) {
    let failed = matches!(launch.end, End::Exited(1..=2));
    let Some(receipt) = receipt::lenient(&launch.stdout.kept).filter(|_| failed) else {
        return;
    };
    let listed = list(&receipt);
    let absent = |it: &&Listed| !launch.artifacts.contains_key(&it.name);
    let absent: Vec<&str> = listed
        .iter()
        .filter(absent)
        .map(|it| it.name.as_str())
        .collect();
    let problem = (!absent.is_empty()).then(|| {
        (
            "no artifact in the receipt that is not on disk".to_owned(),
            format!("{} is not there", words::short(&absent.join(", "))),
        )
    });
    look.judged(launch, problem.into_iter().collect());
}

/// CC-ENG-013: the hash is that of the file. The file is the one that `path` names or the one that it
/// should name, so that a wrong path is not held against the hash.
pub(super) fn hash_matches(look: &mut Look, launch: &Launch) {
    for_each_file(look, launch, |artifact, files| {
        let hash = artifact.hash.as_deref()?;
        let matches = files.iter().any(|file| file.sha256 == hash);
        let actual = files.first()?.sha256.clone();
        (!matches).then(|| {
            let file = words::short(&expected_path(launch, &artifact.name));
            let of_other = |(_, e): &(&String, &Entry)| !hash.is_empty() && e.sha256 == hash;
            let other = launch.artifacts.iter().find(of_other);
            let other = other.map(|(path, _)| format!(", which is that of {}", words::short(path)));
            let quoted = words::quote(hash.as_bytes());
            let observed = format!("{}: {quoted}{}", artifact.name, other.unwrap_or_default());
            (format!("hash \"{actual}\" of {file}"), observed)
        })
    });
}

/// C-12, C-68: the size is that of the file, a whole number of bytes.
pub(super) fn size_matches(look: &mut Look, launch: &Launch) {
    for_each_file(look, launch, |artifact, files| {
        let size = artifact.size.as_ref()?;
        let Value::Number(number) = size else {
            return Some((
                "a size that is a number".to_owned(),
                format!("{}: size {size}", artifact.name),
            ));
        };
        let whole = wire::whole_number(number);
        let matches = files.iter().any(|file| whole == Some(file.size));
        let actual = files.first()?.size;
        (!matches).then(|| {
            (
                format!("size {actual}"),
                format!("{}: size {size}", artifact.name),
            )
        })
    });
}

fn for_each_file(
    look: &mut Look,
    launch: &Launch,
    problem: impl Fn(&Listed, &[&Entry]) -> Option<(String, String)>,
) {
    let Some(listed) = listed(launch) else { return };
    let mut problems = Vec::new();
    for artifact in &listed {
        let should = expected_path(launch, &artifact.name);
        let files: Vec<&Entry> = [Some(should.as_str()), artifact.path.as_deref()]
            .into_iter()
            .flatten()
            .filter_map(|path| entry(launch, path))
            .collect();
        problems.extend(problem(artifact, &files));
    }
    look.judged(launch, problems);
}

/// C-12: the path names the hashed file, relative to the artifacts directory.
pub(super) fn path_names_file(look: &mut Look, launch: &Launch) {
    let Some(listed) = listed(launch) else { return };
    let mut problems = Vec::new();
    for artifact in &listed {
        let expected = expected_path(launch, &artifact.name);
        // An artifact that is not on disk has no path to compare with.
        let exists = launch.artifacts.contains_key(&artifact.name);
        if let Some(path) = artifact
            .path
            .as_deref()
            .filter(|path| exists && *path != expected)
        {
            problems.push((
                format!("path \"{expected}\""),
                words::quote(path.as_bytes()),
            ));
        }
    }
    look.judged(launch, problems);
}

/// C-64: names are well-formed, unique also without case, and not reserved.
pub(super) fn names(look: &mut Look, launch: &Launch) {
    let Some(listed) = listed(launch) else { return };
    let mut problems = Vec::new();
    let restored = launch.restored.iter().map(|name| name.to_lowercase());
    let mut seen: BTreeSet<String> = restored.collect();
    for artifact in listed.iter().filter(|a| !launch.restored.contains(&a.name)) {
        let name = artifact.name.as_str();
        let quoted = words::quote(name.as_bytes());
        if !seen.insert(name.to_lowercase()) {
            problems.push((
                "each name once, whatever its case".to_owned(),
                format!("{quoted} again"),
            ));
        }
        if !well_formed(name) {
            problems.push((
                "a name like [A-Za-z0-9][A-Za-z0-9._-]{0,127}".to_owned(),
                quoted,
            ));
        } else if name == "plan-token" {
            problems.push(("a name that is not reserved".to_owned(), quoted));
        }
    }
    look.judged(launch, problems);
}

fn well_formed(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    name.len() <= 128
        && name
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric())
        && name.bytes().all(inner)
}

/// CC-ENG-025: one folder per artifact, artifact.json and at most body.data in it.
pub(super) fn layout(look: &mut Look, launch: &Launch) {
    if !claims_artifacts(launch) {
        return;
    }
    let mut problems = Vec::new();
    for (name, found) in written(launch) {
        match found.kind {
            Kind::File => problems.push((
                "only folders in the artifacts directory".to_owned(),
                format!("the file {}", words::short(name)),
            )),
            Kind::Directory => problems.extend(folder_problems(launch, name)),
            // Links and devices are the business of the check on plain files.
            Kind::Symlink | Kind::Special => {}
        }
    }
    look.judged(launch, problems);
}

fn folder_problems(launch: &Launch, name: &str) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let prefix = format!("{name}/");
    if !launch
        .artifacts
        .contains_key(&format!("{name}/artifact.json"))
    {
        problems.push((
            "artifact.json in each artifact's folder".to_owned(),
            format!("{} has none", words::short(name)),
        ));
    }
    for (path, inside) in launch.artifacts.range(prefix.clone()..) {
        let Some(rest) = path.strip_prefix(&prefix) else {
            break;
        };
        let allowed =
            matches!(rest, "artifact.json" | "body.data") && inside.kind != Kind::Directory;
        if !allowed && !rest.contains('/') {
            let kind = inside.kind.as_str();
            problems.push((
                "only artifact.json and body.data in an artifact's folder".to_owned(),
                format!("the {kind} {}", words::short(path)),
            ));
        }
    }
    problems
}

/// CC-ENG-025, CC-ART-007: no links, no devices.
pub(super) fn plain_files(look: &mut Look, launch: &Launch) {
    let mut problems = Vec::new();
    for (path, found) in &launch.artifacts {
        let top = path.split('/').next().unwrap_or(path);
        if launch.restored.iter().any(|restored| restored == top) {
            continue;
        }
        let observed = match found.kind {
            Kind::Symlink => Some(format!("{path} is a link to {}", found.target)),
            Kind::Special => Some(format!("{path} is a {}", found.kind.as_str())),
            Kind::File if found.links > 1 => Some(format!("{path} has {} names", found.links)),
            Kind::File | Kind::Directory => None,
        };
        problems.extend(observed.map(|o| ("plain files with one name each".to_owned(), o)));
    }
    look.judged(launch, problems);
}

/// The document of an artifact, read generously.
pub(super) fn document(launch: &Launch, name: &str) -> Option<Value> {
    let bytes = launch.contents.get(&format!("{name}/artifact.json"))?;
    receipt::lenient(&bytes.kept)
}

fn documents(launch: &Launch) -> Option<impl Iterator<Item = (&str, &[u8])>> {
    let documents = launch.contents.iter().filter_map(|(path, bytes)| {
        let name = path.strip_suffix("/artifact.json")?;
        let fresh = !launch.restored.iter().any(|restored| restored == name);
        (fresh && !name.contains('/')).then_some((name, bytes.kept.as_slice()))
    });
    claims_artifacts(launch).then_some(documents)
}

/// CC-ART-003: each artifact.json is one strict JSON document.
pub(super) fn json_parses(look: &mut Look, launch: &Launch) {
    let Some(documents) = documents(launch) else {
        return;
    };
    let mut problems = Vec::new();
    for (name, bytes) in documents {
        if let Err(error) = json::parse(bytes, &Limits::DOCUMENT)
            && !matches!(error, JsonError::IntegerRange { .. })
        {
            let observed = format!("{name}/artifact.json: {error}");
            problems.push(("one strict JSON document".to_owned(), observed));
        }
    }
    look.judged(launch, problems);
}

/// CC-ENG-026: each artifact.json satisfies the definition.
pub(super) fn schema(look: &mut Look, launch: &Launch) {
    let Some(documents) = documents(launch) else {
        return;
    };
    let mut problems = Vec::new();
    for (name, _) in documents {
        let Some(document) = document(launch, name) else {
            continue;
        };
        for violation in protocol_schema::violations("Artifact", &document) {
            let observed = format!(
                "{name}/artifact.json{}: {}",
                violation.instance_path, violation.message
            );
            problems.push((
                "an artifact as the Artifact definition says".to_owned(),
                observed,
            ));
        }
    }
    look.judged(launch, problems);
}

/// C-62: inline body, body_file and body.data fit together.
pub(super) fn body_reference(look: &mut Look, launch: &Launch) {
    let Some(documents) = documents(launch) else {
        return;
    };
    let mut problems = Vec::new();
    for (name, _) in documents {
        let Some(document) = document(launch, name) else {
            continue;
        };
        let inline = document.get("body").is_some_and(|body| !body.is_null());
        let reference = document.get("body_file").and_then(Value::as_str);
        let on_disk = launch.artifacts.contains_key(&format!("{name}/body.data"));
        let problem = match (reference, on_disk) {
            (Some("body.data"), false) => {
                Some(("the body that body_file names", "body.data is not there"))
            }
            (Some("body.data"), true) if inline => {
                Some(("body or body_file, not both", "both are given"))
            }
            (Some("body.data"), true) | (None, false) => None,
            (Some(_), _) => Some(("body_file \"body.data\"", "body_file names another file")),
            (None, true) => Some((
                "body.data named by body_file",
                "body.data is not referred to",
            )),
        };
        problems.extend(
            problem
                .map(|(expected, observed)| (expected.to_owned(), format!("{name}: {observed}"))),
        );
    }
    look.judged(launch, problems);
}

/// CC-ENG-040: nothing changes after the end.
pub(super) fn stay(look: &mut Look, launch: &Launch) {
    let changes: Vec<&Change> = launch.artifacts_late.iter().collect();
    let problems = if changes.is_empty() {
        Vec::new()
    } else {
        vec![(
            "artifacts that stay as they are".to_owned(),
            words::list(&changes),
        )]
    };
    look.judged(launch, problems);
}
