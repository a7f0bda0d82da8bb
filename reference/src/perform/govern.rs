//! Governance: which policies are active, and what they say.

use std::collections::BTreeSet;
use std::time::Duration;

use cabincrew_governance::{
    Evaluation, FailureKind, GovernedArtifact, Part, Policy as Governed, PolicyKind as Kind,
    Thresholds,
};
use cabincrew_protocol::artifact::Role;
use cabincrew_protocol::digest::Sha256Hex;
use cabincrew_protocol::engine::{EngineOutput, Mode};
use cabincrew_protocol::governance::{self, Governance, Pinned};
use cabincrew_protocol::preflight::PreflightInput;
use cabincrew_protocol::wire::AnyMap;
use serde_json::{Value, json};

use super::engine::context;
use super::misread::{misread, obey_planted_file, permitted, show_less};
use super::{Site, chain, program, system};
use crate::clock;
use crate::decide::events::is_governed;
use crate::decide::governed::evidence;
use crate::decide::{Failure, Outcome};
use crate::fact::{Evaluated, Stored};
use crate::fault::{self, Fault};
use crate::record::{Record, Sealed, Stage};
use crate::roster;
use crate::workflow::{Over, Policy, PolicyKind};

/// Longest log that is governed after take-off.
const LOG_MAX: usize = 1024 * 1024;

impl Site {
    /// A policy whose file is not there stops the workflow before any engine runs (CC-ORC-004).
    /// What is wrong inside a file is found by preflight, which denies.
    pub(super) fn check_policies(&mut self, record: &Record) -> Result<(), Failure> {
        let governance = &record.created.workflow.governance;
        let lists = [
            governance.policies.clone(),
            governance.post_execution.policies.clone(),
        ];
        for policies in lists {
            let governor = self.governor(record)?;
            load(governor, &policies)?;
            let missing = governor.loaded().find_map(|loaded| {
                let failure = loaded.failure.as_ref()?;
                let absent = matches!(failure.kind, FailureKind::Unreadable);
                absent.then(|| format!("the policy {:?}: {}", loaded.policy_id, failure.detail))
            });
            if let Some(text) = missing.filter(|_| !fault::on(Fault::MissingPolicyFileIgnored)) {
                return Err(Failure::new(text));
            }
        }
        Ok(())
    }

    pub(super) fn pin(&mut self, record: &Record) -> Result<Outcome, Failure> {
        let Stage::Validated(plan) = &record.stage else {
            return Err(Failure::new("there is no plan to bind"));
        };
        self.verify_plan(record, plan)?;
        let (policy_digest, governance_hash) = self.digests(record)?;
        Ok(Outcome::Pinned {
            policy_digest,
            governance_hash,
        })
    }

    /// The digests of what governs the current step, from the files as they are now (C-53).
    pub(super) fn digests(&self, record: &Record) -> Result<(Sha256Hex, Sha256Hex), Failure> {
        let workflow = &record.created.workflow;
        let rules = &workflow.governance;
        let mut all = Governance {
            config: record.step().config.clone(),
            context: settings(record),
            ..Governance::default()
        };
        let after = if fault::on(Fault::PoliciesForResultsNotBound) {
            &[]
        } else {
            rules.post_execution.policies.as_slice()
        };
        for policy in rules.policies.iter().chain(after) {
            if let Some(thresholds) = &policy.thresholds {
                all.thresholds.insert(policy.id.clone(), json!(thresholds));
            }
            let pinned = Pinned {
                path: named(policy).to_owned(),
                sha256: self.file_digest(record, policy),
            };
            if policy.kind == PolicyKind::Onnx {
                all.models.push(pinned);
            } else {
                all.policies.push(pinned);
            }
        }
        let hash = governance::governance_hash(&all);
        let hash = hash.map_err(|error| system("governance has no digest", &error))?;
        if fault::on(Fault::PolicyDigestConstant) {
            return Ok((cabincrew_protocol::digest::sha256(b"policies"), hash));
        }
        let every: Vec<Pinned> = all.policies.into_iter().chain(all.models).collect();
        Ok((governance::policy_digest(&every), hash))
    }

    /// A file that is gone has the digest of its absence, so it differs from every file.
    fn file_digest(&self, record: &Record, policy: &Policy) -> Sha256Hex {
        let name = named(policy);
        let path = if policy.kind == PolicyKind::Custom && !name.contains('/') {
            let mut folders = program::PATH.split(':');
            let found = folders.find_map(|folder| {
                let path = std::path::Path::new(folder).join(name);
                path.is_file().then_some(path)
            });
            found.unwrap_or_else(|| record.created.base.join(name))
        } else {
            record.created.base.join(name)
        };
        program::digest(&path).unwrap_or_else(|error| {
            cabincrew_protocol::digest::sha256(format!("absent: {}", error.kind()).as_bytes())
        })
    }

    /// The active policies are those that the token was minted under (CC-TOK-019, CC-PRE-037).
    pub(super) fn check_digests(&self, record: &Record, sealed: &Sealed) -> Result<(), Failure> {
        let (policies, all) = self.digests(record)?;
        let token = &sealed.token;
        let same = token.policy_digest.as_deref() == Some(policies.as_str())
            && token.governance_hash.as_deref() == Some(all.as_str());
        let unseen = fault::on(Fault::PolicyChangeNotNoticed)
            || fault::on(Fault::MilderPolicyReleases)
            || fault::on(Fault::ChangedPolicyNeverAsked)
            || (fault::is_first_run() && fault::on(Fault::PoliciesComparedOnRestartOnly))
            || (record.step_index > 0 && fault::on(Fault::PoliciesComparedInFirstStepOnly));
        if same || unseen {
            return Ok(());
        }
        Err(Failure::new(
            "policies, models or configuration have changed since the token was minted",
        )
        .told_as("error", cabincrew_protocol::audit::Severity::Critical))
    }

    pub(super) fn govern(&mut self, record: &Record) -> Result<Outcome, Failure> {
        let Stage::Governing(sealed) = &record.stage else {
            return Err(Failure::new("there is nothing to govern"));
        };
        self.verify(record, sealed)?;
        self.check_digests(record, sealed)?;
        let mut evaluations = self.evaluate_plan(record, sealed)?;
        obey_planted_file(self.home.folder(), &mut evaluations);
        let integrity = self.verify(record, sealed)?;
        self.check_digests(record, sealed)?;
        let mut nonce = clock::nonce().map_err(|error| system("no nonce", &error))?;
        if fault::on(Fault::ApprovalIdsRepeat) {
            nonce = "0".repeat(nonce.len());
        }
        let roster = record.created.workflow.approval.roster.as_ref();
        let roster = roster.map(|path| roster::load(&record.created.base.join(path)));
        Ok(Outcome::Governed {
            evaluations,
            nonce,
            roster_sha256: roster.and_then(Result::ok).map(|(_, digest)| digest),
            integrity,
        })
    }

    /// Evaluates all preflight policies over the stored plan.
    pub(super) fn evaluate_plan(
        &mut self,
        record: &Record,
        sealed: &Sealed,
    ) -> Result<Vec<Evaluated>, Failure> {
        let artifacts = self.read_all(record, &sealed.plan.artifacts, false)?;
        let mut input = preflight_input(record, &sealed.plan.receipt, &sealed.plan.artifacts);
        input.plan_token = Some(sealed.token.clone());
        let policies = record.created.workflow.governance.policies.clone();
        self.evaluate(record, &policies, &input, &artifacts)
    }

    /// Evaluates the policies for after take-off over what it gave (DESIGN 8.15).
    pub(super) fn evaluate_result(
        &mut self,
        record: &Record,
        receipt: &EngineOutput,
        artifacts: &[Stored],
    ) -> Result<Vec<Evaluated>, Failure> {
        let policies = record
            .created
            .workflow
            .governance
            .post_execution
            .policies
            .clone();
        if policies.is_empty() || fault::on(Fault::ResultNotGoverned) {
            return Ok(Vec::new());
        }
        let planned = record.current().map(|step| step.plan.as_slice());
        let artifacts = match planned {
            Some(planned) if fault::on(Fault::PlanGovernedAgain) => planned,
            _ => artifacts,
        };
        let mut governed = self.read_all(record, artifacts, true)?;
        let run_index = record.launches(Mode::TakeOff).saturating_sub(1);
        let log = self
            .home
            .log(&record.step().step_id, Mode::TakeOff, run_index);
        let mut body = std::fs::read(log).map_err(|error| system("the log is gone", &error))?;
        body.truncate(LOG_MAX);
        governed.push(GovernedArtifact {
            name: "stderr".to_owned(),
            role: Role::Log,
            artifact: json!({"artifact_type": "cabincrew.log", "action": "none", "mime": "text/plain"}),
            body: Some(body),
        });
        let planned = record.stage.sealed().map(|sealed| &sealed.plan.receipt);
        let receipt = planned
            .filter(|_| fault::on(Fault::PlanReceiptJudgedAgain))
            .unwrap_or(receipt);
        let mut input = preflight_input(record, receipt, artifacts);
        if !fault::on(Fault::ModeSaysFlightPlanAfterTakeOff) {
            input.mode = Mode::TakeOff;
        }
        self.evaluate(record, &policies, &input, &governed)
    }

    fn read_all(
        &self,
        record: &Record,
        artifacts: &[Stored],
        logs: bool,
    ) -> Result<Vec<GovernedArtifact>, Failure> {
        let store = self.store(record);
        let mut governed = Vec::new();
        for stored in artifacts
            .iter()
            .filter(|stored| logs || is_governed(&stored.role))
        {
            let read = store
                .read(stored)
                .map_err(|text| super::verify::missing(vec![text]))?;
            let artifact: Value = if fault::on(Fault::BrokenDescriptorPasses) {
                json!(stored.artifact)
            } else {
                serde_json::from_slice(&read.metadata)
                    .map_err(|error| system("artifact.json", &error))?
            };
            governed.push(GovernedArtifact {
                name: stored.name.clone(),
                role: stored.role.clone(),
                artifact,
                body: read.body,
            });
        }
        show_less(&mut governed);
        Ok(governed)
    }

    fn evaluate(
        &mut self,
        record: &Record,
        policies: &[Policy],
        input: &PreflightInput,
        artifacts: &[GovernedArtifact],
    ) -> Result<Vec<Evaluated>, Failure> {
        let redactor = self.redactor.clone();
        let governor = self.governor(record)?;
        load(governor, policies)?;
        let mut found = if fault::on(Fault::GovernanceBypassed) {
            Vec::new()
        } else {
            governor.evaluate(input, artifacts)
        };
        if fault::on(Fault::GovernanceBypassed) {
            found.extend(policies.iter().map(permitted));
        }
        misread(
            &mut found,
            record.created.workflow.governance.default_decision,
        );
        let at = clock::now();
        let phase = match input.mode {
            Mode::FlightPlan => "pre",
            Mode::TakeOff => "post",
        };
        let prefix = format!("{}-{phase}", record.step().step_id);
        let evaluated = found.into_iter().map(|evaluation| {
            let mut evaluated = record_of(evaluation, &prefix, &at);
            if fault::on(Fault::ReasonsNotRedacted) {
                return evaluated;
            }
            evaluated.reason = evaluated.reason.map(|reason| redactor.text(&reason));
            for remark in &mut evaluated.remarks {
                *remark = redactor.text(remark);
            }
            if let Value::Object(evidence) = redactor.value(&Value::Object(evaluated.evidence)) {
                evaluated.evidence = evidence;
            } else {
                evaluated.evidence = serde_json::Map::new();
            }
            evaluated
        });
        Ok(evaluated.collect())
    }
}

fn load(governor: &mut cabincrew_governance::Governor, policies: &[Policy]) -> Result<(), Failure> {
    let policies: Vec<Governed> = policies.iter().map(governed).collect();
    governor
        .load(&policies)
        .map_err(|error| Failure::new(format!("policies cannot be loaded: {}", chain(&error))))
}

/// The file of a policy, as the workflow file writes it.
fn named(policy: &Policy) -> &str {
    let command = policy.command.as_ref().and_then(|command| command.first());
    policy.path.as_ref().or(command).map_or("", String::as_str)
}

fn governed(policy: &Policy) -> Governed {
    let path = || policy.path.clone().unwrap_or_default().into();
    let kind = match policy.kind {
        PolicyKind::Opa => Kind::Opa {
            path: path(),
            query: policy.query.clone().unwrap_or_default(),
        },
        PolicyKind::Onnx => Kind::Onnx {
            path: path(),
            over: over(policy.over.as_deref()),
            thresholds: policy
                .thresholds
                .map_or_else(Thresholds::default, |given| Thresholds {
                    warn: given.warn,
                    require_approval: given.require_approval,
                    deny: given.deny,
                }),
        },
        PolicyKind::Custom => Kind::Custom {
            command: policy.command.clone().unwrap_or_default(),
        },
    };
    Governed {
        id: policy.id.clone(),
        kind,
        timeout: Duration::from_millis(policy.timeout_ms),
        sha256: policy.sha256.clone(),
    }
}

/// Content and metadata, unless the file says which.
fn over(given: Option<&[Over]>) -> BTreeSet<Part> {
    let given = given.unwrap_or(&[Over::Body, Over::Metadata]);
    given
        .iter()
        .map(|over| match over {
            Over::Body => Part::Body,
            Over::Metadata => Part::Metadata,
        })
        .collect()
}

/// What policies are told beside the plan: the workflow and their own settings.
fn settings(record: &Record) -> AnyMap {
    let mut context = context(record);
    if !fault::on(Fault::GovernanceContextNotShown) {
        context.extend(record.created.workflow.governance.context.clone());
    }
    context
}

fn preflight_input(
    record: &Record,
    receipt: &EngineOutput,
    artifacts: &[Stored],
) -> PreflightInput {
    let receipt = serde_json::to_value(receipt).expect("a receipt is JSON");
    let mut context = settings(record);
    if !fault::on(Fault::PoliciesDoNotSeeConfig) {
        let step = if fault::on(Fault::FirstConfigShown) {
            &record.created.workflow.steps[0]
        } else {
            record.step()
        };
        context.insert("config".to_owned(), json!(step.config));
    }
    PreflightInput {
        workflow_id: record.workflow_id().to_owned(),
        step_id: record.step().step_id.clone(),
        mode: Mode::FlightPlan,
        engine_output: match receipt {
            Value::Object(receipt) if !fault::on(Fault::PoliciesDoNotSeeReceipt) => receipt,
            _ => serde_json::Map::new(),
        },
        evidence: Some(evidence(artifacts)),
        context: Some(context),
        plan_token: None,
    }
}

fn record_of(evaluation: Evaluation, prefix: &str, at: &str) -> Evaluated {
    let output = evaluation.output;
    let requires = output.as_ref().and_then(|output| output.requires.clone());
    let lists = output.map(|output| [output.violations, output.warnings]);
    let remarks = lists.into_iter().flatten().flatten().flatten().collect();
    Evaluated {
        evaluation_id: format!("{prefix}-{}", evaluation.policy_id),
        source: evaluation.source,
        policy_id: evaluation.policy_id,
        decision: evaluation.decision,
        reason: evaluation.reason,
        remarks,
        role: requires.and_then(|requires| requires.role),
        evidence: evaluation.evidence,
        evaluated_at: at.to_owned(),
    }
}
