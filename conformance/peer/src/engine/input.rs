//! The EngineInput document: read to the end, then held against the published definition.

use std::io::Read as _;
use std::path::Path;

use serde_json::{Map, Value};

use super::failure::Failure;
use super::json::{self, Laxness};
use super::start::Start;
use crate::fault::input::Leniency;

/// Largest input in bytes.
const SIZE_MAX: u64 = 64 << 20;

/// An input document that satisfies the definition.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) protocol_version: String,
    pub(crate) mode: Option<String>,
    pub(crate) workflow_id: String,
    pub(crate) step_id: String,
    pub(crate) config: Map<String, Value>,
    pub(crate) context: Map<String, Value>,
    pub(crate) secrets: Map<String, Value>,
    pub(crate) identity_token: Option<String>,
    pub(crate) run_index: u64,
    pub(crate) expected_plan_token: Option<String>,
    /// The order in which the top-level members were given.
    pub(crate) order: Vec<String>,
}

/// The type of a member.
#[derive(Clone, Copy)]
enum Shape {
    Count,
    Object,
    Text,
    Texts,
}

/// A member: name, type, whether it is required.
type Member = (&'static str, Shape, bool);

const TOP: [Member; 10] = [
    ("allowed_secrets", Shape::Texts, false),
    ("config", Shape::Object, false),
    ("context", Shape::Object, false),
    ("expected_plan_token", Shape::Text, false),
    ("identity_token", Shape::Text, false),
    ("meta", Shape::Object, true),
    ("mode", Shape::Text, true),
    ("orchestrator", Shape::Object, false),
    ("protocol_version", Shape::Text, true),
    ("secrets", Shape::Object, false),
];
const META: [Member; 2] = [
    ("step_id", Shape::Text, true),
    ("workflow_id", Shape::Text, true),
];
const ORCHESTRATOR: [Member; 3] = [
    ("artifacts_salt", Shape::Text, false),
    ("run_index", Shape::Count, false),
    ("workspace_hash", Shape::Text, false),
];

/// The bytes of the input: those of `CABINCREW_INPUT_FILE` if it is set (C-48), else standard input
/// to its end.
pub(crate) fn bytes(start: &Start) -> Result<Vec<u8>, Failure> {
    if let Some(bytes) = start.deviation.reads_input_its_own_way(start) {
        return bytes.map_err(Failure::io("read the input"));
    }
    let mut bytes = Vec::new();
    match start.variable("CABINCREW_INPUT_FILE") {
        Some(path) => std::fs::File::open(Path::new(path))
            .and_then(|file| file.take(SIZE_MAX).read_to_end(&mut bytes)),
        None => std::io::stdin()
            .lock()
            .take(SIZE_MAX)
            .read_to_end(&mut bytes),
    }
    .map_err(Failure::io("read the input"))?;
    Ok(bytes)
}

/// Reads and checks a document.
pub(crate) fn parse(start: &Start, bytes: &[u8]) -> Result<Input, Failure> {
    let lenient = |leniency| start.deviation.lets_pass(leniency);
    let laxness = Laxness {
        duplicate_members: lenient(Leniency::DuplicateMembers),
        second_document: lenient(Leniency::SecondDocument),
    };
    let bytes = start.deviation.cleans_input(bytes);
    let document = match json::read(&bytes, laxness) {
        Err(_) if lenient(Leniency::NotJson) => return Ok(guessed()),
        other => other.map_err(Failure::NotJson)?,
    };
    let Value::Object(members) = document.value else {
        return if lenient(Leniency::NotJson) {
            Ok(guessed())
        } else {
            Err(Failure::InputNotObject)
        };
    };
    if members.is_empty() && lenient(Leniency::NotJson) {
        return Ok(guessed());
    }
    let members = check(start, "the input", &TOP, members)?;
    let meta = check(start, "meta", &META, object(&members, "meta"))?;
    let orchestrator = check(
        start,
        "orchestrator",
        &ORCHESTRATOR,
        object(&members, "orchestrator"),
    )?;
    Ok(Input {
        protocol_version: text(&members, "protocol_version").unwrap_or_else(|| "1.0.0".to_owned()),
        mode: text(&members, "mode"),
        workflow_id: text(&meta, "workflow_id").unwrap_or_default(),
        step_id: text(&meta, "step_id").unwrap_or_default(),
        config: object(&members, "config"),
        context: object(&members, "context"),
        secrets: object(&members, "secrets"),
        identity_token: text(&members, "identity_token"),
        run_index: orchestrator
            .get("run_index")
            .and_then(Value::as_u64)
            .unwrap_or(0),
        expected_plan_token: text(&members, "expected_plan_token"),
        order: document.order,
    })
}

/// Holds an object against its definition: closed, no nulls, right types, nothing missing.
fn check(
    start: &Start,
    object: &'static str,
    defined: &[Member],
    mut members: Map<String, Value>,
) -> Result<Map<String, Value>, Failure> {
    let lenient = |leniency| start.deviation.lets_pass(leniency);
    if lenient(Leniency::ListsForObjects) {
        name_items(&mut members);
    }
    if lenient(Leniency::NullMembers) {
        members.retain(|_, value| !value.is_null());
    }
    let known = |name: &String| defined.iter().any(|(known, ..)| known == name);
    if !members.keys().all(known) && !lenient(Leniency::UnknownMembers) {
        return Err(Failure::MemberUnknown(object));
    }
    // Defaults for single members are one thing, planning on nothing at all another.
    let defaults =
        lenient(Leniency::MissingMembers) && !(object == "the input" && members.is_empty());
    for (name, shape, required) in defined {
        match members.get(*name) {
            None if *required && !defaults => {
                return Err(Failure::MemberMissing((*name).to_owned()));
            }
            Some(value) if !shape.fits(value) => {
                if !lenient(Leniency::WrongTypes) {
                    return Err(Failure::MemberWrong((*name).to_owned()));
                }
                members.remove(*name);
            }
            _ => {}
        }
    }
    if object == "the input" && lenient(Leniency::WrongTypes) && !members.contains_key("meta") {
        members.insert(
            "meta".to_owned(),
            serde_json::json!({"step_id": "", "workflow_id": ""}),
        );
    }
    Ok(members)
}

/// Reads lists as some readers of structures do: as the members' values, in their defined order.
fn name_items(members: &mut Map<String, Value>) {
    for (name, defined) in [("config", &[][..]), ("meta", &META)] {
        let Some(Value::Array(items)) = members.get(name) else {
            continue;
        };
        let names = defined.iter().map(|(known, ..)| (*known).to_owned());
        let named: Map<String, Value> = names.zip(items.iter().cloned()).collect();
        members.insert(name.to_owned(), Value::Object(named));
    }
}

impl Shape {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Count => value.as_u64().is_some(),
            Self::Object => value.is_object(),
            Self::Text => value.is_string(),
            Self::Texts => value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_string)),
        }
    }
}

/// What a lenient engine plans on when it has understood nothing.
fn guessed() -> Input {
    Input {
        protocol_version: "1.0.0".to_owned(),
        ..Input::default()
    }
}

fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    members.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn object(members: &Map<String, Value>, name: &str) -> Map<String, Value> {
    members
        .get(name)
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}
