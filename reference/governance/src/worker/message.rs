//! What is said.

use cabincrew_protocol::digest::Sha256Hex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::confinement::Confinement;
use crate::failure::{Failure, FailureKind};
use crate::policy::Part;

/// Name of something that a worker has compiled: a digest of what it was compiled from.
pub type Key = Sha256Hex;

/// The largest input of a model, in bytes.
pub const WINDOW_MAX: usize = 64 * 1024;

/// One line to a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request<B> {
    /// Its number, from 1.
    pub seq: u64,
    /// Processor time for this request, in whole seconds.
    pub cpu_s: u64,
    /// What is asked.
    pub body: B,
}

/// What the Rego worker is asked. `I` is the input as a document.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum PolicyRequest<I> {
    /// To compile a module and keep it. Answered by `ready`.
    Load {
        /// What it is asked for by from now on.
        key: Key,
        /// The name in messages about the module.
        name: String,
        /// The module.
        source: String,
        /// The rule that will be asked for.
        query: String,
    },
    /// To evaluate. Answered by `value`.
    Evaluate {
        /// The module.
        key: Key,
        /// Wall time after which evaluation stops by itself.
        timeout_ms: u64,
        /// The input; that of the last request when absent.
        input: Option<I>,
    },
}

/// What the ONNX worker is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ModelRequest {
    /// To check and optimise a model and keep it. Answered by `ready`.
    Load {
        /// What it is asked for by from now on.
        key: Key,
        /// The file, in base64.
        model: String,
    },
    /// To score. Answered by `scored`.
    Score {
        /// The model.
        key: Key,
        /// What to score; at least one.
        pieces: Vec<Piece>,
    },
}

/// One stretch of content for a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// The artifact.
    pub artifact: String,
    /// The part of it.
    pub part: Part,
    /// Its bytes, in base64.
    pub bytes: String,
}

/// One line from a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The request's number.
    pub seq: u64,
    /// Whether the worker ends now.
    pub last: bool,
    /// The answer.
    pub reply: Reply,
}

/// What a worker answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Reply {
    /// It did not work out.
    Failed {
        /// What kind of failure it is.
        kind: FailureKind,
        /// The particulars.
        detail: String,
    },
    /// Started; the answer to request 0.
    Hello {
        /// Name and version of the engine, as in `regorus 0.14.1`.
        engine: String,
        /// What the worker cannot reach.
        confinement: Confinement,
    },
    /// Loaded.
    Ready,
    /// What a model makes of the pieces.
    Scored(Scored),
    /// What a rule yields.
    Value(Value),
}

/// The highest score and where it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scored {
    /// The score, in 0..=1.
    pub score: f64,
    /// The piece, from 0; the first one of several with this score.
    pub piece: usize,
    /// Where its window starts in the piece, in bytes.
    pub offset: usize,
    /// How many windows were scored.
    pub windows: u64,
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        Self::Failed {
            kind: failure.kind,
            detail: failure.detail,
        }
    }
}
