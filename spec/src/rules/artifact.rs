//! Rules of artifacts: names, roles, content, paths.

use std::collections::BTreeSet;

use serde_json::Number;

use super::Finding;
use crate::artifact::{Artifact, BODY_FILE, Body, METADATA_FILE, Role};
use crate::engine::EngineArtifact;
use crate::plan_token;
use crate::wire::whole_number;

/// C-64: the syntax of artifact names (CC-ART-010).
#[must_use]
pub fn artifact_name(name: &str) -> Option<Finding> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let starts = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !starts || name.len() > 128 || !name.bytes().all(inner) {
        return Some(Finding::NameSyntax {
            name: name.to_owned(),
        });
    }
    // Reserved in every case, because names that differ only in case are one name.
    name.eq_ignore_ascii_case(plan_token::ARTIFACT_ID)
        .then(|| Finding::NameReserved {
            name: name.to_owned(),
        })
}

/// C-64: names are unique, also on a file system that ignores case (CC-ART-010).
#[must_use]
pub fn names_unique<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Finding> {
    let mut seen: BTreeSet<(String, &str)> = BTreeSet::new();
    let mut findings = Vec::new();
    for name in names {
        let folded = name.to_lowercase();
        let first = seen.range((folded.clone(), "")..).next();
        if let Some((_, first)) = first.filter(|(known, _)| *known == folded) {
            let (first, second) = ((*first).to_owned(), name.to_owned());
            findings.push(Finding::NamesCollide { first, second });
        }
        seen.insert((folded, name));
    }
    findings
}

/// C-62: content stands in one place, and a body file has its one name (CC-ART-006, CC-ART-007).
/// `has_body_data` says whether a `body.data` stands beside `artifact.json`.
#[must_use]
pub fn body_placement(artifact: &Artifact, has_body_data: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let inline = !matches!(artifact.body, None | Some(Body::Null));
    match artifact.body_file.as_deref() {
        None if has_body_data => findings.push(Finding::BodyFileUnnamed),
        None => {}
        Some(name) if name != BODY_FILE => {
            findings.push(Finding::BodyFileName {
                name: name.to_owned(),
            });
        }
        Some(_) if !has_body_data => findings.push(Finding::BodyFileMissing),
        Some(_) => {}
    }
    if inline && artifact.body_file.is_some() {
        findings.push(Finding::BodyTwice);
    }
    findings
}

/// C-11: only evidence, state and log are roles (CC-ART-009).
#[must_use]
pub fn role_known(role: &Role) -> Option<Finding> {
    match role {
        Role::Unknown(role) => Some(Finding::RoleUnknown { role: role.clone() }),
        Role::Evidence | Role::Log | Role::State => None,
    }
}

/// C-11: where `artifact.json` mentions a role, it is the receipt's.
#[must_use]
pub fn role_agrees(artifact: &Artifact, receipt: &Role) -> Option<Finding> {
    let found = artifact
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.get("role"))?;
    (found.as_str() != Some(receipt.as_str())).then(|| Finding::RoleDiffers {
        expected: receipt.as_str().to_owned(),
        found: found.clone(),
    })
}

/// C-12: the file that a receipt's hash covers, relative to the artifacts directory.
#[must_use]
pub fn expected_path(name: &str, has_body: bool) -> String {
    format!(
        "{name}/{}",
        if has_body { BODY_FILE } else { METADATA_FILE }
    )
}

/// C-12: the receipt names that file.
#[must_use]
pub fn path_fits(artifact: &EngineArtifact, has_body: bool) -> Option<Finding> {
    let expected = expected_path(&artifact.name, has_body);
    (artifact.path != expected).then(|| Finding::Path {
        expected,
        found: artifact.path.clone(),
    })
}

/// C-68: a size is a non-negative integer (CC-SCH-008).
#[must_use]
pub fn size_whole(size: &Number) -> Option<Finding> {
    whole_number(size)
        .is_none()
        .then(|| Finding::Size { size: size.clone() })
}
