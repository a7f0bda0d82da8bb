//! Keeps the values of secrets out of everything that is stored (CC-SEC-003): free text that comes
//! from outside is cleaned before it reaches a line, and artifacts are searched.

use base64::Engine as _;
use cabincrew_protocol::digest::hex;
use serde_json::Value;

/// What stands where a secret stood.
const MARK: &str = "[redacted]";

/// Shortest value that can be told from ordinary text.
pub const LENGTH_MIN: usize = 4;

/// The values that must not be stored, as they are and in usual encodings.
#[derive(Clone, Default)]
pub struct Redactor {
    needles: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Redactor({})", self.needles.len())
    }
}

impl Redactor {
    /// Values to keep out; those shorter than [`LENGTH_MIN`] cannot be.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut needles = Vec::new();
        for secret in secrets
            .into_iter()
            .filter(|secret| secret.len() >= LENGTH_MIN)
        {
            let standard = base64::engine::general_purpose::STANDARD_NO_PAD.encode(secret);
            let url = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret);
            let escaped = Value::from(secret).to_string();
            let escaped = escaped[1..escaped.len() - 1].to_owned();
            let encodings = [standard, url, escaped, hex(secret.as_bytes())];
            needles.push(secret.to_owned());
            needles.extend(encodings);
        }
        // Longer ones first, so that no part of one is left over.
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        needles.dedup();
        Self { needles }
    }

    /// The text without them.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for needle in &self.needles {
            if clean.contains(needle.as_str()) {
                clean = clean.replace(needle.as_str(), MARK);
            }
        }
        clean
    }

    /// A document without them, in names and values.
    #[must_use]
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, member)| (self.text(name), self.value(member)))
                .collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// Length of the longest of them, less one: what can lie before a seam.
    #[must_use]
    pub fn longest(&self) -> usize {
        let longest = self.needles.iter().map(String::len).max();
        longest.unwrap_or_default().saturating_sub(1)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Whether one of them is in these bytes.
    #[must_use]
    pub fn finds(&self, bytes: &[u8]) -> bool {
        self.needles.iter().any(|needle| {
            let needle = needle.as_bytes();
            bytes.windows(needle.len()).any(|window| window == needle)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_encoded_values_go() {
        let redactor = Redactor::new(["s3cret\"value", "abc"]);
        let text = format!("a s3cret\"value b {} abc", hex(b"s3cret\"value"));
        assert_eq!(redactor.text(&text), "a [redacted] b [redacted] abc");
        assert!(redactor.finds(br#"{"x":"s3cret\"value"}"#));
        assert!(!redactor.finds(b"secret"));
    }
}
