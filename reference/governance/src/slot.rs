//! One policy from its file to what can be evaluated.

use std::path::PathBuf;

use cabincrew_protocol::digest::Sha256Hex;
use serde_json::{Map, Value, json};

use crate::config::GovernorConfig;
use crate::failure::{Failure, FailureKind};
use crate::onnx::Model;
use crate::opa::Module;
use crate::policy::{Policy, PolicyKind};
use crate::source::{self, Program};
use crate::worker::{Client, REGORUS, TRACT};

/// A policy as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The policy.
    pub policy_id: String,
    /// Its file: the module, the model or the program itself; `None` for a program not found.
    pub path: Option<PathBuf>,
    /// SHA-256 of that file, if it could be read (CC-PRE-037, C-53).
    pub sha256: Option<Sha256Hex>,
    /// Why every evaluation of it will fail; `None` for a policy in order.
    pub failure: Option<Failure>,
}

/// A policy with what became of it.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) policy: Policy,
    pub(crate) loaded: Loaded,
    /// What is evaluated; absent exactly when loading failed.
    pub(crate) prepared: Option<Prepared>,
}

/// What an evaluator works on.
#[derive(Debug)]
pub(crate) enum Prepared {
    Opa(Module),
    Onnx(Model),
    Custom(Program),
}

/// The two workers.
pub(crate) struct Workers<'a> {
    pub(crate) policy: &'a mut Client,
    pub(crate) model: &'a mut Client,
}

impl Slot {
    /// Reads, pins and compiles a policy.
    pub(crate) fn load(
        policy: &Policy,
        config: &GovernorConfig,
        workers: &mut Workers<'_>,
    ) -> Self {
        let mut loaded = Loaded {
            policy_id: policy.id.clone(),
            path: None,
            sha256: None,
            failure: None,
        };
        let prepared = read(policy, config, &mut loaded)
            .and_then(|prepared| compile(policy, &prepared, workers).map(|()| prepared))
            .map_err(|failure| loaded.failure = Some(failure))
            .ok();
        Self {
            policy: policy.clone(),
            loaded,
            prepared,
        }
    }

    /// What is known before evaluation.
    pub(crate) fn evidence(&self) -> Map<String, Value> {
        let mut evidence = Map::new();
        if let Some(sha256) = &self.loaded.sha256 {
            evidence.insert("sha256".to_owned(), json!(sha256.as_str()));
        }
        match &self.policy.kind {
            PolicyKind::Opa { query, .. } => {
                evidence.insert("engine".to_owned(), REGORUS.describe());
                evidence.insert("query".to_owned(), json!(query));
            }
            PolicyKind::Onnx { thresholds, .. } => {
                evidence.insert("engine".to_owned(), TRACT.describe());
                evidence.insert("thresholds".to_owned(), json!(thresholds));
            }
            PolicyKind::Custom { command } => {
                evidence.insert("command".to_owned(), json!(command));
            }
        }
        evidence
    }
}

fn read(
    policy: &Policy,
    config: &GovernorConfig,
    loaded: &mut Loaded,
) -> Result<Prepared, Failure> {
    let GovernorConfig { cwd, limits, .. } = config;
    if let PolicyKind::Opa { path, .. } | PolicyKind::Onnx { path, .. } = &policy.kind {
        // Known even if the file cannot be read.
        loaded.path = Some(cwd.join(path));
    }
    let (prepared, digest) = match &policy.kind {
        PolicyKind::Opa { path, query } => {
            let module = Module::read(&cwd.join(path), query, limits)?;
            let digest = module.sha256().clone();
            (Prepared::Opa(module), digest)
        }
        PolicyKind::Onnx { path, .. } => {
            let model = Model::read(&cwd.join(path), limits)?;
            let digest = model.sha256().clone();
            (Prepared::Onnx(model), digest)
        }
        PolicyKind::Custom { command } => {
            let word = command.first().map_or("", String::as_str);
            let program = Program::find(word, cwd, &config.path)?;
            loaded.path = Some(program.path().to_owned());
            let digest = program.sha256().clone();
            (Prepared::Custom(program), digest)
        }
    };
    loaded.sha256 = Some(digest.clone());
    source::check_pin(policy.sha256.as_ref(), &digest)?;
    Ok(prepared)
}

fn compile(policy: &Policy, prepared: &Prepared, workers: &mut Workers<'_>) -> Result<(), Failure> {
    match prepared {
        Prepared::Opa(module) => module.compile(policy, workers.policy),
        Prepared::Onnx(_) if !cfg!(feature = "onnx") => Err(Failure::new(
            FailureKind::Unavailable,
            "this program is built without ONNX",
        )),
        Prepared::Onnx(model) => model.compile(policy, workers.model),
        Prepared::Custom(_) => Ok(()),
    }
}
