//! What a faulty program gives to engines and takes from them; the others give and take what is
//! right.

use cabincrew_protocol::engine::{EngineInput, EngineOutput, Mode, Status};
use serde_json::Value;

use super::Site;
use crate::fact::Launch;
use crate::fault::{self, Fault};
use crate::launch::Order;
use crate::record::Record;
use crate::workflow::Step;

/// The members of a receipt that the published schema knows.
pub(super) const RECEIPT_MEMBERS: [&str; 11] = [
    "artifacts",
    "diagnostics",
    "engine_id",
    "error",
    "metrics",
    "mode",
    "plan_token",
    "protocol_version",
    "receipt_id",
    "status",
    "warnings",
];

/// Changes an input; leaves it as it is.
pub(super) fn input_wrongly(input: &mut EngineInput) {
    let takes_off = input.mode == Mode::TakeOff;
    if takes_off && fault::on(Fault::OtherStepIdInTakeOff) {
        input.meta.step_id.push_str("-2");
    }
    if takes_off && fault::on(Fault::ConfigDroppedInTakeOff) {
        input.config = Some(serde_json::Map::new());
    }
    if takes_off && fault::on(Fault::TokenNotGivenToTakeOff) {
        input.expected_plan_token = None;
    }
    if takes_off && fault::on(Fault::ModeInInputStaysFlightPlan) {
        input.mode = Mode::FlightPlan;
    }
    if fault::on(Fault::InputWithoutContext) {
        input.context = None;
    }
    if fault::on(Fault::SecretsNotAllowedByName) {
        input.allowed_secrets = None;
    }
}

impl Site {
    /// Changes an order; leaves it as it is.
    pub(super) fn order_wrongly(&self, order: &mut Order, step: &Step, mode: Mode) {
        let takes_off = mode == Mode::TakeOff;
        for (name, value) in &mut order.env {
            if name == "CABINCREW_WORKSPACE" && fault::on(Fault::RelativeWorkspacePath) {
                *value = value.trim_start_matches('/').to_owned();
            }
            if name == "CABINCREW_MODE" && takes_off && fault::on(Fault::ModeVariableStays) {
                "flight-plan".clone_into(value);
            }
        }
        if fault::on(Fault::EnvironmentInherited) {
            let known = |name: &String| order.env.iter().any(|(given, _)| given == name);
            let mut ambient = self.environment.clone();
            ambient.retain(|name, _| !known(name));
            order.env.extend(ambient);
        }
        if fault::on(Fault::SecretsInEnvironment) {
            let values = self.secrets(step).unwrap_or_default();
            order.env.extend(values);
        }
        if !takes_off && fault::on(Fault::ModeGivenWithoutSwitch) {
            order.args.retain(|arg| arg != "--mode");
        }
        if takes_off && fault::on(Fault::TakeOffStartedAsFlightPlan) {
            order.args.pop();
            order.args.push("flight-plan".to_owned());
        }
        if fault::on(Fault::TimeLimitIgnored) {
            order.timeout_ms = order.timeout_ms.saturating_mul(100);
        }
    }
}

/// The first JSON document of an output, whatever follows it.
pub(super) fn first_document(stdout: &[u8]) -> &[u8] {
    let mut documents = serde_json::Deserializer::from_slice(stdout).into_iter::<Value>();
    match documents.next() {
        Some(Ok(_)) => stdout.get(..documents.byte_offset()).unwrap_or(stdout),
        Some(Err(_)) | None => stdout,
    }
}

/// Changes a receipt that was read; leaves it as it is.
pub(super) fn complete(receipt: &mut Value) {
    let Some(members) = receipt.as_object_mut() else {
        return;
    };
    if fault::on(Fault::NullsTakenForAbsent) {
        members.retain(|_, value| !value.is_null());
    }
    if fault::on(Fault::NumbersTakenForIds) {
        for (name, value) in members {
            if name.ends_with("_id") && value.is_number() {
                *value = Value::from(value.to_string());
            }
        }
    }
}

/// A receipt for a take-off whose own nobody reads.
pub(super) fn stand_in(record: &Record) -> Option<EngineOutput> {
    let sealed = record.stage.sealed()?;
    Some(EngineOutput {
        mode: Mode::TakeOff,
        receipt_id: format!("{}-take-off", sealed.plan.receipt.receipt_id),
        artifacts: None,
        ..sealed.plan.receipt.clone()
    })
}

/// A receipt for a plan whose own cannot be read.
pub(super) fn made_up(record: &Record, launch: &Launch) -> EngineOutput {
    EngineOutput {
        protocol_version: record.created.workflow.protocol_version.clone(),
        engine_id: "unknown".to_owned(),
        receipt_id: format!("run-{}", launch.run_index),
        mode: launch.mode,
        status: Status::Success,
        artifacts: Some(Vec::new()),
        error: None,
        diagnostics: None,
        metrics: None,
        plan_token: None,
        warnings: None,
    }
}
