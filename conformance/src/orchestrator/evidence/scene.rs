//! What a run began with, as files that can be put anywhere.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::evidence::EvidenceError;
use crate::orchestrator::observe::Run;
use crate::orchestrator::plan::RunPlan;
use crate::orchestrator::stage::{self, Places, Stage};

/// Stands in files for the folder that they are copied to.
pub(super) const ROOT: &str = "@ROOT@";
/// Stands in files for the kit's program, which plays the engines and policies.
pub(super) const CONFORM: &str = "@CONFORM@";

/// A file of the scene.
pub(super) struct SceneFile {
    /// `stage/NAME` or `workspace-LABEL/PATH`.
    pub(super) path: String,
    pub(super) content: Vec<u8>,
    pub(super) executable: bool,
}

/// The files, the orchestrator's environment, and which files hold [`ROOT`] or [`CONFORM`].
pub(super) struct Scene {
    pub(super) files: Vec<SceneFile>,
    /// Variables that were set to a text, or taken out.
    pub(super) env: Vec<(String, Option<String>)>,
    pub(super) filled: Vec<String>,
}

/// The scene of a run, made anew from its plan.
pub(super) fn of(plan: &RunPlan, run: &Run) -> Result<Scene, EvidenceError> {
    let own = tempfile::tempdir().map_err(|source| unwritable(Path::new("stage"), source))?;
    let stage = Stage::of(&plan.name(), &plan.stage).map_err(not_staged)?;
    let root = Path::new(ROOT);
    let places = Places {
        conform: PathBuf::from(CONFORM),
        folder: own.path().to_owned(),
        stage: root.join("stage"),
        socket: None,
        workspace: root.join("workspace-a"),
        elsewhere: root.join("elsewhere"),
        listener: None,
    };
    stage::write(&stage, &places).map_err(not_staged)?;
    let mut files = Vec::new();
    collect(own.path(), "stage", &mut files)?;
    for label in run.workspace.keys() {
        files.extend(stage.files.iter().flatten().map(|(path, text)| SceneFile {
            path: format!("workspace-{label}/{path}"),
            content: text.clone().into_bytes(),
            executable: false,
        }));
    }
    let stands_in = |file: &&SceneFile| {
        let text = String::from_utf8_lossy(&file.content);
        file.path.starts_with("stage/") && (text.contains(ROOT) || text.contains(CONFORM))
    };
    let filled = files.iter().filter(stands_in).map(|file| file.path.clone());
    Ok(Scene {
        filled: filled.collect(),
        env: environment(&stage, &places, run),
        files,
    })
}

/// The secrets that were made up, and what the stage says.
fn environment(stage: &Stage, places: &Places, run: &Run) -> Vec<(String, Option<String>)> {
    let secrets = run.canaries.iter().zip(["CC_TOKEN", "CC_UNMAPPED"]);
    let mut env: Vec<(String, Option<String>)> = secrets
        .map(|(canary, variable)| (variable.to_owned(), Some(canary.value.clone())))
        .collect();
    for (name, value) in &stage.env {
        let text = value.as_str().map(|text| places.text(text));
        env.push((name.clone(), text));
    }
    env
}

/// All files of a folder that the kit has just written itself.
fn collect(folder: &Path, name: &str, files: &mut Vec<SceneFile>) -> Result<(), EvidenceError> {
    let fail = |source| unwritable(Path::new(name), source);
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let own = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{name}/{own}");
        if path.is_dir() {
            collect(&path, &name, files)?;
            continue;
        }
        let mode = fs::metadata(&path).map_err(fail)?.permissions().mode();
        files.push(SceneFile {
            path: name,
            content: fs::read(&path).map_err(fail)?,
            executable: mode & 0o100 != 0,
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(())
}

fn unwritable(path: &Path, source: std::io::Error) -> EvidenceError {
    EvidenceError::Unwritable {
        path: path.to_owned(),
        source,
    }
}

/// It was written once already, for the run itself, so that this is the file system's doing.
fn not_staged(error: stage::StageError) -> EvidenceError {
    unwritable(Path::new("stage"), std::io::Error::other(error))
}
