//! One run of an engine: what it is given, and whether what it answers is a good receipt
//! (CC-ORC-014, CC-ORC-015, CC-ORC-016).

use std::collections::BTreeMap;
use std::path::Path;

use cabincrew_protocol::audit::AuditEngine;
use cabincrew_protocol::engine::{
    EngineInput, EngineMeta, EngineOrchestrator, EngineOutput, Mode, Status,
};
use cabincrew_protocol::json::{self, Limits};
use cabincrew_protocol::rules;
use cabincrew_protocol::wire::AnyMap;
use serde_json::{Map, Value, json};

use super::misdirect::{
    RECEIPT_MEMBERS, complete, first_document, input_wrongly, made_up, stand_in,
};
use super::{Site, program, system};
use crate::cancel;
use crate::decide::Failure;
use crate::decide::events::engine as engine_block;
use crate::fact::Launch;
use crate::fault::{self, Fault};
use crate::launch::{End, Order, Run, kill_survivors};
use crate::record::Record;
use crate::redact::LENGTH_MIN;
use crate::workflow::Step;

/// Time between asking an engine to end and ending it.
const GRACE_MS: u64 = 2000;

/// The directories of a launch, all absolute.
pub(super) struct Place<'a> {
    pub(super) mode: Mode,
    pub(super) workspace: &'a Path,
    pub(super) run: &'a Path,
}

/// A good receipt, without secrets.
pub(super) struct Receipt {
    pub(super) output: EngineOutput,
}

impl Site {
    /// Runs the engine of the current step and judges its receipt.
    pub(super) fn run_engine(
        &self,
        record: &Record,
        launch: &Launch,
        place: &Place<'_>,
        state_artifacts: Option<Value>,
    ) -> Result<Receipt, Failure> {
        let step = record.step();
        let mode = launch.mode;
        let program = program::find(&step.engine, &record.created.base)?;
        if program.pins != launch.program {
            return Err(Failure::new(
                "the engine's program has changed since the run was announced",
            ));
        }
        let mut secrets = self.secrets(step)?;
        if fault::on(Fault::SecretsOfAllSteps) {
            for other in &record.created.workflow.steps {
                secrets.extend(self.secrets(other)?);
            }
        }
        let token = record
            .stage
            .sealed()
            .map(|sealed| sealed.token.token.clone());
        let mut expected = token.filter(|_| mode == Mode::TakeOff);
        if expected.is_some() && fault::on(Fault::FirstTokenReused) {
            let first = record.history.first().and_then(|step| step.token.as_ref());
            expected = first.map(|token| token.token.clone());
        }
        let mut input = input(record, launch, secrets, state_artifacts, expected.clone());
        input_wrongly(&mut input);
        let input = serde_json::to_vec(&input).expect("an input has only JSON members");
        let mut order = self.order(&program, step, place, input.len());
        self.order_wrongly(&mut order, step, mode);
        let run = match self
            .launcher
            .run(&order, &input, &|| cancel::is_asked(&self.home))
        {
            Ok(run) => run,
            Err(error) => {
                // The stage may have been killed by what it was to watch over.
                let killed = kill_survivors(place.run);
                let text = format!("engine not run to its end ({killed:?} survivors)");
                return Err(system(&text, &error));
            }
        };
        self.keep_log(record, launch, &run)?;
        if run.report.end == End::Cancelled
            && let Some(request) = cancel::asked(&self.home)
        {
            return Err(request.failure(record));
        }
        let judged = self.judge(record, launch, &run, expected.as_deref());
        judged.map(|output| Receipt { output })
    }

    /// The mapped secrets by the names that the engine sees (CC-SEC-001, DESIGN 8.13).
    pub(super) fn secrets(&self, step: &Step) -> Result<BTreeMap<String, String>, Failure> {
        let mut secrets = BTreeMap::new();
        for (name, secret) in &step.secrets {
            let value = self.environment.get(&secret.env);
            if value.is_none() && fault::on(Fault::UnsetSecretLeftOut) {
                continue;
            }
            let value = value.filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| {
                Failure::new(format!(
                    "the secret {name:?} is mapped to a variable that is not set"
                ))
            })?;
            if value.len() < LENGTH_MIN {
                return Err(Failure::new(format!(
                    "the secret {name:?} is too short to be kept out of logs"
                )));
            }
            secrets.insert(name.clone(), value.clone());
        }
        Ok(secrets)
    }

    fn order(
        &self,
        program: &program::Program,
        step: &Step,
        place: &Place<'_>,
        input_length: usize,
    ) -> Order {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let temp = place.run.join("temp");
        let mut args = program.args.clone();
        args.extend(["--mode".to_owned(), place.mode.as_str().to_owned()]);
        let env = [
            ("CABINCREW_WORKSPACE", text(place.workspace)),
            (
                "CABINCREW_ARTIFACTS_DIR",
                text(&place.run.join("artifacts")),
            ),
            ("CABINCREW_TEMP_DIR", text(&temp)),
            ("CABINCREW_MODE", place.mode.as_str().to_owned()),
            ("PATH", program::PATH.to_owned()),
        ];
        Order {
            program: program.path.clone(),
            args,
            env: env.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            confinement: self.confinement(step, place),
            cwd: temp,
            input_length: u64::try_from(input_length).expect("a length fits 64 bits"),
            timeout_ms: step.engine.timeout_ms,
            grace_ms: GRACE_MS,
        }
    }

    /// Keeps standard error, without secrets (CC-ORC-017, CC-TKO-019).
    fn keep_log(&self, record: &Record, launch: &Launch, run: &Run) -> Result<(), Failure> {
        let path = self
            .home
            .log(&record.step().step_id, launch.mode, launch.run_index);
        let mut text = self.redactor.text(&String::from_utf8_lossy(&run.stderr));
        if fault::on(Fault::LogNotRedacted) {
            text = String::from_utf8_lossy(&run.stderr).into_owned();
        }
        if launch.mode == Mode::TakeOff && fault::on(Fault::TakeOffLogThrownAway) {
            text.clear();
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        crate::store::make_private(folder).map_err(|error| system("no log", &error))?;
        std::fs::write(&path, text).map_err(|error| system("no log", &error))
    }

    fn judge(
        &self,
        record: &Record,
        launch: &Launch,
        run: &Run,
        expected_token: Option<&str>,
    ) -> Result<EngineOutput, Failure> {
        let mut read = self.read(&run.stdout);
        if fault::on(Fault::StandardErrorReadAsReceipt) {
            read = self.read(&[run.stdout.as_slice(), &run.stderr].concat());
        }
        let unread = launch.mode == Mode::TakeOff && read.is_err();
        if unread && fault::on(Fault::TakeOffReceiptNotRead) {
            read = stand_in(record).ok_or_else(|| "no plan".to_owned());
        }
        if !unread && read.is_err() && fault::on(Fault::UnreadReceiptMadeUp) {
            read = Ok(made_up(record, launch));
        }
        let block = match &read {
            Ok(output) => engine_block(output),
            Err(text) => AuditEngine {
                engine_id: None,
                receipt_id: None,
                status: None,
                error: Some(text.clone()),
            },
        };
        let fail = |error: String| Failure::of_engine(launch.mode, block.clone(), error);
        let ended = match run.report.end {
            End::NotConfined => {
                return Err(fail(
                    "the engine is not started, since it could not be confined as announced"
                        .to_owned(),
                ));
            }
            End::Exited(0) => None,
            End::Exited(_) if fault::on(Fault::ExitStatusIgnored) => None,
            End::Signaled(_) if fault::on(Fault::SignalIgnored) => None,
            End::TimedOut if fault::on(Fault::TimedOutReceiptAccepted) => None,
            End::Exited(code @ 1..=2) => Some(format!("exit status {code}")),
            End::Exited(code) => Some(format!("exit status {code}, which is reserved")),
            End::Signaled(signal) => Some(format!("signal {signal}")),
            End::TimedOut => Some("the time limit".to_owned()),
            End::Cancelled => Some("a request to cancel".to_owned()),
            End::Flooded => Some("more output than is allowed".to_owned()),
            End::NotStarted(code) => {
                let error = std::io::Error::from_raw_os_error(code);
                return Err(fail(format!("the engine cannot be started: {error}")));
            }
        };
        if let Some(ended) = ended {
            let why = read.as_ref().ok().and_then(|output| output.error.clone());
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            return Err(fail(format!("the engine ended by {ended}{why}")));
        }
        let output = read.map_err(|text| fail(format!("the receipt is not valid: {text}")))?;
        match refuse(record, launch, &output, expected_token) {
            Some(text) => Err(fail(format!("the receipt is not valid: {text}"))),
            None => Ok(output),
        }
    }

    /// The receipt as the schema has it, cleaned of secrets.
    fn read(&self, stdout: &[u8]) -> Result<EngineOutput, String> {
        let stdout = if fault::on(Fault::TextAfterReceiptPasses) {
            first_document(stdout)
        } else {
            stdout
        };
        let mut value = if fault::on(Fault::LastReceiptMemberCounts) {
            serde_json::from_slice(stdout).map_err(|error| error.to_string())?
        } else {
            json::parse(stdout, &Limits::RECEIPT).map_err(|error| error.to_string())?
        };
        if let Some(members) = value.as_object_mut()
            && fault::on(Fault::UnknownReceiptMembersPass)
        {
            members.retain(|name, _| RECEIPT_MEMBERS.contains(&name.as_str()));
        }
        complete(&mut value);
        if fault::on(Fault::ReceiptNotRedacted) {
            return serde_json::from_value(value).map_err(|error| error.to_string());
        }
        let value = self.redactor.value(&value);
        serde_json::from_value(value).map_err(|error| self.redactor.text(&error.to_string()))
    }
}

/// Why a receipt that fits the schema is not good for this launch (C-49, C-50, C-115).
fn refuse(
    record: &Record,
    launch: &Launch,
    output: &EngineOutput,
    expected_token: Option<&str>,
) -> Option<String> {
    if let Some(finding) = rules::error_iff_failure(output)
        && !fault::on(Fault::ErrorOnSuccessPasses)
    {
        return Some(finding.to_string());
    }
    if output.status == Status::Failure && !fault::on(Fault::FailureReceiptPasses) {
        let why = output.error.as_deref().unwrap_or_default();
        return Some(format!("status failure: {why}"));
    }
    if output.mode != launch.mode && !fault::on(Fault::ReceiptOfOtherModePasses) {
        return Some(format!(
            "mode {} in a run to {}",
            output.mode.as_str(),
            launch.mode.as_str()
        ));
    }
    if output.protocol_version != record.created.workflow.protocol_version
        && !fault::on(Fault::ReceiptOfOtherVersionPasses)
    {
        return Some(format!("protocol_version {:?}", output.protocol_version));
    }
    if record.receipt_ids.contains(&output.receipt_id)
        && !fault::on(Fault::ReceiptIdUsedTwicePasses)
    {
        return Some(format!(
            "receipt_id {:?} was used before",
            output.receipt_id
        ));
    }
    let sizes = output.artifacts.iter().flatten();
    let mut wrong = sizes.filter_map(|artifact| rules::size_whole(artifact.size.as_ref()?));
    if let Some(finding) = wrong.next()
        && !fault::on(Fault::FractionalSizePasses)
    {
        return Some(finding.to_string());
    }
    match launch.mode {
        Mode::FlightPlan if fault::on(Fault::OfferedTokenPasses) => None,
        Mode::FlightPlan if output.plan_token.is_some() => {
            Some("a plan_token from an engine that plans".to_owned())
        }
        Mode::FlightPlan if output.artifacts.is_none() => Some("no artifacts member".to_owned()),
        Mode::FlightPlan => None,
        Mode::TakeOff => {
            let planned = record
                .stage
                .sealed()
                .map(|sealed| &sealed.plan.receipt.engine_id);
            if planned != Some(&output.engine_id) && !fault::on(Fault::OtherEngineAppliesPlan) {
                return Some(format!("engine_id {:?} has not planned", output.engine_id));
            }
            let echoed = output.plan_token.as_deref();
            let empty = output.artifacts.as_ref().is_some_and(Vec::is_empty);
            if empty && fault::on(Fault::EmptyListRefusedInTakeOff) {
                return Some("no artifacts".to_owned());
            }
            let other = echoed.is_some() && echoed != expected_token;
            (other && !fault::on(Fault::OtherTokenInReceiptPasses))
                .then(|| "plan_token is not the expected one".to_owned())
        }
    }
}

/// What engines and evaluators are told about the workflow.
pub(super) fn context(record: &Record) -> AnyMap {
    let workflow = &record.created.workflow;
    let mut finished = record.steps_completed.len().min(record.step_index);
    if fault::on(Fault::ContextNotPassedOn) {
        finished = 0;
    }
    let steps: Vec<Value> = record.history[..finished.min(record.history.len())]
        .iter()
        .map(|step| {
            let made = step.plan.iter().chain(&step.result);
            let artifacts: Vec<Value> = made
                .map(|stored| {
                    json!({"name": stored.name, "role": stored.role, "hash": stored.descriptor()})
                })
                .collect();
            json!({"step_id": step.step_id, "artifacts": artifacts})
        })
        .collect();
    Map::from_iter([
        ("workflow".to_owned(), json!(workflow.workflow)),
        ("trigger".to_owned(), json!(workflow.trigger)),
        ("steps".to_owned(), json!(steps)),
    ])
}

fn input(
    record: &Record,
    launch: &Launch,
    secrets: BTreeMap<String, String>,
    state_artifacts: Option<Value>,
    expected_plan_token: Option<String>,
) -> EngineInput {
    let step = record.step();
    let mut context = context(record);
    if let Some(state_artifacts) = state_artifacts {
        context.insert("state_artifacts".to_owned(), state_artifacts);
    }
    let names: Vec<String> = secrets.keys().cloned().collect();
    let values = secrets
        .into_iter()
        .map(|(name, value)| (name, value.into()));
    EngineInput {
        protocol_version: record.created.workflow.protocol_version.clone(),
        mode: launch.mode,
        meta: EngineMeta {
            workflow_id: record.workflow_id().to_owned(),
            step_id: step.step_id.clone(),
        },
        config: Some(step.config.clone()),
        secrets: Some(values.collect()),
        allowed_secrets: Some(names),
        context: Some(context),
        identity_token: None,
        orchestrator: Some(EngineOrchestrator {
            run_index: Some(launch.run_index),
            workspace_hash: Some(launch.workspace_hash.to_string()),
            artifacts_salt: None,
        }),
        expected_plan_token,
    }
}
