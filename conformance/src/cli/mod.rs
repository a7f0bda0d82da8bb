//! The command line: one module for each subcommand, and what they share.

mod again;
mod arguments;
mod attestation;
mod call;
mod completions;
mod doctor;
mod edge;
mod editor_data;
mod engine;
mod error;
mod explain;
mod init;
mod judge;
mod list;
mod man;
mod merge;
mod orchestrator;
mod output;
mod probe;
mod progress;
mod record;
mod report;
mod run;
mod spec;
mod subject;
mod sweep;
mod traces;

pub use arguments::Cli;
pub use edge::Edge;
pub use error::CliError;
