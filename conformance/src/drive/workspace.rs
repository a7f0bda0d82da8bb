//! Makes a workspace what a launch needs, and spares the work when it still is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::place;
use super::snapshot;
use crate::drill::{FileOrder, FileTimes, LaunchPlan, WorkspacePlan};
use crate::scenario::{Files, Node};
use crate::tree::Tree;

/// One worker's workspaces.
#[derive(Debug, Default)]
pub(crate) struct Workspaces {
    /// How each one looked when it was last as the scenario has it.
    clean: BTreeMap<PathBuf, Tree>,
}

impl Workspaces {
    /// The workspace at `path` is no longer known to be as the scenario has it.
    pub(crate) fn forget(&mut self, path: &Path) {
        self.clean.remove(path);
    }

    /// Makes the workspace at `path` what the launch needs; returns how it looks. `by_modes` when only
    /// mode bits can keep a subject from writing.
    pub(crate) fn prepare(
        &mut self,
        plan: &LaunchPlan,
        path: &Path,
        scenario: &Files,
        by_modes: bool,
    ) -> io::Result<Tree> {
        if plan.workspace == WorkspacePlan::AsLeft {
            self.forget(path);
            return Ok(snapshot::look_with_root(path, None));
        }
        let usual = plan.workspace == WorkspacePlan::Scenario
            && plan.file_order == FileOrder::Sorted
            && plan.file_times == FileTimes::Now;
        if let Some(clean) = self.clean.get(path).filter(|_| usual) {
            let now = snapshot::look_with_root(path, Some(clean));
            if now == *clean {
                return Ok(now);
            }
        }
        self.forget(path);
        place::remove(path)?;
        std::fs::create_dir_all(path)?;
        let files = match plan.workspace {
            WorkspacePlan::Hostile => Cow::Owned(hostile(scenario)),
            WorkspacePlan::Grown => Cow::Owned(grown(scenario)),
            _ => Cow::Borrowed(scenario),
        };
        place::fill(path, &files, plan.file_order, plan.file_times)?;
        match plan.workspace {
            WorkspacePlan::ReadOnly if by_modes => close(path)?,
            WorkspacePlan::Unreadable => hide(path, scenario)?,
            WorkspacePlan::ReadOnly
            | WorkspacePlan::Scenario
            | WorkspacePlan::Hostile
            | WorkspacePlan::Grown
            | WorkspacePlan::AsLeft => {}
        }
        let tree = snapshot::look_with_root(path, None);
        if usual {
            self.clean.insert(path.to_owned(), tree.clone());
        }
        Ok(tree)
    }
}

/// Takes away all permissions of the files.
fn hide(path: &Path, scenario: &Files) -> io::Result<()> {
    for (name, node) in scenario {
        if matches!(node, Node::File { .. }) {
            std::fs::set_permissions(path.join(name), Permissions::from_mode(0o000))?;
        }
    }
    Ok(())
}

/// The scenario's files and some whose names and contents are commands.
pub(crate) fn hostile(scenario: &Files) -> Files {
    let names = [
        ";touch pwned-semicolon",
        "$(touch pwned-dollar).txt",
        "`touch pwned-backtick`.txt",
        "&touch pwned-ampersand&.md",
        "|touch pwned-pipe.txt",
        "a b'c\"d.txt",
        "-rf",
        "--help.txt",
        "line\nbreak; touch pwned-line.txt",
    ];
    let content = b"$(touch pwned-content) `touch pwned-content`; touch pwned-content   \n";
    let mut files = scenario.clone();
    for name in names {
        let node = Node::File {
            content: content.to_vec(),
            executable: false,
        };
        files.insert(name.to_owned(), node);
    }
    files
}

/// The scenario's files with two copies of each: one beside it with another name and the same ending, one
/// with the same name in another folder. What an engine chooses by ending or by name, it chooses there too.
pub(crate) fn grown(scenario: &Files) -> Files {
    let mut files = scenario.clone();
    let of_tools = |path: &str| path.split('/').any(|part| part == ".git");
    for (path, node) in scenario {
        if !matches!(node, Node::File { .. }) || of_tools(path) {
            continue;
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let beside = match name.rsplit_once('.') {
            Some((stem, ending)) if !stem.is_empty() => format!("{stem}-twin.{ending}"),
            _ => format!("{name}-twin"),
        };
        let beside = if folder.is_empty() {
            beside
        } else {
            format!("{folder}/{beside}")
        };
        for copy in [beside, format!("twins/{path}")] {
            files.entry(copy).or_insert_with(|| node.clone());
        }
    }
    files
}

/// Takes away write permission, for users whom that binds.
pub(crate) fn close(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        let metadata = path.symlink_metadata()?;
        if metadata.is_dir() {
            close(&path)?;
        } else if metadata.is_file() {
            let mode = metadata.permissions().mode() & !0o222;
            std::fs::set_permissions(&path, Permissions::from_mode(mode))?;
        }
    }
    std::fs::set_permissions(folder, Permissions::from_mode(0o555))
}
