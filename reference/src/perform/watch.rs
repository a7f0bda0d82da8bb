//! What people may watch while a workflow runs. Nothing depends on it.

use std::time::Duration;

use cabincrew_protocol::engine::Mode;

use super::Site;
use crate::clock;
use crate::decide::{Failure, Outcome};
use crate::record::Record;

/// An engine has been started, or has come to its end.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The workflow.
    pub workflow_id: &'a str,
    /// The step.
    pub step_id: &'a str,
    /// What the engine is to do.
    pub mode: Mode,
    /// How long it has taken; none while it works.
    pub took: Option<Duration>,
}

/// Is told of every engine.
pub type Watch = fn(Progress<'_>);

impl Site {
    /// Does the work of an engine, and tells of its beginning and its end.
    pub(super) fn watched(
        &mut self,
        record: &Record,
        mode: Mode,
        work: impl FnOnce(&mut Self) -> Result<Outcome, Failure>,
    ) -> Result<Outcome, Failure> {
        let Some(watch) = self.watch else {
            return work(self);
        };
        let mut progress = Progress {
            workflow_id: record.workflow_id(),
            step_id: &record.step().step_id,
            mode,
            took: None,
        };
        watch(progress);
        let begun = clock::tick();
        let outcome = work(self);
        progress.took = Some(begun.elapsed());
        watch(progress);
        outcome
    }
}
