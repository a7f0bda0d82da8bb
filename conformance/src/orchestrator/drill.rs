//! The drill file of the orchestrator kit: a stage, the steps taken on it, and the checks judged on
//! what was seen.
//!
//! A drill is data: one file in `conformance/drills/orchestrator/<family>/`. The vocabulary is closed:
//! what a drill may ask for is what this module and [`super::expect`] list.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::expect::Expect;
use crate::drill::Class;

/// One file of `conformance/drills/orchestrator/<family>/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// File name without extension, unique over all families; set by the loader.
    #[serde(skip)]
    pub name: String,
    /// The folder it is in; set by the loader.
    #[serde(skip)]
    pub family: String,
    /// One sentence: what is done to the orchestrator.
    pub summary: String,
    /// What it is done with: a [`Stage`] once a case is merged over it.
    #[serde(default)]
    pub stage: toml::Table,
    /// What is done, in order.
    #[serde(rename = "step", default)]
    pub steps: Vec<Step>,
    /// Variations. Each is one run of its own, on a stage and with steps that it changes; without
    /// any, the drill is one run.
    #[serde(rename = "case", default)]
    pub cases: Vec<Case>,
    /// What must hold.
    #[serde(rename = "check", default)]
    pub checks: Vec<Check>,
}

/// One variation of a drill: run `DRILL/CASE`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique in the drill.
    pub name: String,
    /// Merged over the drill's stage: tables member by member, all else replaces.
    #[serde(default)]
    pub stage: toml::Table,
    /// Replaces the step of that name, or, where the drill has no steps of its own, all of them.
    #[serde(rename = "step", default)]
    pub steps: Vec<Step>,
    /// What the machine or the subject must offer for this case.
    #[serde(default)]
    pub needs: Option<Needs>,
}

/// What a drill happens on. Texts may hold `{conform}` (the harness's program), `{stage}` (the
/// folder of scripts), `{workspace}`, `{elsewhere}` (a folder outside all given ones).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stage {
    /// Merged over the default workflow: one step `edit` run by the script `edit.toml`, one custom
    /// policy `rule` run by the script `rule.toml`, a roster, no gateways.
    pub workflow: toml::Table,
    /// Workflow text that is used as it is, instead of `workflow`; for malformed ones.
    pub workflow_text: Option<String>,
    /// Merged over the default roster: `ada` (approver, security), `bob` (approver), `eve` (reader).
    pub roster: toml::Table,
    /// Files of the workspace: path to text. Replaces the default ones if given.
    pub files: BTreeMap<String, String>,
    /// Scripts of peer engines by name: `edit` is written to `{stage}/edit.toml`. Merged over the
    /// default: a correct engine.
    pub engine: BTreeMap<String, toml::Table>,
    /// Scripts of custom policies and probes by name. Merged over the default `rule`: allow.
    pub policy: BTreeMap<String, toml::Table>,
    /// Other files of the stage: name to text, for example Rego policies.
    pub write: BTreeMap<String, String>,
    /// Files of `fixtures/` copied into the stage: name to path in that folder.
    pub copy: BTreeMap<String, String>,
    /// The orchestrator's own environment, beside `PATH` and the harmless usual variables.
    pub env: BTreeMap<String, String>,
}

/// One act.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Unique in the drill.
    pub name: String,
    /// Starts a workflow.
    pub run: Option<Verb>,
    /// Goes on with it, as after a restart.
    pub resume: Option<Verb>,
    /// Delivers an approval response.
    pub respond: Option<Respond>,
    /// Changes workspace files: path to text, `false` removes, `{ mode = 0o555 }` changes the mode.
    pub edit: Option<BTreeMap<String, toml::Value>>,
    /// Changes stage files while nothing runs: members of [`Stage`] that are merged and written again.
    pub change: Option<toml::Table>,
    /// Changes what the orchestrator keeps.
    pub tamper: Option<Tamper>,
}

/// What a step does.
#[derive(Debug, Clone, Copy)]
pub enum Act<'a> {
    /// See [`Step::run`].
    Run(&'a Verb),
    /// See [`Step::resume`].
    Resume(&'a Verb),
    /// See [`Step::respond`].
    Respond(&'a Respond),
    /// See [`Step::edit`].
    Edit(&'a BTreeMap<String, toml::Value>),
    /// See [`Step::change`].
    Change(&'a toml::Table),
    /// See [`Step::tamper`].
    Tamper(&'a Tamper),
}

impl Check {
    /// The requirement ids, the id's own one first.
    pub fn requirement_ids(&self) -> Vec<&str> {
        crate::suite::requirement_ids(&self.id, &self.requirements)
    }
}

impl Step {
    /// The one thing that it does; none if it does nothing, or more than one.
    pub fn act(&self) -> Option<Act<'_>> {
        let acts = [
            self.run.as_ref().map(Act::Run),
            self.resume.as_ref().map(Act::Resume),
            self.respond.as_ref().map(Act::Respond),
            self.edit.as_ref().map(Act::Edit),
            self.change.as_ref().map(Act::Change),
            self.tamper.as_ref().map(Act::Tamper),
        ];
        let mut acts = acts.into_iter().flatten();
        let first = acts.next()?;
        acts.next().is_none().then_some(first)
    }
}

/// One call of the orchestrator.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Verb {
    /// Which workflow; `a` unless several are run. Each has its own id and workspace.
    pub workflow: Option<String>,
    /// Killed (SIGKILL, with its process group) when a script reaches this point:
    /// `SCRIPT:MODE:begin` or `SCRIPT:MODE:end`, MODE being `flight-plan`, `take-off` or `evaluate`.
    /// `begin` is before the script does anything, `end` is after everything but its answer.
    pub kill_at: Option<String>,
    /// Held at this point while the steps of `meanwhile` are taken, then let go.
    pub hold_at: Option<String>,
    /// What happens while it is held.
    pub meanwhile: Vec<Step>,
}

/// One approval response.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Respond {
    /// As for a verb.
    pub verb: Verb,
    /// Which request's id it carries: `pending` (default), `pending:ROLE`, `last`, `of:WORKFLOW`
    /// (the pending one of another workflow), or any literal text after `literal:`.
    pub to: Option<String>,
    /// Members that replace or join `approved = true`, `approver = "ada"`, `timestamp = now`.
    pub set: toml::Table,
    /// Members that are left out.
    pub drop: Vec<String>,
    /// The document's text instead; `{approval_id}` and `{now}` are filled in.
    pub text: Option<String>,
}

/// A change of what the orchestrator keeps, found by content: the kit knows no file layout.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tamper {
    /// Which files below the state directory.
    pub file: TamperFile,
    /// What happens to them.
    pub by: TamperAct,
}

/// How files are found.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TamperFile {
    /// Every regular file that holds this text.
    Holding(String),
    /// Every regular file with the exact bytes of a planned artifact's file, `NAME/body.data`.
    Artifact(String),
    /// The n-th regular file in the order of paths, counted from 0, locks and empty files left out;
    /// one run for each where `each-file` is asked for by the case.
    Number(usize),
    /// All of them.
    Everything,
}

/// What happens to a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TamperAct {
    /// Removed.
    Remove,
    /// One bit is changed: in the found text, else in the middle.
    Flip,
    /// Cut to that share of its length, in percent.
    Cut(u8),
    /// These bytes are appended.
    Append(String),
    /// The found text is replaced.
    Replace(String),
}

/// What the subject or the machine must offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// Rego policies; where the adapter says nothing, the control tells.
    Opa,
    /// ONNX models; where the adapter says nothing, the control tells.
    Onnx,
    /// Approvals that expire.
    Expiry,
    /// Post-execution governance.
    PostExecution,
    /// Several steps in one workflow.
    SeveralSteps,
    /// The adapter names the audit key.
    Signatures,
    /// The harness may mount: a read-only workspace.
    Mounts,
    /// The harness is not root: permission bits mean something.
    Unprivileged,
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
    /// One sentence that holds for a conforming orchestrator.
    pub title: String,
    /// Where the rule comes from.
    pub class: Class,
    /// Steps it looks at. In a drill's own words `STEP`, `CASE/STEP`, `*/STEP`; others are
    /// `DRILL:STEP` and `DRILL:CASE/STEP`; `*:*` is every step of every drill.
    pub on: Vec<String>,
    /// What must have worked for silence to count: `DRILL:STEP` that must have ended as its check
    /// says, or `check:<id>`. `lifecycle allow` is the default.
    #[serde(default = "baseline")]
    pub control: Vec<String>,
    /// What the subject or the machine must offer for the check to apply.
    #[serde(default)]
    pub needs: Option<Needs>,
    /// The expectation.
    pub expect: Expect,
    /// What usually causes a failure, most common first; shown by `explain`.
    #[serde(default)]
    pub causes: Vec<String>,
}

fn baseline() -> Vec<String> {
    vec!["check:CC-ORC-021/allowed-plan-completes".to_owned()]
}
