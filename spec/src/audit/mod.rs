//! The audit log, `cabincrew-audit/v1`: events, their vocabulary, the chain, signatures and
//! checkpoints; and with its keys, signed envelopes of other statements.

mod blocks;
mod chain;
mod checkpoint;
mod envelope;
mod event;
mod key;
pub mod log;
mod note;
mod signature;
pub mod vocabulary;

pub use blocks::{
    AuditApproval, AuditArtifact, AuditEngine, AuditGateway, AuditIntegrity, AuditPolicy,
    AuditWorkflow, PolicyEvaluation,
};
pub use chain::{ChainError, FORMAT, first_chain_hash, leaf_hash, verify_chain};
pub use checkpoint::{Checkpoint, CheckpointError, root};
pub use envelope::{Envelope, EnvelopeError, EnvelopeSignature, signed_bytes};
pub use event::{AuditEvent, NO_STATE, Severity};
pub use key::{KeyError, VerifierKey};
pub use note::{Note, NoteError, NoteSignature};
pub use signature::payload;
#[cfg(feature = "sign")]
pub use signature::{SignatureError, SigningKey};
