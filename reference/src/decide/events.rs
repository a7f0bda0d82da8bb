//! Audit events in the words of the published vocabulary (C-40).

use cabincrew_protocol::artifact::Role;
use cabincrew_protocol::audit::{
    AuditApproval, AuditArtifact, AuditEngine, AuditEvent, AuditIntegrity, AuditPolicy,
    AuditWorkflow, PolicyEvaluation, Severity,
};
use cabincrew_protocol::decision::{AggregationMethod, Decision, PolicySource};
use cabincrew_protocol::engine::{EngineOutput, Mode, Status};
use cabincrew_protocol::plan_token::PlanToken;
use cabincrew_protocol::workflow::State;
use serde_json::Number;

use crate::fact::{Evaluated, Request, Response, Stored};
use crate::fault::{self, Fault};
use crate::record::Record;

/// Makes events of one workflow in one state.
#[derive(Debug, Clone)]
pub struct Teller {
    workflow_id: String,
    step_id: String,
    state: State,
}

impl Teller {
    /// Events in the workflow's present state.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self {
            workflow_id: record.workflow_id().to_owned(),
            step_id: record.step().step_id.clone(),
            state: record.state(),
        }
    }

    /// Events about a workflow of which only this is known.
    #[must_use]
    pub fn new(workflow_id: &str, step_id: &str, state: State) -> Self {
        Self {
            workflow_id: workflow_id.to_owned(),
            step_id: step_id.to_owned(),
            state,
        }
    }

    /// The same in another state.
    #[must_use]
    pub fn in_state(&self, state: State) -> Self {
        Self {
            state,
            ..self.clone()
        }
    }

    /// The same about another step.
    #[must_use]
    pub fn in_step(&self, step_id: &str) -> Self {
        Self {
            step_id: step_id.to_owned(),
            ..self.clone()
        }
    }

    /// An event with a sentence and nothing else.
    #[must_use]
    pub fn event(&self, event_type: &str, severity: Severity, message: &str) -> AuditEvent {
        AuditEvent {
            event_id: String::new(),
            timestamp: String::new(),
            event_type: event_type.to_owned(),
            workflow: Some(AuditWorkflow {
                workflow_id: Some(self.workflow_id.clone()),
                step_id: Some(self.step_id.clone()),
                mode: None,
            }),
            workflow_state: self.state.as_str().to_owned(),
            engine: None,
            plan_token: None,
            artifacts: None,
            policy: None,
            approval: None,
            integrity_check: None,
            gateway: None,
            signature: None,
            signature_key_ref: None,
            chain_hash: None,
            message: Some(message.to_owned()),
            severity: Some(severity),
        }
    }

    /// The move into this teller's state (CC-AUD-008).
    #[must_use]
    pub fn transition(&self, from: State) -> AuditEvent {
        let message = format!("{from} to {}", self.state);
        self.event("state_transition", Severity::Info, &message)
    }

    /// An event about an engine run.
    #[must_use]
    pub fn run(&self, event_type: &str, mode: Mode, message: &str) -> AuditEvent {
        let event = self.event(event_type, Severity::Info, message);
        with_mode(event, mode)
    }

    /// A good receipt (C-80).
    #[must_use]
    pub fn receipt(&self, receipt: &EngineOutput) -> AuditEvent {
        let message = format!("the engine {} has succeeded", receipt.engine_id);
        let mut event = self.run("engine_complete", receipt.mode, &message);
        event.engine = Some(engine(receipt));
        if receipt
            .warnings
            .as_ref()
            .is_some_and(|texts| !texts.is_empty())
        {
            event.severity = Some(Severity::Warning);
        }
        event
    }

    /// A run whose result is not used, for a reason that is told next.
    #[must_use]
    pub fn ended(&self, mode: Mode, engine: &AuditEngine) -> AuditEvent {
        let mut event = self.run("engine_complete", mode, "the engine has ended");
        event.engine = Some(engine.clone());
        event
    }

    /// Artifacts that have passed every check (CC-ART-013, CC-ART-020).
    #[must_use]
    pub fn artifacts(&self, mode: Mode, artifacts: &[Stored]) -> AuditEvent {
        let message = format!("{} artifacts are valid", artifacts.len());
        let mut event = self.run("artifact_validation", mode, &message);
        event.artifacts = Some(artifacts.iter().map(artifact).collect());
        event
    }

    /// The token (CC-TOK-013).
    #[must_use]
    pub fn minted(&self, token: &PlanToken) -> AuditEvent {
        let message = format!("plan token over {} artifacts", token.artifacts.len());
        let mut event = self.event("plan_token_created", Severity::Info, &message);
        event.plan_token = Some(token.clone());
        event
    }

    /// A comparison with the token that has held (CC-TKO-003).
    #[must_use]
    pub fn verified(&self, integrity: &AuditIntegrity, message: &str) -> AuditEvent {
        let mut event = self.event("plan_token_verified", Severity::Info, message);
        event.integrity_check = Some(integrity.clone());
        event
    }

    /// One evaluation (CC-PRE-024, CC-PRE-025).
    #[must_use]
    pub fn evaluation(&self, evaluated: &Evaluated) -> AuditEvent {
        let event_type = match evaluated.source {
            PolicySource::Onnx => "model_result",
            PolicySource::Custom
            | PolicySource::LlmGateway
            | PolicySource::McpGateway
            | PolicySource::Opa => "policy_result",
        };
        let (id, decision) = (&evaluated.policy_id, evaluated.decision);
        let message = format!("{}/{id} says {decision}", evaluated.source.as_str());
        let mut event = self.event(event_type, severity(decision), &message);
        event.policy = Some(self.policy(decision, std::slice::from_ref(evaluated)));
        event
    }

    /// The aggregate (CC-PRE-026).
    #[must_use]
    pub fn decision(&self, event_type: &str, evaluations: &[Evaluated]) -> AuditEvent {
        let decision = Decision::aggregate(evaluations.iter().map(|found| found.decision));
        let message = format!("{} evaluations together say {decision}", evaluations.len());
        let mut event = self.event(event_type, severity(decision), &message);
        event.policy = Some(self.policy(decision, evaluations));
        event
    }

    /// A request for approval (CC-APR-026, C-16, C-103).
    #[must_use]
    pub fn request(&self, request: &Request, triggers: &[Evaluated]) -> AuditEvent {
        let document = &request.request;
        let value = serde_json::to_value(document).expect("a request has only JSON members");
        let digest = cabincrew_protocol::digest::of_json(&value)
            .map_or_else(|_| "none".to_owned(), |digest| digest.to_string());
        let message = format!("approval asked for; request sha256 {digest}");
        let mut event = self.event("approval_request", Severity::Warning, &message);
        event.policy = Some(self.policy(Decision::RequireApproval, triggers));
        event.approval = Some(AuditApproval {
            approval_id: document.approval_id.clone(),
            required_role: document.required_role.clone(),
            approved: false,
            approver: String::new(),
            plan_token_hash: document.plan_token_hash.clone(),
            timestamp: request.requested_at.clone(),
            reason: Some(document.reason.clone()),
        });
        event
    }

    /// A valid answer (CC-APR-027).
    #[must_use]
    pub fn response(&self, response: &Response, request: &Request) -> AuditEvent {
        let word = if response.approved {
            "granted"
        } else {
            "refused"
        };
        let signed = response.signed_by.as_ref();
        let signed = signed.map_or_else(String::new, |key| format!(", signed with {key}"));
        let message = format!("approval {word} by {}{signed}", response.approver);
        let mut event = self.event("approval_response", Severity::Info, &message);
        event.approval = Some(AuditApproval {
            approval_id: response.approval_id.clone(),
            required_role: request.request.required_role.clone(),
            approved: response.approved,
            approver: response.approver.clone(),
            plan_token_hash: request.request.plan_token_hash.clone(),
            timestamp: response.timestamp.clone(),
            reason: response.reason.clone(),
        });
        event
    }

    fn policy(&self, decision: Decision, evaluations: &[Evaluated]) -> AuditPolicy {
        let remarks = |wanted: fn(Decision) -> bool| {
            let found: Vec<String> = evaluations
                .iter()
                .filter(|found| wanted(found.decision))
                .flat_map(|found| found.remarks.iter().cloned())
                .collect();
            (!found.is_empty()).then_some(found)
        };
        AuditPolicy {
            decision,
            policy_evaluations: Some(evaluations.iter().map(evaluation).collect()),
            aggregation_method: Some(AggregationMethod::MostRestrictive),
            workflow_state: self.state.as_str().to_owned(),
            violations: remarks(|decision| decision > Decision::Warn),
            warnings: remarks(|decision| decision <= Decision::Warn),
            engine: None,
        }
    }
}

/// The same event, about a run in that mode.
pub(super) fn with_mode(mut event: AuditEvent, mode: Mode) -> AuditEvent {
    if let Some(workflow) = event.workflow.as_mut() {
        workflow.mode = Some(mode.as_str().to_owned());
    }
    event
}

/// The engine block of a receipt.
#[must_use]
pub(crate) fn engine(receipt: &EngineOutput) -> AuditEngine {
    let status = match receipt.status {
        Status::Failure => "failure",
        Status::Success => "success",
    };
    AuditEngine {
        engine_id: Some(receipt.engine_id.clone()),
        receipt_id: Some(receipt.receipt_id.clone()),
        status: Some(status.to_owned()),
        error: receipt.error.clone(),
    }
}

fn artifact(stored: &Stored) -> AuditArtifact {
    AuditArtifact {
        name: Some(stored.name.clone()),
        role: Some(stored.role.clone()),
        path: None,
        hash: Some(stored.descriptor().to_string()),
        size: Some(Number::from(stored.hashed_file().size)),
    }
}

fn evaluation(evaluated: &Evaluated) -> PolicyEvaluation {
    let mut evidence = evaluated.evidence.clone();
    evidence.insert(
        "evaluation_id".to_owned(),
        evaluated.evaluation_id.clone().into(),
    );
    PolicyEvaluation {
        source: evaluated.source,
        policy_id: evaluated.policy_id.clone(),
        decision: evaluated.decision,
        severity: evaluated.decision.severity(),
        reason: evaluated.reason.clone(),
        evidence: Some(evidence),
        evaluated_at: evaluated.evaluated_at.clone(),
    }
}

const fn severity(decision: Decision) -> Severity {
    match decision {
        Decision::Allow => Severity::Info,
        Decision::Warn | Decision::RequireApproval => Severity::Warning,
        Decision::Deny => Severity::Critical,
    }
}

/// Whether governance looks at an artifact before take-off (CC-ART-018, C-66).
#[must_use]
pub(crate) fn is_governed(role: &Role) -> bool {
    !matches!(role, Role::Log) || fault::on(Fault::LogArtifactsGoverned)
}
