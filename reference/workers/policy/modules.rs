//! Compiled modules, and what they say about an input.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use cabincrew_governance::worker::{Bounded, Key, PolicyRequest, Reply};
use cabincrew_governance::{Failure, FailureKind};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use crate::brackets;

/// How many steps of evaluation pass between two looks at the clock.
const STEPS: NonZeroU32 = NonZeroU32::new(64).expect("64 is not zero");

/// What the worker holds. How many modules that may be, the other side watches.
pub(crate) struct Modules {
    compiled: BTreeMap<Key, Module>,
    input: Value,
}

impl Modules {
    pub(crate) const fn new() -> Self {
        Self {
            compiled: BTreeMap::new(),
            input: Value::Undefined,
        }
    }
}

struct Module {
    engine: Engine,
    query: String,
}

impl Bounded for Modules {
    type Body = PolicyRequest<Value>;

    fn answer(&mut self, body: Self::Body) -> Reply {
        let answer = match body {
            PolicyRequest::Load {
                key,
                name,
                source,
                query,
            } => Module::compile(name, source, query).map(|module| {
                self.compiled.insert(key, module);
                Reply::Ready
            }),
            PolicyRequest::Evaluate {
                key,
                timeout_ms,
                input,
            } => {
                if let Some(input) = input {
                    self.input = input;
                }
                self.evaluate(&key, Duration::from_millis(timeout_ms))
            }
        };
        answer.unwrap_or_else(Reply::from)
    }
}

impl Modules {
    fn evaluate(&mut self, key: &Key, timeout: Duration) -> Result<Reply, Failure> {
        let module = self
            .compiled
            .get_mut(key)
            .ok_or_else(|| Failure::new(FailureKind::Unavailable, "the module is not loaded"))?;
        module.evaluate(self.input.clone(), timeout)
    }
}

impl Module {
    fn compile(name: String, source: String, query: String) -> Result<Self, Failure> {
        if let Some(line) = brackets::too_deep(&source) {
            let depth = brackets::DEPTH_MAX;
            let detail = format!("{name}:{line}: brackets nested deeper than {depth}");
            return Err(Failure::new(FailureKind::Malformed, detail));
        }
        let malformed =
            |error: &dyn std::fmt::Display| Failure::new(FailureKind::Malformed, error.to_string());
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(true);
        forbid_chance(&mut engine).map_err(|error| malformed(&error))?;
        engine
            .add_policy(name, source)
            .map_err(|error| malformed(&error))?;
        // What analysis finds is known before the first input: unsafe variables, conflicts.
        engine
            .compile_with_entrypoint(&query.as_str().into())
            .map_err(|error| malformed(&error))?;
        Ok(Self { engine, query })
    }

    fn evaluate(&mut self, input: Value, timeout: Duration) -> Result<Reply, Failure> {
        // Earlier than the caller's patience ends, so that most policies that take too long are
        // stopped by an error and not by killing this process.
        self.engine
            .set_execution_timer_config(ExecutionTimerConfig {
                limit: timeout * 3 / 4,
                check_interval: STEPS,
            });
        self.engine.set_input(input);
        let value = self
            .engine
            .eval_rule(self.query.clone())
            .map_err(|error| failed(&error.to_string()))?;
        // Nothing of the input outlives the evaluation by accident of a cache.
        self.engine.set_input(Value::Undefined);
        if value == Value::Undefined {
            return Err(Failure::new(
                FailureKind::Undefined,
                "the rule has no value",
            ));
        }
        serde_json::to_value(&value)
            .map(Reply::Value)
            .map_err(|error| Failure::new(FailureKind::WrongShape, error.to_string()))
    }
}

/// Equal inputs give equal decisions (CC-PRE-022): a policy that throws a coin gets an error instead. The
/// clock and unique ids are not built in.
fn forbid_chance(engine: &mut Engine) -> Result<(), impl std::fmt::Display> {
    let refuse =
        |_| Err(std::io::Error::other("rand.intn: policies decide by their input alone").into());
    engine.add_extension("rand.intn".to_owned(), 2, Box::new(refuse))
}

fn failed(error: &str) -> Failure {
    if error.contains("execution exceeded time limit") {
        // Its text has a measured time in it, and equal evaluations give equal evidence.
        return Failure::new(FailureKind::TimedOut, "evaluation exceeded its time limit");
    }
    Failure::new(FailureKind::Evaluation, error)
}
