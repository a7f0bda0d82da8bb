//! Changes of a workspace and of the stage.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::director::Director;
use crate::orchestrator::drill::Edit;
use crate::orchestrator::observe::Done;
use crate::orchestrator::plan::merge;
use crate::orchestrator::stage::Stage;

impl Director<'_> {
    pub(super) fn edit(&self, edit: &Edit, label: &str) -> Done {
        let root = self.site.workspace(label);
        let mut changed = Vec::new();
        let mut failed = None;
        let mut note = |path: &str, done: io::Result<()>| match done {
            Ok(()) => changed.push(path.to_owned()),
            Err(error) => failed = Some(format!("{path}: {error}")),
        };
        for (path, text) in &edit.write {
            note(path, write(&root.join(path), text));
        }
        for path in &edit.remove {
            note(path, crate::drive::place::remove(&root.join(path)));
        }
        for (path, target) in &edit.link {
            let _ = fs::remove_file(root.join(path));
            note(path, std::os::unix::fs::symlink(target, root.join(path)));
        }
        for path in &edit.folder {
            note(path, fs::create_dir_all(root.join(path)));
        }
        for (path, mode) in &edit.mode {
            let mode = fs::Permissions::from_mode(*mode);
            note(path, fs::set_permissions(root.join(path), mode));
        }
        failed.map_or(Done::Changed(changed), Done::NothingFound)
    }

    pub(super) fn change(&mut self, table: &toml::Table) -> Done {
        merge(&mut self.table, table);
        let stage = match Stage::of(&self.plan.name(), &self.table) {
            Ok(stage) => stage,
            Err(error) => return Done::NothingFound(error.to_string()),
        };
        self.stage = stage;
        match self.write_stage() {
            Ok(()) => Done::Changed(table.keys().cloned().collect()),
            Err(error) => Done::NothingFound(error.to_string()),
        }
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
