//! Artifacts against receipt: every rule of the profile, as one list of defects (CC-ART-012).

use cabincrew_protocol::artifact::Role;
use cabincrew_protocol::engine::{EngineArtifact, EngineOutput};
use cabincrew_protocol::{rules, wire};

use super::events::is_governed;
use super::failure::Failure;
use super::next::Outcome;
use crate::fact::{Collected, Collection, Stored};
use crate::fault::{self, Fault};

/// Judges the artifacts of a plan. A plan without anything to govern is none (C-65).
#[must_use]
pub fn validate(receipt: &EngineOutput, collection: &Collection) -> Outcome {
    match check(receipt, collection) {
        Err(defects) => Outcome::Failed(Box::new(Failure::artifacts(&defects))),
        Ok(artifacts)
            if !artifacts.iter().any(|stored| is_governed(&stored.role))
                && !fault::on(Fault::PlanOfNothingPasses) =>
        {
            let defects = ["the plan holds nothing that could be governed".to_owned()];
            Outcome::Failed(Box::new(Failure::artifacts(&defects)))
        }
        Ok(artifacts) => Outcome::Validated(artifacts),
    }
}

/// Judges the new artifacts of take-off: new names, evidence or log (C-67).
///
/// # Errors
/// With all defects.
pub fn validate_result(
    receipt: &EngineOutput,
    collection: &Collection,
    plan: &[Stored],
) -> Result<Vec<Stored>, Vec<String>> {
    // Restored artifacts may be listed again; they are judged by their digests.
    let restored: Vec<&str> = plan
        .iter()
        .filter(|stored| stored.role == Role::State)
        .map(|stored| stored.name.as_str())
        .collect();
    let mut receipt = receipt.clone();
    if let Some(listed) = receipt.artifacts.as_mut() {
        listed.retain(|artifact| !restored.contains(&artifact.name.as_str()));
    }
    let checked = check(&receipt, collection);
    let artifacts = match checked {
        Err(_) if fault::on(Fault::NewArtifactsNotValidated) => return Ok(Vec::new()),
        checked => checked?,
    };
    let mut defects = Vec::new();
    for stored in &artifacts {
        if fault::on(Fault::PlanArtifactMadeAgainPasses) {
            break;
        }
        let taken = |known: &&Stored| known.name.eq_ignore_ascii_case(&stored.name);
        if plan.iter().any(|known| taken(&known)) {
            defects.push(format!("{:?} is an artifact of the plan", stored.name));
        }
        if stored.role == Role::State && !fault::on(Fault::StateMadeInTakeOffPasses) {
            defects.push(format!(
                "{:?} is a state artifact made in take-off",
                stored.name
            ));
        }
    }
    if defects.is_empty() {
        Ok(artifacts)
    } else {
        Err(defects)
    }
}

fn check(receipt: &EngineOutput, collection: &Collection) -> Result<Vec<Stored>, Vec<String>> {
    let mut defects = collection.defects.clone();
    let listed = receipt.artifacts.as_deref().unwrap_or_default();
    let names = listed.iter().map(|artifact| artifact.name.as_str());
    if !fault::on(Fault::DuplicateNamesPass) {
        defects.extend(rules::names_unique(names).iter().map(ToString::to_string));
    }
    let mut artifacts = Vec::new();
    for collected in &collection.artifacts {
        match listed
            .iter()
            .find(|artifact| artifact.name == collected.name)
        {
            None if fault::on(Fault::UndeclaredArtifactPasses) => {
                artifacts.push(store(&undeclared(collected), collected));
            }
            None if unlisted_log(collected) => {
                artifacts.push(store(&undeclared(collected), collected));
            }
            None => defects.push(format!("{:?} is not in the receipt", collected.name)),
            Some(declared) => {
                let mut found = compare(declared, collected);
                if !artifacts.is_empty() && fault::on(Fault::OnlyFirstArtifactChecked) {
                    found.clear();
                }
                if found.is_empty() {
                    artifacts.push(store(declared, collected));
                }
                let name = &collected.name;
                defects.extend(found.into_iter().map(|text| format!("{name:?}: {text}")));
            }
        }
    }
    for declared in listed {
        if fault::on(Fault::PhantomArtifactPasses) {
            break;
        }
        let on_disk = |collected: &&Collected| collected.name == declared.name;
        if !collection
            .artifacts
            .iter()
            .any(|collected| on_disk(&collected))
        {
            defects.push(format!("{:?} is not on disk", declared.name));
        }
    }
    artifacts.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    if fault::on(Fault::OrderOfReceiptKept) {
        artifacts.sort_by_key(|stored| listed.iter().position(|it| it.name == stored.name));
    }
    if defects.is_empty() || fault::on(Fault::ValidSubsetGoesOn) {
        Ok(artifacts)
    } else {
        Err(defects)
    }
}

fn compare(declared: &EngineArtifact, collected: &Collected) -> Vec<String> {
    let has_body = collected.body.is_some();
    let file = collected.body.as_ref().unwrap_or(&collected.metadata);
    if !has_body && collected.artifact.body_file.is_some() && fault::on(Fault::MissingBodyPasses) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if !fault::on(Fault::AnyArtifactNamePasses) {
        findings.extend(rules::artifact_name(&declared.name));
    }
    if !fault::on(Fault::UnknownRolePasses) {
        findings.extend(rules::role_known(&declared.role));
    }
    if !fault::on(Fault::DifferentRolesPass) {
        findings.extend(rules::role_agrees(&collected.artifact, &declared.role));
    }
    if !(has_body && fault::on(Fault::ContentInTwoPlacesPasses)) {
        findings.extend(rules::body_placement(&collected.artifact, has_body));
    }
    if !fault::on(Fault::AnyArtifactPathPasses) {
        findings.extend(rules::path_fits(declared, has_body));
    }
    let mut texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let known_actions = ["create", "delete", "modify", "none", "update", "write"];
    if !known_actions.contains(&collected.artifact.action.as_str())
        && fault::on(Fault::UnfamiliarActionRefused)
    {
        texts.push(format!("unknown action {:?}", collected.artifact.action));
    }
    if declared.hash != file.sha256.as_str() && !fault::on(Fault::DeclaredHashBelieved) {
        texts.push(format!(
            "hash mismatch: the receipt says {:?}, the file has {}",
            declared.hash, file.sha256
        ));
    }
    if let Some(size) = &declared.size
        && wire::whole_number(size).map_or_else(
            || !fault::on(Fault::FractionalSizePasses),
            |size| size != file.size,
        )
        && !fault::on(Fault::DeclaredSizeBelieved)
    {
        texts.push(format!(
            "the receipt says {size} bytes, the file has {}",
            file.size
        ));
    }
    texts
}

fn store(declared: &EngineArtifact, collected: &Collected) -> Stored {
    Stored {
        name: collected.name.clone(),
        role: declared.role.clone(),
        artifact: collected.artifact.clone(),
        metadata: collected.metadata.clone(),
        body: collected.body.clone(),
    }
}

/// What a receipt would say about an artifact that it does not mention.
fn undeclared(collected: &Collected) -> EngineArtifact {
    EngineArtifact {
        name: collected.name.clone(),
        role: Role::State,
        path: rules::expected_path(&collected.name, collected.body.is_some()),
        hash: collected.metadata.sha256.to_string(),
        size: None,
    }
}

/// Whether a log that the receipt does not mention is taken: never.
fn unlisted_log(collected: &Collected) -> bool {
    collected.artifact.artifact_type.contains("log") && fault::on(Fault::LogNeedNotBeListed)
}
