//! The directories that engines are given.

use super::launch::engines;
use super::look::{Problems, Told, problem, unless};
use super::view::{View, Views};
use crate::judge::words;
use crate::orchestrator::observe::{ActSeen, ProgramSeen};
use crate::tree::{Kind, Tree};

const NAMES: [&str; 3] = [
    "CABINCREW_WORKSPACE",
    "CABINCREW_ARTIFACTS_DIR",
    "CABINCREW_TEMP_DIR",
];

fn folder<'p>(program: &'p ProgramSeen, name: &str) -> &'p str {
    let value = program.env.get(name).map_or("", String::as_str);
    value.trim_end_matches('/')
}

/// Absolute, different from one another, and none within another.
pub(super) fn distinct(view: &View<'_>, _views: &Views<'_>) -> Told {
    engines(view, |program| {
        let mut problems = Problems::new();
        for name in NAMES {
            let path = folder(program, name);
            problems.extend(unless(
                path.starts_with(['/', '{']),
                format!("an absolute path in {name}"),
                words::quote(path.as_bytes()),
            ));
            let within = |other: &str| {
                let outer = folder(program, other);
                other != name && (path == outer || path.starts_with(&format!("{outer}/")))
            };
            if let Some(other) = NAMES.into_iter().find(|other| within(other)) {
                problems.extend(problem(
                    format!("{name} apart from {other}"),
                    words::quote(path.as_bytes()),
                ));
            }
        }
        problems
    })
}

/// Planning begins with an empty artifacts directory, every launch with an empty temp.
pub(super) fn empty(view: &View<'_>) -> Told {
    engines(view, |program| {
        let mut problems = unless(
            program.temp_before.is_empty(),
            "an empty temp directory",
            words::names(&program.temp_before),
        );
        if program.mode == "flight-plan" {
            let found: Vec<&String> = program.artifacts_before.keys().collect();
            problems.extend(unless(
                found.is_empty(),
                "an empty artifacts directory",
                words::names(&found),
            ));
        }
        problems
    })
}

/// Artifacts and temp can be written, the workspace in take-off too.
pub(super) fn writable(view: &View<'_>) -> Told {
    let mut any = false;
    let told = engines(view, |program| {
        let mut needed = vec!["artifacts", "temp"];
        if program.mode == "take-off" {
            needed.push("workspace");
        }
        let closed = |name: &&str| program.writable.get(*name) == Some(&false);
        needed
            .into_iter()
            .find(closed)
            .map_or_else(Vec::new, |name| {
                problem(
                    format!("a writable {name} directory"),
                    "it cannot be written",
                )
            })
    });
    for mode in ["flight-plan", "take-off"] {
        any |= view
            .engines(mode)
            .any(|program| !program.writable.is_empty());
    }
    told.filter(|_| any)
}

/// Planning finds every file of the workspace.
pub(super) fn workspace(view: &View<'_>) -> Told {
    let edited = view.run.steps.iter().any(|step| {
        step.within.as_deref() == Some(view.step.name.as_str()) && step.act == ActSeen::Edit
    });
    if edited {
        return None;
    }
    let mut earlier = view.run.steps[..view.at].iter().rev();
    let before: &Tree = earlier
        .find(|step| step.workflow == view.step.workflow)
        .map(|step| &step.workspace_after)
        .or_else(|| view.run.workspace.get(&view.step.workflow))?;
    let mut any = false;
    let mut problems = Problems::new();
    // What is planned after a take-off in the same call finds what that has changed.
    let first = view
        .step
        .programs
        .iter()
        .take_while(|it| it.mode != "take-off");
    for program in first.filter(|it| it.mode == "flight-plan") {
        any = true;
        let files = before.iter().filter(|(_, entry)| entry.kind == Kind::File);
        for (path, entry) in files {
            let found = program.workspace_before.get(path);
            problems.extend(unless(
                found.is_some_and(|sha256| *sha256 == entry.sha256),
                format!("the project's {path} in CABINCREW_WORKSPACE"),
                found.map_or("nothing is there", |_| "another content"),
            ));
        }
    }
    problems.truncate(2);
    any.then_some(problems)
}
