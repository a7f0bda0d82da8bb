//! Artifacts by script.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::text::{fill, fill_all};
use crate::engine::{Artifact, Body, Input};

/// Largest body made by repetition.
const REPEATED_MAX: usize = 256 << 20;

/// An artifact that is written beside the engine's own, or in place of the one of that name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArtifactScript {
    /// Its name: the folder's and the receipt's.
    pub name: String,
    /// Its role.
    pub role: String,
    /// Member of `artifact.json`.
    pub artifact_type: String,
    /// Member of `artifact.json`.
    pub action: String,
    /// Member of `artifact.json`.
    pub mime: String,
    /// Member of `artifact.json`.
    pub target: Option<String>,
    /// Member of `artifact.json`.
    pub metadata: Option<toml::Table>,
    /// Content of `body.data`.
    pub body: Option<String>,
    /// Content of `body.data` in hex digits, for what is no text.
    pub body_hex: Option<String>,
    /// Content within `artifact.json`.
    pub inline: Option<toml::Value>,
    /// The body is repeated up to this size in bytes.
    pub repeat: Option<usize>,
    /// Stands once behind the body, however often that is repeated.
    pub tail: Option<String>,
    /// The secret of this name stands behind the body.
    pub secret: Option<String>,
    /// The whole of `artifact.json`, as text.
    pub raw: Option<String>,
    /// The same in hex digits, for what is no text.
    pub raw_hex: Option<String>,
    /// Whether the receipt lists it.
    pub listed: bool,
    /// Members that the receipt's entry has instead.
    pub entry: toml::Table,
    /// Members that the receipt's entry lacks.
    pub drop: Vec<String>,
    /// The artifact of that name is left out instead.
    pub omit: bool,
}

impl Default for ArtifactScript {
    fn default() -> Self {
        Self {
            name: String::new(),
            role: "state".to_owned(),
            artifact_type: "file".to_owned(),
            action: "create".to_owned(),
            mime: "text/plain".to_owned(),
            target: None,
            metadata: None,
            body: None,
            body_hex: None,
            inline: None,
            repeat: None,
            tail: None,
            secret: None,
            raw: None,
            raw_hex: None,
            listed: true,
            entry: toml::Table::new(),
            drop: Vec::new(),
            omit: false,
        }
    }
}

impl ArtifactScript {
    /// Puts it on the list of artifacts to be written.
    pub(super) fn apply(&self, input: &Input, list: &mut Vec<Artifact>) {
        list.retain(|other| other.name != self.name);
        if !self.omit {
            list.push(self.artifact(input));
        }
    }

    fn artifact(&self, input: &Input) -> Artifact {
        let mut descriptor = json!({
            "artifact_type": self.artifact_type,
            "action": self.action,
            "mime": self.mime,
        });
        if let Some(target) = &self.target {
            descriptor["target"] = json!(target);
        }
        if let Some(metadata) = &self.metadata {
            descriptor["metadata"] = json!(metadata);
        }
        if let Some(inline) = &self.inline {
            descriptor["body"] = json!(inline);
        }
        let body = self.content(input);
        if body.is_some() {
            descriptor["body_file"] = json!("body.data");
        }
        fill_all(&mut descriptor, input);
        let mut entry: Value = json!(self.entry);
        fill_all(&mut entry, input);
        Artifact {
            name: self.name.clone(),
            role: self.role.clone().into(),
            descriptor,
            body: body.map_or(Body::Inline, Body::File),
            listed: self.listed,
            raw: self.whole(input),
            entry: entry.as_object().cloned().unwrap_or_default(),
            drop: self.drop.clone(),
        }
    }

    /// The bytes of `artifact.json`, where the script gives them.
    fn whole(&self, input: &Input) -> Option<Vec<u8>> {
        let hex = self.raw_hex.as_deref().map(bytes_of_hex);
        hex.or_else(|| Some(fill(self.raw.as_ref()?, input).into_bytes()))
    }

    fn content(&self, input: &Input) -> Option<Vec<u8>> {
        let hex = self.body_hex.as_deref().map(bytes_of_hex);
        let text = self
            .body
            .as_ref()
            .map(|text| fill(text, input).into_bytes());
        let mut body = hex.or(text)?;
        if let Some(size) = self.repeat {
            let size = size.min(REPEATED_MAX);
            if body.is_empty() {
                body.push(b'x');
            }
            let unit = body.len();
            body = body.repeat(size / unit + 1);
            body.truncate(size);
        }
        if let Some(tail) = &self.tail {
            body.extend_from_slice(fill(tail, input).as_bytes());
        }
        if let Some(name) = &self.secret {
            let value = input.secrets.get(name).and_then(Value::as_str);
            body.extend_from_slice(value.unwrap_or_default().as_bytes());
        }
        Some(body)
    }
}

/// The overrides of an entry.
pub(crate) fn override_entry(artifact: &Artifact, entry: &mut Map<String, Value>) {
    for (name, value) in &artifact.entry {
        entry.insert(name.clone(), value.clone());
    }
    for name in &artifact.drop {
        entry.remove(name);
    }
}

fn bytes_of_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits
        .chunks_exact(2)
        .filter_map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_digits_are_read_in_pairs() {
        assert_eq!(bytes_of_hex("00 ff 7a"), [0, 255, 122]);
    }

    #[test]
    fn an_artifact_takes_the_place_of_the_one_of_its_name() {
        let script: ArtifactScript =
            toml::from_str("name = 'a'\nbody = 'ab'\nrepeat = 5\nentry = { size = 9 }").unwrap();
        let mut list = Vec::new();
        script.apply(&Input::default(), &mut list);
        script.apply(&Input::default(), &mut list);
        assert_eq!(list.len(), 1);
        assert!(matches!(&list[0].body, Body::File(body) if body == b"ababa"));
        let mut entry = Map::new();
        override_entry(&list[0], &mut entry);
        assert_eq!(entry["size"], 9);
    }
}
