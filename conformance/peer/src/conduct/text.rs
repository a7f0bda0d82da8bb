//! Placeholders in texts of a script.

use serde_json::Value;

use crate::engine::Input;

/// The text with the launch's own values: `{secret:NAME}`, `{escaped-secret:NAME}` (as JSON may
/// spell it), `{workflow_id}`.
pub(super) fn fill(text: &str, input: &Input) -> String {
    if !text.contains('{') {
        return text.to_owned();
    }
    let mut text = text.replace("{workflow_id}", &input.workflow_id);
    for (name, value) in &input.secrets {
        let value = value.as_str().unwrap_or_default();
        text = text.replace(&["{secret:", name, "}"].concat(), value);
        let escaped = ["{escaped-secret:", name, "}"].concat();
        if text.contains(&escaped) {
            let unit = |unit: u16| format!("\\u{unit:04x}");
            let spelled: String = value.encode_utf16().map(unit).collect();
            text = text.replace(&escaped, &spelled);
        }
    }
    text
}

/// The same for every text of a document.
pub(super) fn fill_all(value: &mut Value, input: &Input) {
    match value {
        Value::String(text) => *text = fill(text, input),
        Value::Array(items) => items.iter_mut().for_each(|item| fill_all(item, input)),
        Value::Object(members) => members.values_mut().for_each(|item| fill_all(item, input)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
