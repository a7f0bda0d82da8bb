//! The drill file of the orchestrator kit: a stage, the steps taken on it, and the checks judged on
//! what was seen.
//!
//! A drill is data: one file in `conformance/drills/orchestrator/<family>/`. The vocabulary is closed:
//! what a drill may ask for is what this module and [`super::expect`] list.

use std::collections::BTreeMap;
use std::fmt;

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
    /// What it is done with: a [`super::stage::Stage`] once a case is merged over it.
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
    /// Each replaces the step of its name; the others come after the drill's own.
    #[serde(rename = "step", default)]
    pub steps: Vec<Step>,
    /// What the machine or the subject must offer for this case.
    #[serde(default)]
    pub needs: Option<Needs>,
}

/// One act.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "StepForm")]
pub struct Step {
    /// Unique in the drill.
    pub name: String,
    /// What is done.
    pub act: Act,
}

/// What can be done.
#[derive(Debug, Clone)]
pub enum Act {
    /// Starts a workflow.
    Run(Verb),
    /// Goes on with it, as after a restart.
    Resume(Verb),
    /// Delivers an approval response.
    Respond(Respond),
    /// Changes workspace files.
    Edit(Edit),
    /// Changes stage files while nothing runs: a [`Stage`](super::stage::Stage) that is merged into
    /// the present one, whose files are then written again.
    Change(toml::Table),
    /// Changes what the orchestrator keeps.
    Tamper(Tamper),
    /// Makes something impossible to write and to remove, until the run is over or something else is fixed.
    Fix(Fix),
    /// Does the same damage to one file after the other, each time to the state as it is now, and
    /// takes steps after each.
    Each(Each),
    /// Waits, for what expires; milliseconds.
    Wait(u64),
}

/// Longest wait of a step, milliseconds.
const WAIT_MAX: u64 = 15_000;

/// A step as it is written: a name and exactly one act.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct StepForm {
    name: String,
    run: Option<Verb>,
    resume: Option<Verb>,
    respond: Option<Respond>,
    edit: Option<Edit>,
    change: Option<toml::Table>,
    tamper: Option<Tamper>,
    fix: Option<Fix>,
    each: Option<Each>,
    wait_ms: Option<u64>,
}

impl TryFrom<StepForm> for Step {
    type Error = String;

    fn try_from(form: StepForm) -> Result<Self, String> {
        let acts = [
            form.run.map(Act::Run),
            form.resume.map(Act::Resume),
            form.respond.map(Act::Respond),
            form.edit.map(Act::Edit),
            form.change.map(Act::Change),
            form.tamper.map(Act::Tamper),
            form.fix.map(Act::Fix),
            form.each.map(Act::Each),
            form.wait_ms.map(Act::Wait),
        ];
        let mut acts = acts.into_iter().flatten();
        match (acts.next(), acts.next()) {
            (Some(Act::Wait(long)), None) if long > WAIT_MAX => Err(format!(
                "the step {:?} waits for {long} ms, of at most {WAIT_MAX}",
                form.name
            )),
            (Some(act), None) => Ok(Self {
                name: form.name,
                act,
            }),
            _ => Err(format!("the step {:?} has not exactly one act", form.name)),
        }
    }
}

/// One call of the orchestrator.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Verb {
    /// Which workflow; `a` unless several are run. Each has its own id and workspace.
    pub workflow: Option<String>,
    /// The id that is given instead of the workflow's own.
    pub id: Option<String>,
    /// Killed (SIGKILL, with its process group) when a script reaches this point.
    pub kill_at: Option<Point>,
    /// Held at this point while the steps of `meanwhile` are taken, then let go.
    pub hold_at: Option<Point>,
    /// What happens while it is held.
    pub meanwhile: Vec<Step>,
}

/// A point in the life of a program: `SCRIPT:MODE:begin` or `SCRIPT:MODE:end`, with `:N` behind it for
/// the N-th time within the step. MODE is `flight-plan`, `take-off`, `evaluate` or `probe`. `begin` is
/// before the program does anything, `end` after everything but its answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Point {
    /// The script.
    pub script: String,
    /// The mode.
    pub mode: String,
    /// True for `end`.
    pub at_end: bool,
    /// Counted from 1.
    pub number: usize,
}

impl TryFrom<String> for Point {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let modes = ["flight-plan", "take-off", "evaluate", "probe"];
        let (script, mode, at, number) = match parts.as_slice() {
            [script, mode, at] => (script, mode, at, Some(1)),
            [script, mode, at, number] => (script, mode, at, number.parse().ok()),
            _ => return Err(format!("{text:?} is no point SCRIPT:MODE:begin|end")),
        };
        match number {
            Some(number) if modes.contains(mode) && ["begin", "end"].contains(at) => Ok(Self {
                script: (*script).to_owned(),
                mode: (*mode).to_owned(),
                at_end: *at == "end",
                number,
            }),
            _ => Err(format!("{text:?} is no point SCRIPT:MODE:begin|end")),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at_end { "end" } else { "begin" };
        write!(f, "{}:{}:{at}", self.script, self.mode)?;
        if self.number > 1 {
            write!(f, ":{}", self.number)?;
        }
        Ok(())
    }
}

/// One approval response. The members of [`Verb`] belong to it as well.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Respond {
    /// As for a verb.
    pub workflow: Option<String>,
    /// As for a verb.
    pub id: Option<String>,
    /// As for a verb.
    pub kill_at: Option<Point>,
    /// As for a verb.
    pub hold_at: Option<Point>,
    /// As for a verb.
    pub meanwhile: Vec<Step>,
    /// Which request's id it carries: `pending` (default; the last one without an accepted response),
    /// `pending:ROLE`, `first`, `last`, `rebound` (the last one with another plan token), `cut` (the last
    /// one without its last character), `other-letters` (the last one in small letters for capitals and
    /// the other way round, or rebound if there are none), `of:WORKFLOW`
    /// (the pending one of another workflow), or any text after `literal:`.
    pub to: Option<String>,
    /// Members that replace or join `approved = true`, `approver = "ada"`, `timestamp = now`.
    pub set: toml::Table,
    /// Members that are left out.
    pub drop: Vec<String>,
    /// The document's text instead; `{approval_id}` and `{now}` are filled in.
    pub text: Option<String>,
    /// The very bytes of the response that this earlier step delivered.
    pub again: Option<String>,
}

/// Changes of workspace files.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Edit {
    /// Whose workspace; `a` unless several are run.
    pub workflow: Option<String>,
    /// Path to text that the file then holds.
    pub write: BTreeMap<String, String>,
    /// Paths that are removed.
    pub remove: Vec<String>,
    /// Path to permission bits; `.` is the workspace itself.
    pub mode: BTreeMap<String, u32>,
    /// Path to the target of a link that is made.
    pub link: BTreeMap<String, String>,
    /// Paths of empty folders that are made.
    pub folder: Vec<String>,
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

/// What is made impossible to write and to remove.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fix {
    /// Every file below the state directory; new ones can still be made.
    State,
    /// The temp directory of the engine that is held.
    Temp,
    /// Nothing any more.
    Nothing,
}

/// The same damage to one file after the other.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// What happens to a file.
    pub by: TamperAct,
    /// What is done after that; what is seen is called `EACH.N.STEP`.
    pub then: Vec<Step>,
}

/// How files are found. Links are not followed; locks (empty files) are no files in this sense.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TamperFile {
    /// Every regular file that holds this text; `{workflow_id}`, `{approval_id}` and
    /// `{plan_token}` are filled in.
    Holding(String),
    /// The smallest of them: what repeats a state, rather than what tells how it came about.
    SmallestHolding(String),
    /// Every regular file with the exact bytes of a planned artifact's file, `NAME/body.data`.
    Artifact(String),
    /// The n-th regular file in the order of paths, counted from 0.
    Number(usize),
    /// The n-th regular file in the order of sizes, largest first, counted from 0.
    Largest(usize),
    /// All of them.
    Everything(bool),
}

impl fmt::Display for TamperFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holding(text) | Self::SmallestHolding(text) => {
                write!(out, "file that holds the text {text}")
            }
            Self::Artifact(name) => write!(out, "file with the bytes of {name}"),
            Self::Number(_) | Self::Largest(_) | Self::Everything(_) => out.write_str("such file"),
        }
    }
}

/// What happens to a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TamperAct {
    /// Removed.
    Remove(bool),
    /// One bit is changed, that share into the file, in percent; within the found text, if there is one.
    Flip(u8),
    /// Cut to that share of its length, in percent.
    Cut(u8),
    /// That many bytes are cut off its end.
    CutBytes(u64),
    /// Its last line is cut off, whole.
    CutLine(bool),
    /// These bytes are appended.
    Append(String),
    /// The found text is replaced; without one, the whole file.
    Replace(String),
    /// A file of that name is made in the folder of each found file.
    Beside(String),
    /// Put back as it was at the end of that step.
    Restore(String),
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
    /// Post-execution governance of several steps: claimed where both are.
    ResultsOfSteps,
    /// The workflow file can ask for approval, whatever policies say (`approval.always`).
    ConfiguredApproval,
    /// Engines reach no network while they plan.
    OfflinePlanning,
    /// The adapter names the audit key.
    Signatures,
    /// The harness may mount: a read-only workspace.
    Mounts,
    /// The harness is not root: permission bits mean something.
    Unprivileged,
    /// The harness may mark files and directories as immutable.
    ImmutableFiles,
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

impl Check {
    /// The requirement ids, the id's own one first.
    pub fn requirement_ids(&self) -> Vec<&str> {
        crate::suite::requirement_ids(&self.id, &self.requirements)
    }
}

impl Act {
    /// The label of the workflow it is about.
    pub fn workflow(&self) -> &str {
        let label = match self {
            Self::Run(verb) | Self::Resume(verb) => verb.workflow.as_deref(),
            Self::Respond(respond) => respond.workflow.as_deref(),
            Self::Edit(edit) => edit.workflow.as_deref(),
            Self::Change(_) | Self::Tamper(_) | Self::Fix(_) | Self::Each(_) | Self::Wait(_) => {
                None
            }
        };
        label.unwrap_or("a")
    }

    /// The steps within it.
    pub fn inner(&self) -> &[Step] {
        match self {
            Self::Run(verb) | Self::Resume(verb) => &verb.meanwhile,
            Self::Respond(respond) => &respond.meanwhile,
            Self::Each(each) => &each.then,
            Self::Edit(_) | Self::Change(_) | Self::Tamper(_) | Self::Fix(_) | Self::Wait(_) => &[],
        }
    }
}

impl Respond {
    /// It as a call.
    pub(crate) fn verb(&self) -> Verb {
        Verb {
            workflow: self.workflow.clone(),
            id: self.id.clone(),
            kill_at: self.kill_at.clone(),
            hold_at: self.hold_at.clone(),
            meanwhile: self.meanwhile.clone(),
        }
    }
}

fn baseline() -> Vec<String> {
    vec!["check:CC-ORC-021/allowed-plan-completes".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_as_long_as_written_or_refused() {
        let step = |text: &str| toml::from_str::<Step>(text);
        let waits = step("name = 'late'\nwait-ms = 11600").unwrap().act;
        assert!(matches!(waits, Act::Wait(11_600)));
        assert!(step("name = 'late'\nwait-ms = 15001").is_err());
        assert!(step("name = 'late'\nwait-ms = 1\nrun = {}").is_err());
    }
}
