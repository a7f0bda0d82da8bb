//! What every command that drives an orchestrator takes: the orchestrator, and how it is called.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::edge::Edge;
use super::error::CliError;
use super::subject;
use crate::drive::engine::Subject;
use crate::orchestrator::adapter::OrchestratorAdapter;
use crate::orchestrator::drive::Options;

/// The seed that is not worth being named in a command that repeats something.
const USUAL_SEED: u64 = 1;

/// The orchestrator and how it is called.
#[derive(Debug, clap::Args)]
pub(crate) struct CallArgs {
    /// How many runs at the same time [default: two for each processor]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
    /// The seed of everything that is made up, such as ids, secrets and samples
    #[arg(long, value_name = "N", default_value_t = USUAL_SEED)]
    pub(crate) seed: u64,
    /// The limit of one call in seconds [default: the adapter's, else 30]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: Option<u64>,
    /// The orchestrator and its own leading arguments; options of this command come before it
    #[arg(
        value_name = "BIN",
        required = true,
        num_args = 1..,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) command: Vec<OsString>,
}

impl CallArgs {
    /// The program that is meant.
    ///
    /// # Errors
    /// When there is no such program, or what stands for it is an option of this command.
    pub(crate) fn subject(&self, edge: &Edge) -> Result<Subject, CliError> {
        subject::refuse_options(&self.command)?;
        Ok(Subject::resolve(&self.command, &edge.path)?)
    }

    /// How it is driven; `keep` is where the directories of the runs are left.
    pub(crate) fn options(
        &self,
        adapter: &OrchestratorAdapter,
        keep: Option<PathBuf>,
        edge: &Edge,
    ) -> Options {
        let given = self.timeout.map(Duration::from_secs);
        Options {
            jobs: self.jobs,
            timeout: given.unwrap_or_else(|| adapter.timeout()),
            seed: self.seed,
            keep,
            path: edge.path.clone(),
            program: edge.program.clone(),
        }
    }

    /// The words of a command that calls it again: those before the options of a repetition, and the
    /// orchestrator, which comes after them. `options` are those of the command itself.
    pub(crate) fn again(
        &self,
        (program, verb): (&str, &str),
        options: &[(&str, Option<String>)],
        written: &dyn Fn(&Path) -> String,
    ) -> (Vec<String>, Vec<String>) {
        let seed = (self.seed != USUAL_SEED).then(|| self.seed.to_string());
        let timeout = self.timeout.map(|seconds| seconds.to_string());
        let mut before = vec![program.to_owned(), verb.to_owned()];
        let own = [("--seed", seed), ("--timeout", timeout)];
        for (option, value) in options.iter().cloned().chain(own) {
            before.extend(
                value
                    .map(|value| [option.to_owned(), value])
                    .into_iter()
                    .flatten(),
            );
        }
        let command = self.command.iter().map(|word| written(Path::new(word)));
        (before, command.collect())
    }
}
