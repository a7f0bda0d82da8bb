//! Why a workflow ends in FAILED, with what the audit log has to say about it (CC-ORC-028).

use cabincrew_protocol::audit::{AuditEngine, AuditIntegrity, Severity};
use cabincrew_protocol::engine::Mode;

use crate::fact::{Evaluated, Response};

/// An error that ends a workflow.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What is wrong, in words; without secrets.
    pub error: String,
    /// Type of the audit event that tells it.
    pub event_type: &'static str,
    /// How urgent that event is.
    pub severity: Severity,
    /// Mode of the engine run that failed.
    pub mode: Option<Mode>,
    /// What the engine reported.
    pub engine: Option<Box<AuditEngine>>,
    /// The run before it, and what its engine reported.
    pub run: Option<Box<(Mode, AuditEngine)>>,
    /// The comparison that failed.
    pub integrity: Option<Box<AuditIntegrity>>,
    /// Evaluations made before it.
    pub evaluations: Vec<Evaluated>,
    /// The refusal.
    pub response: Option<Box<Response>>,
    /// An answer that arrived and found the plan changed.
    pub unused_answer: Option<Box<str>>,
}

impl Failure {
    /// Something that went wrong.
    #[must_use]
    pub fn new(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            event_type: "error",
            severity: Severity::Error,
            mode: None,
            engine: None,
            run: None,
            integrity: None,
            evaluations: Vec::new(),
            response: None,
            unused_answer: None,
        }
    }

    /// The same with another audit event.
    #[must_use]
    pub const fn told_as(mut self, event_type: &'static str, severity: Severity) -> Self {
        self.event_type = event_type;
        self.severity = severity;
        self
    }

    /// A failed run of an engine.
    #[must_use]
    pub fn of_engine(mode: Mode, engine: AuditEngine, error: impl Into<String>) -> Self {
        let mut failure = Self::new(error).told_as("engine_complete", Severity::Error);
        failure.mode = Some(mode);
        failure.engine = Some(Box::new(engine));
        failure
    }

    /// The same after a run that came to its end, which is told before it (CC-ORC-018).
    #[must_use]
    pub fn after_run(mut self, mode: Mode, engine: Option<AuditEngine>) -> Self {
        self.run = engine.map(|engine| Box::new((mode, engine)));
        self
    }

    /// Digests that are not what they must be (C-61).
    #[must_use]
    pub fn mismatch(error: impl Into<String>, integrity: AuditIntegrity) -> Self {
        let mut failure = Self::new(error).told_as("plan_token_verified", Severity::Critical);
        failure.integrity = Some(Box::new(integrity));
        failure
    }

    /// Artifacts that are not as they must be.
    #[must_use]
    pub fn artifacts(defects: &[String]) -> Self {
        let error = format!("invalid artifacts: {}", defects.join("; "));
        Self::new(error).told_as("artifact_validation", Severity::Error)
    }

    /// A take-off that was cut short (C-07).
    #[must_use]
    pub fn outcome_unknown() -> Self {
        Self::new("take-off was cut short and its outcome is unknown")
            .told_as("takeoff_outcome_unknown", Severity::Critical)
    }
}
