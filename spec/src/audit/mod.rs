//! The audit log, `cabincrew-audit/v1`: events, their vocabulary, the chain, signatures and
//! checkpoints.

mod event;

pub use event::{
    AuditApproval, AuditArtifact, AuditEngine, AuditEvent, AuditGateway, AuditIntegrity,
    AuditPolicy, AuditWorkflow, NO_STATE, PolicyEvaluation, Severity,
};
