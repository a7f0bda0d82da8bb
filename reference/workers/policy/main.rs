//! Evaluates Rego policies for the orchestrator, request by request, in a process that may be
//! killed at any time. Not meant to be started by hand.

mod brackets;
mod modules;

use std::process::ExitCode;

use cabincrew_governance::worker::{REGORUS, serve};

fn main() -> ExitCode {
    serve(&mut modules::Modules::new(), &REGORUS)
}
