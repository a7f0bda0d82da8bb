//! Writes what a run leaves behind.

use std::path::PathBuf;

use super::folder::OutputFolder;
use super::{launch, repro};
use crate::catalogue::Kit;
use crate::observe::{Launch, Observation};
use crate::report::engine::Judged;
use crate::report::failure;
use crate::report::model::{CheckResult, Report};
use crate::scenario::Scenario;
use crate::verdict::Outcome;

/// Name of the report in an output folder.
pub const REPORT: &str = "report.json";

/// Folder of the baseline launch when the engine made no plan.
const NO_PLAN: &str = "baseline";

/// Why evidence cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The output folder holds data of somebody else.
    #[error("will not write to {path}: {why}")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// A file or folder cannot be written.
    #[error("cannot write {path}")]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A document cannot be serialised.
    #[error("cannot serialise {what}")]
    Serialise {
        /// The document.
        what: &'static str,
        /// Why.
        source: serde_json::Error,
    },
}

/// What a run leaves behind, beside its report.
#[derive(Debug)]
pub struct Run<'a> {
    /// All drills.
    pub kit: &'a Kit,
    /// The scenarios, for the workspaces.
    pub scenarios: &'a [Scenario],
    /// Every pass.
    pub judged: &'a [Judged],
    /// The subject's command as given.
    pub command: &'a [String],
}

/// Writes `observation.json` and a folder for each failure, and names the folders in the report.
///
/// # Errors
/// When the output folder cannot be written.
pub fn write(
    run: &Run<'_>,
    report: &mut Report,
    folder: &OutputFolder,
) -> Result<(), EvidenceError> {
    for (index, judged) in run.judged.iter().enumerate() {
        let name = match index {
            0 => "observation.json".to_owned(),
            _ => format!("observation-{}.json", index + 1),
        };
        let bytes =
            serde_json::to_vec(&judged.observation).map_err(|source| EvidenceError::Serialise {
                what: "the observation",
                source,
            })?;
        folder.write(&name, &bytes)?;
    }
    let mut baseline_written = false;
    for check in &mut report.checks {
        let name = match check.outcome {
            Outcome::Fail | Outcome::Known => check.id.replace('/', "."),
            Outcome::Unproven if failure::broken_baseline(check).is_some() => NO_PLAN.to_owned(),
            _ => continue,
        };
        let Some((seen, launch)) = launch_of(run, check, name == NO_PLAN) else {
            continue;
        };
        check.evidence = Some(name.clone());
        if name == NO_PLAN && std::mem::replace(&mut baseline_written, true) {
            continue;
        }
        launch::write(run, seen, launch, &folder.below(&name)?)?;
        let script = repro::script(run, seen, launch, check);
        folder.write_script(&format!("{name}/repro.sh"), &script)?;
        folder.write(
            &format!("{name}/report.txt"),
            failure::one(check).as_bytes(),
        )?;
    }
    Ok(())
}

/// The launch that a result is about, and the pass it took place in.
fn launch_of<'a>(
    run: &Run<'a>,
    check: &CheckResult,
    baseline: bool,
) -> Option<(&'a Observation, &'a Launch)> {
    let name = if baseline {
        NO_PLAN
    } else {
        check.findings.first()?.launch.as_str()
    };
    let scenario = check.scenario.as_deref()?;
    // A failure that comes and goes is only in the pass in which it was seen.
    let shows = |judged: &&Judged| {
        judged.verdicts.iter().any(|verdict| {
            verdict.check == check.id && verdict.findings.first() == check.findings.first()
        })
    };
    let seen = run
        .judged
        .iter()
        .filter(|judged| judged.observation.scenario.name == scenario)
        .find(shows)?;
    let launch = seen
        .observation
        .launches
        .iter()
        .find(|launch| launch.name == name && launch.was_launched())?;
    Some((&seen.observation, launch))
}
