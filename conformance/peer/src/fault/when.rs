//! Which launches a deviation shows in.

use serde::Deserialize;

use crate::engine::{Ending, Mode, Outcome};

/// Which launches a deviation shows in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// All.
    #[default]
    Always,
    /// Those that end with the engine's own failure.
    OwnFailure,
    /// Those in mode flight-plan that end with the engine's own failure.
    PlanningOwnFailure,
    /// Those in mode flight-plan.
    Planning,
    /// Those that are refused.
    Refusal,
    /// Those that succeed.
    Success,
    /// Those in mode take-off.
    TakeOff,
    /// Those in mode take-off that end with the engine's own failure.
    TakeOffOwnFailure,
    /// Those in mode take-off that succeed.
    TakeOffSuccess,
}

impl When {
    pub(crate) fn fits(self, outcome: &Outcome) -> bool {
        let success = outcome.ending == Ending::Success;
        let own_failure = outcome.ending == Ending::OwnFailure;
        match self {
            Self::Always => true,
            Self::OwnFailure => own_failure,
            Self::PlanningOwnFailure => own_failure && outcome.mode == Mode::FlightPlan,
            Self::Planning => outcome.mode == Mode::FlightPlan,
            Self::Refusal => outcome.ending == Ending::Refusal,
            Self::Success => success,
            Self::TakeOff => outcome.mode == Mode::TakeOff,
            Self::TakeOffOwnFailure => own_failure && outcome.mode == Mode::TakeOff,
            Self::TakeOffSuccess => success && outcome.mode == Mode::TakeOff,
        }
    }
}
