//! Artifacts in memory and on disk (C-10, C-12, C-62).

use std::borrow::Cow;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::failure::Failure;
use super::launch::Launch;
use crate::conduct::override_entry;

/// An artifact that is about to be written.
#[derive(Debug, Clone)]
pub(crate) struct Artifact {
    pub(crate) name: String,
    pub(crate) role: Cow<'static, str>,
    /// The members of `artifact.json`, apart from the body.
    pub(crate) descriptor: Value,
    pub(crate) body: Body,
    /// Whether the receipt lists it.
    pub(crate) listed: bool,
    /// The whole of `artifact.json`, where a script gives it.
    pub(crate) raw: Option<Vec<u8>>,
    /// Members of its receipt entry that a script gives.
    pub(crate) entry: Map<String, Value>,
    /// Members that its receipt entry lacks.
    pub(crate) drop: Vec<String>,
}

/// What an artifact's content is kept in.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// `body.data`.
    File(Vec<u8>),
    /// The descriptor itself.
    Inline,
}

impl Artifact {
    /// An artifact with its content in `body.data`.
    pub(crate) fn with_body(
        name: &str,
        role: &'static str,
        mut descriptor: Value,
        body: Vec<u8>,
    ) -> Self {
        descriptor["body_file"] = Value::from("body.data");
        Self {
            name: name.to_owned(),
            role: role.into(),
            descriptor,
            body: Body::File(body),
            listed: true,
            raw: None,
            entry: Map::new(),
            drop: Vec::new(),
        }
    }

    /// An artifact with a short text inside its descriptor.
    pub(crate) fn with_text(
        name: &str,
        role: &'static str,
        mut descriptor: Value,
        text: &str,
    ) -> Self {
        descriptor["body"] = Value::from(text);
        Self {
            name: name.to_owned(),
            role: role.into(),
            descriptor,
            body: Body::Inline,
            listed: true,
            raw: None,
            entry: Map::new(),
            drop: Vec::new(),
        }
    }
}

/// Writes the artifacts and returns their receipt entries: the engine's own in the order of names,
/// then those of the script as it has them. Nothing is left behind when that does not succeed.
pub(crate) fn write_all(
    launch: &Launch<'_>,
    mut list: Vec<Artifact>,
) -> Result<Vec<Value>, Failure> {
    list.sort_by(|a, b| a.name.cmp(&b.name));
    launch.conduct().reshapes(launch, &mut list);
    let deviation = &launch.start.deviation;
    deviation.reshapes_artifacts(launch, &mut list);
    let mut entries = Vec::new();
    for (count, artifact) in list.iter().enumerate() {
        match write(launch, artifact) {
            Ok(entry) if artifact.listed => entries.push(Value::Object(entry)),
            Ok(_) => {}
            Err(error) => {
                for written in &list[..count] {
                    let _ = std::fs::remove_dir_all(launch.dirs.artifacts.join(&written.name));
                }
                return Err(Failure::io(format!("write the artifact {}", artifact.name))(error));
            }
        }
    }
    deviation
        .adds_to_artifacts(launch)
        .map_err(Failure::io("write beside the artifacts"))?;
    Ok(entries)
}

/// Writes one artifact: `NAME/artifact.json` and, if it has one, `NAME/body.data`.
fn write(launch: &Launch<'_>, artifact: &Artifact) -> io::Result<Map<String, Value>> {
    let folder = launch.dirs.artifacts.join(&artifact.name);
    DirBuilder::new().create(&folder)?;
    fill(launch, artifact, &folder).inspect_err(|_| {
        let _ = std::fs::remove_dir_all(&folder);
    })
}

fn fill(launch: &Launch<'_>, artifact: &Artifact, folder: &Path) -> io::Result<Map<String, Value>> {
    let deviation = &launch.start.deviation;
    let mut descriptor = serde_json::to_vec(&artifact.descriptor)?;
    descriptor.push(b'\n');
    let descriptor = deviation.rewrites_descriptor(artifact, descriptor);
    let descriptor = artifact.raw.clone().unwrap_or(descriptor);
    let written = |file: &str, content: &[u8]| {
        let written = write_new(&folder.join(file), content);
        written.or_else(|error| {
            let full = error.kind() == io::ErrorKind::StorageFull;
            let overlooked = full && deviation.overlooks_failed_writes();
            if overlooked { Ok(()) } else { Err(error) }
        })
    };
    written("artifact.json", &descriptor)?;
    let mut file = "artifact.json";
    let mut content = descriptor.as_slice();
    if let Body::File(body) = &artifact.body {
        if !deviation.places_body(launch, artifact, body)? {
            written("body.data", body)?;
        }
        (file, content) = ("body.data", body);
    }
    let mut entry = Map::new();
    entry.insert("name".to_owned(), json!(artifact.name));
    entry.insert("role".to_owned(), json!(artifact.role));
    entry.insert(
        "path".to_owned(),
        json!(format!("{}/{file}", artifact.name)),
    );
    entry.insert("hash".to_owned(), json!(sha256(content)));
    entry.insert("size".to_owned(), json!(content.len()));
    deviation.misstates_entry(launch, artifact, &descriptor, &mut entry);
    override_entry(artifact, &mut entry);
    Ok(entry)
}

/// Writes a file that must not exist yet.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)?
        .write_all(content)
}

/// SHA-256 as 64 lower-case hex digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}
