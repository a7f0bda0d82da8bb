//! One workflow's chain of custody on one page that needs nothing else: made of the bytes of its audit
//! log alone, so that an exported log shows the same as one in its place.

use std::fmt::Write as _;

use cabincrew_protocol::audit::{VerifierKey, first_chain_hash, leaf_hash, log};
use cabincrew_protocol::json::{self, Limits};
use serde_json::Value;

use super::out;

const HEAD: &str = include_str!("custody.head.html");

/// What `audit verify` says of the log.
#[derive(Debug)]
pub(super) struct Verdict<'a> {
    /// Its one word: `anchored`, `partly-anchored`, `unanchored` or `broken`.
    pub(super) standing: &'a str,
    /// Its sentence.
    pub(super) text: &'a str,
}

/// One line of the log, and how it hangs together with the line before.
#[derive(Debug)]
struct Line {
    /// The event, or why it is none.
    event: Result<Value, String>,
    /// Its own hash, which the next line has to carry.
    leaf: Option<String>,
    /// What is wrong with its chain value or its signature.
    problems: Vec<String>,
}

/// The page about a workflow's log. `key` checks the signature of each event.
pub(super) fn page(
    workflow_id: &str,
    bytes: &[u8],
    key: Option<&VerifierKey>,
    verdict: &Verdict<'_>,
) -> String {
    let lines = read(workflow_id, bytes, key);
    let mut page = HEAD.replace(
        "TITLE",
        &escaped(&format!("Chain of custody: {workflow_id}")),
    );
    let _ = writeln!(page, "<h1>Chain of custody: {}</h1>", code(workflow_id));
    say_verdict(&mut page, verdict);
    identity(&mut page, workflow_id, &lines, key);
    plan_tokens(&mut page, &lines);
    decisions(&mut page, &lines);
    events(&mut page, &lines, key.is_some());
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// Every line, whatever is wrong with the log: the verdict is not made here.
fn read(workflow_id: &str, bytes: &[u8], key: Option<&VerifierKey>) -> Vec<Line> {
    let mut expected = Some(first_chain_hash(workflow_id).to_string());
    let mut lines = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (line, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
        rest = after;
        let mut problems = Vec::new();
        if end.is_none() {
            problems.push("the line is incomplete".to_owned());
        }
        let event = json::parse(line.trim_ascii_end(), &Limits::DOCUMENT);
        let event = event.map_err(|error| format!("no event: {error}"));
        let mut leaf = None;
        if let Ok(event) = &event {
            let found = event.get("chain_hash").and_then(Value::as_str);
            if found != expected.as_deref() {
                let belongs = expected.as_deref().unwrap_or("nothing that can be told");
                problems.push(format!("the chain breaks here: {belongs} belongs here"));
            }
            if log::line(event).as_deref() != Ok(line) && end.is_some() {
                problems.push("the line is not in canonical form".to_owned());
            }
            leaf = leaf_hash(event).ok().map(|leaf| leaf.to_string());
            if let Some(Err(error)) = key.map(|key| key.verify_event(event)) {
                problems.push(error.to_string());
            }
        }
        expected.clone_from(&leaf);
        lines.push(Line {
            event,
            leaf,
            problems,
        });
    }
    lines
}

/// Nothing but "anchored" is told as good: the rest is what somebody may have written anew.
fn say_verdict(page: &mut String, verdict: &Verdict<'_>) {
    let (class, meaning) = match verdict.standing {
        "anchored" => (
            "good",
            "A checkpoint that the key has signed covers every event below. It is worth as much as the place that it \
             was kept at: one that whoever writes the log cannot reach.",
        ),
        "partly-anchored" => (
            "open",
            "The events after the checkpoint could have been written anew by whoever can write the log.",
        ),
        "unanchored" => (
            "open",
            "Nothing from outside says that these are the events that were written: whoever can write the log \
             could have written all of it anew.",
        ),
        _ => (
            "bad",
            "This log proves nothing. What is shown below is what stands in it, true or not.",
        ),
    };
    let _ = writeln!(
        page,
        "<section class=\"verdict {class}\" aria-label=\"Verdict\">\n<strong>{}</strong>\n<p>{meaning}</p>\n</section>",
        escaped(verdict.text)
    );
}

/// What the log says of the workflow as a whole.
fn identity(page: &mut String, workflow_id: &str, lines: &[Line], key: Option<&VerifierKey>) {
    let all = |pointer: &str| {
        let mut found: Vec<&str> = Vec::new();
        for text in events_of(lines).filter_map(|(_, event)| event.pointer(pointer)?.as_str()) {
            if !found.contains(&text) {
                found.push(text);
            }
        }
        found
    };
    let times = all("/timestamp");
    page.push_str("<section>\n<h2>Workflow</h2>\n<dl>\n");
    field(page, "workflow", &[workflow_id]);
    let others: Vec<&str> = all("/workflow/workflow_id")
        .into_iter()
        .filter(|id| *id != workflow_id)
        .collect();
    if !others.is_empty() {
        field(page, "events name also", &others);
    }
    field(page, "steps", &all("/workflow/step_id"));
    field(page, "engines", &all("/engine/engine_id"));
    field(page, "first event", &times[..times.len().min(1)]);
    field(page, "last event", &times[times.len().saturating_sub(1)..]);
    let last = events_of(lines).last();
    let state = last.and_then(|(_, event)| text(event, "/workflow_state"));
    field(
        page,
        "last state told",
        &state.into_iter().collect::<Vec<_>>(),
    );
    field(page, "signed as", &all("/signature_key_ref"));
    let trusted = key.map(VerifierKey::key_ref);
    let trusted = trusted
        .as_deref()
        .unwrap_or("no key was given: signatures are not checked");
    field(page, "checked with", &[trusted]);
    page.push_str("</dl>\n</section>\n");
}

/// The plans that were bound.
fn plan_tokens(page: &mut String, lines: &[Line]) {
    page.push_str("<section>\n<h2>Plan tokens</h2>\n");
    let mut found = false;
    for (number, event) in events_of(lines) {
        let Some(token) = event.get("plan_token") else {
            continue;
        };
        found = true;
        page.push_str("<dl>\n");
        field(page, "token", &[text(token, "/token").unwrap_or("none")]);
        field(page, "event", &[&number.to_string()]);
        field(
            page,
            "step",
            &text(event, "/workflow/step_id")
                .into_iter()
                .collect::<Vec<_>>(),
        );
        page.push_str("</dl>\n<details><summary>What it binds</summary>");
        json_text(page, token);
        page.push_str("</details>\n");
    }
    if !found {
        page.push_str("<p>None was made.</p>\n");
    }
    page.push_str("</section>\n");
}

/// Who decided what, and when: policies, models, people, and comparisons with the plan.
fn decisions(page: &mut String, lines: &[Line]) {
    page.push_str(
        "<section>\n<h2>Decisions</h2>\n<table>\n<caption>Each policy, model, person and comparison</caption>\n\
         <thead><tr><th scope=\"col\">Event</th><th scope=\"col\">When</th><th scope=\"col\">Who</th>\
         <th scope=\"col\">What</th><th scope=\"col\">Why</th></tr></thead>\n<tbody>\n",
    );
    for (number, event) in events_of(lines) {
        for row in decided(event) {
            let _ = writeln!(
                page,
                "<tr><th scope=\"row\"><a href=\"#event-{number}\">{number}</a></th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escaped(text(event, "/timestamp").unwrap_or_default()),
                escaped(&row.who),
                escaped(&row.what),
                escaped(&row.why)
            );
        }
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}

struct Decided {
    who: String,
    what: String,
    why: String,
}

/// The decisions that an event tells.
fn decided(event: &Value) -> Vec<Decided> {
    let kind = text(event, "/event_type").unwrap_or_default();
    let said = |value: &Value, pointer: &str| text(value, pointer).unwrap_or_default().to_owned();
    let mut rows = Vec::new();
    if matches!(kind, "policy_result" | "model_result") {
        let evaluations = event.pointer("/policy/policy_evaluations");
        for evaluation in evaluations.and_then(Value::as_array).into_iter().flatten() {
            rows.push(Decided {
                who: format!(
                    "{} {}",
                    said(evaluation, "/source"),
                    said(evaluation, "/policy_id")
                ),
                what: said(evaluation, "/decision"),
                why: said(evaluation, "/reason"),
            });
        }
    } else if let Some(policy) = event
        .get("policy")
        .filter(|_| event.get("approval").is_none())
    {
        rows.push(Decided {
            who: "all policies together".to_owned(),
            what: said(policy, "/decision"),
            why: said(event, "/message"),
        });
    }
    if let Some(approval) = event.get("approval") {
        let role = said(approval, "/required_role");
        let granted = approval.get("approved").and_then(Value::as_bool);
        let (who, what) = if kind == "approval_request" {
            (format!("somebody who is {role}"), "is asked")
        } else if granted == Some(true) {
            (
                format!("{} ({role})", said(approval, "/approver")),
                "approves",
            )
        } else {
            (
                format!("{} ({role})", said(approval, "/approver")),
                "does not approve",
            )
        };
        rows.push(Decided {
            who,
            what: what.to_owned(),
            why: said(approval, "/reason"),
        });
    }
    if let Some(check) = event.get("integrity_check") {
        let results = ["plan_token_match", "artifacts_match"];
        let results = results.map(|name| check.get(name).and_then(Value::as_bool));
        let told = match results {
            [None, None] => "no result",
            results if results.contains(&Some(false)) => "differs",
            _ => "the same",
        };
        rows.push(Decided {
            who: "comparison with the plan".to_owned(),
            what: told.to_owned(),
            why: said(event, "/message"),
        });
    }
    rows
}

/// Every line of the log, with its hashes.
fn events(page: &mut String, lines: &[Line], keyed: bool) {
    page.push_str(
        "<section>\n<h2>Events</h2>\n<table class=\"events\">\n<caption>Each line of the log: what it says, the hash of the line before \
         that it carries, and its own</caption>\n<thead><tr><th scope=\"col\">Event</th><th scope=\"col\">When</th>\
         <th scope=\"col\">State and type</th><th scope=\"col\">What</th><th scope=\"col\">Chain</th></tr></thead>\n<tbody>\n",
    );
    for (number, line) in lines.iter().enumerate() {
        let _ = write!(
            page,
            "<tr id=\"event-{number}\"><th scope=\"row\">{number}</th>"
        );
        match &line.event {
            Ok(event) => {
                let _ = write!(
                    page,
                    "<td>{}</td><td>{}<br><strong>{}</strong></td><td>{}<details><summary>the whole event</summary>",
                    escaped(text(event, "/timestamp").unwrap_or_default()),
                    escaped(text(event, "/workflow_state").unwrap_or_default()),
                    escaped(text(event, "/event_type").unwrap_or_default()),
                    escaped(text(event, "/message").unwrap_or_default())
                );
                json_text(page, event);
                page.push_str("</details></td><td>");
                let carried = text(event, "/chain_hash").unwrap_or("nothing");
                let own = line.leaf.as_deref().unwrap_or("none");
                let _ = write!(page, "carries {}<br>is {}", code(carried), code(own));
            }
            Err(why) => {
                let _ = write!(
                    page,
                    "<td></td><td></td><td class=\"bad\">{}</td><td>",
                    escaped(why)
                );
            }
        }
        for problem in &line.problems {
            let _ = write!(page, "<br><span class=\"bad\">{}</span>", escaped(problem));
        }
        if line.problems.is_empty() && line.event.is_ok() {
            let signed = if keyed {
                ", signature is the key's"
            } else {
                ""
            };
            let _ = write!(page, "<br><span class=\"quiet\">follows{signed}</span>");
        }
        page.push_str("</td></tr>\n");
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}

/// The lines that are events, with their numbers.
fn events_of(lines: &[Line]) -> impl Iterator<Item = (usize, &Value)> {
    let numbered = lines.iter().enumerate();
    numbered.filter_map(|(number, line)| Some((number, line.event.as_ref().ok()?)))
}

fn field(page: &mut String, label: &str, texts: &[&str]) {
    let texts: Vec<String> = texts.iter().map(|text| escaped(text)).collect();
    let _ = writeln!(page, "<dt>{label}</dt><dd>{}</dd>", texts.join(", "));
}

fn json_text(page: &mut String, value: &Value) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let lines: Vec<String> = text.lines().map(escaped).collect();
    let _ = write!(page, "<pre>{}</pre>", lines.join("\n"));
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// Text from outside: no mark-up, no control and direction characters.
fn escaped(text: &str) -> String {
    out::shown(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
