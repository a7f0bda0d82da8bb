//! What engines, policies and approvers are given, where a drill says what it must be.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::course::matches;
use super::look::{Problems, problem, unless};
use super::outcome::Judged;
use super::view::{View, items, parse, text};
use crate::orchestrator::observe::ProgramSeen;

/// Texts that must be there, and texts that must not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) mentions: &'a [String],
    pub(super) omits: &'a [String],
}

/// The document on a program's standard input.
pub(super) fn given(program: &ProgramSeen) -> Result<Value, String> {
    if program.stdin.is_whole() {
        parse(&program.stdin.kept)
    } else {
        Err("more than the harness keeps".to_owned())
    }
}

/// The step that an engine or policy was launched for, as its input says.
pub(super) fn step_id(program: &ProgramSeen) -> Option<String> {
    let input = given(program).ok()?;
    let found = text(&input, "/meta/step_id").or_else(|| text(&input, "/step_id"));
    found.map(str::to_owned)
}

/// EngineInput has, and lacks, what the drill says.
pub(super) fn input(
    view: &View<'_>,
    mode: &str,
    has: &BTreeMap<String, toml::Value>,
    lacks: &[String],
) -> Judged {
    let mut problems = Vec::new();
    let mut any = false;
    for program in view.engines(mode) {
        any = true;
        match given(program) {
            Err(why) => problems.extend(problem("an EngineInput document", why)),
            Ok(document) => problems.extend(members(&document, has, lacks)),
        }
    }
    if any {
        Ok(problems)
    } else {
        Err(format!("no launch for {mode}"))
    }
}

fn members(document: &Value, has: &BTreeMap<String, toml::Value>, lacks: &[String]) -> Problems {
    let mut problems = Vec::new();
    for (pointer, wanted) in has {
        let found = document.pointer(pointer);
        problems.extend(unless(
            matches(found, wanted),
            format!("{pointer} = {wanted}"),
            found.map_or_else(|| "it is not there".to_owned(), ToString::to_string),
        ));
    }
    for pointer in lacks {
        if let Some(found) = document.pointer(pointer) {
            problems.extend(problem(format!("no {pointer}"), found.to_string()));
        }
    }
    problems
}

/// What a policy was given has, mentions and omits what the drill says.
pub(super) fn policy_saw(
    view: &View<'_>,
    (script, step): (&str, Option<&str>),
    has: &BTreeMap<String, toml::Value>,
    words: &Words<'_>,
) -> Judged {
    let mut problems = Vec::new();
    let mut any = false;
    let asked = |it: &&ProgramSeen| {
        it.script == script && (step.is_none() || step_id(it).as_deref() == step)
    };
    for program in view.engines("evaluate").filter(asked) {
        any = true;
        match given(program) {
            Err(why) => problems.extend(problem("a PreflightInput document", why)),
            Ok(document) => {
                problems.extend(members(&document, has, &[]));
                problems.extend(spelled(&document, words));
            }
        }
    }
    if any {
        Ok(problems)
    } else {
        let of = step.map_or_else(String::new, |step| format!(" for the step {step}"));
        Err(format!("the policy {script} was not run{of}"))
    }
}

/// Every exported request has, mentions and omits what the drill says.
pub(super) fn request(
    view: &View<'_>,
    at: &str,
    has: &BTreeMap<String, toml::Value>,
    words: &Words<'_>,
) -> Judged {
    let docs = view.docs.as_ref().ok_or("nothing was exported")?;
    let requests = docs.requests.as_ref().map_err(Clone::clone)?;
    if requests.is_empty() {
        return Err("there is no request".to_owned());
    }
    let mut problems = Vec::new();
    for request in requests {
        problems.extend(members(request, has, &[]));
        problems.extend(spelled(request.pointer(at).unwrap_or(&Value::Null), words));
    }
    Ok(problems)
}

/// `approval_context.triggered_policies` are exactly these (C-37).
pub(super) fn triggered_only(view: &View<'_>, policies: &[String]) -> Judged {
    let docs = view.docs.as_ref().ok_or("nothing was exported")?;
    let requests = docs.requests.as_ref().map_err(Clone::clone)?;
    if requests.is_empty() {
        return Err("there is no request".to_owned());
    }
    let mut wanted: Vec<&str> = policies.iter().map(String::as_str).collect();
    wanted.sort_unstable();
    let mut problems = Vec::new();
    for request in requests {
        let list = items(
            request,
            "/engine_output/approval_context/triggered_policies",
        );
        // The draft names no form for them (C-37): ids, names as in the record, or evaluations that carry
        // their ids.
        let id = |it: &Value| -> Option<String> {
            let named = it.as_str().or_else(|| text(it, "/policy_id"))?;
            let mut sources = ["custom/", "opa/", "onnx/"].iter();
            let of_source = sources.find_map(|source| named.strip_prefix(source));
            Some(of_source.unwrap_or(named).to_owned())
        };
        let mut found: Vec<String> = list.iter().filter_map(id).collect();
        found.sort_unstable();
        problems.extend(unless(
            found == wanted,
            format!("triggered_policies {wanted:?}"),
            format!("{found:?}"),
        ));
    }
    Ok(problems)
}

fn spelled(document: &Value, words: &Words<'_>) -> Problems {
    let mut texts = Vec::new();
    collect(document, &mut texts);
    let held = |word: &String| texts.iter().any(|text| text.contains(word.as_str()));
    let mut problems = Vec::new();
    for word in words.mentions.iter().filter(|word| !held(word)) {
        problems.extend(problem(
            format!("a mention of {word:?}"),
            "it is nowhere in the document",
        ));
    }
    for word in words.omits.iter().filter(|word| held(word)) {
        problems.extend(problem(
            format!("no mention of {word:?}"),
            "it is in the document",
        ));
    }
    problems
}

/// Every text and member name of a document, base64 also decoded.
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Ok(bytes) = STANDARD.decode(text) {
                texts.push(String::from_utf8_lossy(&bytes).into_owned());
            }
            texts.push(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => {
            texts.extend(members.keys().cloned());
            members.values().for_each(|member| collect(member, texts));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
