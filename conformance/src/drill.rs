//! The drill file: one way of launching an engine, and the checks judged on what was seen.
//!
//! A drill is data. Adding a check is adding a file to `conformance/drills/` or a `[[check]]` to one
//! of them; nothing has to be registered. The vocabulary is closed: what a drill may ask for is
//! what the enums of this module and of [`crate::expect`] list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::expect::Expect;

/// One file of `conformance/drills/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// File name without extension, set by the loader.
    #[serde(skip)]
    pub name: String,
    /// One sentence: what is done to the engine.
    pub summary: String,
    /// Driven after all others; for drills that wait for the clock.
    #[serde(default)]
    pub last: bool,
    /// Driven before the baseline: what an earlier launch already left behind could not be seen.
    #[serde(default)]
    pub first: bool,
    /// What is launched, in order.
    #[serde(rename = "launch")]
    pub launches: Vec<LaunchPlan>,
    /// What must hold.
    #[serde(rename = "check", default)]
    pub checks: Vec<Check>,
}

impl Drill {
    /// True if none of its checks counts unless hardening is asked for. What such a drill provokes is
    /// no concern of the other checks: their verdicts must not depend on what else was selected.
    pub fn is_extra(&self) -> bool {
        self.checks
            .iter()
            .all(|check| check.class == Class::Hardening)
    }
}

/// One expectation with a permanent id: the unit of verdict.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// `CC-<AREA>-NNN/<slug>`, never renamed.
    pub id: String,
    /// The requirements it verifies; the id's own one comes first and may be left out.
    #[serde(default)]
    pub requirements: Vec<String>,
    /// One sentence that holds for a conforming engine.
    pub title: String,
    /// Where the rule comes from.
    pub class: Class,
    /// Selectors of the launches it looks at, see [`crate::observe::Observation::select`].
    pub on: Vec<String>,
    /// What must have worked for silence to count: launches that must be good, or `check:<id>`.
    #[serde(default = "baseline_control")]
    pub control: Vec<String>,
    /// What the subject, the scenario or the machine must offer for the check to apply.
    #[serde(default)]
    pub needs: Option<Needs>,
    /// The expectation.
    pub expect: Expect,
    /// What usually causes a failure, most common first; shown by `explain`.
    #[serde(default)]
    pub causes: Vec<String>,
}

fn baseline_control() -> Vec<String> {
    vec!["baseline".to_owned()]
}

impl Check {
    /// The requirement ids, the id's own one first.
    pub fn requirement_ids(&self) -> Vec<&str> {
        crate::suite::requirement_ids(&self.id, &self.requirements)
    }
}

/// Where a check's rule comes from (DESIGN 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The published draft says so.
    Draft,
    /// Our resolution where the draft is silent or contradicts itself.
    Profile,
    /// Beyond the draft: hostile or rare circumstances. Run only when asked for.
    Hardening,
}

impl Class {
    /// The word used on the command line and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Profile => "profile",
            Self::Hardening => "hardening",
        }
    }

    /// What it means that a check is of the class.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Draft => "draft: the published draft says so",
            Self::Profile => {
                "profile: this kit's resolution where the draft is silent or contradicts itself"
            }
            Self::Hardening => {
                "hardening: beyond the draft, for hostile or rare circumstances; run only when asked for"
            }
        }
    }
}

/// What a check needs beyond its controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// The scenario lists configs that the engine refuses.
    InvalidConfig,
    /// The plan holds a state artifact.
    StateArtifact,
    /// The plan holds a state artifact with a `body.data`.
    StateBody,
    /// The machine lets the harness watch the system's directories.
    SystemWatch,
}

/// One launch (or several alike) of the engine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaunchPlan {
    /// Unique over all drills. Repeated launches are called `name.1`, `name.2`, ...
    pub name: String,
    /// The mode given in flag, variable and input, unless varied.
    pub mode: LaunchMode,
    /// Take-off only: the planning launch whose state artifacts are restored.
    #[serde(default)]
    pub after: Option<String>,
    /// How often it is launched, each time alike.
    #[serde(default = "once")]
    pub repeat: u32,
    /// Two launches at the same time, in directories of their own: `name.1` and `name.2`.
    #[serde(default)]
    pub twins: bool,
    /// One launch for each item that the scenario lists.
    #[serde(default)]
    pub each: Option<Needs>,
    /// Driven even when the baseline is not good, because it explains why.
    #[serde(default)]
    pub diagnostic: bool,
    /// A conforming engine refuses this launch.
    #[serde(default)]
    pub refuse: bool,
    /// Edits of the EngineInput document, in order.
    #[serde(default)]
    pub input: Vec<InputEdit>,
    /// A change of the input's bytes, after serialisation.
    #[serde(default)]
    pub bytes: Option<BytesEdit>,
    /// How the input reaches the engine.
    #[serde(default)]
    pub delivery: Delivery,
    /// Replaces `--mode <mode>`.
    #[serde(default)]
    pub args: Option<Vec<String>>,
    /// Added to (or replacing) the protocol's variables; may hold `{home}`, `{tmpdir}`, `{decoy}`, `{gateway}`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The order in which variables are handed over.
    #[serde(default)]
    pub env_order: Option<EnvOrder>,
    /// The current directory.
    #[serde(default)]
    pub cwd: Cwd,
    /// How many processors the engine may use.
    #[serde(default)]
    pub cpus: Option<u32>,
    /// The machine's name as the engine sees it.
    #[serde(default)]
    pub hostname: Option<String>,
    /// Octal, as in the shell.
    #[serde(default)]
    pub umask: Option<String>,
    /// Which directories are handed over.
    #[serde(default)]
    pub paths: Paths,
    /// The order in which the workspace's files are created.
    #[serde(default)]
    pub file_order: FileOrder,
    /// The workspace files' modification times.
    #[serde(default)]
    pub file_times: FileTimes,
    /// What the workspace is.
    #[serde(default)]
    pub workspace: WorkspacePlan,
    /// What the artifacts directory is.
    #[serde(default)]
    pub artifacts: ArtifactsPlan,
    /// Take-off only: what happened to the restored state artifacts.
    #[serde(default)]
    pub state: StatePlan,
    /// Take-off only: everything that planning left is still there (temp files, all artifacts).
    #[serde(default)]
    pub leftovers: bool,
    /// Unrelated files lie in TMPDIR.
    #[serde(default)]
    pub junk: bool,
    /// Home, TMPDIR and current directory are compared before and after.
    #[serde(default)]
    pub watch: bool,
    /// Whether the system's own directories are watched.
    #[serde(default)]
    pub system: System,
    /// What lies in wait.
    #[serde(default)]
    pub decoys: Option<Decoys>,
    /// What is waited for before the launch.
    #[serde(default)]
    pub wait: Option<Wait>,
}

const fn once() -> u32 {
    1
}

/// The mode of a launch; the wire spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LaunchMode {
    /// Planning.
    FlightPlan,
    /// Applying.
    TakeOff,
}

impl LaunchMode {
    /// The wire spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FlightPlan => "flight-plan",
            Self::TakeOff => "take-off",
        }
    }
}

/// An edit of the input document; `at` is a JSON pointer.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum InputEdit {
    /// Takes a member out.
    Remove {
        /// JSON pointer of the member.
        at: String,
    },
    /// Sets a member to a JSON text.
    Set {
        /// JSON pointer of the member; its parents are made when missing.
        at: String,
        /// JSON text.
        json: String,
    },
    /// Sets a member to a long string.
    Pad {
        /// JSON pointer of the member.
        at: String,
        /// Length in bytes.
        bytes: usize,
    },
    /// Sets a member to arrays within arrays.
    Nest {
        /// JSON pointer of the member.
        at: String,
        /// How many.
        levels: usize,
    },
}

/// A change of the serialised input.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum BytesEdit {
    /// Other bytes altogether.
    Replace {
        /// The text that is sent.
        text: String,
    },
    /// Cuts off the end.
    Truncate {
        /// How many bytes.
        by: usize,
    },
    /// Puts text before and after.
    Wrap {
        /// Text before.
        before: String,
        /// Text after.
        after: String,
    },
    /// Puts bytes before and after.
    WrapBase64 {
        /// Bytes before, base64.
        before: String,
        /// Bytes after, base64.
        after: String,
    },
    /// Repeats a top-level member with another value, in front.
    DuplicateMember {
        /// The member's name.
        member: String,
        /// Its other value, a JSON text.
        json: String,
    },
    /// Puts a text in another one's place, which is there once.
    Exchange {
        /// What is taken out.
        text: String,
        /// What is put in.
        by: String,
    },
    /// Same value, members in reverse order, generous white space, a line end at the end.
    Relayout,
}

/// How the input reaches the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Through a pipe, in one write as far as the pipe takes it.
    #[default]
    Whole,
    /// Through a pipe; each of the first bytes is only sent once the one before was read.
    Pieces,
    /// In the file named by `CABINCREW_INPUT_FILE`; standard input is empty.
    File,
    /// In the file; standard input stays open and silent.
    FileOpenStdin,
    /// In the file; standard input holds something else.
    FileOtherStdin,
}

impl Delivery {
    /// True if the input is in a file.
    pub const fn by_file(self) -> bool {
        matches!(
            self,
            Self::File | Self::FileOpenStdin | Self::FileOtherStdin
        )
    }
}

/// The order in which variables are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvOrder {
    /// From last name to first.
    Reversed,
}

/// The engine's current directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cwd {
    /// Its temp directory (DESIGN 8.2).
    #[default]
    Temp,
    /// The workspace.
    Workspace,
    /// An empty directory that is neither.
    Elsewhere,
}

/// Which directories are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paths {
    /// The worker's usual ones.
    #[default]
    Usual,
    /// Longer ones with spaces and punctuation.
    Other,
    /// The workspace lies on a file system in memory, where the machine has one.
    Memory,
}

/// The order in which workspace files are created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileOrder {
    /// By name.
    #[default]
    Sorted,
    /// By name, backwards.
    Reversed,
}

/// The workspace files' modification times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileTimes {
    /// Now.
    #[default]
    Now,
    /// Twenty years ago.
    Old,
}

/// What the workspace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkspacePlan {
    /// The scenario's.
    #[default]
    Scenario,
    /// The scenario's, and it cannot be written.
    ReadOnly,
    /// The scenario's, and none of its files can be read.
    Unreadable,
    /// The scenario's with files whose names and contents are commands.
    Hostile,
    /// The scenario's with copies of its files, beside them and in a folder of their own.
    Grown,
    /// As the launch before left it.
    AsLeft,
}

/// What the artifacts directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArtifactsPlan {
    /// New; empty while planning, holding the restored state artifacts in take-off.
    #[default]
    Fresh,
    /// New and empty, on a file system without room.
    Full,
    /// New and empty, on a file system with room for names and none for content.
    NoSpace,
}

/// What happened to the restored state artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatePlan {
    /// Nothing.
    #[default]
    Intact,
    /// They are gone.
    Missing,
    /// One of them is gone.
    OneMissing,
    /// Their `body.data` are gone, or their `artifact.json` where there is no body.
    BodyMissing,
    /// One bit of each hashed file is flipped; an empty one holds a byte.
    Flipped,
    /// A line end is appended to a hashed file.
    Appended,
    /// Each hashed file is cut to half.
    Truncated,
}

/// Whether the system's own directories are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum System {
    /// They are not.
    #[default]
    Plain,
    /// Writes to them land in a layer of the harness, which is looked at afterwards.
    Watched,
}

/// What lies in wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decoys {
    /// Credentials in the home directory and in variables.
    Credentials,
    /// A listener at the address in the usual gateway variables.
    Gateways,
    /// A person's settings in the home directory.
    Settings,
}

/// What is waited for before a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wait {
    /// The wall clock's next second after the worker's baseline.
    NextSecond,
}
