//! Planning: what is to be done, as artifacts, with no effect anywhere else.

use serde_json::{Map, Value, json};

use super::artifact::{self, Artifact};
use super::edit::{self, Edit};
use super::failure::Failure;
use super::launch::{Done, Launch};
use super::scan::{Extensions, scan};
use super::state::PLAN;
use crate::fault::input::Leniency;

/// Plans: evidence for people and policies, state for take-off, and a log.
pub(crate) fn run(launch: &Launch<'_>) -> Result<Done, Failure> {
    let deviation = &launch.start.deviation;
    let extensions = extensions(launch)?;
    let root = deviation.looks_elsewhere();
    let root = root.as_deref().unwrap_or(&launch.dirs.workspace);
    let mut edits = scan(root, &extensions, deviation)?;
    deviation.selects_edits(launch, &mut edits);
    deviation.acts(launch, &edits)?;
    let lines = edits.iter().map(|edit| edit.lines.len()).sum::<usize>();
    let entries = artifact::write_all(launch, artifacts(&edits, lines))?;
    Ok(Done {
        entries,
        metrics: vec![("files", edits.len()), ("lines", lines)],
    })
}

/// The three artifacts of a plan.
fn artifacts(edits: &[Edit], lines: usize) -> Vec<Artifact> {
    let files: Vec<&str> = edits.iter().map(|edit| edit.path.as_str()).collect();
    let target = files.first().copied().unwrap_or(".");
    let action = if edits.is_empty() { "none" } else { "update" };
    let mut state =
        serde_json::to_string(&json!({ "format": 1, "edits": edits })).unwrap_or_default();
    state.push('\n');
    let evidence = json!({
        "artifact_type": "diff",
        "action": action,
        "mime": "text/x-diff",
        "target": target,
        "metadata": { "role": "evidence", "files": files },
    });
    let plan = json!({
        "artifact_type": "edits",
        "action": action,
        "mime": "application/json",
        "target": target,
        "metadata": { "role": "state", "files": files, "body_size": state.len() },
    });
    let log = json!({
        "artifact_type": "log",
        "action": "none",
        "mime": "text/plain",
        "metadata": { "role": "log" },
    });
    let counted = format!("{} files need a change in {lines} lines\n", edits.len());
    vec![
        Artifact::with_body("diff", "evidence", evidence, edit::diff(edits).into_bytes()),
        Artifact::with_body(PLAN, "state", plan, state.into_bytes()),
        Artifact::with_text("log", "log", log, &counted),
    ]
}

/// The config's one member: `extensions`, a list of file name endings. Others are refused.
pub(crate) fn extensions(launch: &Launch<'_>) -> Result<Extensions, Failure> {
    let config = &launch.input.config;
    if launch.start.deviation.lets_pass(Leniency::Config) {
        return Ok(parse(config).unwrap_or_default());
    }
    if let Some(unknown) = config.keys().find(|name| *name != "extensions") {
        return Err(Failure::Config(unknown.clone()));
    }
    match config.get("extensions") {
        None => Ok(Extensions::default()),
        Some(_) => parse(config).ok_or_else(|| Failure::Config("extensions".to_owned())),
    }
}

fn parse(config: &Map<String, Value>) -> Option<Extensions> {
    let wanted = |item: &Value| {
        let text = item.as_str()?;
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain.then(|| text.to_owned())
    };
    let list = config.get("extensions")?.as_array()?;
    let extensions: Vec<String> = list.iter().map(wanted).collect::<Option<_>>()?;
    (!extensions.is_empty()).then_some(Extensions(extensions))
}
