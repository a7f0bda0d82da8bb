//! From the engine's artifacts directory into the store.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use cabincrew_protocol::artifact::{Artifact, BODY_FILE, METADATA_FILE};
use cabincrew_protocol::json::{self, Limits};
use cabincrew_protocol::rules;

use super::copy::{CopyError, copy, names, open_file, open_folder, open_folder_at};
use super::overlook;
use super::store::{BODY_MAX, METADATA_MAX};
use crate::fact::{Collected, Collection};
use crate::fault::{self, Fault};
use crate::redact::Redactor;

/// Most artifacts of one run.
const ARTIFACTS_MAX: usize = 4096;

/// Takes over every artifact below `from`, except those named in `known`, into `store`, durably.
/// What does not have the layout of an artifact is a defect, and no error (CC-ART-002).
///
/// # Errors
/// When the store cannot be written.
pub fn collect(
    from: &Path,
    store: &Path,
    known: &[&str],
    redactor: &Redactor,
) -> io::Result<Collection> {
    let mut collection = Collection::default();
    crate::store::make_private(store).map_err(io::Error::other)?;
    let folder = match open_folder(from) {
        Ok(folder) => folder,
        Err(error) => {
            collection
                .defects
                .push(format!("no artifacts directory: {error}"));
            return Ok(collection);
        }
    };
    let names = match names(&folder, ARTIFACTS_MAX) {
        Ok(names) => names,
        Err(defect) => {
            collection
                .defects
                .push(format!("the artifacts directory: {defect}"));
            return Ok(collection);
        }
    };
    for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
        match take(&folder, name, store, redactor)? {
            Ok(collected) => collection.artifacts.push(collected),
            Err(defect) if overlook::is_overlooked(&defect) => {}
            Err(_) if overlook::is_special(from, name) => {}
            Err(defect) => {
                let shown: String = name.escape_default().take(160).collect();
                collection
                    .defects
                    .push(redactor.text(&format!("\"{shown}\": {defect}")));
            }
        }
    }
    if !fault::on(Fault::ArtifactNamesNotSynced) {
        File::open(store)?.sync_all()?;
    }
    Ok(collection)
}

type Taken = Result<Collected, String>;

fn take(folder: &OwnedFd, name: &str, store: &Path, redactor: &Redactor) -> io::Result<Taken> {
    if let Some(finding) = rules::artifact_name(name)
        && !fault::on(Fault::AnyArtifactNamePasses)
    {
        return Ok(Err(finding.to_string()));
    }
    let Ok(folder) = open_folder_at(folder, name) else {
        return Ok(Err("not a directory".to_owned()));
    };
    let inside = match names(&folder, 8) {
        Ok(inside) => inside,
        Err(defect) => return Ok(Err(defect)),
    };
    if let Some(other) = inside.iter().find(|name| !is_artifact_file(name))
        && !fault::on(Fault::ExtraFileInArtifactPasses)
    {
        let shown: String = other.escape_default().take(160).collect();
        return Ok(Err(format!(
            "holds {shown:?}, which is no part of an artifact"
        )));
    }
    if !inside.iter().any(|name| name == METADATA_FILE) {
        return Ok(Err(format!("holds no {METADATA_FILE}")));
    }
    let target = store.join(name);
    crate::store::make_private(&target).map_err(io::Error::other)?;
    let taken = fill(&folder, name, &inside, &target, redactor);
    match &taken {
        Ok(collected) => sync(&target, collected)?,
        Err(_) => std::fs::remove_dir_all(&target)?,
    }
    Ok(taken)
}

/// Makes an artifact durable, once all of it is written: what the first sync has put on disk costs
/// the others little.
fn sync(folder: &Path, collected: &Collected) -> io::Result<()> {
    if fault::on(Fault::ArtifactsNotSynced) {
        return Ok(());
    }
    if collected.body.is_some() && !fault::on(Fault::BodiesNotSynced) {
        File::open(folder.join(BODY_FILE))?.sync_data()?;
    }
    File::open(folder.join(METADATA_FILE))?.sync_data()?;
    if fault::on(Fault::ArtifactNamesNotSynced) {
        return Ok(());
    }
    File::open(folder)?.sync_all()
}

fn fill(
    folder: &OwnedFd,
    name: &str,
    inside: &[String],
    target: &Path,
    redactor: &Redactor,
) -> Taken {
    let file = |file: &str, max| {
        let to = target.join(file);
        let opened = open_file(folder, file, max);
        let copied = opened.and_then(|from| copy(from, Some(&to), max, redactor));
        copied.map_err(|error| format!("{file}: {}", told(&error)))
    };
    let mut metadata = file(METADATA_FILE, METADATA_MAX)?;
    let has_body = inside.iter().any(|name| name == BODY_FILE);
    if has_body && fault::on(Fault::DescriptorRewrittenInStore) {
        metadata = overlook::rewrite(&target.join(METADATA_FILE))?;
    }
    let body = has_body.then(|| file(BODY_FILE, BODY_MAX)).transpose()?;
    let bytes = std::fs::read(target.join(METADATA_FILE))
        .map_err(|error| format!("{METADATA_FILE}: {error}"))?;
    let mut value = match json::parse(overlook::marked(&bytes), &Limits::DOCUMENT) {
        Err(_) if fault::on(Fault::BrokenDescriptorPasses) => overlook::made_up(),
        read => read.map_err(|error| format!("{METADATA_FILE}: {error}"))?,
    };
    // A secret that is spelled with escapes stands in the parsed document only.
    if redactor.finds(value.to_string().as_bytes()) && !fault::on(Fault::SecretInArtifactPasses) {
        return Err(format!("{METADATA_FILE}: {}", told(&CopyError::Secret)));
    }
    overlook::complete(&mut value);
    let artifact: Artifact =
        serde_json::from_value(value).map_err(|error| format!("{METADATA_FILE}: {error}"))?;
    Ok(Collected {
        name: name.to_owned(),
        artifact,
        metadata,
        body,
    })
}

fn is_artifact_file(name: &str) -> bool {
    name == METADATA_FILE || name == BODY_FILE
}

fn told(error: &CopyError) -> String {
    match error {
        CopyError::Io(source) => source.to_string(),
        other => other.to_string(),
    }
}
