//! Rego policies, from the caller's side (CC-PRE-002, C-31).

use cabincrew_protocol::digest::{Sha256Hex, sha256};
use cabincrew_protocol::preflight::PreflightOutput;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::config::Limits;
use crate::failure::{Failure, FailureKind};
use crate::policy::Policy;
use crate::source;
use crate::worker::{Client, Key, PolicyRequest, Reply};

/// A module that was read.
#[derive(Debug)]
pub(crate) struct Module {
    key: Key,
    name: String,
    source: String,
    query: String,
    sha256: Sha256Hex,
}

impl Module {
    pub(crate) fn read(
        path: &std::path::Path,
        query: &str,
        limits: &Limits,
    ) -> Result<Self, Failure> {
        let (bytes, digest) = source::read(path, limits.policy_bytes)?;
        let source = String::from_utf8(bytes)
            .map_err(|_| Failure::new(FailureKind::Malformed, "the policy is not UTF-8"))?;
        let name = path.file_name().unwrap_or_default().display().to_string();
        let key = sha256(format!("{digest}\0{query}\0{name}").as_bytes());
        Ok(Self {
            key,
            name,
            source,
            query: query.to_owned(),
            sha256: digest,
        })
    }

    pub(crate) const fn sha256(&self) -> &Sha256Hex {
        &self.sha256
    }

    /// Has the worker compile the module, unless it has already.
    pub(crate) fn compile(&self, policy: &Policy, worker: &mut Client) -> Result<(), Failure> {
        if worker.ready_for(&self.key)? {
            return Ok(());
        }
        let request: PolicyRequest<&RawValue> = PolicyRequest::Load {
            key: self.key.clone(),
            name: self.name.clone(),
            source: self.source.clone(),
            query: self.query.clone(),
        };
        match worker.ask(&request, policy.timeout)? {
            Reply::Ready => {
                worker.hold(self.key.clone());
                Ok(())
            }
            reply => Err(unexpected(&reply)),
        }
    }

    /// What the rule says about `input`, which is that of round `round`.
    pub(crate) fn evaluate(
        &self,
        policy: &Policy,
        worker: &mut Client,
        (round, input): (u64, &RawValue),
        evidence: &mut Map<String, Value>,
    ) -> Result<PreflightOutput, Failure> {
        self.compile(policy, worker)?;
        let timeout_ms = u64::try_from(policy.timeout.as_millis()).unwrap_or(u64::MAX);
        let request = PolicyRequest::Evaluate {
            key: self.key.clone(),
            timeout_ms,
            input: (!worker.knows_input(round)).then_some(input),
        };
        let reply = worker.ask(&request, policy.timeout);
        // A worker that failed to answer is gone, and what it knew with it.
        worker.learn_input(round);
        match reply? {
            Reply::Value(value) => understand(value, evidence),
            reply => Err(unexpected(&reply)),
        }
    }
}

/// One `PreflightOutput`; `annotations` beside its members are evidence (C-31).
fn understand(value: Value, evidence: &mut Map<String, Value>) -> Result<PreflightOutput, Failure> {
    let wrong = |detail: &str| Failure::new(FailureKind::WrongShape, detail);
    let Value::Object(mut members) = value else {
        return Err(wrong("the result is not an object"));
    };
    if let Some(annotations) = members.remove("annotations") {
        evidence.insert("annotations".to_owned(), annotations);
    }
    serde_json::from_value(Value::Object(members)).map_err(|error| wrong(&error.to_string()))
}

fn unexpected(reply: &Reply) -> Failure {
    let what = match reply {
        Reply::Failed { .. } => "failed",
        Reply::Hello { .. } => "hello",
        Reply::Ready => "ready",
        Reply::Scored(_) => "scored",
        Reply::Value(_) => "value",
    };
    Failure::new(
        FailureKind::WrongShape,
        format!("the worker answered {what}"),
    )
}
