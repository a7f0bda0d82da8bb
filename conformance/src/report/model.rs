//! `report.json`: what every rendering is a pure function of. Its schema is `spec/schemas/report.schema.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::course::Course;
use crate::drill::Class;
use crate::verdict::{ControlResult, Finding, Outcome};

/// The version of the report's form.
pub const REPORT_FORMAT: u32 = 1;

/// The name of the one scenario of an orchestrator's report: its drills bring their own scenes.
pub const DRILLS: &str = "drills";

/// The result of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// [`REPORT_FORMAT`].
    pub format: u32,
    /// What judged.
    pub suite: Suite,
    /// What was judged.
    pub subject: Subject,
    /// What was selected.
    pub selection: Selected,
    /// The scenarios it was judged in.
    pub scenarios: Vec<ScenarioRun>,
    /// What the machine let the harness do: a word with `_` between its parts, and whether.
    pub capabilities: BTreeMap<String, bool>,
    /// The seed of everything made up in this run.
    pub seed: u64,
    /// Why the run ended early, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aborted: Option<String>,
    /// How many processes of the subject were started.
    pub launches: u64,
    /// How long the run took, milliseconds.
    pub duration_ms: u64,
    /// Outcome to number of checks; every outcome is listed, and they add up to `checks`.
    pub totals: BTreeMap<String, usize>,
    /// Verdict per class.
    pub classes: BTreeMap<String, ClassVerdict>,
    /// The overall verdict.
    pub verdict: Conclusion,
    /// Number of known failures that were met, for "conforms except N known".
    pub known: usize,
    /// The exit status that goes with it.
    pub exit_code: u8,
    /// What is wrong with the list of known failures; each makes the run red.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_problems: Vec<String>,
    /// Differences from the golden folder; each makes the run red.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub golden_differences: Vec<String>,
    /// Remarks that do not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
    /// For orchestrators: what led to each step that a red check is about, by the step's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub courses: BTreeMap<String, Course>,
    /// Every check of the frozen set, by id.
    pub checks: Vec<CheckResult>,
}

impl CheckResult {
    /// The launch or step that the result is about: that of the first finding, else the first one that
    /// was looked at.
    pub fn place(&self) -> Option<&str> {
        let finding = self.findings.first().map(|finding| finding.launch.as_str());
        finding.or_else(|| self.launches.first().map(String::as_str))
    }
}

/// What judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// `cabincrew-conform` and its version.
    pub tool: String,
    /// SHA-256 over drills and requirements.
    pub digest: String,
    /// The draft that the requirements were read from.
    pub spec_revision: String,
}

/// What was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// `engine` or `orchestrator`.
    pub kind: String,
    /// The command as given; an absolute path is reduced to its file name.
    pub command: Vec<String>,
    /// SHA-256 of the executable file, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// `engine_id` of its first receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_id: Option<String>,
    /// SHA-256 of the adapter file, where one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
}

/// What was selected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selected {
    /// The classes that were run.
    pub classes: Vec<Class>,
    /// The filter expressions as given; a check runs when one of them matches, or none was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<String>,
}

/// One scenario of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioRun {
    /// Its name.
    pub name: String,
    /// SHA-256 over its files.
    pub digest: String,
}

/// The verdict on one class of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassVerdict {
    /// Everything that applies passed.
    Conforms,
    /// Everything that applies passed or is a known failure.
    ConformsExceptKnown,
    /// At least one check failed.
    DoesNotConform,
    /// No check of the class was run.
    NotRun,
    /// None failed, and at least one could not be exercised.
    Unproven,
}

/// The overall verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// Everything selected that applies passed.
    Conforms,
    /// Everything selected that applies passed or is a known failure.
    ConformsExceptKnown,
    /// At least one check failed.
    DoesNotConform,
    /// None failed, and at least one could not be exercised, or nothing was run.
    Unproven,
}

/// One check in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckResult {
    /// Its permanent id.
    pub id: String,
    /// One sentence that holds for a conforming subject.
    pub title: String,
    /// The requirements it verifies, the id's own one first.
    pub requirements: Vec<String>,
    /// MUST, SHOULD or MAY: the level of the first requirement.
    pub level: String,
    /// Where the rule comes from.
    pub class: Class,
    /// The outcome over all scenarios: the worst one.
    pub outcome: Outcome,
    /// The scenario that the rest is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// For anything but pass: why. A failure has one only when its outcome changed between two runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The command line, how it got its input, and how it ended: of the first finding's launch, else
    /// of the first one looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<String>,
    /// For a failure: expected and observed, launch by launch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How many findings there were in all.
    pub findings_total: usize,
    /// The controls and whether they held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub control: Vec<ControlResult>,
    /// The launches that were looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub launches: Vec<String>,
    /// The drill that the first finding is from, where it is not the check's own: a check on every step
    /// looks at those that are driven anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<String>,
    /// The evidence folder, relative to the output folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Total running time of the launches looked at, milliseconds.
    pub duration_ms: u64,
    /// The command that repeats just this check.
    pub rerun: String,
}
