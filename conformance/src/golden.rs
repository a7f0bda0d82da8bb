//! The golden folder: plans and receipts of an engine, pinned by its author.
//!
//! ```text
//! golden/
//!   default/                        one folder for each scenario
//!     plan/receipt.json             without what may differ between launches
//!     plan/artifacts/NAME/...       byte for byte
//!     take-off/receipt.json
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use similar::TextDiff;

use crate::observe::{Launch, Observation};
use crate::receipt;
use crate::report::plain;

/// The launches that are pinned, and their folders.
const PINNED: [(&str, &str); 2] = [("baseline", "plan"), ("takeoff", "take-off")];
/// Members of a receipt that may differ between launches (C-121).
const FREE: [&str; 3] = ["diagnostics", "metrics", "receipt_id"];
/// Most lines of one difference that are shown.
const LINES_MAX: usize = 60;
/// Most files that a golden folder may hold.
const FILES_MAX: usize = 10_000;
/// Most bytes of one file that are compared.
const BYTES_MAX: u64 = 16 << 20;
/// The file that says a folder holds pinned files and nothing else.
const MARKER: &str = "golden.txt";
const MARKER_TEXT: &[u8] =
    b"Pinned by `cabincrew-conform`, which may replace any file of this folder.\n";

/// Relative path to content.
pub type Pinned = BTreeMap<String, Vec<u8>>;

/// Why a golden folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GoldenError {
    /// It cannot be read.
    #[error("cannot read the golden folder {path}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write the golden folder {path}")]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds other things.
    #[error("will not write to {path}: {why}")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// The engine made no plan to pin.
    #[error("there is nothing to pin in the scenario {scenario}: {why}")]
    NoPlan {
        /// The scenario.
        scenario: String,
        /// Why.
        why: String,
    },
}

/// What would be pinned of what was seen.
///
/// # Errors
/// When a pinned launch did not do its work.
pub fn pin<'a>(seen: impl IntoIterator<Item = &'a Observation>) -> Result<Pinned, GoldenError> {
    let mut pinned = Pinned::new();
    for observation in seen {
        let scenario = &observation.scenario.name;
        for (name, folder) in PINNED {
            let no_plan = |why| GoldenError::NoPlan {
                scenario: scenario.clone(),
                why: format!("{name}: {why}"),
            };
            let launch = observation
                .named(name, 0)
                .ok_or_else(|| no_plan("it was not launched".to_owned()))?;
            receipt::worked(launch).map_err(no_plan)?;
            let receipt = normalised(launch);
            pinned.insert(format!("{scenario}/{folder}/receipt.json"), receipt);
            let own = |path: &&String| {
                let first = path.split('/').next().unwrap_or(path);
                !launch.restored.iter().any(|restored| restored == first)
            };
            for path in launch.contents.keys().filter(own) {
                let content = launch.contents[path].kept.clone();
                pinned.insert(format!("{scenario}/{folder}/artifacts/{path}"), content);
            }
        }
    }
    Ok(pinned)
}

/// A launch's receipt without what may differ, indented, members sorted.
fn normalised(launch: &Launch) -> Vec<u8> {
    let mut receipt = receipt::lenient(&launch.stdout.kept).unwrap_or_default();
    if let Some(members) = receipt.as_object_mut() {
        members.retain(|name, _| !FREE.contains(&name.as_str()));
    }
    let mut text = serde_json::to_vec_pretty(&receipt).unwrap_or_default();
    text.push(b'\n');
    text
}

/// Reads a golden folder; one that does not exist is empty.
///
/// # Errors
/// When a file cannot be read, or there are too many or too large ones.
pub fn load(folder: &Path) -> Result<Pinned, GoldenError> {
    let mut pinned = Pinned::new();
    if folder.symlink_metadata().is_ok() {
        collect(folder, "", &mut pinned)?;
    }
    pinned.remove(MARKER);
    Ok(pinned)
}

fn collect(path: &Path, relative: &str, pinned: &mut Pinned) -> Result<(), GoldenError> {
    let fail = |source| GoldenError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let metadata = path.symlink_metadata().map_err(fail)?;
    let too_much = pinned.len() >= FILES_MAX || relative.matches('/').count() > 16;
    if too_much || metadata.len() > BYTES_MAX {
        return Err(fail(io::Error::other("there is too much in it")));
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let below = if relative.is_empty() {
                name
            } else {
                format!("{relative}/{name}")
            };
            collect(&entry.path(), &below, pinned)?;
        }
    } else if metadata.is_file() {
        pinned.insert(relative.to_owned(), fs::read(path).map_err(fail)?);
    } else {
        return Err(fail(io::Error::other("it is neither a file nor a folder")));
    }
    Ok(())
}

/// The differences of the scenarios that were run: a headline each, and a unified diff where both are
/// text.
pub fn differences(golden: &Pinned, now: &Pinned) -> Vec<String> {
    let scenarios: Vec<String> = now
        .keys()
        .filter_map(|path| Some(format!("{}/", path.split_once('/')?.0)))
        .collect();
    let concerns = |path: &&String| scenarios.iter().any(|name| path.starts_with(name.as_str()));
    let mut paths: Vec<&String> = golden.keys().filter(concerns).chain(now.keys()).collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .filter_map(|path| difference(path, golden.get(path), now.get(path)))
        .collect()
}

fn difference(path: &str, golden: Option<&Vec<u8>>, now: Option<&Vec<u8>>) -> Option<String> {
    let name = plain::safe(path);
    match (golden, now) {
        (None, None) => None,
        (Some(_), None) => Some(format!("{name} is pinned and was not made")),
        (None, Some(_)) => Some(format!("{name} was made and is not pinned")),
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => {
            let text = match (std::str::from_utf8(old), std::str::from_utf8(new)) {
                (Ok(old), Ok(new)) => diff(old, new),
                _ => format!("{} bytes became {}", old.len(), new.len()),
            };
            Some(format!("{name} differs\n{text}"))
        }
    }
}

/// A unified diff, every line safe to show.
fn diff(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let text = diff
        .unified_diff()
        .context_radius(2)
        .header("pinned", "now")
        .to_string();
    let mut lines: Vec<String> = text.lines().map(plain::safe).collect();
    if lines.len() > LINES_MAX {
        let more = lines.len() - LINES_MAX;
        lines.truncate(LINES_MAX);
        lines.push(format!("... {more} more lines"));
    }
    lines.join("\n")
}

/// Replaces what a golden folder holds of the scenarios in `now`; other scenarios stay.
///
/// # Errors
/// When the folder holds other things, or cannot be written.
pub fn accept(folder: &Path, now: &Pinned) -> Result<(), GoldenError> {
    refuse_foreign(folder)?;
    let fail = |path: &Path| {
        let path = path.to_owned();
        |source| GoldenError::Unwritable { path, source }
    };
    fs::create_dir_all(folder).map_err(fail(folder))?;
    put(&folder.join(MARKER), MARKER_TEXT)?;
    let mut scenarios: Vec<&str> = now.keys().filter_map(|p| p.split('/').next()).collect();
    scenarios.dedup();
    for scenario in scenarios {
        let old = folder.join(scenario);
        if old.symlink_metadata().is_ok() {
            // Does not follow links.
            fs::remove_dir_all(&old).map_err(fail(&old))?;
        }
    }
    for (path, content) in now {
        let relative = Path::new(path);
        let is_inside = relative
            .components()
            .all(|c| matches!(c, Component::Normal(_)));
        if is_inside {
            put(&folder.join(relative), content)?;
        }
    }
    Ok(())
}

fn refuse_foreign(folder: &Path) -> Result<(), GoldenError> {
    let refuse = |why| {
        Err(GoldenError::Foreign {
            path: folder.to_owned(),
            why,
        })
    };
    let Ok(metadata) = folder.symlink_metadata() else {
        return Ok(());
    };
    if !metadata.is_dir() {
        return refuse("it is not a folder");
    }
    let is_empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if is_empty || folder.join(MARKER).is_file() {
        Ok(())
    } else {
        refuse("it is not empty and was not written by cabincrew-conform record")
    }
}

fn put(path: &Path, content: &[u8]) -> Result<(), GoldenError> {
    let write = || {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, content)
    };
    write().map_err(|source| GoldenError::Unwritable {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(files: &[(&str, &str)]) -> Pinned {
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn what_was_accepted_has_no_differences() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("golden");
        let other = pinned(&[("other/plan/receipt.json", "{}\n")]);
        let first = pinned(&[
            ("default/plan/receipt.json", "{}\n"),
            ("default/plan/artifacts/a/x", "1\n"),
        ]);
        accept(&folder, &other).unwrap();
        accept(&folder, &first).unwrap();
        assert_eq!(
            differences(&load(&folder).unwrap(), &first),
            Vec::<String>::new()
        );

        let second = pinned(&[
            ("default/plan/receipt.json", "{\u{7}}\n"),
            ("default/plan/artifacts/b", "2\n"),
        ]);
        let found = differences(&load(&folder).unwrap(), &second);
        assert_eq!(
            found[0],
            "default/plan/artifacts/a/x is pinned and was not made"
        );
        assert_eq!(
            found[1],
            "default/plan/artifacts/b was made and is not pinned"
        );
        assert!(found[2].contains("-{}\n+{\\u{7}}"), "{}", found[2]);
        accept(&folder, &second).unwrap();
        assert_eq!(load(&folder).unwrap().len(), 3, "the other scenario stays");
    }

    #[test]
    fn a_folder_of_others_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("notes.txt"), "x").unwrap();
        let error = accept(root.path(), &pinned(&[("default/plan/receipt.json", "")])).unwrap_err();
        assert!(matches!(error, GoldenError::Foreign { .. }), "{error}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
