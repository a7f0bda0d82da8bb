//! Changes of a workspace and of the stage.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::director::Director;
use super::fixed::Fixed;
use crate::orchestrator::drill::Edit;
use crate::orchestrator::observe::Done;
use crate::orchestrator::plan::merge;
use crate::orchestrator::stage::Stage;

impl Director<'_> {
    pub(super) fn edit(&mut self, edit: &Edit, label: &str) -> Done {
        if edit.fix_temp {
            return self.fix_temp();
        }
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

    fn fix_temp(&mut self) -> Done {
        let held = self.calls.iter().flat_map(|call| call.programs.iter());
        let mut temp = held.filter_map(|program| program.env.get("CABINCREW_TEMP_DIR"));
        let Some(temp) = temp.next_back().cloned() else {
            return Done::NothingFound("no engine is held".to_owned());
        };
        match Fixed::fix(Path::new(&temp), &self.site.root) {
            Ok(fixed) => {
                self.fixed.push(fixed);
                Done::Changed(vec!["CABINCREW_TEMP_DIR".to_owned()])
            }
            Err(error) => Done::NothingFound(format!("CABINCREW_TEMP_DIR: {error}")),
        }
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
