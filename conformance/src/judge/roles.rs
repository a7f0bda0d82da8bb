//! The roles of artifacts.

use serde_json::Value;

use super::artifacts::{Listed, document, listed};
use super::{Look, words};
use crate::observe::Launch;

fn known_role(role: &str) -> bool {
    matches!(role, "evidence" | "state" | "log")
}

/// CC-ENG-014: roles are evidence, state or log.
pub(super) fn roles(look: &mut Look, launch: &Launch) {
    let Some(listed) = listed(launch) else { return };
    let mut problems = Vec::new();
    for artifact in &listed {
        if let Some(role) = artifact.role.as_deref()
            && !known_role(role)
        {
            let observed = format!("{}: role {}", artifact.name, words::quote(role.as_bytes()));
            problems.push(("role evidence, state or log".to_owned(), observed));
        }
    }
    look.judged(launch, problems);
}

/// C-67: what take-off adds is evidence or a log.
pub(super) fn take_off_roles(look: &mut Look, launch: &Launch) {
    let Some(listed) = listed(launch) else { return };
    let new = |artifact: &&Listed| !launch.restored.contains(&artifact.name);
    let states = listed
        .iter()
        .filter(new)
        .filter(|artifact| artifact.role.as_deref() == Some("state"));
    let problems = states
        .map(|artifact| {
            let observed = format!("{}: role state", words::quote(artifact.name.as_bytes()));
            ("role evidence or log".to_owned(), observed)
        })
        .collect();
    look.judged(launch, problems);
}

/// C-11: a role in artifact.json's metadata equals the receipt's.
pub(super) fn role_agrees(look: &mut Look, launch: &Launch) {
    let Some(listed) = listed(launch) else { return };
    let mut problems = Vec::new();
    for artifact in &listed {
        let document = document(launch, &artifact.name);
        let inside = document
            .as_ref()
            .and_then(|document| document.pointer("/metadata/role"))
            .and_then(Value::as_str);
        if let (Some(inside), Some(role)) = (inside, artifact.role.as_deref())
            && inside != role
            && known_role(role)
        {
            let observed = format!("{}: {}", artifact.name, words::quote(inside.as_bytes()));
            problems.push((
                format!("metadata.role \"{role}\" as in the receipt"),
                observed,
            ));
        }
    }
    look.judged(launch, problems);
}
