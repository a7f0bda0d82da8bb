//! The only place that touches the world on behalf of a workflow: one function for each task.

mod confine;
mod engine;
pub(crate) mod finalize;
mod gateway;
mod govern;
mod governors;
mod misdirect;
mod misread;
mod plan;
mod program;
mod takeoff;
mod verify;
mod watch;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cabincrew_governance::Governor;
use cabincrew_protocol::audit::Severity;
use cabincrew_protocol::engine::Mode;

use crate::artifacts::ArtifactStore;
use crate::cancel;
use crate::clock;
use crate::decide::{Failure, Outcome, Task};
use crate::fault::{self, Fault};
use crate::launch::Launcher;
use crate::record::Record;
use crate::redact::Redactor;
use crate::run::Outside;
use crate::store::Home;
use crate::workspace::Tree;

pub use governors::Governors;
pub use watch::{Progress, Watch};

/// The world of one workflow.
#[derive(Debug)]
pub struct Site {
    home: Home,
    launcher: Launcher,
    /// The orchestrator's environment, for mapped secrets only.
    environment: BTreeMap<String, String>,
    governors: Arc<Governors>,
    /// The one in use, with the folder that it reads policies from.
    governor: Option<(PathBuf, Governor)>,
    redactor: Redactor,
    snapshot: Option<Tree>,
    watch: Option<Watch>,
}

impl Site {
    /// The world of a workflow with that folder. `environment` is read once, at the edge.
    #[must_use]
    pub fn new(
        home: Home,
        launcher: Launcher,
        governors: Arc<Governors>,
        environment: BTreeMap<String, String>,
    ) -> Self {
        Self {
            home,
            launcher,
            environment,
            governors,
            governor: None,
            redactor: Redactor::default(),
            snapshot: None,
            watch: None,
        }
    }

    /// The same, told of to somebody.
    #[must_use]
    pub fn with_watch(mut self, watch: Option<Watch>) -> Self {
        self.watch = watch;
        self
    }

    /// The store of the current step.
    fn store(&self, record: &Record) -> ArtifactStore {
        self.store_of(record, record.step_index)
    }

    fn store_of(&self, record: &Record, index: usize) -> ArtifactStore {
        let step_id = &record.created.workflow.steps[index].step_id;
        ArtifactStore::new(self.home.artifacts(index, step_id))
    }

    /// The governor, started when it is first needed.
    fn governor(&mut self, record: &Record) -> Result<&mut Governor, Failure> {
        if self.governor.is_none() {
            let base = record.created.base.clone();
            let taken = self.governors.take(&base);
            let taken = taken.map_err(|error| Failure::new(chain(&error)))?;
            self.governor = Some((base, taken));
        }
        let held = self.governor.as_mut().map(|(_, governor)| governor);
        held.ok_or_else(|| Failure::new("there is no governor"))
    }

    /// Values of all mapped secrets that are set, to be kept out of what is stored.
    fn learn_secrets(&mut self, record: &Record) {
        let steps = record.created.workflow.steps.iter();
        let mapped = steps.flat_map(|step| step.secrets.values());
        let values = mapped.filter_map(|secret| self.environment.get(&secret.env));
        self.redactor = Redactor::new(values.map(String::as_str));
    }

    /// Keeps secrets out of a failure: names of files may hold them too (CC-AUD-016).
    fn redact(&self, failure: &mut Failure) {
        failure.error = self.redactor.text(&failure.error);
        let integrity = failure.integrity.as_mut();
        let differences = integrity.and_then(|found| found.differences.as_mut());
        for difference in differences.into_iter().flatten() {
            *difference = self.redactor.text(difference);
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some((base, governor)) = self.governor.take() {
            self.governors.give(base, governor);
        }
    }
}

impl Outside for Site {
    fn now(&mut self) -> String {
        clock::now()
    }

    fn perform(&mut self, record: &Record, task: Task) -> Outcome {
        self.learn_secrets(record);
        let outcome = match task {
            Task::PreparePlan => self.prepare_plan(record),
            Task::Plan => self.watched(record, Mode::FlightPlan, |site| site.plan(record)),
            Task::Pin => self.pin(record),
            Task::Govern => self.govern(record),
            Task::Clear => self.clear(record),
            Task::PrepareTakeoff => self.prepare_takeoff(record),
            Task::TakeOff => self.watched(record, Mode::TakeOff, |site| site.take_off(record)),
            Task::Inspect => self.inspect(record),
            Task::Finalize => self.finalize(record),
            Task::Recheck => self.recheck(record),
        };
        outcome.unwrap_or_else(|mut failure| {
            if !fault::on(Fault::ErrorsNotRedacted) {
                self.redact(&mut failure);
            }
            Outcome::Failed(Box::new(failure))
        })
    }

    fn cancelled(&mut self, record: &Record) -> Option<Failure> {
        cancel::asked(&self.home).map(|request| request.failure(record))
    }

    fn clean(&mut self, _record: &Record) {
        // What stays behind here is tried again whenever the workflow is looked at.
        let _ = finalize::remove(&self.home.runs());
    }
}

/// An error and its sources in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// A failure of the system around the workflow.
fn system(what: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("{what}: {}", chain(error))).told_as("error", Severity::Error)
}
