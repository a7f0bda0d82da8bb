//! What was done to an orchestrator up to a step, and which states its workflow passed through: as much
//! as a reader needs to see how a red check came about.

use cabincrew_protocol::workflow::State;
use serde::{Deserialize, Serialize};

/// The run of a drill up to the step that a check is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// The states that the audit log tells after that step, in order, repetitions left out; empty when no
    /// log could be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<State>,
    /// What happened, step by step.
    pub steps: Vec<CourseStep>,
}

/// One step of the drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseStep {
    /// Its name in the drill.
    pub name: String,
    /// What happened in it, in order.
    pub moments: Vec<Moment>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// What kind of thing.
    pub kind: MomentKind,
    /// In a few words.
    pub text: String,
}

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MomentKind {
    /// A person was asked, or answered.
    Approval,
    /// The orchestrator was called.
    Call,
    /// The kit changed something, or let time go by.
    Change,
    /// The orchestrator ended.
    End,
    /// The orchestrator was kept waiting at a point.
    Hold,
    /// The orchestrator was killed at a point.
    Kill,
    /// The orchestrator started a program.
    Launch,
    /// The orchestrator was called again, to resume.
    Restart,
}

impl MomentKind {
    /// The word that readers see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Call => "call",
            Self::Change => "change",
            Self::End => "end",
            Self::Hold => "hold",
            Self::Kill => "kill",
            Self::Launch => "launch",
            Self::Restart => "restart",
        }
    }
}
