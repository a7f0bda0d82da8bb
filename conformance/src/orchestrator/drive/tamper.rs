//! Changes of what the orchestrator keeps. Files are found by their content: nothing is known of the
//! layout of a state directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::copies;
use super::director::Director;
use super::respond::lines;
use crate::drive::{place, snapshot};
use crate::orchestrator::drill::{Tamper, TamperAct, TamperFile};
use crate::orchestrator::observe::Done;
use crate::tree::Kind;

/// Most files of a state directory that can be damaged one after the other.
const EACH_MAX: usize = 32;
/// Largest file that is damaged.
const SIZE_MAX: u64 = 64 << 20;

/// A file that was found: its path below the state directory, and where in it the text stands.
struct Found {
    path: String,
    at: Option<(usize, usize)>,
}

impl Director<'_> {
    /// Damages what fits.
    pub(super) fn tamper(&self, tamper: &Tamper, label: &str) -> Done {
        if let TamperAct::Restore(step) = &tamper.by {
            return self.put_back(step);
        }
        let found = self.find(&tamper.file, label);
        if found.is_empty() {
            return Done::NothingFound(format!("there is no {}", tamper.file));
        }
        self.damage(found, &tamper.by)
    }

    /// Damages one file.
    pub(super) fn tamper_one(&self, path: String, by: &TamperAct) -> Done {
        self.damage(vec![Found { path, at: None }], by)
    }

    fn damage(&self, found: Vec<Found>, by: &TamperAct) -> Done {
        let mut changed = Vec::new();
        for file in found {
            let path = self.site.state.join(&file.path);
            if let Err(error) = damage(&path, file.at, by) {
                return Done::NothingFound(format!("{}: {error}", file.path));
            }
            changed.push(file.path);
        }
        Done::Changed(changed)
    }

    /// The regular files that hold something, in the order of paths.
    pub(super) fn files(&self) -> Vec<(String, u64)> {
        let tree = snapshot::look(&self.site.state, None).tree;
        tree.into_iter()
            .filter(|(_, entry)| entry.kind == Kind::File && entry.size > 0)
            .map(|(path, entry)| (path, entry.size))
            .filter(|(_, size)| *size <= SIZE_MAX)
            .collect()
    }

    /// The files of a damage that is done to each.
    pub(super) fn each_file(&self) -> Vec<String> {
        let files = self.files().into_iter().take(EACH_MAX);
        files.map(|(path, _)| path).collect()
    }

    fn find(&self, which: &TamperFile, label: &str) -> Vec<Found> {
        let mut files = self.files();
        let whole = |(path, _): (String, u64)| Found { path, at: None };
        match which {
            TamperFile::Everything(_) => files.into_iter().map(whole).collect(),
            TamperFile::Number(number) => files
                .into_iter()
                .nth(*number)
                .map(whole)
                .into_iter()
                .collect(),
            TamperFile::Largest(number) => {
                files.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
                files
                    .into_iter()
                    .nth(*number)
                    .map(whole)
                    .into_iter()
                    .collect()
            }
            TamperFile::Holding(text) => self.holding(&self.filled(text, label), files),
            TamperFile::SmallestHolding(text) => {
                files.sort_by_key(|(_, size)| *size);
                let mut found = self.holding(&self.filled(text, label), files);
                found.truncate(1);
                found
            }
            TamperFile::Artifact(name) => self.copies(name, label, files),
        }
    }

    fn holding(&self, text: &str, files: Vec<(String, u64)>) -> Vec<Found> {
        let place = |(path, _): (String, u64)| {
            let bytes = fs::read(self.site.state.join(&path)).ok()?;
            let at = memchr::memmem::find(&bytes, text.as_bytes())?;
            Some(Found {
                path,
                at: Some((at, text.len())),
            })
        };
        files.into_iter().filter_map(place).collect()
    }

    /// What is kept of a planned file: files with its bytes. Where these lie in directories that
    /// engines were given, or nowhere, the store may be another file that holds them.
    fn copies(&self, name: &str, label: &str, files: Vec<(String, u64)>) -> Vec<Found> {
        let held = self.planned_so_far(label);
        let planned = held.as_ref().or_else(|| self.planned.get(label));
        let Some(wanted) = planned.and_then(|files| files.get(name)) else {
            return Vec::new();
        };
        let given = self.given_directories();
        let (mut found, mut within, mut kept_as_file) = (Vec::new(), Vec::new(), false);
        for (path, _) in files {
            let bytes = fs::read(self.site.state.join(&path)).unwrap_or_default();
            if bytes == *wanted {
                let whole = self.site.state.join(&path);
                kept_as_file |= !given.iter().any(|folder| whole.starts_with(folder));
                found.push(Found { path, at: None });
            } else if let Some(at) = copies::to_damage(&bytes, wanted) {
                within.push(Found { path, at: Some(at) });
            }
        }
        if !kept_as_file {
            found.append(&mut within);
        }
        let is_restored = |file: &Found| self.is_of_take_offs(&self.site.state.join(&file.path));
        // Where nothing else can be read, the store is packed, and what is left of a take-off is no store.
        if found.iter().all(is_restored) {
            found.clear();
        }
        found
    }

    /// A text with what the exports of this workflow say.
    fn filled(&self, text: &str, label: &str) -> String {
        let mut of_label = self
            .steps
            .iter()
            .rev()
            .filter(|seen| seen.workflow == label);
        let exports = of_label.find_map(|seen| seen.exports.as_ref());
        let request = exports.and_then(|exports| lines(&exports.approvals).pop());
        let approval_id =
            request.and_then(|request| Some(request["approval_id"].as_str()?.to_owned()));
        let state: Value = exports
            .and_then(|exports| serde_json::from_slice(&exports.state.text.kept).ok())
            .unwrap_or_default();
        let token = state["plan_token_hash"].as_str();
        let id = self.ids.get(label).map_or("", String::as_str);
        text.replace("{workflow_id}", id)
            .replace(
                "{approval_id}",
                approval_id.as_deref().unwrap_or("{approval_id}"),
            )
            .replace("{plan_token}", token.unwrap_or("{plan_token}"))
    }

    fn kept_at(&self, name: &str) -> PathBuf {
        self.site.side.join(format!("kept-{name}"))
    }

    /// Keeps the state as it is now under a name.
    pub(super) fn keep(&self, name: &str) -> io::Result<()> {
        copy(&self.site.state, &self.kept_at(name))
    }

    /// Puts the state back as it was.
    pub(super) fn put_back(&self, name: &str) -> Done {
        match copy(&self.kept_at(name), &self.site.state) {
            Ok(()) => Done::Changed(vec![".".to_owned()]),
            Err(error) => Done::NothingFound(format!("{name}: {error}")),
        }
    }

    /// Keeps state and workspaces, or puts them back.
    pub(super) fn everything(&self, name: &str, back: bool) -> io::Result<()> {
        if back {
            copy(&self.kept_at(name), &self.site.state)?;
        } else {
            self.keep(name)?;
        }
        for (label, folder) in &self.site.workspaces {
            let kept = self.kept_at(&format!("{name}-{label}"));
            if back {
                copy(&kept, folder)?;
            } else {
                copy(folder, &kept)?;
            }
        }
        Ok(())
    }
}

/// Makes `to` a copy of `from`: folders, regular files, links and their modes.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    place::remove(to)?;
    fs::create_dir_all(to)?;
    for (path, entry) in snapshot::look(from, None).tree {
        let (source, target) = (from.join(&path), to.join(&path));
        match entry.kind {
            Kind::Directory => fs::create_dir_all(&target)?,
            Kind::File => fs::copy(&source, &target).map(|_| ())?,
            Kind::Symlink => std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?,
            Kind::Special => continue,
        }
    }
    for (path, entry) in snapshot::look(from, None).tree {
        if entry.kind == Kind::Directory {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(to.join(&path), fs::Permissions::from_mode(entry.mode))?;
        }
    }
    Ok(())
}

fn damage(path: &Path, at: Option<(usize, usize)>, by: &TamperAct) -> io::Result<()> {
    let mut bytes = fs::read(path)?;
    let length = bytes.len();
    let share = |percent: u8| length * usize::from(percent.min(100)) / 100;
    match by {
        TamperAct::Remove(_) => match at {
            Some((start, length)) => bytes[start..start + length].fill(0),
            None => return fs::remove_file(path),
        },
        TamperAct::Beside(name) => {
            return fs::write(path.with_file_name(name), b"{}\n");
        }
        TamperAct::Flip(percent) => {
            let offset = match at {
                Some((start, length)) => start + length * usize::from(*percent).min(99) / 100,
                None => share(*percent).min(length.saturating_sub(1)),
            };
            // The lowest bit: a letter or a digit becomes another one, and text stays text.
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= 1;
            }
        }
        TamperAct::Cut(percent) => bytes.truncate(share(*percent)),
        TamperAct::CutBytes(count) => {
            let count = usize::try_from(*count).unwrap_or(usize::MAX);
            bytes.truncate(length.saturating_sub(count));
        }
        TamperAct::CutLine(_) => {
            let rest = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            let end = rest.iter().rposition(|byte| *byte == b'\n');
            bytes.truncate(end.map_or(0, |end| end + 1));
        }
        TamperAct::Append(text) => bytes.extend_from_slice(text.as_bytes()),
        TamperAct::Replace(text) => {
            let (start, length) = at.unwrap_or((0, length));
            bytes.splice(start..start + length, text.bytes());
        }
        TamperAct::Restore(_) => return Ok(()),
    }
    write_over(path, &bytes)
}

/// Writes a file whatever its permission bits are, and keeps them.
pub(super) fn write_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = path.metadata()?.permissions();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    fs::write(path, bytes)?;
    fs::set_permissions(path, mode)
}
