//! Every case of every vector file. The expected bytes come from a second implementation.

mod digests;
mod logs;
mod reading;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Bytes as a vector file carries them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Carried {
    Text(String),
    Encoded { base64: String },
}

impl Carried {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Encoded { base64 } => STANDARD.decode(base64).unwrap(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorFile<T> {
    #[serde(rename = "about")]
    _about: String,
    #[serde(rename = "made_by")]
    _made_by: String,
    cases: Vec<T>,
}

/// The cases of a file. A case with a member that `T` does not know fails.
fn cases<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let text = cabincrew_fixtures::vector(file).unwrap_or_else(|| panic!("{file} is missing"));
    let vectors: VectorFile<T> =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert!(!vectors.cases.is_empty(), "{file} has no cases");
    vectors.cases
}

#[test]
fn no_file_is_left_out() {
    let mut present: Vec<&str> = cabincrew_fixtures::VECTORS
        .files()
        .filter_map(|file| file.path().to_str())
        .filter(|path| path.ends_with(".json"))
        .collect();
    present.sort_unstable();
    let checked = [
        "approval-id.json",
        "audit-chain.json",
        "audit-signature.json",
        "canonical-json.json",
        "checkpoint.json",
        "descriptor-digest.json",
        "governance-digests.json",
        "plan-token.json",
        "receipt-hash.json",
        "strict-json.json",
        "wal-checksum.json",
        "workspace-hash.json",
    ];
    assert_eq!(present, checked);
}
