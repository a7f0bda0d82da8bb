//! What a check of the orchestrator kit may expect. Closed: each kind is judged by one function.

use std::collections::BTreeMap;

use cabincrew_protocol::decision::{Decision, PolicySource};
use cabincrew_protocol::workflow::State;
use serde::Deserialize;

use super::rule::Rule;

/// One expectation, judged on every step that the check's `on` selects.
///
/// States are read from `export state`, launches from what the programs of the kit saw; the exit
/// status is the business of a rule of its own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Expect {
    /// A rule that holds on every step of every run.
    Always {
        /// Which rule.
        rule: Rule,
    },
    /// COMPLETED, with one take-off for each step of the workflow.
    Completed,
    /// No engine could write outside its directories.
    Confined,
    /// An engine tried to reach the network while it planned, and did not.
    Offline,
    /// Nothing of these documents changed since an earlier step of the same run.
    Kept {
        /// That step.
        since: String,
        /// Which documents.
        documents: Vec<Kept>,
    },
    /// An evaluation with this outcome stands in some audit event.
    Evaluation {
        /// The policy's id in the workflow.
        policy: String,
        /// What evaluated it.
        source: PolicySource,
        /// What it said.
        decision: Decision,
        /// Texts that stand in it, or beside it in what its event says of policies.
        #[serde(default)]
        mentions: Vec<String>,
    },
    /// An audit event of this type was written during the step, or, with `absent`, stands nowhere in
    /// the log.
    Event {
        /// Its type in our words; `*` is any.
        event: String,
        /// JSON pointer to the value that one and the same event must have there.
        #[serde(default)]
        with: BTreeMap<String, toml::Value>,
        /// None may be there.
        #[serde(default)]
        absent: bool,
    },
    /// That the plan was changed is audited during the step, with tokens that show what is said of them.
    MismatchTold,
    /// Events of these types stand in the log in this order; others may stand between.
    EventOrder {
        /// Their types in our words.
        events: Vec<String>,
    },
    /// FAILED. No take-off was launched in the run unless `took_off` says so.
    Failed {
        /// States that must not be in the path.
        #[serde(default)]
        never: Vec<State>,
        /// Whether a take-off may have been launched.
        #[serde(default)]
        took_off: bool,
    },
    /// A mark is found, or not found, in what the orchestrator keeps or prints.
    Found {
        /// The mark's name.
        mark: String,
        /// Beginning of the place, for example `state-dir:`; anywhere if empty.
        #[serde(default)]
        place: String,
        /// It must not be there.
        #[serde(default)]
        absent: bool,
    },
    /// An event of severity warning, error or critical with a message was written during the step.
    GraverEvent,
    /// FAILED, or an event that says that artifacts do not match; and what was planned is kept.
    IntegrityFinding,
    /// What engines were given on standard input.
    Input {
        /// Only launches in this mode.
        mode: String,
        /// JSON pointer to the value there.
        #[serde(default)]
        has: BTreeMap<String, toml::Value>,
        /// JSON pointers to what must not be there.
        #[serde(default)]
        lacks: Vec<String>,
    },
    /// Number of launches of one script in one mode.
    Launches {
        /// The script; any if left out.
        #[serde(default)]
        script: Option<String>,
        /// `flight-plan`, `take-off`, `evaluate`, `probe`.
        mode: String,
        /// How often exactly.
        count: usize,
        /// Fewer are fine too.
        #[serde(default)]
        at_most: bool,
        /// More are fine too.
        #[serde(default)]
        at_least: bool,
        /// Counted from the beginning of the run, not only during the step.
        #[serde(default)]
        in_run: bool,
    },
    /// Whatever went wrong permitted nothing: no take-off, and neither COMPLETED nor waiting.
    NotPermitted,
    /// No engine was launched, and no workflow went anywhere: an error, or FAILED.
    NotStarted,
    /// The state that is shown, while another call is held, is none of these. Where none can be
    /// exported meanwhile, it is not applicable.
    NotYet {
        /// States that are not reached yet.
        states: Vec<State>,
    },
    /// The states passed through, optional ones left out.
    Path {
        /// From the first to the last.
        states: Vec<State>,
    },
    /// The workspace could not be written in planning, or the change failed the workflow and did not
    /// reach the original.
    PlanningGuarded,
    /// What policies were given: the text of PreflightInput, with content decoded.
    PolicySaw {
        /// Only launches of this script.
        script: String,
        /// Only launches for this step; all of them if left out.
        #[serde(default)]
        step: Option<String>,
        /// JSON pointer to the value there.
        #[serde(default)]
        has: BTreeMap<String, toml::Value>,
        /// Texts that are in it.
        #[serde(default)]
        mentions: Vec<String>,
        /// Texts that are not in it.
        #[serde(default)]
        omits: Vec<String>,
    },
    /// The call was refused, exit status 2 or 4, and changed nothing.
    Refused,
    /// Every pending approval request.
    Request {
        /// JSON pointer to the part of it in which texts are looked for; the whole if left out.
        #[serde(default)]
        at: String,
        /// JSON pointer to the value there.
        #[serde(default)]
        has: BTreeMap<String, toml::Value>,
        /// Texts that are in it.
        #[serde(default)]
        mentions: Vec<String>,
        /// Texts that are not in it.
        #[serde(default)]
        omits: Vec<String>,
    },
    /// As another step ended (state and number of take-offs), or [`Expect::Stopped`]: never anything else.
    SameOrStopped {
        /// Where it goes on, write-ahead log and audit log begin as they did before the damage.
        #[serde(default)]
        keeps_logs: bool,
        /// That step, `DRILL:STEP` or `DRILL:CASE/STEP`.
        r#as: String,
    },
    /// The same states, decisions and evaluations as in another step.
    SameCourse {
        /// That step.
        r#as: String,
    },
    /// An evaluation of this model stands in the log, with a number in its evidence.
    ScoreRecorded {
        /// The policy's id in the workflow.
        policy: String,
    },
    /// Halted without a take-off in the step: FAILED, or exit status 4. Where state was damaged.
    Stopped {
        /// States that must not be in the path.
        #[serde(default)]
        never: Vec<State>,
    },
    /// Take-off happened with exactly the planned bytes, or not at all and the workflow failed.
    TakeOffAsPlanned,
    /// Nothing of what was planned is kept any more.
    StoreDeleted,
    /// The audit log tells of every take-off of the run.
    TakeOffsLogged,
    /// Not COMPLETED as long as a temp directory is left.
    TempGoneOrFailed,
    /// How the plan token compares with another step's.
    Token {
        /// That step.
        r#as: String,
        /// Which member; `token` if left out.
        #[serde(default)]
        member: Option<String>,
        /// Whether it is the same one.
        equal: bool,
    },
    /// `approval_context.triggered_policies` of every request are exactly these.
    TriggeredOnly {
        /// Their ids in the workflow.
        policies: Vec<String>,
    },
    /// A response that must not count: no take-off, FAILED or (unless `must_fail`) still
    /// AWAITING_APPROVAL.
    TurnedDown {
        /// It must have failed the workflow (C-23).
        #[serde(default)]
        must_fail: bool,
    },
    /// Nothing was launched; state, journal, token, requests and approvals are as before. The audit log may grow.
    Unchanged,
    /// AWAITING_APPROVAL with a request to answer, and no take-off.
    Waiting,
    /// The workspace afterwards.
    Workspace {
        /// Nothing in it changed during the step.
        #[serde(default)]
        unchanged: bool,
        /// Path to whole text.
        #[serde(default)]
        has: BTreeMap<String, String>,
        /// Paths at which nothing is.
        #[serde(default)]
        lacks: Vec<String>,
    },
}

impl Expect {
    /// The step that it compares with, as a selector of steps.
    pub fn twin(&self) -> Option<&str> {
        match self {
            Self::SameCourse { r#as }
            | Self::SameOrStopped { r#as, .. }
            | Self::Token { r#as, .. } => Some(r#as),
            _ => None,
        }
    }
}

/// What can be compared with an earlier step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// `approvals` of the state record.
    Approvals,
    /// `artifacts` of the state record.
    Artifacts,
    /// Every exported request.
    Requests,
    /// `current_state`.
    State,
    /// The plan token's document.
    Token,
    /// The write-ahead log as a whole.
    Wal,
}
