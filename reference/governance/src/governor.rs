//! Loads policies and evaluates them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cabincrew_protocol::decision::PolicySource;
use cabincrew_protocol::preflight::{PreflightInput, PreflightOutput};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::artifact::{self, GovernedArtifact};
use crate::config::GovernorConfig;
use crate::custom;
use crate::evaluation::Evaluation;
use crate::failure::{Failure, FailureKind};
use crate::onnx;
use crate::policy::{self, LoadError, Policy, PolicyKind};
use crate::slot::{Loaded, Prepared, Slot, Workers};
use crate::worker::{Client, Confinement, REGORUS, Setup, TRACT};

/// Why governance cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GovernanceError {
    /// Relative paths of policies have nowhere to start.
    #[error("{} is not a directory", path.display())]
    NoDirectory {
        /// The configured directory.
        path: PathBuf,
    },
}

/// Evaluates policies. It owns one worker of each kind, started when a policy first needs it, and
/// waits for the processes it starts by their own ids; a caller that reaps children of any id
/// (`waitpid(-1)`) takes their ends away from it.
#[derive(Debug)]
pub struct Governor {
    config: GovernorConfig,
    slots: Vec<Slot>,
    policy_worker: Client,
    model_worker: Client,
    round: u64,
}

/// The input in the forms that evaluators take, made when the first of them asks.
struct Round<'a> {
    number: u64,
    input: &'a PreflightInput,
    artifacts: &'a [GovernedArtifact],
    shown: Option<Result<Box<RawValue>, Failure>>,
}

impl Governor {
    /// Starts governing. No process is started before a policy needs one.
    ///
    /// # Errors
    /// When [`GovernorConfig::cwd`] is not a directory.
    pub fn start(config: &GovernorConfig) -> Result<Self, GovernanceError> {
        if !config.cwd.is_dir() {
            return Err(GovernanceError::NoDirectory {
                path: config.cwd.clone(),
            });
        }
        let limits = &config.limits;
        let client = |program: &Path, engine, memory| {
            Client::new(Setup {
                program: program.to_owned(),
                engine,
                memory,
                answer_max: limits.answer_bytes,
                requests_max: limits.worker_requests,
            })
        };
        Ok(Self {
            policy_worker: client(&config.policy_worker, &REGORUS, limits.policy_memory),
            model_worker: client(&config.model_worker, &TRACT, limits.model_memory),
            config: config.clone(),
            slots: Vec::new(),
            round: 0,
        })
    }

    /// Reads, pins and compiles `policies`, which replace those loaded before. They are evaluated
    /// in a fixed sequence: Rego, models, programs, each in the order given (CC-PRE-035).
    ///
    /// What is wrong with a file is no error here: that policy denies in every evaluation
    /// (CC-PRE-019, CC-PRE-020), and [`Governor::loaded`] tells it beforehand.
    ///
    /// # Errors
    /// When the list itself is wrong; what was loaded before then stays.
    pub fn load(&mut self, policies: &[Policy]) -> Result<(), LoadError> {
        policy::check(policies)?;
        let mut sequence: Vec<&Policy> = policies.iter().collect();
        sequence.sort_by_key(|policy| match policy.kind {
            PolicyKind::Opa { .. } => 0,
            PolicyKind::Onnx { .. } => 1,
            PolicyKind::Custom { .. } => 2,
        });
        let mut workers = Workers {
            policy: &mut self.policy_worker,
            model: &mut self.model_worker,
        };
        self.slots = sequence
            .into_iter()
            .map(|policy| Slot::load(policy, &self.config, &mut workers))
            .collect();
        Ok(())
    }

    /// What was loaded, in the sequence of evaluation.
    pub fn loaded(&self) -> impl Iterator<Item = &Loaded> {
        self.slots.iter().map(|slot| &slot.loaded)
    }

    /// What the workers that run now cannot reach (CC-PRE-036); nothing of a kind that has not been
    /// needed yet.
    #[must_use]
    pub fn confinement(&self) -> BTreeMap<PolicySource, Confinement> {
        let policy = (PolicySource::Opa, self.policy_worker.confinement());
        let model = (PolicySource::Onnx, self.model_worker.confinement());
        [policy, model]
            .into_iter()
            .filter_map(|(source, confinement)| Some((source, confinement?)))
            .collect()
    }

    /// Evaluates every loaded policy, however the others decide (C-56). `input` is completed with
    /// `context.artifacts` (see [`shown`](crate::shown)). Without policies the result is empty:
    /// what that means is the caller's to say (C-09).
    pub fn evaluate(
        &mut self,
        input: &PreflightInput,
        artifacts: &[GovernedArtifact],
    ) -> Vec<Evaluation> {
        self.round += 1;
        let mut round = Round {
            number: self.round,
            input,
            artifacts,
            shown: None,
        };
        // Taken out, so that slots and workers can be borrowed apart from each other.
        let slots = std::mem::take(&mut self.slots);
        let evaluations = slots
            .iter()
            .map(|slot| {
                let mut evidence = slot.evidence();
                match self.apply(slot, &mut round, &mut evidence) {
                    Ok(output) => Evaluation::answered(&slot.policy, output, evidence),
                    Err(failure) => Evaluation::failed(&slot.policy, &failure, evidence),
                }
            })
            .collect();
        self.slots = slots;
        evaluations
    }

    fn apply(
        &mut self,
        slot: &Slot,
        round: &mut Round<'_>,
        evidence: &mut Map<String, Value>,
    ) -> Result<PreflightOutput, Failure> {
        let Slot {
            policy,
            loaded,
            prepared,
        } = slot;
        let Some(prepared) = prepared else {
            let failure = loaded.failure.clone();
            return Err(failure.unwrap_or_else(|| {
                Failure::new(FailureKind::Unavailable, "the policy is not loaded")
            }));
        };
        let bytes_max = self.config.limits.content_bytes;
        match (prepared, &policy.kind) {
            (Prepared::Opa(module), _) => {
                let input = (round.number, round.shown(bytes_max)?);
                module.evaluate(policy, &mut self.policy_worker, input, evidence)
            }
            (
                Prepared::Onnx(model),
                PolicyKind::Onnx {
                    over, thresholds, ..
                },
            ) => {
                let over = over.iter().copied();
                let pieces = onnx::pieces(round.artifacts, round.input.mode, over, bytes_max)?;
                let places: Vec<_> = pieces
                    .iter()
                    .map(|piece| (piece.artifact.clone(), piece.part))
                    .collect();
                let scored = model.score(policy, &mut self.model_worker, pieces)?;
                let (artifact, part) = &places[scored.piece];
                Ok(onnx::answer(
                    &scored,
                    (artifact, *part),
                    thresholds,
                    evidence,
                ))
            }
            (Prepared::Custom(program), PolicyKind::Custom { command }) => {
                let input = round.shown(bytes_max)?.get().as_bytes();
                let args = command.get(1..).unwrap_or_default();
                custom::evaluate(policy, (program, args), &self.config, input, evidence)
            }
            (Prepared::Onnx(_) | Prepared::Custom(_), _) => Err(Failure::new(
                FailureKind::Unavailable,
                "the policy was loaded as another kind",
            )),
        }
    }
}

impl Round<'_> {
    /// The input with the artifacts, serialized once for all policies of the round.
    fn shown(&mut self, bytes_max: usize) -> Result<&RawValue, Failure> {
        let Self {
            input, artifacts, ..
        } = *self;
        let shown = self.shown.get_or_insert_with(|| {
            artifact::check_size(artifacts, input.mode, bytes_max)?;
            serde_json::value::to_raw_value(&artifact::shown(input, artifacts))
                .map_err(|error| Failure::new(FailureKind::Malformed, error.to_string()))
        });
        match shown {
            Ok(shown) => Ok(shown),
            Err(failure) => Err(failure.clone()),
        }
    }
}
