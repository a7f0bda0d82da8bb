//! What a plan says.

use serde_json::Value;

use super::Look;
use super::artifacts::document;
use crate::observe::Launch;
use crate::receipt;

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
