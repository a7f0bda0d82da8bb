//! The orchestrator kit: all drills with their checks, and the lock file of their ids.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};
use sha2::{Digest as _, Sha256};

use super::drill::{Check, Drill};
use super::select::Selector;
use super::stage::Stage;
use crate::adapter::hex;
use crate::lock::{Lock, LockError};
use crate::suite::{self, Card, CheckSet};

static DRILLS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/drills/orchestrator");
static LOCK: &str = include_str!("../../orchestrator.lock");

/// All drills and checks of this build.
#[derive(Debug, Clone)]
pub struct Kit {
    /// The drills, by family and name.
    pub drills: Vec<Drill>,
    digest: String,
    lock: Lock,
}

/// Why the kit itself is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KitError {
    /// A drill file does not parse.
    #[error("the drill {file} is not valid")]
    Drill {
        /// The file.
        file: String,
        /// Why.
        source: toml::de::Error,
    },
    /// A drill file says something that cannot be.
    #[error("the drill {drill} is wrong: {why}")]
    Wrong {
        /// The drill.
        drill: String,
        /// What, and where.
        why: String,
    },
    /// A check says something that cannot be.
    #[error("the check {check} is wrong: {why}")]
    Check {
        /// The check.
        check: String,
        /// What.
        why: String,
    },
    /// A folder of drills cannot be read.
    #[error("cannot read the drills in {path}")]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The lock file is wrong, or it and the drills disagree.
    #[error("orchestrator.lock does not fit")]
    Lock(#[from] LockError),
}

impl Kit {
    /// The kit of this build.
    ///
    /// # Errors
    /// When a drill is invalid, or the lock file and the drills disagree; tests rule both out.
    pub fn embedded() -> Result<Self, KitError> {
        let files = files()
            .into_iter()
            .map(|(path, text)| (path, text.to_owned()));
        Self::of(files.collect(), Some(Lock::parse(LOCK)?))
    }

    /// The kit of the drill files below a folder, instead of those of this build; their ids are taken
    /// as they are. For whoever writes drills.
    ///
    /// # Errors
    /// When a file cannot be read, or a drill is invalid.
    pub fn of_folder(folder: &Path) -> Result<Self, KitError> {
        let mut files = Vec::new();
        let unreadable = |source| KitError::Unreadable {
            path: folder.to_owned(),
            source,
        };
        for family in std::fs::read_dir(folder).map_err(unreadable)? {
            let family = family.map_err(unreadable)?;
            if !family.file_type().map_err(unreadable)?.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(family.path()).map_err(unreadable)? {
                let file = file.map_err(unreadable)?;
                let name = format!(
                    "{}/{}",
                    family.file_name().to_string_lossy(),
                    file.file_name().to_string_lossy()
                );
                if name.ends_with(".toml") {
                    let text = std::fs::read_to_string(file.path()).map_err(unreadable)?;
                    files.push((name, text));
                }
            }
        }
        files.sort();
        Self::of(files, None)
    }

    fn of(files: Vec<(String, String)>, lock: Option<Lock>) -> Result<Self, KitError> {
        let mut drills = Vec::new();
        for (file, text) in &files {
            let mut drill: Drill = toml::from_str(text).map_err(|source| KitError::Drill {
                file: file.clone(),
                source,
            })?;
            let (family, name) = file.split_once('/').unwrap_or(("", file));
            family.clone_into(&mut drill.family);
            name.trim_end_matches(".toml").clone_into(&mut drill.name);
            drills.push(drill);
        }
        let checks = drills.iter().flat_map(|drill: &Drill| &drill.checks);
        let ids = checks.map(|check| check.id.clone()).collect();
        let kit = Self {
            drills,
            digest: digest(&files),
            lock: lock.unwrap_or_else(|| Lock::of(ids)),
        };
        kit.validate()?;
        Ok(kit)
    }

    /// All checks, in the order of the drills.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.drills.iter().flat_map(|drill| &drill.checks)
    }

    /// The check with that id.
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks().find(|check| check.id == id)
    }

    /// The drill that a check belongs to.
    pub fn drill_of(&self, id: &str) -> Option<&Drill> {
        self.drills
            .iter()
            .find(|drill| drill.checks.iter().any(|check| check.id == id))
    }

    fn validate(&self) -> Result<(), KitError> {
        let mut names = BTreeSet::new();
        for drill in &self.drills {
            if !names.insert(&drill.name) {
                return Err(wrong(drill, "its name occurs twice"));
            }
            validate_runs(drill)?;
        }
        let mut ids = BTreeSet::new();
        for drill in &self.drills {
            for check in &drill.checks {
                if !ids.insert(check.id.clone()) {
                    return Err(wrong_check(check, "its id occurs twice"));
                }
                self.validate_check(drill, check)?;
            }
        }
        self.lock.compare(&ids)?;
        Ok(())
    }

    fn validate_check(&self, drill: &Drill, check: &Check) -> Result<(), KitError> {
        for id in check.requirement_ids() {
            if suite::requirement(id).is_none() {
                return Err(wrong_check(
                    check,
                    &format!("it names {id}, which does not exist"),
                ));
            }
        }
        if check.on.is_empty() {
            return Err(wrong_check(check, "it looks at nothing"));
        }
        for word in &check.on {
            let selector = Selector::parse(word, &drill.name);
            if !self.drills.iter().any(|other| selector.finds_in(other)) {
                return Err(wrong_check(check, &format!("{word} finds no step")));
            }
        }
        self.follow_controls(check, &mut Vec::new())
    }

    /// Refuses controls that do not exist or lead back to the check they belong to.
    fn follow_controls<'a>(
        &'a self,
        check: &'a Check,
        above: &mut Vec<&'a str>,
    ) -> Result<(), KitError> {
        if above.contains(&check.id.as_str()) {
            return Err(wrong_check(check, "it is a control of itself"));
        }
        above.push(&check.id);
        for id in controls(check) {
            let other = self
                .check(id)
                .ok_or_else(|| wrong_check(check, &format!("its control {id} does not exist")))?;
            self.follow_controls(other, above)?;
        }
        above.pop();
        Ok(())
    }
}

/// The checks that are a check's controls; a check is never its own, so that the first one can be
/// the default of all others.
pub(crate) fn controls(check: &Check) -> impl Iterator<Item = &str> {
    check
        .control
        .iter()
        .filter_map(|name| name.strip_prefix("check:"))
        .filter(|id| *id != check.id)
}

impl CheckSet for Kit {
    fn kind(&self) -> &'static str {
        "orchestrator"
    }

    fn cards(&self) -> Vec<Card<'_>> {
        self.drills
            .iter()
            .flat_map(|drill| drill.checks.iter().map(move |check| (drill, check)))
            .map(|(drill, check)| Card {
                id: &check.id,
                requirements: check.requirement_ids(),
                title: &check.title,
                class: check.class,
                drill: &drill.name,
                summary: &drill.summary,
                on: &check.on,
                control: &check.control,
                causes: &check.causes,
            })
            .collect()
    }

    fn lock(&self) -> &Lock {
        &self.lock
    }

    fn digest(&self) -> String {
        self.digest.clone()
    }
}

/// SHA-256 over drill files, the lock file and the requirements.
fn digest(files: &[(String, String)]) -> String {
    let mut hasher = Sha256::new();
    for (file, text) in files {
        hasher.update(file);
        hasher.update([0]);
        hasher.update(text);
    }
    hasher.update(LOCK);
    for requirement in cabincrew_protocol::requirement::Catalogue::embedded().iter() {
        hasher.update(&requirement.id);
        hasher.update(&requirement.text);
    }
    hex(&hasher.finalize())
}

/// Path below the folder of drills and text of every drill file, sorted by path.
fn files() -> Vec<(String, &'static str)> {
    let mut files = Vec::new();
    let mut open = vec![&DRILLS];
    while let Some(folder) = open.pop() {
        for entry in folder.entries() {
            match entry {
                DirEntry::Dir(folder) => open.push(folder),
                DirEntry::File(file) => {
                    let path = file.path().display().to_string();
                    files.extend(file.contents_utf8().map(|text| (path, text)));
                }
            }
        }
    }
    files.retain(|(path, _)| path.ends_with(".toml"));
    files.sort();
    files
}

fn validate_runs(drill: &Drill) -> Result<(), KitError> {
    let mut names = BTreeSet::new();
    for run in drill.runs() {
        if !names.insert(run.name()) {
            return Err(wrong(drill, &format!("{} occurs twice", run.name())));
        }
        if let Err(error) = Stage::of(&run.name(), &run.stage) {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            return Err(wrong(
                drill,
                &format!("{error}: {}", source.unwrap_or_default()),
            ));
        }
        let mut steps = BTreeSet::new();
        for step in run.step_names() {
            if !steps.insert(step.clone()) {
                return Err(wrong(drill, &format!("the step {step} occurs twice")));
            }
        }
    }
    Ok(())
}

fn wrong(drill: &Drill, why: &str) -> KitError {
    KitError::Wrong {
        drill: format!("{}/{}", drill.family, drill.name),
        why: why.to_owned(),
    }
}

fn wrong_check(check: &Check, why: &str) -> KitError {
    KitError::Check {
        check: check.id.clone(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kit_of_this_build_is_sound() {
        let kit = Kit::embedded().unwrap_or_else(|error| panic!("{error}: {error:?}"));
        assert!(!kit.drills.is_empty());
        assert_eq!(kit.digest().len(), 64);
    }

    #[test]
    fn a_control_that_leads_back_is_refused() {
        let mut kit = Kit::embedded().unwrap();
        let first = kit.checks().next().unwrap().id.clone();
        let mut other = kit.check(&first).unwrap().clone();
        other.id = "CC-ORC-021/other".to_owned();
        other.control = vec![format!("check:{first}")];
        let id = other.id.clone();
        for drill in &mut kit.drills {
            for check in &mut drill.checks {
                if check.id == first {
                    check.control = vec![format!("check:{id}")];
                }
            }
        }
        kit.drills[0].checks.push(other);
        let error = kit.follow_controls(kit.check(&first).unwrap(), &mut Vec::new());
        assert!(matches!(error, Err(KitError::Check { .. })), "{error:?}");
    }
}
