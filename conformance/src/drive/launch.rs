//! One launch: its circumstances are prepared, it is run, and what was seen is written down.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::clock;
use super::decoys::{Gateway, OpenWatch};
use super::launcher::{self, Caught, Circumstances};
use super::place::Dirs;
use super::process::{self, Ended, Spec};
use super::reap::Tracker;
use super::snapshot::{self, Look};
use crate::drill::{Cwd, Decoys, Delivery, EnvOrder, LaunchMode, LaunchPlan, System};
use crate::observe::{Bytes, End, Launch};
use crate::tree::{self, Change, Tree};

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
    watched_before: BTreeMap<&'static str, Tree>,
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
            for name in ["cache", "lock", "plan.json", "state.json", "engine.log"] {
                std::fs::write(dirs.tmpdir.join(name), b"left by somebody else\n")?;
            }
        }
        let (mut gateway, mut open_watch) = (None, None);
        match plan.decoys {
            Some(Decoys::Credentials) => {
                super::decoys::plant_credentials(&dirs.home, material.decoy)?;
                open_watch = OpenWatch::new(&dirs.home);
            }
            Some(Decoys::Gateways) => gateway = Some(Gateway::open()?),
            None => {}
        }
        let address = gateway.as_ref().map(Gateway::address).unwrap_or_default();
        if gateway.is_some() {
            let text = String::from_utf8_lossy(&material.input).replace("{gateway}", &address);
            material.input = text.into_bytes();
        }
        let input_file = dirs.side.join("input.json");
        let by_file = plan.delivery == Delivery::File;
        if by_file {
            std::fs::write(&input_file, &material.input)?;
        }
        let mut env = variables(plan, &dirs, material.path);
        for value in env.values_mut() {
            *value = fill_in(value, &dirs, material.decoy, &address);
        }
        if by_file {
            env.insert("CABINCREW_INPUT_FILE".into(), input_file.into_os_string());
        }
        let (argv, env) = command(plan, material.subject, env, &material.circumstances);
        let spec = Spec {
            argv,
            env,
            cwd: match plan.cwd {
                Cwd::Temp => dirs.temp.clone(),
                Cwd::Workspace => dirs.workspace.clone(),
                Cwd::Elsewhere => dirs.elsewhere.clone(),
            },
            stdin: if by_file {
                Vec::new()
            } else {
                material.input.clone()
            },
            delivery: plan.delivery,
            timeout: material.timeout,
            bounded: vec![dirs.base.clone(), dirs.side.clone()],
        };
        let artifacts_before = snapshot::look(&dirs.artifacts, None).tree;
        let watched_before = watched(plan, &dirs);
        Ok(Self {
            plan,
            name: material.name,
            drill: material.drill,
            spec,
            spoiled: plan.state != crate::drill::StatePlan::Intact,
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
        let artifacts_late = if ended.left.is_empty() {
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
            markers: self.markers(&workspace, &look.tree),
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
            args: arguments(self.plan),
            env: recorded_variables(&self.spec, &self.dirs),
            input: Bytes::whole(self.input),
            expected_plan_token: self.expected_plan_token,
            dirs: named_dirs(&self.dirs),
            end: ended.end,
            stdout: ended.stdout,
            stderr: ended.stderr,
            started_s,
            duration_ms: ended.duration_ms,
            processes_left: ended.left,
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

    /// Changes in watched places; also takes the subject's own end from the launcher's report.
    fn outside(&self, ended: &mut Ended) -> Vec<Change> {
        let mut changes = Vec::new();
        for (place, before) in &self.watched_before {
            let after = match *place {
                "beside" => listing(&self.dirs.base),
                _ => snapshot::look(&watched_path(place, &self.dirs), Some(before)).tree,
            };
            changes.extend(
                tree::changes(before, &after)
                    .into_iter()
                    .map(|change| Change {
                        path: format!("{}/{}", watched_name(place), change.path),
                        what: change.what,
                    }),
            );
        }
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

    /// Files that only an injected command makes.
    fn markers(&self, workspace: &Tree, artifacts: &Tree) -> Vec<String> {
        let in_tree = |tree: &Tree, place: &str| -> Vec<String> {
            tree.keys()
                .filter(|path| {
                    path.rsplit('/')
                        .next()
                        .is_some_and(|name| name.starts_with("pwned"))
                })
                .map(|path| format!("{place}/{path}"))
                .collect()
        };
        let mut found = in_tree(workspace, "workspace");
        found.extend(in_tree(artifacts, "artifacts"));
        for (place, folder) in [
            ("temp", &self.dirs.temp),
            ("home", &self.dirs.home),
            ("tmp", &self.dirs.tmpdir),
            ("cwd", &self.dirs.elsewhere),
            ("beside", &self.dirs.base),
        ] {
            let tree = if place == "beside" {
                listing(folder)
            } else {
                snapshot::look(folder, None).tree
            };
            found.extend(in_tree(&tree, place));
        }
        found
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
        spoiled: plan.state != crate::drill::StatePlan::Intact,
        args: arguments(plan),
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

fn arguments(plan: &LaunchPlan) -> Vec<String> {
    plan.args
        .clone()
        .unwrap_or_else(|| vec!["--mode".to_owned(), plan.mode.as_str().to_owned()])
}

/// The protocol's variables (DESIGN 4) and what the drill adds; values may still hold placeholders.
fn variables(plan: &LaunchPlan, dirs: &Dirs, path: &OsString) -> BTreeMap<OsString, OsString> {
    let mut env: BTreeMap<OsString, OsString> = BTreeMap::new();
    env.insert("CABINCREW_WORKSPACE".into(), dirs.workspace.clone().into());
    env.insert(
        "CABINCREW_ARTIFACTS_DIR".into(),
        dirs.artifacts.clone().into(),
    );
    env.insert("CABINCREW_TEMP_DIR".into(), dirs.temp.clone().into());
    env.insert("CABINCREW_MODE".into(), plan.mode.as_str().into());
    env.insert("PATH".into(), path.clone());
    env.extend(
        plan.env
            .iter()
            .map(|(name, value)| (name.into(), value.into())),
    );
    env
}

fn fill_in(value: &OsString, dirs: &Dirs, decoy: &str, gateway: &str) -> OsString {
    let Some(text) = value.to_str().filter(|text| text.contains('{')) else {
        return value.clone();
    };
    text.replace("{home}", &dirs.home.display().to_string())
        .replace("{tmpdir}", &dirs.tmpdir.display().to_string())
        .replace("{decoy}", decoy)
        .replace("{gateway}", gateway)
        .into()
}

/// The command line and the environment it is started with.
fn command(
    plan: &LaunchPlan,
    subject: &[OsString],
    env: BTreeMap<OsString, OsString>,
    circumstances: &Circumstances,
) -> (Vec<OsString>, Vec<(OsString, OsString)>) {
    let mut argv: Vec<OsString> = Vec::new();
    if !circumstances.is_plain() {
        let stage = serde_json::to_string(circumstances).unwrap_or_default();
        argv.extend([
            own_binary().into_os_string(),
            launcher::STAGE.into(),
            stage.into(),
        ]);
    }
    let mut env: Vec<(OsString, OsString)> = env.into_iter().collect();
    if plan.env_order == Some(EnvOrder::Reversed) {
        // `env` hands variables over in the order of its arguments; a process can be given an order
        // in no other portable way.
        argv.extend(["/usr/bin/env".into(), "-i".into()]);
        for (name, value) in env.drain(..).rev() {
            let mut assignment = name;
            assignment.push("=");
            assignment.push(value);
            argv.push(assignment);
        }
    }
    argv.extend(subject.iter().cloned());
    argv.extend(arguments(plan).into_iter().map(OsString::from));
    (argv, env)
}

/// The harness's own executable, for stages that it starts again.
pub(crate) fn own_binary() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("cabincrew-conform"))
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

/// Looks at the watched places before the launch.
fn watched(plan: &LaunchPlan, dirs: &Dirs) -> BTreeMap<&'static str, Tree> {
    let mut places = BTreeMap::new();
    if plan.watch || plan.cwd == Cwd::Elsewhere {
        places.insert("elsewhere", snapshot::look(&dirs.elsewhere, None).tree);
    }
    if plan.watch {
        places.insert("home", snapshot::look(&dirs.home, None).tree);
        places.insert("tmpdir", snapshot::look(&dirs.tmpdir, None).tree);
    }
    if plan.watch || plan.system == System::Watched {
        places.insert("beside", listing(&dirs.base));
    }
    places
}

fn watched_path(place: &str, dirs: &Dirs) -> PathBuf {
    match place {
        "home" => dirs.home.clone(),
        "tmpdir" => dirs.tmpdir.clone(),
        _ => dirs.elsewhere.clone(),
    }
}

/// How a watched place is called in findings.
fn watched_name(place: &str) -> &'static str {
    match place {
        "home" => "$HOME",
        "tmpdir" => "$TMPDIR",
        "beside" => "(beside the workspace)",
        _ => "(current directory)",
    }
}

/// Just the names in a directory, without looking inside.
fn listing(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let kind = if is_dir {
            tree::Kind::Directory
        } else {
            tree::Kind::File
        };
        let entry_seen = tree::Entry {
            kind,
            mode: 0,
            size: 0,
            sha256: String::new(),
            target: String::new(),
            links: 1,
            stamp: tree::Stamp::default(),
        };
        tree.insert(
            snapshot::printable(entry.file_name().as_encoded_bytes()),
            entry_seen,
        );
    }
    tree
}
