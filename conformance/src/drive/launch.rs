//! One launch: its circumstances are prepared, it is run, and what was seen is written down.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;

use cabincrew_protocol::digest;

use super::clock;
use super::command;
use super::decoys::{Gateway, OpenWatch};
use super::launcher::{Caught, Circumstances};
use super::place::Dirs;
use super::process::{self, Ended, Spec};
use super::reap::Tracker;
use super::snapshot::{self, Look};
use super::watch::{self, Before};
use crate::drill::{Cwd, Decoys, Delivery, LaunchMode, LaunchPlan, StatePlan, System};
use crate::observe::{Bytes, End, Launch};
use crate::tree::{self, Change, Kind, Tree, What};

/// The file that input is given in.
const INPUT_FILE: &str = "input.json";

/// A launch whose directories are ready.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    pub(crate) plan: &'a LaunchPlan,
    pub(crate) name: String,
    pub(crate) drill: &'a str,
    pub(crate) dirs: Dirs,
    pub(crate) spec: Spec,
    pub(crate) spoiled: bool,
    pub(crate) input: Vec<u8>,
    pub(crate) expected_plan_token: Option<String>,
    pub(crate) restored: Vec<String>,
    pub(crate) workspace_before: Tree,
    pub(crate) artifacts_before: Tree,
    pub(crate) circumstances: Circumstances,
    gateway: Option<Gateway>,
    open_watch: Option<OpenWatch>,
    watched_before: Before,
}

/// What is needed to prepare a launch, beside its plan.
#[derive(Debug)]
pub(crate) struct Material<'a> {
    pub(crate) name: String,
    pub(crate) drill: &'a str,
    pub(crate) dirs: Dirs,
    pub(crate) subject: &'a [OsString],
    pub(crate) path: &'a OsString,
    pub(crate) timeout: std::time::Duration,
    pub(crate) input: Vec<u8>,
    pub(crate) expected_plan_token: Option<String>,
    pub(crate) restored: Vec<String>,
    pub(crate) workspace_before: Tree,
    pub(crate) circumstances: Circumstances,
    pub(crate) decoy: &'a str,
}

impl<'a> Prepared<'a> {
    /// Prepares everything but the workspace and the restored artifacts, which the worker did.
    ///
    /// # Errors
    /// When a directory or a file cannot be made.
    pub(crate) fn new(plan: &'a LaunchPlan, mut material: Material<'a>) -> io::Result<Self> {
        let dirs = material.dirs;
        if plan.junk {
            leave_junk(&dirs)?;
        }
        let (mut gateway, mut open_watch) = (None, None);
        match plan.decoys {
            Some(Decoys::Credentials) => {
                super::decoys::plant_credentials(&dirs.home, material.decoy)?;
                open_watch = OpenWatch::new(&dirs.home);
            }
            Some(Decoys::Settings) => super::decoys::plant_settings(&dirs.home)?,
            Some(Decoys::Gateways) => gateway = Some(Gateway::open()?),
            None => {}
        }
        let address = gateway.as_ref().map(Gateway::address).unwrap_or_default();
        if gateway.is_some() {
            let text = String::from_utf8_lossy(&material.input).replace("{gateway}", &address);
            material.input = text.into_bytes();
        }
        let input_file = dirs.side.join(INPUT_FILE);
        let by_file = plan.delivery.by_file();
        if by_file {
            std::fs::write(&input_file, &material.input)?;
        }
        let mut env = command::variables(plan, &dirs, material.path);
        for value in env.values_mut() {
            *value = command::fill_in(value, &dirs, material.decoy, &address);
        }
        if by_file {
            env.insert("CABINCREW_INPUT_FILE".into(), input_file.into_os_string());
        }
        let (argv, env) = command::command(plan, material.subject, env, &material.circumstances);
        let spec = Spec {
            argv,
            env,
            cwd: match plan.cwd {
                Cwd::Temp => dirs.temp.clone(),
                Cwd::Workspace => dirs.workspace.clone(),
                Cwd::Elsewhere => dirs.elsewhere.clone(),
            },
            stdin: standard_input(plan.delivery, &material.input),
            delivery: plan.delivery,
            timeout: material.timeout,
            bounded: vec![dirs.base.clone(), dirs.side.clone()],
        };
        let artifacts_before = snapshot::look(&dirs.artifacts, None).tree;
        let watched_before = Before::look(plan, &dirs);
        Ok(Self {
            plan,
            name: material.name,
            drill: material.drill,
            spec,
            spoiled: plan.state != StatePlan::Intact,
            input: material.input,
            expected_plan_token: material.expected_plan_token,
            restored: material.restored,
            workspace_before: material.workspace_before,
            artifacts_before,
            circumstances: material.circumstances,
            gateway,
            open_watch,
            watched_before,
            dirs,
        })
    }

    /// Runs it and writes down what was seen.
    pub(crate) fn run(mut self, tracker: &Tracker, worker: usize) -> Launch {
        let started_s = i64::try_from(clock::wall().as_secs()).unwrap_or(i64::MAX);
        let mut at_exit: Option<Look> = None;
        let artifacts = self.dirs.artifacts.clone();
        let mut ended = process::run(&self.spec, tracker, &mut || {
            at_exit = Some(snapshot::look_with_contents(&artifacts));
        });
        // Asked first: the looks below open files themselves.
        let decoys_opened = self
            .open_watch
            .take()
            .map(OpenWatch::opened)
            .unwrap_or_default();
        let look = at_exit.unwrap_or_else(|| snapshot::look_with_contents(&artifacts));
        let artifacts_late = if !ended.left.lingered {
            Vec::new()
        } else {
            tree::changes_with_touches(
                &look.tree,
                &snapshot::look(&artifacts, Some(&look.tree)).tree,
            )
        };
        let outside = self.outside(&mut ended);
        let workspace =
            snapshot::look_with_root(&self.dirs.workspace, Some(&self.workspace_before));
        let workspace_changes = tree::changes_with_touches(&self.workspace_before, &workspace);
        let is_restored = |path: &str| {
            self.restored
                .iter()
                .any(|name| path == name || path.starts_with(&format!("{name}/")))
        };
        let restored_changes = tree::changes_with_touches(&self.artifacts_before, &look.tree)
            .into_iter()
            .filter(|change| is_restored(&change.path))
            .collect();
        Launch {
            markers: watch::markers(&self.dirs, &workspace, &look.tree),
            temp_left: snapshot::look(&self.dirs.temp, None)
                .tree
                .into_keys()
                .take(64)
                .collect(),
            decoys_opened,
            connections: self.gateway.map(Gateway::close).unwrap_or_default(),
            name: self.name,
            drill: self.drill.to_owned(),
            worker,
            mode: self.plan.mode,
            refuse: self.plan.refuse,
            spoiled: self.spoiled,
            args: command::arguments(self.plan),
            env: recorded_variables(&self.spec, &self.dirs),
            input: Bytes::whole(self.input),
            expected_plan_token: self.expected_plan_token,
            dirs: named_dirs(&self.dirs),
            end: ended.end,
            stdout: ended.stdout,
            stderr: ended.stderr,
            started_s,
            duration_ms: ended.duration_ms,
            processes_left: ended.left.names,
            workspace_changes,
            workspace_after: (self.plan.mode == LaunchMode::TakeOff).then_some(workspace),
            artifacts: look.tree,
            contents: look.contents,
            artifacts_late,
            restored: self.restored,
            restored_changes,
            outside,
        }
    }

    /// What has become of the file that the input was given in.
    fn input_file_changed(&self) -> Option<Change> {
        if !self.plan.delivery.by_file() {
            return None;
        }
        // The subject may have put anything in its place: it is looked at as everything else is.
        let found = snapshot::look_with_root(&self.dirs.side.join(INPUT_FILE), None);
        let what = match found.get(".") {
            None => What::Removed,
            Some(entry) if entry.kind != Kind::File => What::Kind,
            Some(entry) if entry.sha256 == digest::sha256(&self.input).as_str() => return None,
            Some(_) => What::Content,
        };
        let path = "$CABINCREW_INPUT_FILE".to_owned();
        Some(Change { path, what })
    }

    /// Changes in watched places; also takes the subject's own end from the launcher's report.
    fn outside(&self, ended: &mut Ended) -> Vec<Change> {
        let mut changes = self.watched_before.changes(&self.dirs);
        changes.extend(self.input_file_changed());
        if self.plan.system == System::Watched {
            let report = std::fs::read(&self.circumstances.report).unwrap_or_default();
            match serde_json::from_slice::<Caught>(&report) {
                Ok(caught) => {
                    if let Some(signal) = caught.signal {
                        ended.end = End::Signalled(signal);
                    }
                    changes.extend(caught.changes);
                }
                Err(_) if matches!(ended.end, End::Exited(_)) => {
                    let text = String::from_utf8_lossy(&ended.stderr.kept).into_owned();
                    ended.end = End::NotLaunched(text.trim().to_owned());
                }
                Err(_) => {}
            }
        }
        changes
    }
}

/// Files of others in the temporary directory.
fn leave_junk(dirs: &Dirs) -> io::Result<()> {
    for name in ["cache", "lock", "plan.json", "state.json", "engine.log"] {
        std::fs::write(dirs.tmpdir.join(name), b"left by somebody else\n")?;
    }
    Ok(())
}

/// What the engine finds on standard input.
fn standard_input(delivery: Delivery, input: &[u8]) -> Vec<u8> {
    match delivery {
        Delivery::File | Delivery::FileOpenStdin => Vec::new(),
        Delivery::FileOtherStdin => b"{\"mode\": 1} is not the input".to_vec(),
        Delivery::Whole | Delivery::Pieces => input.to_vec(),
    }
}

/// A launch that did not take place.
pub(crate) fn not_launched(plan: &LaunchPlan, name: &str, drill: &str, why: String) -> Launch {
    Launch {
        name: name.to_owned(),
        drill: drill.to_owned(),
        worker: 0,
        mode: plan.mode,
        refuse: plan.refuse,
        spoiled: plan.state != StatePlan::Intact,
        args: command::arguments(plan),
        env: BTreeMap::new(),
        input: Bytes::default(),
        expected_plan_token: None,
        dirs: BTreeMap::new(),
        end: End::NotLaunched(why),
        stdout: Bytes::default(),
        stderr: Bytes::default(),
        started_s: 0,
        duration_ms: 0,
        processes_left: Vec::new(),
        workspace_changes: Vec::new(),
        workspace_after: None,
        artifacts: Tree::new(),
        contents: BTreeMap::new(),
        artifacts_late: Vec::new(),
        restored: Vec::new(),
        restored_changes: Vec::new(),
        temp_left: Vec::new(),
        outside: Vec::new(),
        decoys_opened: Vec::new(),
        connections: Vec::new(),
        markers: Vec::new(),
    }
}

fn named_dirs(dirs: &Dirs) -> BTreeMap<String, String> {
    [
        ("workspace", &dirs.workspace),
        ("artifacts", &dirs.artifacts),
        ("temp", &dirs.temp),
        ("home", &dirs.home),
        ("tmpdir", &dirs.tmpdir),
        ("elsewhere", &dirs.elsewhere),
        ("side", &dirs.side),
        ("base", &dirs.base),
    ]
    .into_iter()
    .map(|(name, path)| (name.to_owned(), path.display().to_string()))
    .collect()
}

/// The environment as recorded: the launch's directories as placeholders.
fn recorded_variables(spec: &Spec, dirs: &Dirs) -> BTreeMap<String, String> {
    let named = named_dirs(dirs);
    let assignments = spec
        .argv
        .iter()
        .filter_map(|arg| arg.to_str()?.split_once('='));
    let plain = spec
        .env
        .iter()
        .filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
    plain
        .chain(assignments.filter(|_| spec.env.is_empty()))
        .map(|(name, value)| (name.to_owned(), with_placeholders(value, &named)))
        .collect()
}

/// Replaces the launch's directories in a text by their names in braces.
pub(crate) fn with_placeholders(text: &str, dirs: &BTreeMap<String, String>) -> String {
    let mut longest_first: Vec<_> = dirs.iter().filter(|(_, path)| !path.is_empty()).collect();
    longest_first.sort_by_key(|(_, path)| std::cmp::Reverse(path.len()));
    let mut text = text.to_owned();
    for (name, path) in longest_first {
        text = text.replace(path.as_str(), &format!("{{{name}}}"));
    }
    text
}
