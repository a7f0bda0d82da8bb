//! Governance as an orchestrator meets it: through `Governor`, with the real worker binaries.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its stage fails right there"
)]

mod custom;
mod onnx;
mod opa;
mod policies;
mod secrets;
mod stage;
mod workers;
