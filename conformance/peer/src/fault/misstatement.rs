//! Wrong statements about an artifact in the receipt.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::engine::{self, Artifact, Body, Launch};

/// A wrong statement about an artifact in the receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misstatement {
    /// The hash has its first 32 digits only.
    HashCut,
    /// The hash is of the text before its line ends were converted.
    HashBeforeConversion,
    /// The hash is of `artifact.json`, the path names the body.
    HashOfDescriptor,
    /// The hash is prefixed with its algorithm.
    HashPrefixed,
    /// The hash is in upper case.
    HashUpperCase,
    /// The path is absolute.
    PathAbsolute,
    /// The path names `artifact.json` although there is a body; hash and size fit it.
    PathOfDescriptor,
    /// The path names the artifact's folder.
    PathOfFolder,
    /// The size counts characters.
    SizeInCharacters,
    /// The size counts `artifact.json` as well.
    SizeOfFolder,
    /// The size is not a whole number.
    SizeFraction,
}

impl Misstatement {
    /// Makes the statement in a receipt entry that is right so far.
    pub(super) fn make(
        self,
        launch: &Launch<'_>,
        artifact: &Artifact,
        descriptor: &[u8],
        entry: &mut Map<String, Value>,
    ) {
        let text = |name: &str| {
            entry
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (path, hash) = (text("path"), text("hash"));
        let size = entry.get("size").and_then(Value::as_u64).unwrap_or(0);
        let mut set = |name: &str, value: Value| entry.insert(name.to_owned(), value);
        match self {
            Self::HashCut => set("hash", json!(hash[..32])),
            Self::HashBeforeConversion => set("hash", json!(before_conversion(artifact))),
            Self::HashOfDescriptor => set("hash", json!(engine::sha256(descriptor))),
            Self::HashPrefixed => set("hash", json!(format!("sha256:{hash}"))),
            Self::HashUpperCase => set("hash", json!(hash.to_uppercase())),
            Self::PathAbsolute => set(
                "path",
                json!(launch.dirs.artifacts.join(path).to_string_lossy()),
            ),
            Self::PathOfDescriptor => {
                set("hash", json!(engine::sha256(descriptor)));
                set("size", json!(descriptor.len()));
                set("path", json!(format!("{}/artifact.json", artifact.name)))
            }
            Self::PathOfFolder => set("path", json!(artifact.name)),
            Self::SizeInCharacters => set("size", json!(characters(artifact))),
            Self::SizeOfFolder => set("size", json!(size + descriptor.len() as u64)),
            Self::SizeFraction => set("size", json!(-1.5)),
        };
    }
}

/// The length of the body in characters.
fn characters(artifact: &Artifact) -> usize {
    match &artifact.body {
        Body::File(body) => String::from_utf8_lossy(body).chars().count(),
        Body::Inline => 0,
    }
}

/// The hash of the body with the line ends of another system, as it was before it was written.
fn before_conversion(artifact: &Artifact) -> String {
    match &artifact.body {
        Body::File(body) => {
            let text = String::from_utf8_lossy(body).replace('\n', "\r\n");
            engine::sha256(text.as_bytes())
        }
        Body::Inline => String::new(),
    }
}
