//! What one launch got and gave, as files.

use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path};

use super::folder::write_new;
use super::{EvidenceError, Run};
use crate::drill::{LaunchPlan, WorkspacePlan};
use crate::drive::{grown_workspace, hostile_workspace};
use crate::observe::{Bytes, Launch, Observation};
use crate::report::plain;
use crate::scenario::{Files, Node};

/// Writes input, outputs, environment, workspace and artifacts of a launch into `folder`.
///
/// # Errors
/// When a file of our own naming cannot be written. What cannot be written because of how the subject
/// named it is listed in `left-out.txt`.
pub(super) fn write(
    run: &Run<'_>,
    seen: &Observation,
    launch: &Launch,
    folder: &Path,
) -> Result<(), EvidenceError> {
    for (name, bytes) in [
        ("input.json", &launch.input),
        ("stdout", &launch.stdout),
        ("stderr", &launch.stderr),
    ] {
        write_new(&folder.join(name), &bytes.kept, 0o644)?;
    }
    let mut environment = String::new();
    for (name, value) in &launch.env {
        let _ = writeln!(environment, "{}={}", plain::safe(name), plain::safe(value));
    }
    write_new(&folder.join("environment"), environment.as_bytes(), 0o644)?;
    let mut left_out = Vec::new();
    let scenario = run.scenarios.iter().find(|s| s.name == seen.scenario.name);
    if let Some(scenario) = scenario {
        let files = match plan_of(run, launch).map(|plan| plan.workspace) {
            Some(WorkspacePlan::Hostile) => hostile_workspace(&scenario.workspace),
            Some(WorkspacePlan::Grown) => grown_workspace(&scenario.workspace),
            _ => scenario.workspace.clone(),
        };
        fill(&folder.join("workspace"), &files, &mut left_out);
    }
    let left = launch
        .contents
        .iter()
        .map(|(path, bytes)| (path.as_str(), bytes));
    copy(&folder.join("artifacts-left"), left, &mut left_out);
    let given = given_artifacts(run, seen, launch);
    copy(&folder.join("artifacts"), given.into_iter(), &mut left_out);
    if !left_out.is_empty() {
        let text = left_out.join("\n") + "\n";
        write_new(&folder.join("left-out.txt"), text.as_bytes(), 0o644)?;
    }
    Ok(())
}

/// The plan that a launch was made by: repeated launches have a number after their name.
pub(super) fn plan_of<'a>(run: &Run<'a>, launch: &Launch) -> Option<&'a LaunchPlan> {
    let drill = run
        .kit
        .drills
        .iter()
        .find(|drill| drill.name == launch.drill)?;
    drill.launches.iter().find(|plan| {
        let rest = launch.name.strip_prefix(plan.name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// The restored artifacts as the engine got them: as they were afterwards if it left them alone, else
/// as planning made them.
fn given_artifacts<'a>(
    run: &Run<'_>,
    seen: &'a Observation,
    launch: &'a Launch,
) -> Vec<(&'a str, &'a Bytes)> {
    let planned = plan_of(run, launch)
        .and_then(|plan| plan.after.as_deref())
        .and_then(|name| seen.named(name, launch.worker));
    let source = match planned {
        Some(planned) if !launch.restored_changes.is_empty() => planned,
        _ => launch,
    };
    let is_restored = |path: &str| {
        let name = path.split('/').next().unwrap_or(path);
        launch.restored.iter().any(|restored| restored == name)
    };
    source
        .contents
        .iter()
        .filter(|(path, _)| is_restored(path))
        .map(|(path, bytes)| (path.as_str(), bytes))
        .collect()
}

/// Writes a scenario's files; links last, so that nothing is written through one.
fn fill(folder: &Path, files: &Files, left_out: &mut Vec<String>) {
    for (path, node) in files {
        if let Node::File {
            content,
            executable,
        } = node
        {
            let mode = if *executable { 0o755 } else { 0o644 };
            put(folder, path, left_out, |to| {
                write_new(to, content, mode).is_ok()
            });
        }
    }
    for (path, node) in files {
        if let Node::Link { target } = node {
            put(folder, path, left_out, |to| {
                let parent = to.parent().is_none_or(|p| fs::create_dir_all(p).is_ok());
                parent && std::os::unix::fs::symlink(target, to).is_ok()
            });
        }
    }
}

fn copy<'a>(
    folder: &Path,
    files: impl Iterator<Item = (&'a str, &'a Bytes)>,
    left_out: &mut Vec<String>,
) {
    for (path, bytes) in files {
        put(folder, path, left_out, |to| {
            write_new(to, &bytes.kept, 0o644).is_ok()
        });
    }
}

/// Writes something below `folder` if its path stays below, else notes it.
fn put(folder: &Path, path: &str, left_out: &mut Vec<String>, write: impl Fn(&Path) -> bool) {
    let relative = Path::new(path);
    let is_inside = relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !is_inside || !write(&folder.join(relative)) {
        left_out.push(plain::safe(path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_through_links_or_outside() {
        let root = tempfile::tempdir().unwrap();
        let outside = root.path().join("outside");
        fs::create_dir(&outside).unwrap();
        let file = |content: &str| Node::File {
            content: content.as_bytes().to_vec(),
            executable: false,
        };
        let link = Node::Link {
            target: outside.display().to_string(),
        };
        let files: Files = [
            ("docs", link),
            ("docs/a.txt", file("x")),
            ("../outside/b.txt", file("x")),
            ("c.txt", file("c")),
        ]
        .into_iter()
        .map(|(path, node)| (path.to_owned(), node))
        .collect();
        let mut left_out = Vec::new();
        fill(&root.path().join("workspace"), &files, &mut left_out);
        assert_eq!(left_out, ["../outside/b.txt", "docs"]);
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        assert!(root.path().join("workspace/c.txt").exists());
    }
}
