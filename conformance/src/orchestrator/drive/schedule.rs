//! Which thread drives which run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::director::{Kit, direct};
use super::error::OrchestratorDriveError;
use super::fixed::Fixed;
use crate::drive::engine::{Progress, Subject};
use crate::drive::reap::{self, Family};
use crate::drive::{place, probe};
use crate::orchestrator::adapter::OrchestratorAdapter;
use crate::orchestrator::drill::Needs;
use crate::orchestrator::observe::{OBSERVATION_FORMAT, Observation, Run};
use crate::orchestrator::plan::RunPlan;

/// Longest path of a directory in which sockets can be.
const ROOT_MAX: usize = 70;
/// Runs at the same time for each processor: most of a run is waiting, for disks, engines and limits.
const RUNS_A_PROCESSOR: usize = 2;

/// How to drive.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many runs at the same time; 0 is two for each processor.
    pub jobs: usize,
    /// The limit of one call.
    pub timeout: Duration,
    /// The seed of everything that is made up.
    pub seed: u64,
    /// Where to leave the runs' directories; removed when absent.
    pub keep: Option<PathBuf>,
    /// What the orchestrator gets as PATH.
    pub path: OsString,
    /// The harness's own program, absolute: it is the engines and policies as well.
    pub program: PathBuf,
}

/// Drives `subject` through `plans`.
///
/// # Errors
/// When the harness itself cannot work, or a drill is wrong. Whatever the subject does is an
/// observation, not an error.
pub fn drive(
    subject: &Subject,
    adapter: &OrchestratorAdapter,
    plans: &[RunPlan],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Observation, OrchestratorDriveError> {
    reap::become_subreaper();
    let own = temporary()?;
    let root = own.path().canonicalize()?;
    let machine = machine(&root);
    let kit = Kit::new(subject, adapter, options);
    let runs = drive_all(&kit, plans, &root, progress);
    clear_away(options.keep.as_deref(), &root, own);
    Ok(observation(adapter, machine, runs?))
}

/// What was seen of a subject with this adapter.
pub(super) fn observation(
    adapter: &OrchestratorAdapter,
    machine: Vec<Needs>,
    runs: Vec<Run>,
) -> Observation {
    Observation {
        format: OBSERVATION_FORMAT,
        claims: adapter.claims(),
        event_names: adapter.events.clone(),
        audit_key: adapter.audit_key.clone(),
        machine,
        runs,
    }
}

impl<'a> Kit<'a> {
    pub(super) fn new(
        subject: &'a Subject,
        adapter: &'a OrchestratorAdapter,
        options: &'a Options,
    ) -> Self {
        Self {
            subject,
            adapter,
            options,
            family: Arc::new(Family::of(jobs(options))),
            hung: AtomicUsize::new(0),
        }
    }
}

/// How many runs at the same time.
pub(super) fn jobs(options: &Options) -> usize {
    if options.jobs == 0 {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        processors * RUNS_A_PROCESSOR
    } else {
        options.jobs
    }
}

/// Does `work` for each number below `count`, some at the same time, as long as there is `more`; what
/// came of it, in the order of numbers.
pub(super) fn in_parallel<T: Send>(
    options: &Options,
    count: usize,
    more: &(dyn Fn() -> bool + Sync),
    work: &(dyn Fn(usize) -> T + Sync),
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, T)>> = Mutex::default();
    let one_worker = || {
        while more() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return;
            }
            let result = work(index);
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            results.push((index, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs(options).min(count) {
            scope.spawn(one_worker);
        }
        one_worker();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn drive_all(
    kit: &Kit<'_>,
    plans: &[RunPlan],
    root: &Path,
    progress: &dyn Progress,
) -> Result<Vec<Run>, OrchestratorDriveError> {
    let done = AtomicUsize::new(0);
    let work = |index: usize| {
        let plan = &plans[index];
        let folder = root.join(index.to_string());
        let run = direct(kit, plan, folder.clone());
        if kit.options.keep.is_none() {
            let _ = place::remove(&folder);
        }
        let count = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress.launched(count, plans.len(), &plan.name());
        run
    };
    let more = || !progress.interrupted();
    in_parallel(kit.options, plans.len(), &more, &work)
        .into_iter()
        .collect()
}

/// A directory for this run, where sockets have room.
pub(super) fn temporary() -> std::io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("cc-");
    let usual = builder.tempdir()?;
    if usual.path().as_os_str().len() <= ROOT_MAX {
        return Ok(usual);
    }
    builder.tempdir_in("/tmp")
}

/// What this machine lets the harness do.
pub(super) fn machine(root: &Path) -> Vec<Needs> {
    let mut machine = Vec::new();
    if probe::capabilities(root, &[]).mounts {
        machine.push(Needs::Mounts);
    }
    if !rustix::process::geteuid().is_root() {
        machine.push(Needs::Unprivileged);
    }
    if Fixed::works(root) {
        machine.push(Needs::ImmutableFiles);
    }
    machine
}

fn clear_away(keep: Option<&Path>, root: &Path, own: tempfile::TempDir) {
    let Some(folder) = keep else {
        let _ = place::remove(root);
        return;
    };
    let _ = place::remove(folder);
    // Moved only within a file system; elsewhere the run's directory simply stays.
    if std::fs::rename(root, folder).is_err() {
        let _ = own.keep();
    }
}
