//! Planning: on a snapshot, with every change to it at the end being a failure (C-21).

use std::path::Path;

use cabincrew_protocol::audit::{AuditEngine, AuditIntegrity, Severity};
use cabincrew_protocol::engine::Mode;

use super::engine::{Place, Receipt};
use super::{Site, finalize, program, system};
use crate::artifacts::collect;
use crate::decide::events::engine;
use crate::decide::{Failure, Outcome};
use crate::fact::Launch;
use crate::fault::{self, Fault};
use crate::record::{Record, Stage};
use crate::store::make_private;
use crate::workspace::Tree;

/// Most differences that are listed.
pub(super) const DIFFERENCES_MAX: usize = 50;

impl Site {
    pub(super) fn prepare_plan(&mut self, record: &Record) -> Result<Outcome, Failure> {
        let index = record.steps_completed.len();
        let step = &record.created.workflow.steps[index];
        self.check_policies(record)?;
        self.secrets(step)?;
        let run_index = record.history.get(index).map_or(0, |step| step.launches[0]);
        let confinement = self.announced(step, Mode::FlightPlan)?;
        let program = program::find(&step.engine, &record.created.base)?;
        let run = self.home.run(&step.step_id, Mode::FlightPlan, run_index);
        finalize::remove(&self.home.runs()).map_err(|error| system("old directories", &error))?;
        self.store_of(record, index)
            .clear()
            .map_err(|error| system("old artifacts", &error))?;
        make_directories(&run)?;
        let snapshot = Tree::copy(&record.created.workspace, &run.join("workspace"));
        let snapshot = snapshot.map_err(|error| system("no snapshot of the workspace", &error))?;
        let workspace_hash = snapshot
            .digest()
            .map_err(|error| system("no digest of the workspace", &error))?;
        self.keep_manifest(&step.step_id, &snapshot)?;
        self.snapshot = Some(snapshot);
        Ok(Outcome::PlanPrepared {
            launch: Launch {
                mode: Mode::FlightPlan,
                run_index,
                workspace_hash,
                program: program.pins,
            },
            confinement,
        })
    }

    pub(super) fn plan(&mut self, record: &Record) -> Result<Outcome, Failure> {
        let Stage::Planning { launch } = &record.stage else {
            return Err(Failure::new("there is nothing to plan"));
        };
        let run = self
            .home
            .run(&record.step().step_id, Mode::FlightPlan, launch.run_index);
        let workspace = run.join("workspace");
        let snapshot = self
            .snapshot
            .take()
            .ok_or_else(|| Failure::new("there is no snapshot"))?;
        let place = Place {
            mode: Mode::FlightPlan,
            workspace: if fault::on(Fault::PlansOnRealWorkspace) {
                &record.created.workspace
            } else {
                &workspace
            },
            run: &run,
        };
        let receipt = self.run_engine(record, launch, &place, None);
        let mut changes = snapshot
            .changes_in(&workspace)
            .map_err(|error| system("the snapshot cannot be read any more", &error))?;
        if fault::on(Fault::FilesAddedWhilePlanningPass) {
            changes.retain(|change| !change.starts_with("added "));
        }
        if !changes.is_empty() && !fault::on(Fault::ChangesWhilePlanningPass) {
            let failure = changed(
                "the engine has changed the workspace while planning",
                changes,
            );
            return Err(failure.after_run(Mode::FlightPlan, ended(receipt)));
        }
        let receipt = receipt?;
        let store = self.store(record);
        let collection = collect(&run.join("artifacts"), store.folder(), &[], &self.redactor)
            .and_then(|collection| store.sync().map(|()| collection))
            .map_err(|error| system("artifacts cannot be stored", &error))?;
        Ok(Outcome::Planned {
            receipt: Box::new(receipt.output),
            collection,
        })
    }

    fn keep_manifest(&self, step_id: &str, tree: &Tree) -> Result<(), Failure> {
        let path = self.home.manifest(step_id);
        make_private(path.parent().unwrap_or(Path::new("/")))
            .map_err(|error| system("no manifest", &error))?;
        std::fs::write(&path, tree.manifest().to_string())
            .map_err(|error| system("no manifest", &error))
    }
}

/// The empty directories of a launch (CC-ORC-007, CC-ORC-008).
pub(super) fn make_directories(run: &Path) -> Result<(), Failure> {
    for name in ["artifacts", "temp"] {
        make_private(&run.join(name)).map_err(|error| system("no directories", &error))?;
    }
    Ok(())
}

/// What an engine reported, whatever became of it.
fn ended(receipt: Result<Receipt, Failure>) -> Option<AuditEngine> {
    match receipt {
        Ok(receipt) => Some(engine(&receipt.output)),
        Err(failure) => failure.engine.map(|engine| *engine),
    }
}

/// A workspace that is not what it must be.
pub(super) fn changed(text: &str, mut differences: Vec<String>) -> Failure {
    let all = differences.len();
    differences.truncate(DIFFERENCES_MAX);
    let mut failure = Failure::new(format!(
        "{text}: {all} differences, {}",
        differences.join(", ")
    ));
    failure = failure.told_as("workspace_changed", Severity::Critical);
    failure.integrity = Some(Box::new(AuditIntegrity {
        expected_plan_token: None,
        actual_plan_token: None,
        plan_token_match: None,
        artifacts_match: None,
        differences: Some(differences),
    }));
    failure
}
