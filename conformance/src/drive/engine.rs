//! Drives an engine through a plan's drills.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::artifacts::Restored;
use super::launch;
use super::launcher::Circumstances;
use super::place;
use super::reap;
use super::snapshot;
use super::worker::{Shared, Worker};
use crate::adapter::hex;
use crate::drill::{Drill, LaunchPlan};
use crate::observe::{Canary, Capabilities, Launch, OBSERVATION_FORMAT, Observation, ScenarioSeen};
use crate::receipt;
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

/// Everything that a run's workers share.
pub(crate) struct World<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) scenario: &'a Scenario,
    pub(crate) root: PathBuf,
    pub(crate) memory: Option<PathBuf>,
    pub(crate) path: OsString,
    pub(crate) watch: Vec<PathBuf>,
    pub(crate) timeout: Duration,
    pub(crate) workflow_id: String,
    pub(crate) canaries: Vec<Canary>,
    pub(crate) decoy: String,
    pub(crate) capabilities: &'a Capabilities,
    pub(crate) shared: Shared,
    pub(crate) progress: &'a (dyn Fn(&str) + Sync),
    /// The launch called `baseline` and the drill it belongs to.
    pub(crate) baseline: Option<(&'a Drill, &'a LaunchPlan)>,
}

impl World<'_> {
    /// A stand-in for the orchestrator's plan token: opaque to engines (C-17), 64 hex digits, and a
    /// function of the restored artifacts.
    pub(crate) fn plan_token(&self, restored: &Restored) -> String {
        let mut hasher = Sha256::new();
        hasher.update(&self.workflow_id);
        for artifact in &restored.announced {
            hasher.update(format!("\0{}\0{}", artifact.name, artifact.hash));
        }
        hex(&hasher.finalize())
    }
}

impl Subject {
    /// Resolves a command line as a shell would: the program in PATH unless it has a slash, and
    /// arguments that name existing files made absolute, since launches have other directories.
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
            let as_path = Path::new(argument);
            let is_option = argument.to_string_lossy().starts_with('-');
            if !is_option && as_path.is_relative() && as_path.exists() {
                resolved.push(absolute(as_path).into_os_string());
            } else {
                resolved.push(argument.clone());
            }
        }
        Ok(Self { command: resolved })
    }
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
    let fail = |source| DriveError::Directories { source };
    reap::become_subreaper();
    let own = tempfile::Builder::new()
        .prefix("cabincrew-conform-")
        .tempdir()
        .map_err(fail)?;
    let root = own.path().canonicalize().map_err(fail)?;
    let name = root
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let memory = name.and_then(|name| place::in_memory(&name));
    let capabilities = probe(&root, &options.watch);
    let done = AtomicUsize::new(0);
    let total = plan.drills.iter().map(|drill| drill.launches.len()).sum();
    let shared = Shared::default();
    let report = |name: &str| {
        progress.launched(done.fetch_add(1, Ordering::Relaxed) + 1, total, name);
    };
    let world = World {
        subject,
        scenario,
        memory: memory.clone(),
        path: options.path.clone(),
        watch: watchable(&options.watch, &root),
        timeout: options.timeout,
        workflow_id: format!("wf-{:016x}", options.seed),
        canaries: canaries(options.seed, scenario),
        decoy: made_up(options.seed, "decoy"),
        capabilities: &capabilities,
        shared,
        progress: &report,
        baseline: plan
            .drills
            .iter()
            .flat_map(|drill| drill.launches.iter().map(move |launch| (drill, launch)))
            .find(|(_, launch)| launch.name == "baseline"),
        root,
    };
    let launches = drive_all(&world, &plan.drills, options.jobs, progress).map_err(fail);
    if let Some(memory) = memory {
        let _ = place::remove(&memory);
    }
    match &options.keep {
        Some(folder) => {
            let _ = place::remove(folder);
            // Moved only within a file system; elsewhere the run's directory simply stays.
            if std::fs::rename(&world.root, folder).is_err() {
                let _ = own.keep();
            }
        }
        None => {
            let _ = place::remove(&world.root);
        }
    }
    Ok(Observation {
        format: OBSERVATION_FORMAT,
        scenario: seen(scenario),
        canaries: world.canaries.clone(),
        launches: in_order(launches?, &plan.drills),
        capabilities,
    })
}

/// The baseline first; if it worked, everything else on all workers.
fn drive_all<'a>(
    world: &'a World<'a>,
    drills: &'a [Drill],
    jobs: usize,
    progress: &dyn Progress,
) -> std::io::Result<Vec<Launch>> {
    let is_baseline = |drill: &&Drill| drill.launches.iter().any(|l| l.name == "baseline");
    let baseline = drills.iter().find(is_baseline);
    let mut leader = Worker::new(world, 0)?;
    for drill in drills.iter().filter(|drill| drill.first) {
        leader.drill(drill, None)?;
    }
    if let Some(baseline) = baseline {
        leader.drill(baseline, None)?;
    }
    let worked = leader
        .launches
        .iter()
        .find(|launch| launch.name == "baseline")
        .map_or_else(|| Err("it was not launched".to_owned()), receipt::worked);
    let rest = drills
        .iter()
        .filter(|drill| !drill.first && !is_baseline(drill));
    if let Err(why) = worked {
        for drill in rest {
            leader.drill(drill, Some(&why))?;
        }
        return Ok(leader.launches);
    }
    let (last, usual): (Vec<&Drill>, Vec<&Drill>) = rest.partition(|drill| drill.last);
    let queue: Mutex<VecDeque<&'a Drill>> = Mutex::new(usual.into_iter().chain(last).collect());
    let jobs = if jobs == 0 { processors() } else { jobs };
    let next = || {
        if progress.interrupted() {
            world.shared.stop.store(true, Ordering::Relaxed);
        }
        queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    };
    let work = |mut worker: Worker<'a>| -> std::io::Result<Vec<Launch>> {
        while let Some(drill) = next() {
            worker.baseline()?;
            worker.drill(drill, None)?;
        }
        Ok(worker.launches)
    };
    let work = &work;
    std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..jobs)
            .map(|index| scope.spawn(move || work(Worker::new(world, index)?)))
            .collect();
        let mut launches = work(leader)?;
        for helper in helpers {
            launches.extend(helper.join().unwrap_or_else(|_| Ok(Vec::new()))?);
        }
        Ok(launches)
    })
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Launches in the order of the drills, whoever drove them.
fn in_order(mut launches: Vec<Launch>, drills: &[Drill]) -> Vec<Launch> {
    let rank: BTreeMap<&str, usize> = drills
        .iter()
        .enumerate()
        .map(|(index, drill)| (drill.name.as_str(), index))
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

/// Secrets of this run, the same for the same seed.
fn canaries(seed: u64, scenario: &Scenario) -> Vec<Canary> {
    let named = ["API_TOKEN".to_owned()]
        .into_iter()
        .chain(scenario.secrets.iter().cloned());
    let mut canaries: Vec<Canary> = named
        .map(|name| Canary {
            value: made_up(seed, &name),
            name: format!("secrets.{name}"),
        })
        .collect();
    let value = made_up(seed, "identity_token");
    canaries.push(Canary {
        name: "identity_token".to_owned(),
        value,
    });
    canaries
}

/// A high-entropy word with characters that URL-encoding and shells would change.
fn made_up(seed: u64, name: &str) -> String {
    let digest = hex(&Sha256::digest(format!("{seed}/{name}")));
    format!(
        "Cc{}+{}/{}=",
        &digest[..14],
        &digest[14..26],
        &digest[26..36]
    )
}

/// Finds out what this machine lets the harness do.
fn probe(root: &Path, watch: &[PathBuf]) -> Capabilities {
    let folder = root.join("probe");
    let scratch = folder.join("scratch");
    let _ = std::fs::create_dir_all(&scratch);
    let works = |circumstances: &Circumstances| {
        let Ok(stage) = serde_json::to_string(circumstances) else {
            return false;
        };
        std::process::Command::new(launch::own_binary())
            .args([super::launcher::STAGE, &stage, "/bin/true"])
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let mounts = works(&Circumstances {
        full: Some(scratch.clone()),
        ..Circumstances::default()
    });
    let system_watch = mounts
        && works(&Circumstances {
            watch: watchable(watch, root),
            keep: folder.clone(),
            report: folder.join("caught.json"),
            scratch: scratch.clone(),
            ..Circumstances::default()
        });
    let capabilities = Capabilities {
        mounts,
        system_watch,
        open_watch: cfg!(target_os = "linux"),
        process_list: reap::can_list(),
    };
    let _ = place::remove(&folder);
    capabilities
}

/// The directories that can have a layer of their own: existing, writable for us (what the subject
/// cannot write needs no watching), distinct, not nested, not the root, without mounts below them.
fn watchable(wanted: &[PathBuf], root: &Path) -> Vec<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mount_points: Vec<PathBuf> = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(|path| PathBuf::from(path.replace("\\040", " ")))
        .collect();
    let mut found: Vec<PathBuf> = Vec::new();
    for path in wanted.iter().filter_map(|path| path.canonicalize().ok()) {
        let has_mounts = mount_points
            .iter()
            .any(|m| *m != path && m.starts_with(&path));
        let inside_run = path.starts_with(root);
        let closed = rustix::fs::access(&path, rustix::fs::Access::WRITE_OK).is_err();
        let unusable =
            closed || has_mounts || inside_run || path.parent().is_none() || !path.is_dir();
        if !unusable && !found.iter().any(|other| path.starts_with(other)) {
            found.retain(|other| !other.starts_with(&path));
            found.push(path);
        }
    }
    found
}
