//! Places outside the given directories: how they looked before, and what is there that was not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::place::Dirs;
use super::snapshot;
use crate::drill::{Cwd, LaunchPlan, System};
use crate::tree::{self, Change, Tree};

/// How the watched places looked before a launch.
#[derive(Debug)]
pub(crate) struct Before(BTreeMap<&'static str, Tree>);

impl Before {
    /// Looks at the places that the plan has watched.
    pub(crate) fn look(plan: &LaunchPlan, dirs: &Dirs) -> Self {
        Self(watched(plan, dirs))
    }

    /// What has changed since.
    pub(crate) fn changes(&self, dirs: &Dirs) -> Vec<Change> {
        let mut changes = Vec::new();
        for (place, before) in &self.0 {
            let after = match *place {
                "beside" => listing(&dirs.base),
                _ => snapshot::look(&watched_path(place, dirs), Some(before)).tree,
            };
            changes.extend(
                tree::changes(before, &after)
                    .into_iter()
                    .map(|change| Change {
                        path: format!("{}/{}", watched_name(place), change.path),
                        what: change.what,
                    }),
            );
        }
        changes
    }
}

/// Files that only an injected command makes, by place.
pub(crate) fn markers(dirs: &Dirs, workspace: &Tree, artifacts: &Tree) -> Vec<String> {
    let in_tree = |tree: &Tree, place: &str| -> Vec<String> {
        tree.keys()
            .filter(|path| {
                path.rsplit('/')
                    .next()
                    .is_some_and(|name| name.starts_with("pwned"))
            })
            .map(|path| format!("{place}/{path}"))
            .collect()
    };
    let mut found = in_tree(workspace, "workspace");
    found.extend(in_tree(artifacts, "artifacts"));
    for (place, folder) in [
        ("temp", &dirs.temp),
        ("home", &dirs.home),
        ("tmp", &dirs.tmpdir),
        ("cwd", &dirs.elsewhere),
        ("beside", &dirs.base),
    ] {
        let tree = if place == "beside" {
            listing(folder)
        } else {
            snapshot::look(folder, None).tree
        };
        found.extend(in_tree(&tree, place));
    }
    found
}

/// Looks at the watched places before the launch.
fn watched(plan: &LaunchPlan, dirs: &Dirs) -> BTreeMap<&'static str, Tree> {
    let mut places = BTreeMap::new();
    if plan.watch || plan.cwd == Cwd::Elsewhere {
        places.insert("elsewhere", snapshot::look(&dirs.elsewhere, None).tree);
    }
    if plan.watch {
        places.insert("home", snapshot::look(&dirs.home, None).tree);
        places.insert("tmpdir", snapshot::look(&dirs.tmpdir, None).tree);
    }
    if plan.watch || plan.system == System::Watched {
        places.insert("beside", listing(&dirs.base));
    }
    places
}

fn watched_path(place: &str, dirs: &Dirs) -> PathBuf {
    match place {
        "home" => dirs.home.clone(),
        "tmpdir" => dirs.tmpdir.clone(),
        _ => dirs.elsewhere.clone(),
    }
}

/// How a watched place is called in findings.
fn watched_name(place: &str) -> &'static str {
    match place {
        "home" => "$HOME",
        "tmpdir" => "$TMPDIR",
        "beside" => "(beside the workspace)",
        _ => "(current directory)",
    }
}

/// Just the names in a directory, without looking inside.
fn listing(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let kind = if is_dir {
            tree::Kind::Directory
        } else {
            tree::Kind::File
        };
        let entry_seen = tree::Entry {
            kind,
            mode: 0,
            size: 0,
            sha256: String::new(),
            target: String::new(),
            links: 1,
            stamp: tree::Stamp::default(),
        };
        tree.insert(
            snapshot::printable(entry.file_name().as_encoded_bytes()),
            entry_seen,
        );
    }
    tree
}
