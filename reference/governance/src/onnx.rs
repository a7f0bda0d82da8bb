//! Models, from the caller's side (CC-PRE-003, CC-PRE-031, C-32).

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cabincrew_protocol::decision::Decision;
use cabincrew_protocol::digest::Sha256Hex;
use cabincrew_protocol::engine::Mode;
use cabincrew_protocol::preflight::{PreflightOutput, PreflightRequires};
use serde_json::{Map, Value, json};

use crate::artifact::{GovernedArtifact, governed};
use crate::config::Limits;
use crate::failure::{Failure, FailureKind};
use crate::policy::{Part, Policy, Thresholds};
use crate::source;
use crate::worker::{Client, ModelRequest, Piece, Reply, Scored};

/// A model that was read.
#[derive(Debug)]
pub(crate) struct Model {
    bytes: Vec<u8>,
    sha256: Sha256Hex,
}

impl Model {
    pub(crate) fn read(path: &Path, limits: &Limits) -> Result<Self, Failure> {
        let (bytes, sha256) = source::read(path, limits.model_bytes)?;
        Ok(Self { bytes, sha256 })
    }

    pub(crate) const fn sha256(&self) -> &Sha256Hex {
        &self.sha256
    }

    /// Has the worker check and optimise the model, unless it has already.
    pub(crate) fn compile(&self, policy: &Policy, worker: &mut Client) -> Result<(), Failure> {
        if worker.ready_for(&self.sha256)? {
            return Ok(());
        }
        let request = ModelRequest::Load {
            key: self.sha256.clone(),
            model: STANDARD.encode(&self.bytes),
        };
        match worker.ask(&request, policy.timeout)? {
            Reply::Ready => {
                worker.hold(self.sha256.clone());
                Ok(())
            }
            _ => Err(unexpected()),
        }
    }

    /// The highest score over all windows of `pieces`.
    pub(crate) fn score(
        &self,
        policy: &Policy,
        worker: &mut Client,
        pieces: Vec<Piece>,
    ) -> Result<Scored, Failure> {
        if pieces.is_empty() {
            let detail = "no artifact has a part that the model is applied to";
            return Err(Failure::new(FailureKind::NothingToEvaluate, detail));
        }
        self.compile(policy, worker)?;
        let count = pieces.len();
        let request = ModelRequest::Score {
            key: self.sha256.clone(),
            pieces,
        };
        match worker.ask(&request, policy.timeout)? {
            Reply::Scored(scored) if !(0.0..=1.0).contains(&scored.score) => Err(Failure::new(
                FailureKind::UnusableScore,
                "a score outside 0 to 1",
            )),
            Reply::Scored(scored) if scored.piece < count => Ok(scored),
            _ => Err(unexpected()),
        }
    }
}

/// What a model is given: the parts in question of every governed artifact (CC-PRE-007).
pub(crate) fn pieces(
    artifacts: &[GovernedArtifact],
    mode: Mode,
    over: impl IntoIterator<Item = Part> + Clone,
    bytes_max: usize,
) -> Result<Vec<Piece>, Failure> {
    let mut pieces = Vec::new();
    let mut total = 0_usize;
    for artifact in governed(artifacts, mode) {
        for part in over.clone() {
            let Some(bytes) = artifact.part(part)? else {
                continue;
            };
            total = total.saturating_add(bytes.len());
            if total > bytes_max {
                let detail = format!(
                    "content up to {} has {total} bytes where {bytes_max} can be scored",
                    artifact.name
                );
                return Err(Failure::new(FailureKind::Oversize, detail));
            }
            pieces.push(Piece {
                artifact: artifact.name.clone(),
                part,
                bytes: STANDARD.encode(bytes),
            });
        }
    }
    Ok(pieces)
}

/// The decision that a score makes, in the shape that all evaluators answer in.
pub(crate) fn answer(
    scored: &Scored,
    place: (&str, Part),
    thresholds: &Thresholds,
    evidence: &mut Map<String, Value>,
) -> PreflightOutput {
    let (artifact, part) = place;
    let (decision, threshold) = thresholds.decide(scored.score);
    evidence.insert("score".to_owned(), json!(scored.score));
    evidence.insert("windows".to_owned(), json!(scored.windows));
    evidence.insert("artifact".to_owned(), json!(artifact));
    evidence.insert("part".to_owned(), json!(part));
    evidence.insert("offset".to_owned(), json!(scored.offset));
    let said = threshold.map(|threshold| {
        format!(
            "score {} at byte {} of the {} of {artifact} reaches {threshold} for {decision}",
            scored.score,
            scored.offset,
            part.as_str(),
        )
    });
    let mut output = PreflightOutput {
        decision,
        violations: None,
        warnings: None,
        requires: None,
    };
    match decision {
        Decision::Allow => {}
        Decision::Warn => output.warnings = said.map(|said| vec![said]),
        Decision::RequireApproval => {
            output.requires = Some(PreflightRequires {
                role: None,
                reason: said,
            });
        }
        Decision::Deny => output.violations = said.map(|said| vec![said]),
    }
    output
}

fn unexpected() -> Failure {
    Failure::new(
        FailureKind::WrongShape,
        "the worker answered something else",
    )
}
