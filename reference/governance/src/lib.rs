//! Governance of plans: Rego policies, ONNX models and programs, each of which is given a
//! `PreflightInput` and answers with a `PreflightOutput`, or is a failed evaluation, which denies.
//!
//! ```text
//! Governor --load-----> read, pinned -> worker compiles it -> ready, or failed with a reason
//!          --evaluate-> PreflightInput + artifacts -> one Evaluation for each policy, in order
//! ```
//!
//! Nothing that a policy or a model brings along runs in the caller's process. Rego runs in
//! `cabincrew-policy-worker`, ONNX in `cabincrew-model-worker`, both kept warm, bounded in memory,
//! processor and wall time, killed when they exceed one of them and started again for the next
//! evaluation. Programs run in a process group of their own.
//!
//! [`worker`] is the other end: what the two worker binaries are made of.

mod artifact;
mod clock;
mod config;
mod custom;
mod evaluation;
mod failure;
mod governor;
mod onnx;
mod opa;
mod policy;
mod process;
mod slot;
mod source;
pub mod worker;

pub use artifact::{GovernedArtifact, shown};
pub use config::{GovernorConfig, Limits};
pub use evaluation::Evaluation;
pub use failure::{Failure, FailureKind};
pub use governor::{GovernanceError, Governor};
pub use policy::{LoadError, Part, Policy, PolicyKind, Thresholds};
pub use slot::Loaded;
pub use worker::Confinement;
