//! The script: which way the peer is wrong, and where its launches are recorded.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::conduct::{ArtifactScript, Conduct};
use crate::fault::Fault;
use crate::hub::HubAt;

/// Largest script in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// A script, as read from a file of `fixtures/faults/` or one that a harness made up.
///
/// All members are optional: the empty script is the correct engine.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    /// One sentence: what this engine does wrong.
    pub summary: String,
    /// The requirement that is violated, `CC-<AREA>-NNN`.
    pub requirement: String,
    /// Ids of the checks that must fail, the intended one first.
    pub fails: Vec<String>,
    /// Ids of checks that fail as well or not, as the machine's timing has it.
    pub may_fail: Vec<String>,
    /// The scenario of `fixtures/scenarios/` that brings the deviation out; the default one if empty.
    pub scenario: String,
    /// The deviation.
    pub fault: Option<Fault>,
    /// Where launches are recorded.
    pub record: Option<Record>,
    /// Who is told of launches.
    pub hub: Option<HubAt>,
    /// Artifacts that are planned beside, or in place of, the engine's own.
    pub artifact: Vec<ArtifactScript>,
    /// What planning does beside its work.
    pub flight_plan: Conduct,
    /// What take-off does beside its work.
    pub take_off: Conduct,
}

/// Where launches are recorded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// A file that one JSON line is appended to for each launch. A relative path starts at the
    /// script's folder.
    pub journal: PathBuf,
}

/// Why a script cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The file cannot be read.
    #[error("cannot read the script {path}")]
    Unreadable {
        /// The script.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a script.
    #[error("{path} is not a script")]
    Invalid {
        /// The script.
        path: PathBuf,
        /// Why.
        source: toml::de::Error,
    },
}

impl Script {
    /// Reads a script file; a relative journal path is resolved against its folder.
    ///
    /// # Errors
    /// When the file cannot be read, is not valid TOML, or names a deviation that does not exist.
    pub fn load(path: &Path) -> Result<Self, ScriptError> {
        let mut script: Self = read(path)?;
        if let (Some(record), Some(folder)) = (&mut script.record, path.parent()) {
            record.journal = folder.join(&record.journal);
        }
        Ok(script)
    }
}

/// Reads a file of data.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ScriptError> {
    let unreadable = |source| ScriptError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(SIZE_MAX)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    toml::from_str(&text).map_err(|source| ScriptError::Invalid {
        path: path.to_owned(),
        source,
    })
}
