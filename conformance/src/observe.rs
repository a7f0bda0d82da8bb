//! Everything that was seen of a subject in one run: immutable, recordable, and all that the judge gets.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::drill::LaunchMode;
use crate::tree::{Change, Tree};

/// The version of the recorded form.
pub const OBSERVATION_FORMAT: u32 = 1;

/// What was seen of one engine in one scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// [`OBSERVATION_FORMAT`].
    pub format: u32,
    /// What the scenario promised.
    pub scenario: ScenarioSeen,
    /// What this machine let the harness do.
    pub capabilities: Capabilities,
    /// The secrets handed to the engine; made up for this run.
    pub canaries: Vec<Canary>,
    /// Every launch, in the order of the drills.
    pub launches: Vec<Launch>,
}

/// The part of a scenario that the judge needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioSeen {
    /// Folder name, or `default`.
    pub name: String,
    /// SHA-256 over the scenario's files.
    pub digest: String,
    /// Whether a take-off must change the workspace.
    pub takeoff_changes: bool,
    /// The workspace after take-off, where the scenario has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Tree>,
    /// The workspace before.
    pub workspace: Tree,
    /// How many refused configs it lists.
    pub invalid_configs: usize,
    /// Dates and long numbers in its files: a plan that repeats one of them read no clock.
    #[serde(default)]
    pub numbers: BTreeSet<String>,
}

/// What the machine let the harness do; printed with every verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// Private mounts: a read-only workspace, a full artifacts directory.
    pub mounts: bool,
    /// Writes to the system's directories land in a layer that is looked at.
    pub system_watch: bool,
    /// Opening of decoy files is seen.
    pub open_watch: bool,
    /// The processes of an engine can be listed.
    pub process_list: bool,
}

/// A secret of this run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The member that carried it, for example `secrets.API_TOKEN`.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// One launch of the engine and all that was seen of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Launch {
    /// Name from the drill, with `.n` for repeated ones.
    pub name: String,
    /// The drill it belongs to.
    pub drill: String,
    /// The worker that drove it; launches of one worker share their directories' paths.
    pub worker: usize,
    /// The intended mode.
    pub mode: LaunchMode,
    /// A conforming engine refuses it.
    pub refuse: bool,
    /// The state artifacts were spoiled.
    pub spoiled: bool,
    /// Arguments after the subject's own.
    pub args: Vec<String>,
    /// The environment; the launch's directories appear as `{workspace}` and so on.
    pub env: BTreeMap<String, String>,
    /// The input document's bytes.
    pub input: Bytes,
    /// The plan token handed over in take-off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_plan_token: Option<String>,
    /// The launch's directories as the engine saw them: `workspace`, `artifacts`, `temp`, ...
    pub dirs: BTreeMap<String, String>,
    /// How it ended.
    pub end: End,
    /// Standard output, as far as kept.
    pub stdout: Bytes,
    /// Standard error, as far as kept.
    pub stderr: Bytes,
    /// Wall clock at the start, seconds since the epoch.
    pub started_s: i64,
    /// How long it ran, milliseconds.
    pub duration_ms: u64,
    /// Names of processes that were still alive after the end.
    pub processes_left: Vec<String>,
    /// What changed in the workspace, [`crate::tree::What::Touched`] included.
    pub workspace_changes: Vec<Change>,
    /// The workspace afterwards; only for take-off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_after: Option<Tree>,
    /// The artifacts directory at the end.
    pub artifacts: Tree,
    /// Contents of the artifacts directory's files, as far as kept.
    pub contents: BTreeMap<String, Bytes>,
    /// What changed in the artifacts directory after the end.
    pub artifacts_late: Vec<Change>,
    /// Take-off: the names of the restored artifacts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restored: Vec<String>,
    /// Take-off: what changed among the restored artifacts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restored_changes: Vec<Change>,
    /// Names left in the temp directory.
    pub temp_left: Vec<String>,
    /// Changes in watched places outside the given directories, path prefixed with the place.
    pub outside: Vec<Change>,
    /// Decoy files that were opened.
    pub decoys_opened: Vec<String>,
    /// First bytes of connections that the decoy gateway saw.
    pub connections: Vec<String>,
    /// Injected commands that ran, by the place of their marker.
    pub markers: Vec<String>,
}

/// How a launch ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum End {
    /// With an exit status.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// It ran into the time limit, milliseconds, and was killed.
    TimedOut(u64),
    /// It exceeded a limit of output, files or memory and was killed; the text says which.
    Exceeded(String),
    /// It could not be started; the text says why.
    NotStarted(String),
    /// It was not launched; the text says why.
    NotLaunched(String),
}

impl Launch {
    /// True if the subject was really started.
    pub const fn was_launched(&self) -> bool {
        !matches!(self.end, End::NotLaunched(_) | End::NotStarted(_))
    }
}

impl Observation {
    /// The launches that a selector names, in order.
    ///
    /// A selector is a launch name, a name ending in `.*` (all numbered launches of that name), or
    /// one of `@all`, `@planning` (intact planning input), `@refused` (planning input that must be
    /// refused), `@take-off` (intact state), `@spoiled` (take-off from spoiled state).
    pub fn select<'a>(&'a self, selector: &str) -> Vec<&'a Launch> {
        self.launches
            .iter()
            .filter(|launch| matches(launch, selector))
            .collect()
    }

    /// The launch of that name driven by `worker`, else the first one of that name.
    pub fn named(&self, name: &str, worker: usize) -> Option<&Launch> {
        let mut of_name = self.launches.iter().filter(|l| l.name == name);
        let first = of_name.clone().next();
        of_name.find(|l| l.worker == worker).or(first)
    }
}

fn matches(launch: &Launch, selector: &str) -> bool {
    match selector {
        "@all" => true,
        "@planning" => launch.mode == LaunchMode::FlightPlan && !launch.refuse,
        "@refused" => launch.mode == LaunchMode::FlightPlan && launch.refuse,
        "@take-off" => launch.mode == LaunchMode::TakeOff && !launch.refuse && !launch.spoiled,
        "@spoiled" => launch.spoiled,
        _ => match selector.strip_suffix('*') {
            Some(prefix) => launch.name.starts_with(prefix),
            None => launch.name == selector,
        },
    }
}

/// Raw bytes; written as text when they are UTF-8, else as `{"base64": ...}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bytes {
    /// What was kept.
    pub kept: Vec<u8>,
    /// How many bytes there were in all.
    pub total: u64,
}

impl Bytes {
    /// All of `bytes`.
    pub fn whole(bytes: Vec<u8>) -> Self {
        let total = bytes.len() as u64;
        Self { kept: bytes, total }
    }

    /// True if nothing was cut off.
    pub const fn is_whole(&self) -> bool {
        self.kept.len() as u64 == self.total
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum BytesForm {
    Text(String),
    Parts {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base64: Option<String>,
        total: u64,
    },
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match (std::str::from_utf8(&self.kept), self.is_whole()) {
            (Ok(text), true) => BytesForm::Text(text.to_owned()),
            (Ok(text), false) => BytesForm::Parts {
                text: Some(text.to_owned()),
                base64: None,
                total: self.total,
            },
            (Err(_), _) => BytesForm::Parts {
                text: None,
                base64: Some(base64::engine::general_purpose::STANDARD.encode(&self.kept)),
                total: self.total,
            },
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match BytesForm::deserialize(deserializer)? {
            BytesForm::Text(text) => Ok(Self::whole(text.into_bytes())),
            BytesForm::Parts {
                text: Some(text),
                total,
                ..
            } => Ok(Self {
                kept: text.into_bytes(),
                total,
            }),
            BytesForm::Parts {
                base64: Some(encoded),
                total,
                ..
            } => {
                let kept = base64::engine::general_purpose::STANDARD
                    .decode(encoded)
                    .map_err(serde::de::Error::custom)?;
                Ok(Self { kept, total })
            }
            BytesForm::Parts { .. } => Err(serde::de::Error::custom("neither text nor base64")),
        }
    }
}
