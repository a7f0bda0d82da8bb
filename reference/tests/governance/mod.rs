//! Governance as an orchestrator meets it: through `Governor`, with the real worker programs.

mod custom;
mod onnx;
mod opa;
mod policies;
mod secrets;
mod stage;
mod workers;
