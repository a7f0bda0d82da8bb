//! What was left behind: marks in what the orchestrator keeps, and the workspace.

use std::collections::BTreeMap;

use cabincrew_protocol::digest;

use super::look::{Problems, problem, unless};
use super::view::View;
use crate::judge::words;

/// A mark is found, or not found, at places that begin so.
pub(super) fn found(view: &View<'_>, mark: &str, place: &str, absent: bool) -> Problems {
    let mut leaks = view.step.leaks.iter();
    let found = leaks.find(|leak| leak.canary == mark && leak.place.starts_with(place));
    match (found, absent) {
        (Some(leak), true) => problem(
            format!("{mark} not in {}", whole(place)),
            format!("it is in {} ({})", leak.place, leak.encoding),
        ),
        (None, false) => problem(
            format!("{mark} somewhere in {}", whole(place)),
            "it is nowhere there",
        ),
        _ => Vec::new(),
    }
}

fn whole(place: &str) -> &str {
    if place.is_empty() {
        "anything that is kept or printed"
    } else {
        place
    }
}

/// The workspace is as it was, or has and lacks what the drill says.
pub(super) fn workspace(
    view: &View<'_>,
    unchanged: bool,
    has: &BTreeMap<String, String>,
    lacks: &[String],
) -> Problems {
    let mut problems = Vec::new();
    let changes: Vec<_> = view.step.workspace_changes.iter().collect();
    if unchanged && !changes.is_empty() {
        problems.extend(problem("an unchanged workspace", words::list(&changes)));
    }
    for (path, text) in has {
        let wanted = digest::sha256(text.as_bytes());
        let found = view.step.workspace_after.get(path);
        problems.extend(unless(
            found.is_some_and(|entry| entry.sha256 == wanted.as_str()),
            format!("the file {path} with the text {text:?}"),
            found.map_or("nothing is there", |_| "another content"),
        ));
    }
    for path in lacks {
        problems.extend(unless(
            !view.step.workspace_after.contains_key(path),
            format!("nothing at {path}"),
            "something is there",
        ));
    }
    problems
}
