//! One worker: drives drills one after the other in directories of its own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Map, Value};

use super::artifacts::{self, Restored, Spoil};
use super::clock;
use super::input::{self, Source};
use super::launch::{self, Material, Prepared};
use super::launcher::Circumstances;
use super::place::{Dirs, Place, Site};
use super::processors;
use super::reap::{Family, Tracker};
use super::workspace::{self, Workspaces};
use super::world::World;
use crate::drill::{
    ArtifactsPlan, Drill, LaunchMode, LaunchPlan, Needs, Paths, StatePlan, System, Wait,
    WorkspacePlan,
};
use crate::observe::{End, Launch};
use crate::receipt;
use crate::scenario;
use crate::tree::Kind;

/// Launches of one drill that may run into the limit before the rest of it is left out.
const TIMEOUTS_PER_DRILL: usize = 2;
/// Launches of the whole run that may do so before everything else is left out.
const TIMEOUTS_PER_RUN: usize = 8;

/// How many times as long as a baseline a launch may take.
const SLOWER_THAN_BASELINE: u64 = 20;

/// Counters that all workers share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) family: Arc<Family>,
    pub(crate) timeouts: AtomicUsize,
    /// How long the slowest baseline took, milliseconds.
    pub(crate) baseline_ms: AtomicU64,
    pub(crate) stop: AtomicBool,
}

/// A worker and what it has seen so far.
pub(crate) struct Worker<'a> {
    world: &'a World<'a>,
    index: usize,
    place: Place,
    tracker: Tracker,
    workspaces: Workspaces,
    /// Everything it launched.
    pub(crate) launches: Vec<Launch>,
}

/// How much of a drill is driven.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Extent<'a> {
    /// Everything.
    All,
    /// What explains why the baseline did not work; the text says how it failed.
    Diagnostic(&'a str),
    /// Nothing.
    Nothing(&'a str),
}

impl Extent<'_> {
    /// Why a launch is left out.
    fn reason(self, plan: &LaunchPlan) -> Option<String> {
        match self {
            Self::All => None,
            Self::Diagnostic(_) if plan.diagnostic => None,
            Self::Diagnostic(why) | Self::Nothing(why) => {
                Some(format!("the baseline did not work: {why}"))
            }
        }
    }
}

/// One launch to make: a plan, its name, and the config where it is not the scenario's.
struct Job<'a> {
    plan: &'a LaunchPlan,
    drill: &'a str,
    name: String,
    config: Option<Map<String, Value>>,
    /// Which one of repeated launches, from 1.
    number: usize,
    twin: bool,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(world: &'a World<'a>, index: usize) -> io::Result<Self> {
        let root = world.root.join(format!("w{index}"));
        let memory = world
            .memory
            .as_ref()
            .map(|memory| memory.join(format!("w{index}")));
        let tracker = Tracker::new(&root, Arc::clone(&world.shared.family));
        let place = Place::new(root, memory)?;
        Ok(Self {
            world,
            index,
            place,
            tracker,
            workspaces: Workspaces::default(),
            launches: Vec::new(),
        })
    }

    /// Makes a baseline of its own, which the launches of this worker are compared with: only launches
    /// in the same directories can be expected to give the same bytes.
    pub(crate) fn baseline(&mut self) -> io::Result<()> {
        let Some((drill, plan)) = self.world.baseline else {
            return Ok(());
        };
        if self.plan_of("baseline").is_some() {
            return Ok(());
        }
        let mut jobs = self.jobs(plan, &drill.name);
        self.launch(jobs.remove(0))
    }

    /// Drives one drill, or as much of it as makes sense after a bad baseline.
    pub(crate) fn drill(&mut self, drill: &'a Drill, extent: Extent<'_>) -> io::Result<()> {
        let mut timeouts = 0;
        for plan in &drill.launches {
            for jobs in self.jobs(plan, &drill.name) {
                let reason = extent.reason(plan).or_else(|| self.stop_reason(timeouts));
                let before = self.launches.len();
                match reason {
                    Some(why) => self.leave_out(&jobs, &why),
                    None => self.launch(jobs)?,
                }
                let new = &self.launches[before..];
                let hung = new
                    .iter()
                    .filter(|l| matches!(l.end, End::TimedOut(_)))
                    .count();
                timeouts += hung;
                self.world
                    .shared
                    .timeouts
                    .fetch_add(hung, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    fn stop_reason(&self, timeouts: usize) -> Option<String> {
        let shared = &self.world.shared;
        if shared.stop.load(Ordering::Relaxed) {
            Some("the run was interrupted".to_owned())
        } else if timeouts >= TIMEOUTS_PER_DRILL {
            Some(format!(
                "{timeouts} launches of this drill ran into the time limit"
            ))
        } else if shared.timeouts.load(Ordering::Relaxed) >= TIMEOUTS_PER_RUN {
            Some(format!(
                "{TIMEOUTS_PER_RUN} launches ran into the time limit"
            ))
        } else {
            None
        }
    }

    fn leave_out(&mut self, jobs: &[Job<'_>], why: &str) {
        for job in jobs {
            let mut launch = launch::not_launched(job.plan, &job.name, job.drill, why.to_owned());
            launch.worker = self.index;
            self.launches.push(launch);
        }
    }

    /// The launches that a plan stands for; an inner list is launched at the same time.
    fn jobs(&self, plan: &'a LaunchPlan, drill: &'a str) -> Vec<Vec<Job<'a>>> {
        let job = |number: Option<usize>, config, twin| Job {
            plan,
            drill,
            name: number.map_or_else(|| plan.name.clone(), |n| format!("{}.{n}", plan.name)),
            config,
            number: number.unwrap_or(1),
            twin,
        };
        if plan.twins {
            return vec![vec![job(Some(1), None, false), job(Some(2), None, true)]];
        }
        if plan.each == Some(Needs::InvalidConfig) {
            let scenario = self.world.scenario;
            let configs = scenario.invalid_configs.iter().enumerate();
            return configs
                .map(|(index, refused)| {
                    let config =
                        scenario::to_json(&scenario.name, "invalid_config", &refused.config).ok();
                    vec![job(Some(index + 1), config, false)]
                })
                .collect();
        }
        if plan.repeat > 1 {
            let numbers = 1..=usize::try_from(plan.repeat).unwrap_or(1);
            return numbers
                .map(|number| vec![job(Some(number), None, false)])
                .collect();
        }
        vec![vec![job(None, None, false)]]
    }

    fn launch(&mut self, jobs: Vec<Job<'a>>) -> io::Result<()> {
        let mut prepared = Vec::new();
        for job in jobs {
            match self.obstacle(job.plan) {
                Some(why) => self.leave_out(&[job], &why),
                None => prepared.push(self.prepare(job)?),
            }
        }
        let (tracker, index) = (&self.tracker, self.index);
        let mut seen = Vec::new();
        if prepared.len() == 1 {
            let restricted = prepared[0].plan.cpus.and_then(processors::restrict);
            seen.extend(
                prepared
                    .into_iter()
                    .map(|launch| launch.run(tracker, index)),
            );
            if let Some(all) = &restricted {
                processors::free(all);
            }
        } else {
            std::thread::scope(|scope| {
                let running: Vec<_> = prepared
                    .into_iter()
                    .map(|launch| scope.spawn(move || launch.run(tracker, index)))
                    .collect();
                seen.extend(running.into_iter().filter_map(|thread| thread.join().ok()));
            });
        }
        for launch in seen {
            if launch.name == "baseline" {
                let slowest = &self.world.shared.baseline_ms;
                slowest.fetch_max(launch.duration_ms, Ordering::Relaxed);
            }
            (self.world.progress)(&launch.name);
            self.launches.push(launch);
        }
        Ok(())
    }

    /// The time limit of a launch: the given one, or much longer than a baseline takes, so that a slow
    /// engine on a busy machine is not taken for one that hangs.
    fn limit(&self) -> Duration {
        let baseline = self.world.shared.baseline_ms.load(Ordering::Relaxed);
        self.world
            .timeout
            .max(Duration::from_millis(baseline * SLOWER_THAN_BASELINE))
    }

    /// Why this machine or this subject cannot have the launch.
    fn obstacle(&self, plan: &LaunchPlan) -> Option<String> {
        let can = self.world.capabilities;
        if plan.hostname.is_some() && !can.mounts {
            return Some("this machine has no private host names".to_owned());
        }
        if plan.system == System::Watched && !can.system_watch {
            return Some("this machine has no layered private mounts".to_owned());
        }
        if plan.mode == LaunchMode::TakeOff {
            let after = plan.after.as_deref().unwrap_or("baseline");
            let worked = match self.plan_of(after) {
                None => Err("it was not launched".to_owned()),
                Some(launch) => receipt::worked(launch),
            };
            if let Err(why) = worked {
                return Some(format!("the planning launch {after} did not work: {why}"));
            }
        }
        None
    }

    fn plan_of(&self, name: &str) -> Option<&Launch> {
        self.launches.iter().find(|launch| launch.name == name)
    }

    fn site(&self, job: &Job<'_>) -> Site {
        match (job.twin, job.plan.paths, job.plan.mode) {
            (true, _, _) => Site::Twin,
            (_, Paths::Other, _) => Site::Other,
            (_, Paths::Memory, _) => Site::Memory,
            (_, Paths::Usual, LaunchMode::FlightPlan) => Site::Plan,
            // Everything that planning left is there, so the place is the same.
            (_, Paths::Usual, LaunchMode::TakeOff) if job.plan.leftovers => Site::Plan,
            (_, Paths::Usual, LaunchMode::TakeOff) => Site::TakeOff,
        }
    }

    fn prepare(&mut self, job: Job<'a>) -> io::Result<Prepared<'a>> {
        let plan = job.plan;
        let dirs = self.place.dirs(self.site(&job));
        if plan.leftovers {
            // Planning's temp directory was emptied since: it is planned once more, in place.
            self.replan(&dirs)?;
        } else {
            dirs.renew()?;
        }
        let by_modes = !self.world.capabilities.mounts;
        let files = &self.world.scenario.workspace;
        let workspace_before = self
            .workspaces
            .prepare(plan, &dirs.workspace, files, by_modes)?;
        let restored = self.restore(plan, job.number, &dirs)?;
        let token = restored
            .as_ref()
            .map(|restored| self.world.plan_token(restored));
        let document = input::document(&Source {
            scenario: self.world.scenario,
            mode: plan.mode,
            workflow_id: &self.world.workflow_id,
            canaries: &self.world.canaries,
            workspace_hash: self.world.scenario.digest(),
            config: job.config.as_ref(),
            plan: token.as_deref().zip(
                restored
                    .as_ref()
                    .map(|restored| restored.announced.as_slice()),
            ),
        });
        let bytes = input::bytes(document, &plan.input, plan.bytes.as_ref());
        if let Some(Wait::NextSecond) = plan.wait {
            self.wait_for_next_second();
        }
        Prepared::new(
            plan,
            Material {
                name: job.name,
                drill: job.drill,
                subject: &self.world.subject.command,
                path: &self.world.path,
                timeout: self.limit(),
                input: input::nest(bytes, &plan.input),
                expected_plan_token: token,
                restored: restored.map(|restored| restored.names).unwrap_or_default(),
                workspace_before,
                circumstances: self.circumstances(plan, &dirs)?,
                decoy: &self.world.decoy,
                dirs,
            },
        )
    }

    /// Take-off: puts the state artifacts into place, as intact as the plan says.
    fn restore(
        &self,
        plan: &LaunchPlan,
        number: usize,
        dirs: &Dirs,
    ) -> io::Result<Option<Restored>> {
        if plan.mode != LaunchMode::TakeOff {
            return Ok(None);
        }
        let after = plan.after.as_deref().unwrap_or("baseline");
        let source = self.plan_of(after).ok_or(io::ErrorKind::NotFound)?;
        if !plan.leftovers {
            let spoil = Spoil {
                way: plan.state,
                variant: number,
            };
            return artifacts::restore(source, &dirs.artifacts, spoil).map(Some);
        }
        // They are there already, with everything else that planning left.
        let aside = dirs.side.join("restored");
        let intact = Spoil {
            way: StatePlan::Intact,
            variant: 1,
        };
        let copy = artifacts::restore(source, &aside, intact)?;
        let names = source
            .artifacts
            .iter()
            .filter(|(path, entry)| entry.kind == Kind::Directory && !path.contains('/'))
            .map(|(path, _)| path.clone())
            .collect();
        Ok(Some(Restored { names, ..copy }))
    }

    /// Plans again in the planning directories and leaves everything as the engine left it.
    fn replan(&mut self, dirs: &Dirs) -> io::Result<()> {
        let Some((_, plan)) = self.world.baseline else {
            return Ok(());
        };
        let job = Job {
            plan,
            drill: "",
            name: String::new(),
            config: None,
            number: 1,
            twin: false,
        };
        let prepared = self.prepare(job)?;
        prepared.run(&self.tracker, self.index);
        self.workspaces.forget(&dirs.workspace);
        Ok(())
    }

    fn circumstances(&self, plan: &LaunchPlan, dirs: &Dirs) -> io::Result<Circumstances> {
        let mut circumstances = Circumstances::default();
        let mounts = self.world.capabilities.mounts;
        if let Some(mask) = &plan.umask {
            circumstances.umask = u32::from_str_radix(mask, 8).ok();
        }
        circumstances.hostname.clone_from(&plan.hostname);
        // Where mode bits have to do, they must bind the subject whoever it is.
        circumstances.bound_by_modes = rustix::process::geteuid().is_root()
            && (plan.workspace == WorkspacePlan::Unreadable
                || (!mounts && plan.workspace == WorkspacePlan::ReadOnly)
                || (!mounts && plan.artifacts != ArtifactsPlan::Fresh));
        if plan.workspace == WorkspacePlan::ReadOnly && mounts {
            circumstances.read_only.push(dirs.workspace.clone());
        }
        let artifacts = || Some(dirs.artifacts.clone());
        match plan.artifacts {
            ArtifactsPlan::Fresh => {}
            _ if !mounts => workspace::close(&dirs.artifacts)?,
            ArtifactsPlan::Full => circumstances.full = artifacts(),
            ArtifactsPlan::NoSpace => circumstances.no_space = artifacts(),
        }
        if plan.system == System::Watched {
            circumstances.watch.clone_from(&self.world.watch);
            circumstances.keep.clone_from(&self.place.root);
            circumstances.scratch = dirs.side.join("layers");
            circumstances.report = dirs.side.join("caught.json");
            std::fs::create_dir_all(&circumstances.scratch)?;
        }
        Ok(circumstances)
    }

    fn wait_for_next_second(&self) {
        let baseline = self
            .plan_of("baseline")
            .map_or(0, |launch| launch.started_s);
        loop {
            let now = clock::wall();
            if i64::try_from(now.as_secs()).unwrap_or(i64::MAX) > baseline {
                return;
            }
            let rest = 1_000_000_000 - now.subsec_nanos();
            super::reap::pause(Duration::from_nanos(u64::from(rest)));
        }
    }
}
