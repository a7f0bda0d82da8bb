//! The kit: all drills with their checks, joined with the requirements they verify.

use std::collections::{BTreeMap, BTreeSet};

use cabincrew_protocol::requirement::{Catalogue, Requirement};
use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use crate::adapter::hex;
use crate::drill::{Check, Drill};

static DRILLS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/drills");
static LOCK: &str = include_str!("../checks.lock");

/// The draft that the requirements were read from.
pub const SPEC_REVISION: &str = "cabincrew-protocol draft, revision c963bb7";

/// All drills and checks of this build.
#[derive(Debug, Clone)]
pub struct Kit {
    /// The drills, by file name.
    pub drills: Vec<Drill>,
    lock: Lock,
}

/// Every check id ever published.
#[derive(Debug, Clone, Default)]
struct Lock {
    current: BTreeSet<String>,
    renamed: BTreeMap<String, String>,
    retired: BTreeMap<String, String>,
}

/// Why the kit itself is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// A drill file does not parse.
    #[error("the drill {file} is not valid")]
    Drill {
        /// The file.
        file: String,
        /// Why.
        source: toml::de::Error,
    },
    /// A drill file is not UTF-8.
    #[error("the drill {file} is not text")]
    NotText {
        /// The file.
        file: String,
    },
    /// Two checks or two launches share a name.
    #[error("{what} {name} occurs twice")]
    Twice {
        /// `check` or `launch`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A check names a requirement or a launch that does not exist.
    #[error("the check {check} names {name}, which does not exist")]
    Unknown {
        /// The check.
        check: String,
        /// What it names.
        name: String,
    },
    /// A line of the lock file is not understood.
    #[error("line {line} of checks.lock is not understood")]
    Lock {
        /// Line number, from 1.
        line: usize,
    },
    /// The lock file and the drills disagree.
    #[error("checks.lock and the drills disagree on {id}: {why}")]
    LockDiffers {
        /// The check.
        id: String,
        /// How.
        why: &'static str,
    },
}

impl Kit {
    /// The kit of this build.
    ///
    /// # Errors
    /// When a drill is invalid, or the lock file and the drills disagree; tests rule both out.
    pub fn embedded() -> Result<Self, CatalogueError> {
        let mut drills = Vec::new();
        for file in DRILLS.files() {
            let name = file.path().display().to_string();
            let Some(stem) = name.strip_suffix(".toml") else {
                continue;
            };
            let text = file
                .contents_utf8()
                .ok_or_else(|| CatalogueError::NotText { file: name.clone() })?;
            let mut drill: Drill =
                toml::from_str(text).map_err(|source| CatalogueError::Drill {
                    file: name.clone(),
                    source,
                })?;
            stem.clone_into(&mut drill.name);
            drills.push(drill);
        }
        drills.sort_by(|a, b| a.name.cmp(&b.name));
        let kit = Self {
            drills,
            lock: read_lock(LOCK)?,
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

    /// The requirement with that id.
    pub fn requirement(&self, id: &str) -> Option<&'static Requirement> {
        Catalogue::embedded().get(id)
    }

    /// MUST, SHOULD or MAY: the level of the check's own requirement.
    pub fn level(&self, check: &Check) -> &'static str {
        check
            .requirement_ids()
            .first()
            .and_then(|id| self.requirement(id))
            .map_or("MUST", |requirement| requirement.level.as_str())
    }

    /// The present name of a check id, however old: itself, or what it was renamed to.
    pub fn resolve_id<'a>(&'a self, id: &'a str) -> Option<&'a str> {
        if self.lock.current.contains(id) {
            Some(id)
        } else {
            self.lock.renamed.get(id).map(String::as_str)
        }
    }

    /// Why a check id was retired, if it was.
    pub fn retired(&self, id: &str) -> Option<&str> {
        self.lock.retired.get(id).map(String::as_str)
    }

    /// The frozen set of check ids, read from the lock file and not from the drills.
    pub fn frozen_ids(&self) -> &BTreeSet<String> {
        &self.lock.current
    }

    /// SHA-256 over all drills, the lock file and the requirements they name.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        let mut files: Vec<_> = DRILLS.files().collect();
        files.sort_by_key(|file| file.path());
        for file in files {
            hasher.update(file.path().display().to_string());
            hasher.update([0]);
            hasher.update(file.contents());
        }
        hasher.update(LOCK);
        for requirement in Catalogue::embedded().iter() {
            hasher.update(&requirement.id);
            hasher.update(&requirement.text);
        }
        hex(&hasher.finalize())
    }

    fn validate(&self) -> Result<(), CatalogueError> {
        let mut launches = BTreeSet::new();
        for launch in self.drills.iter().flat_map(|drill| &drill.launches) {
            if !launches.insert(launch.name.as_str()) {
                return Err(CatalogueError::Twice {
                    what: "launch",
                    name: launch.name.clone(),
                });
            }
        }
        let mut ids = BTreeSet::new();
        for check in self.checks() {
            if !ids.insert(check.id.clone()) {
                return Err(CatalogueError::Twice {
                    what: "check",
                    name: check.id.clone(),
                });
            }
            self.validate_names(check, &launches)?;
        }
        self.compare_with_lock(&ids)
    }

    fn validate_names(
        &self,
        check: &Check,
        launches: &BTreeSet<&str>,
    ) -> Result<(), CatalogueError> {
        let unknown = |name: &str| CatalogueError::Unknown {
            check: check.id.clone(),
            name: name.to_owned(),
        };
        for id in check.requirement_ids() {
            self.requirement(id).ok_or_else(|| unknown(id))?;
        }
        for selector in check.on.iter().chain(&check.control) {
            let known = match selector.strip_prefix("check:") {
                Some(id) => self.check(id).is_some(),
                None => selector.starts_with('@') || names_launch(selector, launches),
            };
            if !known {
                return Err(unknown(selector));
            }
        }
        Ok(())
    }

    fn compare_with_lock(&self, ids: &BTreeSet<String>) -> Result<(), CatalogueError> {
        let differs = |id: &String, why| CatalogueError::LockDiffers {
            id: id.clone(),
            why,
        };
        if let Some(id) = ids.iter().find(|id| !self.lock.current.contains(*id)) {
            return Err(differs(id, "it is new and not listed"));
        }
        if let Some(id) = self.lock.current.iter().find(|id| !ids.contains(*id)) {
            return Err(differs(
                id,
                "it is listed and has no check; list it as retired or renamed",
            ));
        }
        Ok(())
    }
}

fn names_launch(selector: &str, launches: &BTreeSet<&str>) -> bool {
    match selector.strip_suffix(".*") {
        Some(stem) => {
            let numbered = format!("{stem}.");
            launches.contains(stem) || launches.iter().any(|name| name.starts_with(&numbered))
        }
        None => launches.contains(selector),
    }
}

/// Lines of the lock file: `ID since VERSION`, `ID renamed NEW-ID`, `ID retired REASON`.
fn read_lock(text: &str) -> Result<Lock, CatalogueError> {
    let mut lock = Lock::default();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some(id), Some("since"), Some(_)) => {
                lock.current.insert(id.to_owned());
            }
            (Some(id), Some("renamed"), Some(new)) => {
                lock.renamed.insert(id.to_owned(), new.to_owned());
            }
            (Some(id), Some("retired"), Some(reason)) => {
                lock.retired.insert(id.to_owned(), reason.to_owned());
            }
            _ => return Err(CatalogueError::Lock { line: index + 1 }),
        }
    }
    Ok(lock)
}
