//! What a plan says, and what a receipt must leave to the artifacts.

use serde_json::Value;

use super::artifacts::document;
use super::{Look, words};
use crate::observe::Launch;
use crate::receipt;

/// Shortest line or value that counts as content and not as a coincidence.
const DISTINCT: usize = 32;

/// CC-ENG-017: at least one governed artifact says what is to be done, and to what or with what.
pub(super) fn says_what(look: &mut Look, launch: &Launch) {
    if let Err(why) = receipt::worked(launch) {
        look.unproven(launch, &why);
        return;
    }
    let filled = |value: Option<&Value>| match value {
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Number(_) | Value::Bool(_)) => true,
        Some(Value::Null) | None => false,
    };
    let receipt = receipt::lenient(&launch.stdout.kept).unwrap_or_default();
    let is_log = |name: &str| {
        let listed = receipt.get("artifacts").and_then(Value::as_array);
        listed.into_iter().flatten().any(|artifact| {
            artifact.get("name").and_then(Value::as_str) == Some(name)
                && artifact.get("role").and_then(Value::as_str) == Some("log")
        })
    };
    let speaks = receipt::artifact_names(launch)
        .into_iter()
        .filter(|name| !is_log(name))
        .any(|name| {
            let Some(artifact) = document(launch, name) else {
                return false;
            };
            let object = ["target", "metadata", "body", "body_file"];
            filled(artifact.get("action"))
                && object.iter().any(|member| filled(artifact.get(*member)))
        });
    let problem = (!speaks).then(|| {
        let expected =
            "an evidence or state artifact with an action and a target, metadata or body";
        let names = receipt::artifact_names(launch).join(", ");
        (expected.to_owned(), format!("none of {names} says so"))
    });
    look.judged(launch, problem.into_iter().collect());
}

/// CC-ENG-016: the receipt carries no artifact's content: not the whole body, not most of its lines,
/// not the same JSON value.
pub(super) fn no_raw_content(look: &mut Look, launch: &Launch) {
    let Some(receipt) = receipt::lenient(&launch.stdout.kept) else {
        return;
    };
    let mut texts = Vec::new();
    strings(&receipt, &mut texts);
    let mut problems = Vec::new();
    for (path, bytes) in &launch.contents {
        if !path.ends_with("/body.data") {
            continue;
        }
        let Ok(body) = std::str::from_utf8(&bytes.kept) else {
            continue;
        };
        if repeats(body, &texts, &receipt) {
            let observed = format!("the content of {} is in the receipt", words::short(path));
            problems.push((
                "a receipt that only points at artifacts".to_owned(),
                observed,
            ));
        }
    }
    look.judged(launch, problems);
}

fn repeats(body: &str, texts: &[&str], receipt: &Value) -> bool {
    let whole = body.trim();
    if whole.len() >= DISTINCT / 2 && texts.iter().any(|text| text.contains(whole)) {
        return true;
    }
    let lines: Vec<&str> = body
        .lines()
        .map(str::trim)
        .filter(|line| line.len() >= DISTINCT)
        .collect();
    let shared = lines
        .iter()
        .filter(|line| texts.iter().any(|text| text.contains(**line)))
        .count();
    if shared >= 2 && shared * 2 >= lines.len() {
        return true;
    }
    match serde_json::from_str::<Value>(body) {
        Ok(value) if whole.len() >= DISTINCT => contains(receipt, &value),
        _ => false,
    }
}

fn contains(haystack: &Value, needle: &Value) -> bool {
    haystack == needle
        || match haystack {
            Value::Array(items) => items.iter().any(|item| contains(item, needle)),
            Value::Object(members) => members.values().any(|member| contains(member, needle)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
}

/// All strings of a value, member names included.
pub(super) fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(members) => {
            for (name, member) in members {
                found.push(name);
                strings(member, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
