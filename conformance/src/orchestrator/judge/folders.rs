//! The directories that engines are given.

use super::launch::engines;
use super::look::{Problems, Told, problem, unless};
use super::view::{View, Views};
use crate::judge::words;
use crate::orchestrator::observe::{ActSeen, ProgramSeen, StepSeen};
use crate::tree::{Entry, Kind, Tree};

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
    as_project(view, |program, path, entry| {
        if entry.kind != Kind::File {
            return Vec::new();
        }
        let found = program.workspace_before.get(path);
        unless(
            found.is_some_and(|sha256| *sha256 == entry.sha256),
            format!("the project's {path} in CABINCREW_WORKSPACE"),
            found.map_or("nothing is there", |_| "another content"),
        )
    })
}

/// Folders, links and executable bits of the project are there as well: they are part of what the
/// workspace's hash covers (C-20). A link may have become what it leads to.
pub(super) fn workspace_whole(view: &View<'_>) -> Told {
    as_project(view, |program, path, entry| {
        let wanted = match entry.kind {
            Kind::Directory => "folder".to_owned(),
            Kind::Symlink => format!("link {}", entry.target),
            Kind::File if entry.mode & 0o100 != 0 => "executable".to_owned(),
            _ => return Vec::new(),
        };
        let found = program.workspace_forms.get(path);
        let content = program.workspace_before.get(path);
        let led = entry.kind == Kind::Symlink && content.is_some_and(|sha256| !sha256.is_empty());
        let observed = match (found, content) {
            (Some(found), _) => found.as_str(),
            (None, Some(_)) => "a plain file",
            (None, None) => "nothing is there",
        };
        unless(
            led || found == Some(&wanted),
            format!("the project's {path} in CABINCREW_WORKSPACE: {wanted}"),
            observed,
        )
    })
}

/// Holds each entry of the project against what planning launches found; what is planned after a
/// take-off in the same call finds what that has changed.
fn as_project(
    view: &View<'_>,
    problems_of: impl Fn(&ProgramSeen, &str, &Entry) -> Problems,
) -> Told {
    // What was done while this step was held stands before it, and may have come after a take-off.
    let within = |step: &StepSeen| step.within.as_deref() == Some(view.step.name.as_str());
    let mut steps = view.run.steps.iter();
    if steps.any(|step| within(step) && step.act == ActSeen::Edit) {
        return None;
    }
    let mut earlier = view.run.steps[..view.at].iter().rev();
    let before: &Tree = earlier
        .find(|step| step.workflow == view.step.workflow && !within(step))
        .map(|step| &step.workspace_after)
        .or_else(|| view.run.workspace.get(&view.step.workflow))?;
    let first = view
        .step
        .programs
        .iter()
        .take_while(|it| it.mode != "take-off");
    let planning: Vec<_> = first.filter(|it| it.mode == "flight-plan").collect();
    let mut problems: Problems = planning
        .iter()
        .flat_map(|program| {
            before
                .iter()
                .map(move |(path, entry)| (program, path, entry))
        })
        .flat_map(|(program, path, entry)| problems_of(program, path, entry))
        .collect();
    problems.truncate(2);
    (!planning.is_empty()).then_some(problems)
}
