//! What a faulty program overlooks in artifacts, or does to them; the others overlook nothing.

use std::path::Path;

use cabincrew_protocol::digest;
use serde_json::{Value, json};

use crate::fact::FileDigest;
use crate::fault::{self, Fault};

/// Whether a defect of the layout is not seen.
pub(super) fn is_overlooked(defect: &str) -> bool {
    match defect {
        "not a directory" => fault::on(Fault::StrayFileSkipped),
        _ => defect.starts_with("holds no ") && fault::on(Fault::FolderWithoutDescriptorSkipped),
    }
}

/// Whether an entry that is neither file nor folder, or holds one, is not seen.
pub(super) fn is_special(folder: &Path, name: &str) -> bool {
    let special = |path: &Path| {
        let kind = std::fs::symlink_metadata(path).map(|found| found.file_type());
        kind.is_ok_and(|kind| !kind.is_file() && !kind.is_dir() && !kind.is_symlink())
    };
    let entry = folder.join(name);
    let mut inside = std::fs::read_dir(&entry).into_iter().flatten().flatten();
    fault::on(Fault::SpecialFilesSkipped)
        && (special(&entry) || inside.any(|file| special(&file.path())))
}

/// The bytes of a descriptor that are read: all of them.
pub(super) fn marked(bytes: &[u8]) -> &[u8] {
    match bytes.strip_prefix("\u{feff}".as_bytes()) {
        Some(rest) if fault::on(Fault::ByteOrderMarkSkipped) => rest,
        _ => bytes,
    }
}

/// The metadata that stands for a descriptor that is not JSON.
pub(super) fn made_up() -> Value {
    json!({"artifact_type": "unknown", "action": "none", "mime": "application/octet-stream"})
}

/// Changes a descriptor that was read; leaves it as it is.
pub(super) fn complete(descriptor: &mut Value) {
    let Some(members) = descriptor.as_object_mut() else {
        return;
    };
    if !members.contains_key("mime") && fault::on(Fault::MissingMimePasses) {
        members.insert("mime".to_owned(), "application/octet-stream".into());
    }
    if fault::on(Fault::UnknownDescriptorMembersPass) {
        let known = [
            "action",
            "artifact_type",
            "body",
            "body_file",
            "metadata",
            "mime",
            "target",
        ];
        members.retain(|name, _| known.contains(&name.as_str()));
    }
}

/// Writes a JSON file anew with line breaks, and gives its digest.
///
/// # Errors
/// With words about what is wrong.
pub(crate) fn rewrite(path: &Path) -> Result<FileDigest, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let bytes = serde_json::to_vec_pretty(&value).map_err(|error| error.to_string())?;
    std::fs::write(path, &bytes).map_err(|error| error.to_string())?;
    Ok(FileDigest {
        sha256: digest::sha256(&bytes),
        size: u64::try_from(bytes.len()).expect("a length fits 64 bits"),
    })
}
