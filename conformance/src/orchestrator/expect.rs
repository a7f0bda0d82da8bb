//! What a check of the orchestrator kit may expect. Closed: each kind is judged by one function.

use std::collections::BTreeMap;

use cabincrew_protocol::workflow::State;
use serde::Deserialize;

/// One expectation, judged on every step that the check's `on` selects.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Expect {
    /// COMPLETED: exit status 0, exported state, one take-off for each step of the workflow.
    Completed,
    /// FAILED: exit status 1, exported state, an error event and a closing failure event, and none of
    /// these states ever reached; no take-off was launched unless `took_off` says so.
    Failed {
        /// States that must not be in the path.
        #[serde(default)]
        never: Vec<State>,
        /// Whether a take-off may have been launched.
        #[serde(default)]
        took_off: bool,
    },
    /// AWAITING_APPROVAL: exit status 3, exported state, a pending request, no take-off.
    Waiting,
    /// The call was refused and changed nothing: exit status 2 or 4, nothing launched, exports as before.
    Refused,
    /// Halted: FAILED, or exit status 4 with nothing launched. Used where state was damaged.
    Stopped,
    /// The same outcome as without the damage, or halted; never anything else.
    SameOrStopped,
    /// The states passed through, optional ones left out.
    Path {
        /// From the first to the last.
        states: Vec<State>,
    },
    /// A rule on every exported document or record, on every selected step.
    Always {
        /// Which rule.
        rule: Rule,
    },
    /// Number of launches of one script in one mode during the step.
    Launches {
        /// The script.
        script: String,
        /// `flight-plan`, `take-off`, `evaluate`.
        mode: String,
        /// How often exactly.
        count: usize,
    },
    /// An audit event of this type was written during the step.
    Event {
        /// Its type in our words.
        event: String,
        /// JSON pointer to the value it must have there.
        #[serde(default)]
        with: BTreeMap<String, toml::Value>,
    },
}

/// A rule that holds in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// `export state` validates.
    StateValid,
    /// Every WAL entry validates and its data fits its type.
    WalValid,
    /// Every audit event validates.
    AuditValid,
}
