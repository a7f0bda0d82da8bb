//! Taking off: exactly the restored plan, or nothing.

use serde_json::json;

use super::apply::apply;
use super::artifact::{self, Artifact};
use super::failure::Failure;
use super::launch::{Done, Launch};
use super::state;

/// Takes off from the restored state artifacts alone.
pub(crate) fn run(launch: &Launch<'_>) -> Result<Done, Failure> {
    let deviation = &launch.start.deviation;
    let edits = match deviation.finds_plan_elsewhere(launch) {
        Some(found) => found,
        None => state::load(launch),
    };
    let edits = edits.or_else(|failure| deviation.goes_on_without_plan(launch, failure))?;
    let changed = match deviation.applies_its_own_way(launch, &edits) {
        Some(changed) => changed?,
        None => apply(&launch.dirs.workspace, &edits)?,
    };
    deviation.acts(launch, &edits)?;
    let log = json!({
        "artifact_type": "log",
        "action": "none",
        "mime": "text/plain",
        "metadata": { "role": "log" },
    });
    let text = format!("{changed} of {} files changed\n", edits.len());
    let entries = artifact::write_all(
        launch,
        vec![Artifact::with_text("take-off-log", "log", log, &text)],
    )?;
    Ok(Done {
        entries,
        metrics: vec![("files", changed)],
    })
}
