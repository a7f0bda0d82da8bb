//! The restored plan: found, held against its hashes, and read (C-18, CC-ENG-038).

use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::artifact::sha256;
use super::edit::Edit;
use super::failure::Failure;
use super::json::{self, Laxness};
use super::launch::Launch;

/// Name of the state artifact.
pub(crate) const PLAN: &str = "edits";
/// Name of the file that holds an artifact's body.
pub(crate) const BODY: &str = "body.data";
/// Largest file that is read.
const SIZE_MAX: u64 = 64 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    format: u32,
    edits: Vec<Edit>,
}

/// The edits of the restored plan, after every file that context announces has been verified.
pub(crate) fn load(launch: &Launch<'_>) -> Result<Vec<Edit>, Failure> {
    let announced = launch
        .input
        .context
        .get("state_artifacts")
        .and_then(Value::as_array)
        .ok_or(Failure::StateUnannounced)?;
    let mut plan = None;
    for entry in announced {
        let member = |name: &str| entry.get(name).and_then(Value::as_str);
        let (Some(name), Some(path), Some(hash)) = (member("name"), member("path"), member("hash"))
        else {
            return Err(Failure::MemberWrong("context.state_artifacts".to_owned()));
        };
        if path != format!("{name}/{BODY}") && path != format!("{name}/artifact.json") {
            return Err(Failure::MemberWrong("context.state_artifacts".to_owned()));
        }
        let bytes = verified(launch, name, path, hash)?;
        if name == PLAN {
            plan = Some(bytes);
        }
    }
    parse(&plan.ok_or_else(|| Failure::StateMissing(PLAN.to_owned()))?)
}

/// Reads the body of a plan.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<Edit>, Failure> {
    let invalid = || Failure::StateInvalid(PLAN.to_owned());
    let document = json::read(bytes, Laxness::default()).map_err(|_| invalid())?;
    let plan: Plan = serde_json::from_value(document.value).map_err(|_| invalid())?;
    if plan.format == 1 {
        Ok(plan.edits)
    } else {
        Err(invalid())
    }
}

/// The content of a restored file whose hash is the announced one.
fn verified(launch: &Launch<'_>, name: &str, path: &str, hash: &str) -> Result<Vec<u8>, Failure> {
    let name = || name.to_owned();
    let dir = &launch.dirs.artifacts;
    let descriptor = read(&dir.join(name()).join("artifact.json"))
        .ok_or_else(|| Failure::StateMissing(name()))?;
    let content = read(&dir.join(path)).ok_or_else(|| Failure::StateBodyMissing(name()))?;
    let matches = sha256(&content) == hash;
    let descriptor = json::read(&descriptor, Laxness::default())
        .map_err(|_| Failure::StateAltered(name()))?
        .value;
    let size = descriptor
        .pointer("/metadata/body_size")
        .and_then(Value::as_u64);
    if size.is_some_and(|size| (content.len() as u64) < size) {
        return Err(Failure::StateTruncated(name()));
    }
    if matches {
        Ok(content)
    } else if content.strip_suffix(b"\n").map(sha256).as_deref() == Some(hash) {
        Err(Failure::StateAppended(name()))
    } else {
        Err(Failure::StateAltered(name()))
    }
}

/// A plain file's content; `None` for anything that is not there or is something else.
fn read(path: &Path) -> Option<Vec<u8>> {
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .ok()?
        .take(SIZE_MAX)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}
