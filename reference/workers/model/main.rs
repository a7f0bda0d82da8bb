//! Scores content with ONNX models for the orchestrator, request by request, in a process that may
//! be killed at any time. Not meant to be started by hand.

mod gate;
mod models;
mod window;

use std::process::ExitCode;

use cabincrew_governance::worker::{TRACT, serve};

fn main() -> ExitCode {
    serve(&mut models::Models::default(), &TRACT)
}
