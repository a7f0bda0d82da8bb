//! `plan verify`: a token recomputed from artifacts on disk, by whoever has them.

use std::path::Path;

use cabincrew_protocol::artifact::{BODY_FILE, METADATA_FILE, Role, descriptor_digest};
use cabincrew_protocol::digest::sha256;
use cabincrew_protocol::json::{self, Limits};
use cabincrew_protocol::plan_token::{self, PlanArtifactHash, PlanToken};
use serde_json::json;

use super::args::PlanVerb;
use super::out;
use crate::exit::Exit;

/// Does what the command line says.
pub(super) fn run(verb: &PlanVerb, as_json: bool) -> Exit {
    let PlanVerb::Verify {
        expect,
        plan_token,
        workflow_id,
        step_id,
        artifacts,
    } = verb;
    let token = match read(plan_token) {
        Ok(token) => token,
        Err(text) => {
            out::problem(&text);
            return Exit::Usage;
        }
    };
    let mut findings = compare(&token, artifacts);
    match plan_token::compute(&token, workflow_id, step_id) {
        Ok(computed) if computed.as_str() != token.token => {
            findings.push(format!(
                "the document has the token {computed}, not the one it states"
            ));
        }
        Ok(computed) if computed.as_str() != expect => {
            findings.push(format!("the token is {computed}"));
        }
        Ok(_) => {}
        Err(error) => findings.push(error.to_string()),
    }
    let holds = findings.is_empty();
    let printed = if as_json {
        out::value(&json!({"holds": holds, "expect": expect, "findings": findings}))
    } else if holds {
        out::line(&format!("{expect} is the token of these artifacts"))
    } else {
        let lines: Vec<String> = findings.iter().map(|line| out::shown(line)).collect();
        out::line(&lines.join("\n"))
    };
    match (printed, holds) {
        (Exit::Done, false) => Exit::Failed,
        (printed, _) => printed,
    }
}

fn read(path: &Path) -> Result<PlanToken, String> {
    let bytes =
        std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let value = json::parse(&bytes, &Limits::RECEIPT).map_err(|error| error.to_string())?;
    serde_json::from_value(value).map_err(|error| format!("not a PlanToken: {error}"))
}

/// Every artifact of the token is there as bound, and no other.
fn compare(token: &PlanToken, folder: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    for bound in &token.artifacts {
        if let Err(text) = check(bound, folder) {
            findings.push(format!("{}: {text}", bound.name));
        }
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !token.artifacts.iter().any(|bound| bound.name == name) {
            findings.push(format!("{name}: is not in the token"));
        }
    }
    findings
}

/// The role is bound and not on disk: one of the three must give the bound digest.
fn check(bound: &PlanArtifactHash, folder: &Path) -> Result<(), String> {
    if cabincrew_protocol::rules::artifact_name(&bound.name).is_some() {
        return Err("is no name of an artifact".to_owned());
    }
    let folder = folder.join(&bound.name);
    let metadata = std::fs::read(folder.join(METADATA_FILE)).map_err(|error| error.to_string())?;
    let body = match std::fs::read(folder.join(BODY_FILE)) {
        Ok(body) => Some(body),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.to_string()),
    };
    let (metadata, body) = (sha256(&metadata), body.map(|body| sha256(&body)));
    let roles = [Role::State, Role::Evidence, Role::Log];
    let mut digests = roles
        .iter()
        .map(|role| descriptor_digest(&bound.name, role, &metadata, body.as_ref()));
    if digests.any(|digest| digest.as_str() == bound.hash) {
        Ok(())
    } else {
        Err("is not what the token binds".to_owned())
    }
}
