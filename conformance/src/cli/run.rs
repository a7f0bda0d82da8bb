//! Drives a target through a plan in all its scenarios, as often as asked for.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::edge::Edge;
use super::error::CliError;
use super::output;
use super::progress::Live;
use super::subject::Target;
use crate::catalogue::Kit;
use crate::drive::clock;
use crate::drive::engine::{DriveError, DriveOptions, drive};
use crate::judge::judge;
use crate::observe::{Capabilities, OBSERVATION_FORMAT, Observation, ScenarioSeen};
use crate::report::engine::Judged;
use crate::scenario::Scenario;
use crate::select::Plan;
use crate::tree::Tree;

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Driven {
    pub(crate) judged: Vec<Judged>,
    /// How long it took, milliseconds.
    pub(crate) duration_ms: u64,
    /// Why it ended early, if it did.
    pub(crate) aborted: Option<String>,
}

/// Drives every scenario `repeat` times. What goes wrong on the way ends the run early; what was seen
/// until then is kept.
///
/// # Errors
/// When the engine cannot even be started.
pub(crate) fn drive_all(
    target: &Target,
    kit: &Kit,
    plan: &Plan,
    edge: &Edge,
    passes: &Passes,
) -> Result<Driven, CliError> {
    let start = clock::now();
    let mut driven = Driven {
        judged: Vec::new(),
        duration_ms: 0,
        aborted: None,
    };
    for pass in 1..=passes.repeat {
        for scenario in &target.scenarios {
            let live = Live {
                edge,
                scenario: &scenario.name,
            };
            let options = DriveOptions {
                keep: passes.keep_for(scenario, pass),
                ..target.options.clone()
            };
            let seen = drive(&target.subject, scenario, plan, &options, &live);
            live.clear();
            let observation = match seen {
                Ok(observation) => observation,
                Err(error @ DriveError::NotExecutable { .. }) => return Err(error.into()),
                Err(error) => {
                    driven.aborted = Some(chain(&error));
                    nothing_seen(scenario)
                }
            };
            if edge.interrupted.load(Ordering::Relaxed) {
                driven.aborted = Some("the run was interrupted".to_owned());
            }
            if let Some(folder) = &options.keep {
                tell_kept(folder, &observation);
            }
            driven.judged.push(Judged {
                verdicts: judge(plan, kit, &observation),
                observation,
            });
            driven.duration_ms = start.elapsed_ms();
            if driven.aborted.is_some() {
                return Ok(driven);
            }
        }
    }
    Ok(driven)
}

/// How often, and where to leave the workers' directories.
#[derive(Debug)]
pub(crate) struct Passes {
    pub(crate) repeat: u32,
    pub(crate) keep: Option<PathBuf>,
}

impl Passes {
    fn keep_for(&self, scenario: &Scenario, pass: u32) -> Option<PathBuf> {
        let folder = self.keep.as_ref()?;
        Some(folder.join(format!("{}-{pass}", scenario.name)))
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The directories are only moved within a file system; elsewhere they stay where they were.
fn tell_kept(folder: &Path, seen: &Observation) {
    if folder.exists() {
        output::tell(&format!(
            "the directories of the launches are in {}",
            folder.display()
        ));
        return;
    }
    let base = seen
        .launches
        .iter()
        .find_map(|launch| launch.dirs.get("base"));
    let root = base.map(Path::new).and_then(|base| {
        let is_root = |path: &&Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("cabincrew-conform-")
        };
        base.ancestors().find(is_root)
    });
    if let Some(root) = root {
        output::tell(&format!(
            "the directories of the launches are in {}",
            root.display()
        ));
    }
}

/// The observation of a run that ended before its first launch.
fn nothing_seen(scenario: &Scenario) -> Observation {
    Observation {
        format: OBSERVATION_FORMAT,
        scenario: ScenarioSeen {
            name: scenario.name.clone(),
            digest: scenario.digest().to_owned(),
            takeoff_changes: scenario.takeoff_changes,
            after: None,
            workspace: Tree::new(),
            invalid_configs: scenario.invalid_configs.len(),
            numbers: scenario.numbers(),
        },
        capabilities: Capabilities {
            mounts: false,
            system_watch: false,
            open_watch: false,
            process_list: false,
        },
        canaries: Vec::new(),
        launches: Vec::new(),
    }
}
