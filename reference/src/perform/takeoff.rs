//! Take-off: everything is checked once more, the state artifacts are restored, and the engine
//! works on the real workspace.

use std::path::Path;

use cabincrew_protocol::artifact::{METADATA_FILE, Role};
use cabincrew_protocol::audit::AuditIntegrity;
use cabincrew_protocol::engine::Mode;
use cabincrew_protocol::rules;
use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};
use serde_json::{Value, json};

use super::engine::Place;
use super::plan::{changed, make_directories};
use super::{Site, finalize, gateway, program, system};
use crate::artifacts::{ArtifactStore, collect, rewrite};
use crate::clock;
use crate::decide::{Failure, Outcome, validate_result};
use crate::fact::{Launch, Stored};
use crate::fault::{self, Fault};
use crate::record::{Record, Sealed, Stage};
use crate::workspace::Tree;

/// A comparison that nobody has made.
const UNKNOWN: AuditIntegrity = AuditIntegrity {
    expected_plan_token: None,
    actual_plan_token: None,
    plan_token_match: None,
    artifacts_match: None,
    differences: None,
};

impl Site {
    pub(super) fn clear(&self, record: &Record) -> Result<Outcome, Failure> {
        let (Stage::Permitted(sealed) | Stage::Approved(sealed)) = &record.stage else {
            return Err(Failure::new("there is no permission to take off"));
        };
        let integrity = self.verify(record, sealed)?;
        check_approvals(record, sealed)?;
        self.check_digests(record, sealed)?;
        let unseen = fault::on(Fault::DriftNotNoticed)
            || (record.step_index > 0 && fault::on(Fault::WorkspaceOfFirstStepCompared))
            || (fault::is_first_run() && fault::on(Fault::WorkspaceComparedOnRestartOnly));
        if !unseen {
            self.check_drift(record, sealed)?;
        }
        if !fault::on(Fault::ReadOnlyWorkspaceNotNoticed) {
            check_writable(&record.created.workspace)?;
        }
        for gateway in &record.created.workflow.gateways {
            if fault::on(Fault::GatewaysNotProbed) {
                break;
            }
            let last = record.created.workflow.gateways.last();
            if last.is_some_and(|last| last.id != gateway.id) && fault::on(Fault::LastGatewayCounts)
            {
                continue;
            }
            gateway::probe(gateway, &record.created.base).map_err(|text| {
                let text = format!("the gateway {:?} does not answer: {text}", gateway.id);
                Failure::new(text)
                    .told_as("gateway_probe", cabincrew_protocol::audit::Severity::Error)
            })?;
        }
        let gateways = record.created.workflow.gateways.iter();
        Ok(Outcome::Cleared {
            integrity,
            gateways: gateways.map(|gateway| gateway.id.clone()).collect(),
        })
    }

    /// The workspace is the one that was planned on (CC-TKO-008).
    fn check_drift(&self, record: &Record, sealed: &Sealed) -> Result<(), Failure> {
        let now = Tree::read(&record.created.workspace)
            .map_err(|error| system("the workspace cannot be read", &error))?;
        let digest = now
            .digest()
            .map_err(|error| system("no digest of the workspace", &error))?;
        if digest.as_str() == sealed.token.workspace_hash {
            return Ok(());
        }
        let manifest = std::fs::read(self.home.manifest(&record.step().step_id));
        let manifest = manifest
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let differences = now.differences(&manifest.unwrap_or_default());
        Err(changed(
            "the workspace has changed since it was planned on",
            differences,
        ))
    }

    pub(super) fn prepare_takeoff(&self, record: &Record) -> Result<Outcome, Failure> {
        let (Stage::Ready(sealed) | Stage::Flying(sealed, _)) = &record.stage else {
            return Err(Failure::new("the workflow is not ready for take-off"));
        };
        let step = record.step();
        let run_index = record.launches(Mode::TakeOff);
        if run_index > 0 {
            // An operator wants it again: what may be checked without the old workspace, is.
            self.verify(record, sealed)?;
            check_approvals(record, sealed)?;
        }
        self.secrets(step)?;
        let confinement = self.announced(step, Mode::TakeOff)?;
        let program = program::find(&step.engine, &record.created.base)?;
        let unseen = fault::on(Fault::SwappedEngineAppliesPlan)
            || fault::on(Fault::PinComparedBeforePlanningOnly);
        if program.pins != sealed.plan.launch.program && !unseen {
            return Err(Failure::new(
                "the engine's program has changed since it has planned",
            ));
        }
        let run = self.home.run(&step.step_id, Mode::TakeOff, run_index);
        let shared = fault::on(Fault::TempSharedByBothPhases);
        let handed_over = fault::on(Fault::PlanningFolderHandedOver);
        if !shared && !handed_over {
            finalize::remove(&self.home.runs())
                .map_err(|error| system("old directories", &error))?;
        }
        make_directories(&run)?;
        if shared {
            let planned = sealed.plan.launch.run_index;
            let old = self.home.run(&step.step_id, Mode::FlightPlan, planned);
            std::fs::rename(old.join("temp"), run.join("temp"))
                .map_err(|error| system("no directories", &error))?;
        }
        let store = self.store(record);
        for stored in restored(&sealed.plan.artifacts) {
            if handed_over {
                break;
            }
            store
                .restore(stored, &run.join("artifacts"))
                .map_err(|text| super::verify::missing(vec![text]))?;
            if fault::on(Fault::DescriptorRewrittenForTakeOff) {
                let path = run.join("artifacts").join(&stored.name).join(METADATA_FILE);
                rewrite(&path).map_err(Failure::new)?;
            }
        }
        if handed_over {
            let planned = sealed.plan.launch.run_index;
            let old = self.home.run(&step.step_id, Mode::FlightPlan, planned);
            let new = run.join("artifacts");
            std::fs::remove_dir(&new)
                .and_then(|()| std::os::unix::fs::symlink(old.join("artifacts"), new))
                .map_err(|error| system("no directories", &error))?;
        }
        Ok(Outcome::TakeoffPrepared {
            launch: Launch {
                mode: Mode::TakeOff,
                run_index,
                workspace_hash: sealed.plan.launch.workspace_hash.clone(),
                program: program.pins,
            },
            confinement,
        })
    }

    pub(super) fn take_off(&self, record: &Record) -> Result<Outcome, Failure> {
        let Stage::Flying(sealed, launch) = &record.stage else {
            return Err(Failure::new("there is nothing to apply"));
        };
        let run = self
            .home
            .run(&record.step().step_id, Mode::TakeOff, launch.run_index);
        let copy = run.join("workspace");
        if fault::on(Fault::TakesOffInACopy) {
            Tree::copy(&record.created.workspace, &copy)
                .map_err(|error| system("no copy of the workspace", &error))?;
        }
        let place = Place {
            mode: Mode::TakeOff,
            workspace: if fault::on(Fault::TakesOffInACopy) {
                &copy
            } else {
                &record.created.workspace
            },
            run: &run,
        };
        let listed: Vec<Value> = restored(&sealed.plan.artifacts)
            .map(|stored| {
                json!({
                    "name": stored.name,
                    "path": rules::expected_path(&stored.name, stored.body.is_some()),
                    "hash": stored.hashed_file().sha256,
                })
            })
            .collect();
        let listed = Value::Array(listed);
        let mut receipt = self.run_engine(record, launch, &place, Some(listed.clone()));
        let again = match &receipt {
            Ok(_) => fault::on(Fault::PlanAppliedTwice),
            Err(_) => fault::on(Fault::FailedTakeOffTriedAgain),
        };
        if again {
            receipt = self.run_engine(record, launch, &place, Some(listed));
        }
        let receipt = receipt?;
        let directory = run.join("artifacts");
        let altered = restored(&sealed.plan.artifacts)
            .filter(|_| !fault::on(Fault::DescriptorRewrittenForTakeOff))
            .filter(|_| !fault::on(Fault::PlanningFolderHandedOver))
            .filter(|stored| !ArtifactStore::is_unaltered(stored, &directory))
            .map(|stored| stored.name.clone())
            .collect();
        let known: Vec<&str> = restored(&sealed.plan.artifacts)
            .map(|stored| stored.name.as_str())
            .collect();
        // A new artifact under a name of the plan must not overwrite the stored one.
        let store = self.store(record);
        let beside = store.folder().with_extension("takeoff");
        let collection = finalize::remove(&beside)
            .and_then(|()| collect(&directory, &beside, &known, &self.redactor))
            .and_then(|collection| {
                merge(&beside, &store, &sealed.plan.artifacts).map(|()| collection)
            })
            .map_err(|error| system("artifacts cannot be stored", &error))?;
        Ok(Outcome::Executed {
            receipt: Box::new(receipt.output),
            collection,
            altered,
        })
    }

    pub(super) fn inspect(&mut self, record: &Record) -> Result<Outcome, Failure> {
        let Stage::Executed(sealed, execution) = &record.stage else {
            return Err(Failure::new("there is nothing to inspect"));
        };
        if !execution.altered.is_empty() && !fault::on(Fault::AlteredStateArtifactPasses) {
            return Err(super::verify::missing(
                execution
                    .altered
                    .iter()
                    .map(|name| format!("the engine has altered {name} in take-off"))
                    .collect(),
            ));
        }
        let checked = validate_result(
            &execution.receipt,
            &execution.collection,
            &sealed.plan.artifacts,
        );
        let artifacts = checked.map_err(|defects| Failure::artifacts(&defects))?;
        let integrity = self.verify(record, sealed);
        let integrity = if fault::on(Fault::StoreNotVerifiedAfterTakeOff) {
            integrity.unwrap_or_else(|failure| failure.integrity.map_or(UNKNOWN, |found| *found))
        } else {
            integrity?
        };
        let evaluations = self.evaluate_result(record, &execution.receipt, &artifacts)?;
        Ok(Outcome::Inspected {
            artifacts,
            evaluations,
            integrity,
        })
    }

    pub(super) fn recheck(&mut self, record: &Record) -> Result<Outcome, Failure> {
        match &record.stage {
            Stage::Planned { .. } => return Ok(rechecked(None, Vec::new())),
            Stage::Validated(plan) => {
                self.verify_plan(record, plan)?;
                return Ok(rechecked(None, Vec::new()));
            }
            _ => {}
        }
        let Some(sealed) = record.stage.sealed() else {
            return Ok(rechecked(None, Vec::new()));
        };
        if fault::on(Fault::RestartDoesNotVerify) {
            return Ok(rechecked(None, Vec::new()));
        }
        let integrity = self.verify(record, sealed)?;
        let before_takeoff = !matches!(record.stage, Stage::Executed(..) | Stage::Inspected(_));
        if before_takeoff {
            self.check_digests(record, sealed)?;
        }
        if matches!(record.stage, Stage::Waiting(_)) {
            check_expiry(record)?;
        }
        let decided = matches!(record.stage, Stage::Permitted(_) | Stage::Waiting(_));
        let wanted = record.created.workflow.governance.recheck_on_restart;
        let again = decided
            && (wanted || fault::on(Fault::RecheckAlthoughDisabled))
            && !fault::on(Fault::RecheckNeverMade)
            && !fault::on(Fault::ChangedPolicyNeverAsked);
        let evaluations = if again {
            self.evaluate_plan(record, sealed)?
        } else {
            Vec::new()
        };
        Ok(rechecked(Some(integrity), evaluations))
    }
}

const fn rechecked(
    integrity: Option<AuditIntegrity>,
    evaluations: Vec<crate::fact::Evaluated>,
) -> Outcome {
    Outcome::Rechecked {
        integrity,
        evaluations,
    }
}

/// Moves new artifacts into the store; those whose names are taken stay out, and are defects later.
fn merge(from: &Path, store: &ArtifactStore, plan: &[Stored]) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(from)?.peekable();
    if entries.peek().is_none() {
        return std::fs::remove_dir(from);
    }
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !plan
            .iter()
            .any(|stored| stored.name.eq_ignore_ascii_case(&name))
        {
            std::fs::rename(entry.path(), store.folder().join(&name))?;
        }
    }
    std::fs::remove_dir_all(from)?;
    std::fs::File::open(store.folder())?.sync_all()?;
    store.sync()
}

/// The artifacts that take-off is given (C-18).
fn restored(artifacts: &[Stored]) -> impl Iterator<Item = &Stored> {
    artifacts.iter().filter(|stored| {
        let wanted = stored.role == Role::State && !fault::on(Fault::NothingRestored);
        wanted || fault::on(Fault::EverythingRestored)
    })
}

/// Whether every request of this step is granted, for this token, and has not lapsed
/// (CC-TKO-004, CC-APR-031).
fn check_approvals(record: &Record, sealed: &Sealed) -> Result<(), Failure> {
    let step_id = &record.step().step_id;
    let requests = record
        .requests
        .iter()
        .filter(|request| request.request.step_id == *step_id);
    for request in requests {
        let id = &request.request.approval_id;
        let granted = record.responses.iter().any(|answer| {
            answer.response.approval_id == *id
                && answer.response.approved
                && answer.plan_token_hash == sealed.token.token
        });
        if !granted && !fault::on(Fault::FirstApprovalReleases) {
            return Err(Failure::new(format!("the approval {id} is not granted")));
        }
    }
    check_expiry(record)
}

/// Whether the requests of this step can still be answered and used (C-60).
pub(super) fn check_expiry(record: &Record) -> Result<(), Failure> {
    let Some(limit) = record.created.workflow.approval.expires_after_s else {
        return Ok(());
    };
    let step_id = &record.step().step_id;
    let now = clock::now();
    let mut requests = record
        .requests
        .iter()
        .filter(|request| request.request.step_id == *step_id);
    let lapsed = requests.find(|request| clock::is_over(&request.requested_at, limit, &now));
    lapsed.map_or(Ok(()), |request| {
        let text = format!("the approval {} has expired", request.request.approval_id);
        let severity = cabincrew_protocol::audit::Severity::Error;
        Err(Failure::new(text).told_as("approval_expired", severity))
    })
}

/// Permission and mount, without writing (CC-TKO-006, C-73).
fn check_writable(workspace: &Path) -> Result<(), Failure> {
    let mount = statvfs(workspace).map_err(|error| system("the workspace is gone", &error))?;
    let read_only = mount.f_flag.contains(StatVfsMountFlags::RDONLY);
    let denied = access(workspace, Access::WRITE_OK | Access::EXEC_OK).is_err();
    if read_only || denied {
        return Err(Failure::new("the workspace is not writable"));
    }
    Ok(())
}
