//! One run: its directories, and what is known so far.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{Receiver, Sender, channel};

use sha2::{Digest as _, Sha256};

use super::call::Call;
use super::copies::Files;
use super::error::OrchestratorDriveError;
use super::fixed::Fixed;
use super::hub::{Event, Handle, Hub, Said};
use super::schedule::Options;
use super::site::{Site, lossy};
use crate::adapter::hex;
use crate::drive::engine::Subject;
use crate::drive::reap::{Family, Tracker};
use crate::drive::{snapshot, world};
use crate::observe::Canary;
use crate::orchestrator::adapter::OrchestratorAdapter;
use crate::orchestrator::drill::Step;
use crate::orchestrator::observe::{Run, StepSeen};
use crate::orchestrator::plan::RunPlan;
use crate::orchestrator::stage::{self, Places, Stage, Written};
use crate::tree::Tree;

/// What all runs share.
#[derive(Debug)]
pub(super) struct Kit<'a> {
    pub(super) subject: &'a Subject,
    pub(super) adapter: &'a OrchestratorAdapter,
    pub(super) options: &'a Options,
    pub(super) family: Arc<Family>,
    /// Calls that did not end by themselves.
    pub(super) hung: AtomicUsize,
}

/// A directory that an engine was given.
#[derive(Debug)]
pub(super) struct Given {
    /// `artifacts` or `temp`.
    pub(super) word: &'static str,
    /// The engine's process.
    pub(super) pid: u32,
    /// Whether it was launched to take off.
    pub(super) in_take_off: bool,
    pub(super) path: PathBuf,
}

/// Directs one run.
#[derive(Debug)]
pub(super) struct Director<'a> {
    pub(super) kit: &'a Kit<'a>,
    pub(super) plan: &'a RunPlan,
    pub(super) site: Site,
    pub(super) places: Places,
    /// The stage as a table, for changes.
    pub(super) table: toml::Table,
    pub(super) stage: Stage,
    pub(super) written: Written,
    pub(super) ids: BTreeMap<String, String>,
    pub(super) canaries: Vec<Canary>,
    pub(super) tracker: Tracker,
    pub(super) hub: Handle,
    pub(super) events: Receiver<Event>,
    pub(super) sender: Sender<Event>,
    /// The calls that run now, the innermost last.
    pub(super) calls: Vec<Call>,
    /// What was said before its call was known.
    pub(super) early: Vec<Said>,
    /// The steps that are being taken, the innermost last: name, and the prefix of its name.
    pub(super) open: Vec<(String, String)>,
    pub(super) steps: Vec<StepSeen>,
    /// How each workspace looked last.
    pub(super) trees: BTreeMap<String, Tree>,
    /// Directories that engines were given.
    pub(super) given: Vec<Given>,
    /// The bytes of planned artifact files, by label and `NAME/FILE`.
    pub(super) planned: BTreeMap<String, Files>,
    /// Directories that cannot be removed as long as the run lasts.
    pub(super) fixed: Vec<Fixed>,
    /// Names of steps after which the state is kept for later.
    pub(super) kept: Vec<String>,
    /// A stage that starts the next call, and becomes or traces it.
    pub(super) before_command: Vec<OsString>,
    /// False once exporting turned out to be impossible.
    pub(super) exportable: bool,
}

/// Ends the hub, come what may: its threads are waited for.
struct Closing(Handle);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Drives one run in a directory of its own, which is made.
pub(super) fn direct(
    kit: &Kit<'_>,
    plan: &RunPlan,
    root: PathBuf,
) -> Result<Run, OrchestratorDriveError> {
    let take_all = |director: &mut Director<'_>| {
        for step in &plan.steps {
            director.step(step, "");
        }
    };
    direct_by(kit, plan, root, take_all).map(|(run, ())| run)
}

/// As [`direct`], with steps that `script` takes.
pub(super) fn direct_by<T>(
    kit: &Kit<'_>,
    plan: &RunPlan,
    root: PathBuf,
    script: impl FnOnce(&mut Director<'_>) -> T,
) -> Result<(Run, T), OrchestratorDriveError> {
    let labels = labels(&plan.steps);
    let site = Site::new(root, &labels)?;
    let (hub, handle) = Hub::open(&site.socket)?;
    let (sender, events) = channel();
    std::thread::scope(|scope| {
        let closing = Closing(handle.clone());
        hub.serve(scope, sender.clone());
        let mut director = Director::new(kit, plan, site, (handle, events, sender))?;
        let before = director.trees.clone();
        let told = script(&mut director);
        drop(closing);
        Ok((director.seen(before), told))
    })
}

/// What a script prints that must be found again in what the orchestrator keeps.
const MARK: &str = "cabincrew-mark-kept";

impl<'a> Director<'a> {
    fn new(
        kit: &'a Kit<'a>,
        plan: &'a RunPlan,
        site: Site,
        (hub, events, sender): (Handle, Receiver<Event>, Sender<Event>),
    ) -> Result<Self, OrchestratorDriveError> {
        let name = plan.name();
        let made_up = |what: &str| world::made_up(kit.options.seed, &format!("{name}/{what}"));
        let stage = Stage::of(&name, &plan.stage)?;
        let id = |label: &String| {
            let digest = hex(&Sha256::digest(made_up(label)));
            let made_up = format!("wf-{}-{label}", &digest[..12]);
            let given = stage.ids.get(label).cloned();
            (label.clone(), given.unwrap_or(made_up))
        };
        let canary = |(name, what): (&str, &str)| Canary {
            name: name.to_owned(),
            value: made_up(what),
        };
        let secrets = [("secrets.TOKEN", "token"), ("env.CC_UNMAPPED", "unmapped")];
        let mark = Canary {
            name: "mark.kept".to_owned(),
            value: MARK.to_owned(),
        };
        let mut director = Self {
            table: plan.stage.clone(),
            places: Places {
                conform: kit.options.program.clone(),
                folder: site.stage.clone(),
                stage: site.stage.clone(),
                socket: Some(site.socket.clone()),
                workspace: site.workspace("a").to_owned(),
                elsewhere: site.elsewhere.clone(),
                listener: site.address(),
            },
            written: Written::default(),
            ids: site.workspaces.keys().map(id).collect(),
            stage,
            canaries: secrets.map(canary).into_iter().chain([mark]).collect(),
            tracker: Tracker::new(&site.root, kit.family.clone()),
            kept: kept(&plan.steps),
            before_command: Vec::new(),
            exportable: true,
            calls: Vec::new(),
            early: Vec::new(),
            open: Vec::new(),
            steps: Vec::new(),
            trees: BTreeMap::new(),
            given: Vec::new(),
            planned: BTreeMap::new(),
            fixed: Vec::new(),
            kit,
            plan,
            site,
            hub,
            events,
            sender,
        };
        director.write_stage()?;
        director.fill_workspaces()?;
        Ok(director)
    }

    /// Writes the stage's files, while no process is being started.
    pub(super) fn write_stage(&mut self) -> Result<(), OrchestratorDriveError> {
        let write = || stage::write(&self.stage, &self.places);
        self.written = self.kit.family.between_starts(write)?;
        Ok(())
    }

    fn fill_workspaces(&mut self) -> std::io::Result<()> {
        for (label, folder) in &self.site.workspaces {
            for (path, text) in self.stage.files.iter().flatten() {
                let path = folder.join(path);
                if let Some(parent) = path.parent() {
                    std::fs::create_dir_all(parent)?;
                }
                std::fs::write(path, text)?;
            }
            let tree = snapshot::look(folder, None).tree;
            self.trees.insert(label.clone(), tree);
        }
        Ok(())
    }

    /// The orchestrator's own environment.
    pub(super) fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut env: BTreeMap<String, OsString> = BTreeMap::new();
        env.insert("PATH".to_owned(), self.kit.options.path.clone());
        env.insert("HOME".to_owned(), self.site.home.clone().into());
        env.insert("TMPDIR".to_owned(), self.site.tmp.clone().into());
        env.insert("LANG".to_owned(), "C.UTF-8".into());
        for (canary, variable) in self.canaries.iter().zip(["CC_TOKEN", "CC_UNMAPPED"]) {
            env.insert(variable.to_owned(), canary.value.clone().into());
        }
        for (name, value) in &self.stage.env {
            match value.as_str() {
                Some(text) => env.insert(name.clone(), self.places.text(text).into()),
                None => env.remove(name),
            };
        }
        env.into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect()
    }

    fn seen(mut self, workspace: BTreeMap<String, Tree>) -> Run {
        self.seen_so_far(workspace)
    }

    /// Everything that was seen since the last time; `workspace` is how it looked before.
    pub(super) fn seen_so_far(&mut self, workspace: BTreeMap<String, Tree>) -> Run {
        Run {
            drill: self.plan.drill.clone(),
            case: self.plan.case.clone(),
            workflow: self.written.workflow.clone(),
            roster: self.written.roster.clone(),
            dirs: self.site.named("a"),
            ids: self.ids.clone(),
            canaries: self.canaries.clone(),
            workspace,
            policy_files: self.written.policy_files.clone(),
            steps: std::mem::take(&mut self.steps),
        }
    }

    /// The workspace's path as a word of the command line.
    pub(super) fn workspace_word(&self, label: &str) -> String {
        lossy(self.site.workspace(label))
    }
}

/// The workflows that steps are about, `a` at least.
fn labels(steps: &[Step]) -> Vec<String> {
    fn collect(steps: &[Step], found: &mut Vec<String>) {
        for step in steps {
            let label = step.act.workflow().to_owned();
            if !found.contains(&label) {
                found.push(label);
            }
            collect(step.act.inner(), found);
        }
    }
    let mut found = vec!["a".to_owned()];
    collect(steps, &mut found);
    found
}

/// The steps that a later one puts back.
fn kept(steps: &[Step]) -> Vec<String> {
    use crate::orchestrator::drill::{Act, TamperAct};
    let mut found = Vec::new();
    for step in steps {
        if let Act::Tamper(tamper) = &step.act
            && let TamperAct::Restore(name) = &tamper.by
        {
            found.push(name.clone());
        }
        found.extend(kept(step.act.inner()));
    }
    found
}
