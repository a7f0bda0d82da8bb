//! The faults that prove checks: ways for a subject to be wrong, each with the checks that have been seen
//! to catch it.

use cabincrew_fixtures::{Dir, FAULTS, ORCHESTRATOR_FAULTS};
use serde::Deserialize;

/// What is wrong in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// The scripted peer, by a file of `fixtures/faults/`.
    Engine,
    /// The reference built with the feature `faults`, by a file of `fixtures/orchestrator-faults/`.
    Orchestrator,
}

/// What a file says of a fault, without how the fault is made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Fault {
    /// The file's name without extension; set by [`of`].
    #[serde(skip)]
    pub name: String,
    /// One sentence: what is done wrongly.
    pub summary: String,
    /// The requirement that is broken, `CC-<AREA>-NNN`.
    pub requirement: String,
    /// The family of drills that shows it; empty for faults of engines.
    #[serde(default)]
    pub family: String,
    /// Ids of the checks that have been seen to fail, the intended one first.
    pub fails: Vec<String>,
    /// Ids of checks that fail as well or not, as the machine's timing has it.
    #[serde(default)]
    pub may_fail: Vec<String>,
    /// Why no check catches it: nothing forbids it, or a black box cannot see it.
    #[serde(default)]
    pub excluded: Option<String>,
    /// The crash that shows it.
    #[serde(default)]
    pub sweep: Option<Shown>,
}

/// What shows a fault in a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The options of `sweep` that repeat it.
    pub options: Vec<String>,
    /// The invariant that is broken then.
    pub invariant: String,
    /// It is a note: only some disks show it.
    #[serde(default)]
    pub note: bool,
}

/// A file that describes a fault has another shape.
#[derive(Debug, thiserror::Error)]
#[error("the fault {name} cannot be read")]
pub struct FaultError {
    /// The file, without its extension.
    pub name: String,
    /// Why.
    pub source: toml::de::Error,
}

impl Wrong {
    /// The folder of its files, as the repository has it.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Engine => "fixtures/faults",
            Self::Orchestrator => "fixtures/orchestrator-faults",
        }
    }

    /// What is wrong, as readers call it.
    pub const fn subjects(self) -> &'static str {
        match self {
            Self::Engine => "engines",
            Self::Orchestrator => "orchestrators",
        }
    }

    const fn files(self) -> &'static Dir<'static> {
        match self {
            Self::Engine => &FAULTS,
            Self::Orchestrator => &ORCHESTRATOR_FAULTS,
        }
    }
}

/// All faults of one kind of subject, by name.
///
/// # Errors
/// When a fault of this build cannot be read; tests rule it out.
pub fn of(wrong: Wrong) -> Result<Vec<Fault>, FaultError> {
    let mut faults = Vec::new();
    for file in wrong.files().files() {
        let path = file.path().to_string_lossy();
        let (Some(name), Some(text)) = (path.strip_suffix(".toml"), file.contents_utf8()) else {
            continue;
        };
        let mut fault: Fault = toml::from_str(text).map_err(|source| FaultError {
            name: name.to_owned(),
            source,
        })?;
        name.clone_into(&mut fault.name);
        faults.push(fault);
    }
    faults.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_both_kinds_are_read() {
        for (wrong, least) in [(Wrong::Engine, 200), (Wrong::Orchestrator, 280)] {
            let faults = of(wrong).expect("they can be read");
            assert!(faults.len() >= least, "{}", faults.len());
            assert!(faults.windows(2).all(|pair| pair[0].name < pair[1].name));
        }
    }

    #[test]
    fn a_fault_of_the_reference_is_caught_or_says_why_not() {
        for fault in of(Wrong::Orchestrator).expect("they can be read") {
            assert_eq!(
                fault.fails.is_empty() && fault.sweep.is_none(),
                fault.excluded.is_some(),
                "{}: caught and excluded, or neither",
                fault.name
            );
        }
    }
}
