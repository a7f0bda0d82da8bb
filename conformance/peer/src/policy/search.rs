//! Texts within an input, whether they stand there as they are or in base64.

use serde_json::Value;

/// An input that is searched.
#[derive(Debug)]
pub(super) struct Haystack {
    texts: Vec<String>,
    mode: Option<String>,
}

impl Haystack {
    pub(super) fn new(input: &[u8]) -> Self {
        let mut texts = vec![String::from_utf8_lossy(input).into_owned()];
        let document: Value = serde_json::from_slice(input).unwrap_or_default();
        collect(&document, &mut texts);
        let mode = document.get("mode").and_then(Value::as_str);
        Self {
            texts,
            mode: mode.map(str::to_owned),
        }
    }

    pub(super) fn holds(&self, text: &str) -> bool {
        self.texts.iter().any(|candidate| candidate.contains(text))
    }

    pub(super) fn is_mode(&self, mode: &str) -> bool {
        self.mode.as_deref() == Some(mode)
    }
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            texts.push(text.clone());
            texts.extend(decoded(text));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => {
            for (name, item) in members {
                texts.push(name.clone());
                collect(item, texts);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What a text stands for in base64, if it can be that; both alphabets, with or without padding.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for c in text.trim_end_matches('=').bytes() {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'\r' | b'\n' => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 255).unwrap_or_default());
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
