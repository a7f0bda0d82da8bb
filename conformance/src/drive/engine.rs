//! Drives an engine through a plan's drills.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::place;
use super::probe;
use super::reap::{self, Family};
use super::schedule;
use super::snapshot;
use super::worker::Shared;
use super::world::{self, World};
use crate::drill::{Drill, LaunchPlan};
use crate::observe::{Launch, OBSERVATION_FORMAT, Observation, ScenarioSeen};
use crate::scenario::Scenario;
use crate::select::Plan;

/// The engine under judgement.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Program (absolute) and leading arguments.
    pub command: Vec<OsString>,
}

/// How to drive.
#[derive(Debug, Clone)]
pub struct DriveOptions {
    /// How many launches at the same time; 0 is one for each processor.
    pub jobs: usize,
    /// The limit of one launch.
    pub timeout: Duration,
    /// The seed of everything that is made up.
    pub seed: u64,
    /// Where to leave the workers' directories; removed when absent.
    pub keep: Option<PathBuf>,
    /// What the engine gets as PATH.
    pub path: OsString,
    /// Directories of the system whose writes are watched where the machine allows it.
    pub watch: Vec<PathBuf>,
}

/// Hears of launches as they end.
pub trait Progress: Sync {
    /// `done` of about `total` launches have ended; `name` is the last one.
    fn launched(&self, done: usize, total: usize, name: &str);

    /// True to end the run early.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Why an engine could not be driven.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriveError {
    /// The program does not exist or cannot be executed.
    #[error("cannot execute {program:?}: {why}")]
    NotExecutable {
        /// As given.
        program: OsString,
        /// Why.
        why: &'static str,
    },
    /// The harness's own directories cannot be made.
    #[error("cannot prepare directories for the run")]
    Directories {
        /// Why.
        source: std::io::Error,
    },
}

impl Subject {
    /// Resolves a command line as a shell would: the program in PATH unless it has a slash, and
    /// arguments that look like and are the names of files made absolute, since launches have other directories.
    ///
    /// # Errors
    /// When the program cannot be found or executed.
    pub fn resolve(command: &[OsString], path: &OsStr) -> Result<Self, DriveError> {
        let fail = |why| DriveError::NotExecutable {
            program: command.first().cloned().unwrap_or_default(),
            why,
        };
        let program = command
            .first()
            .ok_or_else(|| fail("no command was given"))?;
        let has_slash =
            Path::new(program).components().count() > 1 || program.to_string_lossy().contains('/');
        let found = if has_slash {
            Some(PathBuf::from(program))
        } else {
            std::env::split_paths(path)
                .map(|folder| folder.join(program))
                .find(|p| p.is_file())
        };
        let found = found.ok_or_else(|| fail("it is not in PATH; write ./NAME for a file here"))?;
        let metadata = found
            .metadata()
            .map_err(|_| fail("there is no such file"))?;
        if metadata.is_dir() {
            return Err(fail("it is a directory"));
        }
        if rustix::fs::access(&found, rustix::fs::Access::EXEC_OK).is_err() {
            return Err(fail(
                "it is not executable (chmod +x, or name its interpreter first)",
            ));
        }
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut resolved = vec![absolute(&found).into_os_string()];
        for argument in &command[1..] {
            let names_file = is_file_name(argument) && Path::new(argument).is_file();
            if names_file && Path::new(argument).is_relative() {
                resolved.push(absolute(Path::new(argument)).into_os_string());
            } else {
                resolved.push(argument.clone());
            }
        }
        Ok(Self { command: resolved })
    }
}

/// True if an argument looks like the name of a file, and not like a word or an option that happens to
/// be the name of one.
fn is_file_name(argument: &OsStr) -> bool {
    let text = argument.to_string_lossy();
    !text.starts_with('-') && text.contains(['/', '.'])
}

/// Drives `subject` through the drills of `plan` in `scenario`.
///
/// # Errors
/// When the harness itself cannot work. Whatever the subject does is an observation, not an error.
pub fn drive(
    subject: &Subject,
    scenario: &Scenario,
    plan: &Plan,
    options: &DriveOptions,
    progress: &dyn Progress,
) -> Result<Observation, DriveError> {
    reap::become_subreaper();
    let jobs = if options.jobs == 0 {
        processors()
    } else {
        options.jobs
    };
    let once = |jobs| {
        Run {
            subject,
            scenario,
            plan,
            options,
            progress,
            jobs,
        }
        .once()
    };
    let (observation, unclaimed) = once(jobs)?;
    if unclaimed {
        // A process was left behind that could be any launch's: with one worker there is no doubt.
        return Ok(once(1)?.0);
    }
    Ok(observation)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// One pass over all drills.
struct Run<'a> {
    subject: &'a Subject,
    scenario: &'a Scenario,
    plan: &'a Plan,
    options: &'a DriveOptions,
    progress: &'a dyn Progress,
    jobs: usize,
}

impl Run<'_> {
    /// The observation, and whether a stray process could not be assigned to a launch.
    fn once(&self) -> Result<(Observation, bool), DriveError> {
        let fail = |source| DriveError::Directories { source };
        let own = tempfile::Builder::new()
            .prefix("cabincrew-conform-")
            .tempdir()
            .map_err(fail)?;
        let root = own.path().canonicalize().map_err(fail)?;
        let memory = root.file_name().and_then(place::in_memory);
        let capabilities = probe::capabilities(&root, &self.options.watch);
        let done = AtomicUsize::new(0);
        let total = self
            .plan
            .drills
            .iter()
            .map(|drill| drill.launches.len())
            .sum();
        let report = |name: &str| {
            self.progress
                .launched(done.fetch_add(1, Ordering::Relaxed) + 1, total, name);
        };
        let world = World {
            subject: self.subject,
            scenario: self.scenario,
            memory: memory.clone(),
            path: self.options.path.clone(),
            watch: probe::watchable(&self.options.watch, &root),
            timeout: self.options.timeout,
            workflow_id: format!("wf-{:016x}", self.options.seed),
            canaries: world::canaries(self.options.seed, self.scenario),
            decoy: world::made_up(self.options.seed, "decoy"),
            capabilities: &capabilities,
            shared: Shared {
                family: Arc::new(Family::of(self.jobs)),
                ..Shared::default()
            },
            progress: &report,
            baseline: baseline(&self.plan.drills),
            root,
        };
        let launches =
            schedule::drive_all(&world, &self.plan.drills, self.jobs, self.progress).map_err(fail);
        if let Some(memory) = memory {
            let _ = place::remove(&memory);
        }
        self.clear_away(&world.root, own);
        let observation = Observation {
            format: OBSERVATION_FORMAT,
            scenario: seen(self.scenario),
            canaries: world.canaries.clone(),
            launches: in_order(launches?, &self.plan.drills),
            capabilities: capabilities.clone(),
        };
        Ok((
            observation,
            world.shared.family.unclaimed.load(Ordering::Relaxed),
        ))
    }

    fn clear_away(&self, root: &Path, own: tempfile::TempDir) {
        let Some(folder) = &self.options.keep else {
            let _ = place::remove(root);
            return;
        };
        let _ = place::remove(folder);
        // Moved only within a file system; elsewhere the run's directory simply stays.
        if std::fs::rename(root, folder).is_err() {
            let _ = own.keep();
        }
    }
}

/// The launch called `baseline` and its drill.
fn baseline(drills: &[Drill]) -> Option<(&Drill, &LaunchPlan)> {
    drills
        .iter()
        .flat_map(|drill| drill.launches.iter().map(move |launch| (drill, launch)))
        .find(|(_, launch)| launch.name == "baseline")
}

/// Launches in the order of the drills, whoever drove them; the plainest launches come first, so that
/// a finding is shown where it is easiest to repeat.
fn in_order(mut launches: Vec<Launch>, drills: &[Drill]) -> Vec<Launch> {
    let rank: BTreeMap<&str, (bool, usize)> = drills
        .iter()
        .enumerate()
        .map(|(index, drill)| (drill.name.as_str(), (drill.first, index)))
        .collect();
    launches.sort_by_key(|launch| (rank.get(launch.drill.as_str()).copied(), launch.worker));
    launches
}

fn seen(scenario: &Scenario) -> ScenarioSeen {
    let tree = |files| snapshot::of_files(files);
    ScenarioSeen {
        name: scenario.name.clone(),
        digest: scenario.digest().to_owned(),
        takeoff_changes: scenario.takeoff_changes,
        after: scenario.after.as_ref().map(tree),
        workspace: tree(&scenario.workspace),
        invalid_configs: scenario.invalid_configs.len(),
        numbers: scenario.numbers(),
    }
}
