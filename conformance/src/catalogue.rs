//! The kit: all drills with their checks, joined with the requirements they verify.

use std::collections::BTreeSet;

use cabincrew_protocol::requirement::{Catalogue, Requirement};
use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use crate::adapter::hex;
use crate::drill::{Check, Drill};
use crate::lock::{Lock, LockError};
use crate::suite::{self, Card, CheckSet};

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
    /// A check is, by way of its controls, a control of itself.
    #[error("the check {check} is a control of itself")]
    Circle {
        /// The check.
        check: String,
    },
    /// A check names a requirement or a launch that does not exist.
    #[error("the check {check} names {name}, which does not exist")]
    Unknown {
        /// The check.
        check: String,
        /// What it names.
        name: String,
    },
    /// The lock file is wrong, or it and the drills disagree.
    #[error("checks.lock does not fit")]
    Lock(#[from] LockError),
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
            lock: Lock::parse(LOCK)?,
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
        suite::requirement(id)
    }

    /// MUST, SHOULD or MAY: the level of the check's own requirement.
    pub fn level(&self, check: &Check) -> &'static str {
        check
            .requirement_ids()
            .first()
            .and_then(|id| self.requirement(id))
            .map_or("MUST", |requirement| requirement.level.as_str())
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
        for check in self.checks() {
            self.follow_controls(check, &mut Vec::new())?;
        }
        self.lock.compare(&ids)?;
        Ok(())
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

    /// Refuses controls that lead back to the check they belong to: neither could be judged first.
    fn follow_controls<'a>(
        &'a self,
        check: &'a Check,
        above: &mut Vec<&'a str>,
    ) -> Result<(), CatalogueError> {
        if above.contains(&check.id.as_str()) {
            return Err(CatalogueError::Circle {
                check: check.id.clone(),
            });
        }
        above.push(&check.id);
        let controls = check
            .control
            .iter()
            .filter_map(|name| name.strip_prefix("check:"));
        for other in controls.filter_map(|id| self.check(id)) {
            self.follow_controls(other, above)?;
        }
        above.pop();
        Ok(())
    }
}

impl CheckSet for Kit {
    fn kind(&self) -> &'static str {
        "engine"
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

    /// SHA-256 over all drills, the lock file and the requirements they name.
    fn digest(&self) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The kit, with the controls of some checks replaced.
    fn with_controls(changes: &[(&str, &str)]) -> Result<(), CatalogueError> {
        let mut kit = Kit::embedded().unwrap();
        for (id, control) in changes {
            let mut checks = kit.drills.iter_mut().flat_map(|drill| &mut drill.checks);
            let check = checks.find(|check| check.id == *id).unwrap();
            check.control = vec!["baseline".to_owned(), format!("check:{control}")];
        }
        kit.validate()
    }

    #[test]
    fn controls_that_lead_back_are_refused() {
        let kit = Kit::embedded().unwrap();
        let ids: Vec<&str> = kit
            .checks()
            .take(3)
            .map(|check| check.id.as_str())
            .collect();
        let [a, b, c] = ids[..] else {
            panic!("{ids:?}")
        };
        assert!(matches!(
            with_controls(&[(a, a)]),
            Err(CatalogueError::Circle { .. })
        ));
        let round = with_controls(&[(a, b), (b, c), (c, a)]).unwrap_err();
        assert!(
            round.to_string().ends_with("is a control of itself"),
            "{round}"
        );
        with_controls(&[(a, b), (b, c), (c, "CC-ENG-022/clock")]).unwrap();
        let unknown = with_controls(&[(a, "CC-ENG-022/clocks")]).unwrap_err();
        assert!(matches!(unknown, CatalogueError::Unknown { .. }));
    }
}
