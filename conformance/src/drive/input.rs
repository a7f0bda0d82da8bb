//! The EngineInput documents that launches are given.

use std::fmt::Write as _;

use base64::Engine as _;
use serde_json::{Map, Value, json};

use crate::drill::{BytesEdit, InputEdit, LaunchMode};
use crate::observe::Canary;
use crate::scenario::Scenario;

/// The protocol version sent (C-51).
pub(crate) const PROTOCOL_VERSION: &str = "1.0.0";

/// A restored state artifact, as announced in `context.state_artifacts` (C-18).
#[derive(Debug, Clone)]
pub(crate) struct StateArtifact {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) hash: String,
}

/// What an input document is made from.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) mode: LaunchMode,
    pub(crate) workflow_id: &'a str,
    pub(crate) canaries: &'a [Canary],
    pub(crate) workspace_hash: &'a str,
    /// A config in place of the scenario's.
    pub(crate) config: Option<&'a Map<String, Value>>,
    /// Take-off: the plan token and the restored artifacts.
    pub(crate) plan: Option<(&'a str, &'a [StateArtifact])>,
}

/// The document for a launch, before edits.
pub(crate) fn document(source: &Source<'_>) -> Value {
    let mut secrets = Map::new();
    let mut identity_token = None;
    for canary in source.canaries {
        match canary.name.strip_prefix("secrets.") {
            Some(name) => {
                secrets.insert(name.to_owned(), Value::from(canary.value.clone()));
            }
            None => identity_token = Some(canary.value.clone()),
        }
    }
    let allowed: Vec<&String> = secrets.keys().collect();
    let mut document = json!({
        "protocol_version": PROTOCOL_VERSION,
        "mode": source.mode.as_str(),
        "meta": { "workflow_id": source.workflow_id, "step_id": "step-1" },
        "config": source.config.unwrap_or(&source.scenario.config),
        "context": source.scenario.context,
        "allowed_secrets": allowed,
        "orchestrator": { "run_index": 0, "workspace_hash": source.workspace_hash },
    });
    document["secrets"] = Value::Object(secrets);
    if let Some(token) = identity_token {
        document["identity_token"] = Value::from(token);
    }
    if let Some((token, artifacts)) = source.plan {
        document["expected_plan_token"] = Value::from(token);
        document["context"]["state_artifacts"] = artifacts
            .iter()
            .map(|a| json!({ "name": a.name, "path": a.path, "hash": a.hash }))
            .collect();
    }
    document
}

/// Applies a drill's edits to the document and serialises it.
pub(crate) fn bytes(mut document: Value, edits: &[InputEdit], last: Option<&BytesEdit>) -> Vec<u8> {
    for edit in edits {
        apply(&mut document, edit);
    }
    let plain = serde_json::to_vec(&document).unwrap_or_default();
    match last {
        None => plain,
        Some(edit) => change(&document, plain, edit),
    }
}

fn apply(document: &mut Value, edit: &InputEdit) {
    match edit {
        InputEdit::Remove { at } => {
            let (parent, name) = at.rsplit_once('/').unwrap_or(("", at));
            if let Some(Value::Object(members)) = document.pointer_mut(parent) {
                members.remove(name);
            }
        }
        InputEdit::Set { at, json } => {
            // A drill's JSON text is checked by a test of the embedded drills.
            set(
                document,
                at,
                serde_json::from_str(json).unwrap_or(Value::Null),
            );
        }
        InputEdit::Pad { at, bytes } => set(document, at, Value::from("x".repeat(*bytes))),
        InputEdit::Nest { at, levels } => {
            // Too deep for a value to be dropped safely: a mark that is replaced in the text.
            set(document, at, Value::from(format!("nest:{levels}")));
        }
    }
}

fn set(document: &mut Value, at: &str, value: Value) {
    let mut place = document;
    for name in at.split('/').skip(1) {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[name];
    }
    *place = value;
}

fn change(document: &Value, plain: Vec<u8>, edit: &BytesEdit) -> Vec<u8> {
    let decode = |text: &str| {
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap_or_default()
    };
    match edit {
        BytesEdit::Replace { text } => text.clone().into_bytes(),
        BytesEdit::Truncate { by } => plain[..plain.len().saturating_sub(*by)].to_vec(),
        BytesEdit::Wrap { before, after } => [before.as_bytes(), &plain, after.as_bytes()].concat(),
        BytesEdit::WrapBase64 { before, after } => [decode(before), plain, decode(after)].concat(),
        BytesEdit::DuplicateMember { member, json } => {
            let text = String::from_utf8_lossy(&plain);
            format!("{{\"{member}\":{json},{}", &text[1..]).into_bytes()
        }
        BytesEdit::Exchange { text, by } => String::from_utf8_lossy(&plain)
            .replacen(text.as_str(), by, 1)
            .into_bytes(),
        BytesEdit::Relayout => {
            let mut text = String::from(" \n");
            relayout(document, 0, &mut text);
            text.push_str("\n\n");
            text.into_bytes()
        }
    }
}

/// Writes a value with members in reverse order and generous white space.
fn relayout(value: &Value, depth: usize, text: &mut String) {
    let indent = |text: &mut String, depth: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n("\t ", depth));
    };
    match value {
        Value::Object(members) if !members.is_empty() => {
            text.push('{');
            for (index, (name, member)) in members.iter().rev().enumerate() {
                text.push_str(if index == 0 { "" } else { " ," });
                indent(text, depth + 1);
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push_str(" : ");
                relayout(member, depth + 1, text);
            }
            indent(text, depth);
            text.push('}');
        }
        Value::Array(items) if !items.is_empty() => {
            text.push_str("[ ");
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { " , " });
                relayout(item, depth + 1, text);
            }
            text.push_str(" ]");
        }
        Value::String(words) => text.push_str(&escaped(words)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            text.push_str(&value.to_string())
        }
    }
}

/// A JSON text with an escape for its first letter, which needs none, and for all that is not ASCII.
fn escaped(words: &str) -> String {
    let plain = Value::from(words).to_string();
    let mut text = String::new();
    for (index, letter) in plain.chars().enumerate() {
        // The quotation mark comes first.
        if letter.is_ascii() && !(index == 1 && letter.is_ascii_alphabetic()) {
            text.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

/// Puts real nesting where [`InputEdit::Nest`] left its mark.
pub(crate) fn nest(bytes: Vec<u8>, edits: &[InputEdit]) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    let mut nested = false;
    for edit in edits {
        if let InputEdit::Nest { levels, .. } = edit {
            let real = format!("{}{}", "[".repeat(*levels), "]".repeat(*levels));
            text = text.replace(&format!("\"nest:{levels}\""), &real);
            nested = true;
        }
    }
    if nested { text.into_bytes() } else { bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_reach_members_and_make_their_parents() {
        let document = json!({"meta": {"a": 1, "b": 2}, "mode": "flight-plan"});
        let edits = [
            InputEdit::Remove {
                at: "/meta/a".to_owned(),
            },
            InputEdit::Set {
                at: "/context/deep/x".to_owned(),
                json: "[1]".to_owned(),
            },
        ];
        let text = String::from_utf8(bytes(document, &edits, None)).unwrap();
        assert_eq!(
            text,
            r#"{"context":{"deep":{"x":[1]}},"meta":{"b":2},"mode":"flight-plan"}"#
        );
    }

    #[test]
    fn another_layout_is_the_same_value() {
        let document = json!({"meta": {"a": [1, {"x": "\"y"}], "b": {}}, "mode": "flight-plan"});
        let other = bytes(document.clone(), &[], Some(&BytesEdit::Relayout));
        assert_eq!(serde_json::from_slice::<Value>(&other).unwrap(), document);
        assert_ne!(other, serde_json::to_vec(&document).unwrap());
    }

    #[test]
    fn a_duplicate_member_comes_first() {
        let edit = BytesEdit::DuplicateMember {
            member: "mode".to_owned(),
            json: "1".to_owned(),
        };
        let text = String::from_utf8(bytes(json!({"mode": 2}), &[], Some(&edit))).unwrap();
        assert_eq!(text, r#"{"mode":1,"mode":2}"#);
    }

    #[test]
    fn nesting_is_real() {
        let edits = [InputEdit::Nest {
            at: "/c/d".to_owned(),
            levels: 3,
        }];
        let text = nest(bytes(json!({}), &edits, None), &edits);
        assert_eq!(String::from_utf8(text).unwrap(), r#"{"c":{"d":[[[]]]}}"#);
    }
}
