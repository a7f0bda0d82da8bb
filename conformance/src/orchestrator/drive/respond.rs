//! Approval responses.

use serde_json::{Map, Value, json};

use super::director::Director;
use crate::drive::clock;
use crate::orchestrator::drill::Respond;
use crate::orchestrator::observe::{Document, StepSeen};

impl Director<'_> {
    /// The text of a response, or why there is none to give.
    pub(super) fn response(&self, respond: &Respond, label: &str) -> Result<String, String> {
        if let Some(step) = &respond.again {
            let earlier = self.steps.iter().rev().find(|seen| seen.name == *step);
            let text = earlier.and_then(|seen| seen.response.clone());
            return text.ok_or_else(|| format!("the step {step} delivered no response"));
        }
        let approval_id = self.approval_id(respond.to.as_deref().unwrap_or("pending"), label);
        let needs_id = respond
            .text
            .as_ref()
            .is_none_or(|text| text.contains("{approval_id}"));
        if approval_id.is_none() && needs_id {
            return Err("there is no such approval request".to_owned());
        }
        let approval_id = approval_id.unwrap_or_default();
        let now = i64::try_from(clock::wall().as_millis()).unwrap_or_default();
        let now = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
        let now = now.to_string();
        let fill = |text: &str| {
            text.replace("{approval_id}", &approval_id)
                .replace("{now}", &now)
        };
        if let Some(text) = &respond.text {
            return Ok(fill(text));
        }
        let mut members: Map<String, Value> = Map::new();
        members.insert("approval_id".to_owned(), json!(approval_id));
        members.insert("approved".to_owned(), json!(true));
        members.insert("approver".to_owned(), json!("ada"));
        members.insert("timestamp".to_owned(), json!(now));
        for (name, value) in &respond.set {
            let value = match value.as_str() {
                Some("{null}") => Value::Null,
                Some(text) => json!(fill(text)),
                None => json!(value),
            };
            members.insert(name.clone(), value);
        }
        for name in &respond.drop {
            members.remove(name);
        }
        Ok(Value::Object(members).to_string())
    }

    fn approval_id(&self, to: &str, label: &str) -> Option<String> {
        if let Some(text) = to.strip_prefix("literal:") {
            return Some(text.to_owned());
        }
        let (label, to) = match to.strip_prefix("of:") {
            Some(other) => (other, "pending"),
            None => (label, to),
        };
        let mut of_label = self
            .steps
            .iter()
            .rev()
            .filter(|seen| seen.workflow == label);
        // Where nothing can be exported any more, what was exported last is known all the same.
        let asked = |seen: &'_ StepSeen| {
            let exports = seen.exports.clone()?;
            (!lines(&exports.approvals).is_empty()).then_some(exports)
        };
        let exports = of_label.find_map(asked)?;
        let requests = lines(&exports.approvals);
        let state: Value = serde_json::from_slice(&exports.state.text.kept).unwrap_or_default();
        let answered = |id: &str| {
            let approvals = state.get("approvals").and_then(Value::as_array);
            approvals
                .into_iter()
                .flatten()
                .any(|approval| approval["approval_id"] == id)
        };
        let id = |request: &Value| Some(request.get("approval_id")?.as_str()?.to_owned());
        let role = to.strip_prefix("pending:");
        let mut wanted = requests
            .iter()
            .filter(|request| role.is_none_or(|role| request["required_role"] == role));
        match to {
            "first" => wanted.next().and_then(id),
            "cut" => wanted.next_back().and_then(id).map(|id| cut(&id)),
            "other-letters" => wanted.next_back().and_then(id).map(|id| other_letters(&id)),
            "rebound" => wanted.next_back().and_then(id).map(|id| rebound(&id)),
            "last" => wanted.next_back().and_then(id),
            _ => {
                let all: Vec<String> = wanted.filter_map(id).collect();
                let open = all.iter().find(|id| !answered(id)).cloned();
                open.or_else(|| all.last().cloned())
            }
        }
    }
}

/// The id with another last digit: that of the same request, bound to a plan that there is not.
fn rebound(id: &str) -> String {
    let mut changed = id.to_owned();
    let last = if changed.pop() == Some('0') { '1' } else { '0' };
    changed.push(last);
    changed
}

/// The id without its last character.
fn cut(id: &str) -> String {
    let mut cut = id.to_owned();
    cut.pop();
    cut
}

/// The id with capitals for small letters and the other way round; another id altogether if it has none.
fn other_letters(id: &str) -> String {
    let swapped = |letter: char| {
        if letter.is_ascii_lowercase() {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        }
    };
    let other: String = id.chars().map(swapped).collect();
    if other == id { rebound(id) } else { other }
}

/// A document of JSON lines; what is no JSON is left out.
pub(super) fn lines(document: &Document) -> Vec<Value> {
    let text = String::from_utf8_lossy(&document.text.kept);
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}
