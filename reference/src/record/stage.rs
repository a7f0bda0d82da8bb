//! Stages of the lifecycle. Each carries exactly the data that exists there.

use cabincrew_protocol::engine::EngineOutput;
use cabincrew_protocol::plan_token::PlanToken;
use cabincrew_protocol::workflow::State;

use crate::fact::{Collection, Launch, Stored};

/// A stage of the lifecycle with its data.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one per record, so a box would save nothing"
)]
pub enum Stage {
    /// Created.
    Init,
    /// The engine plans.
    Planning {
        /// The launch.
        launch: Launch,
    },
    /// A good receipt is there.
    Planned {
        /// The launch.
        launch: Launch,
        /// The receipt.
        receipt: EngineOutput,
        /// What it left.
        collection: Collection,
    },
    /// The artifacts are as they must be.
    Validated(Plan),
    /// The token is there.
    Sealed(Sealed),
    /// Governance is at work.
    Governing(Sealed),
    /// Governance allows.
    Permitted(Sealed),
    /// People are asked.
    Waiting(Sealed),
    /// People have agreed.
    Approved(Sealed),
    /// Every check has passed.
    Ready(Sealed),
    /// The engine applies the plan.
    Flying(Sealed, Launch),
    /// A good take-off receipt is there.
    Executed(Sealed, Execution),
    /// What was done has been looked at.
    Inspected(Sealed),
    /// The good end.
    Completed,
    /// Every other end.
    Failed {
        /// Why.
        error: String,
    },
}

/// A plan whose artifacts are stored and checked.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The launch that made it.
    pub launch: Launch,
    /// Its receipt.
    pub receipt: EngineOutput,
    /// Its artifacts in byte order of their names.
    pub artifacts: Vec<Stored>,
}

/// A plan and the token that binds it.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The plan.
    pub plan: Plan,
    /// The token.
    pub token: PlanToken,
}

/// What take-off gave.
#[derive(Debug, Clone)]
pub struct Execution {
    /// The receipt.
    pub receipt: EngineOutput,
    /// New artifacts, not yet checked.
    pub collection: Collection,
    /// Restored artifacts that were altered.
    pub altered: Vec<String>,
}

impl Stage {
    /// The state under its name in the protocol.
    #[must_use]
    pub const fn state(&self) -> State {
        match self {
            Self::Init => State::Init,
            Self::Planning { .. } => State::PlanRunning,
            Self::Planned { .. } => State::PlanGenerated,
            Self::Validated(_) => State::ArtifactsValidated,
            Self::Sealed(_) => State::TokenCreated,
            Self::Governing(_) => State::PreFlightRunning,
            Self::Permitted(_) => State::PreflightComplete,
            Self::Waiting(_) => State::AwaitingApproval,
            Self::Approved(_) => State::Approved,
            Self::Ready(_) => State::ReadyForTakeoff,
            Self::Flying(..) => State::TakeoffRunning,
            Self::Executed(..) | Self::Inspected(_) => State::ExecutionComplete,
            Self::Completed => State::Completed,
            Self::Failed { .. } => State::Failed,
        }
    }

    /// The plan and its token, from TOKEN_CREATED until the step ends.
    #[must_use]
    pub const fn sealed(&self) -> Option<&Sealed> {
        match self {
            Self::Sealed(sealed)
            | Self::Governing(sealed)
            | Self::Permitted(sealed)
            | Self::Waiting(sealed)
            | Self::Approved(sealed)
            | Self::Ready(sealed)
            | Self::Flying(sealed, _)
            | Self::Executed(sealed, _)
            | Self::Inspected(sealed) => Some(sealed),
            Self::Init
            | Self::Planning { .. }
            | Self::Planned { .. }
            | Self::Validated(_)
            | Self::Completed
            | Self::Failed { .. } => None,
        }
    }
}
