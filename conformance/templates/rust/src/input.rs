//! The input: one strict JSON document.

use std::fmt;
use std::io::Read as _;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::Fault;

/// EngineInput: closed, and no member may be null.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "members that are not needed are checked all the same"
)]
pub struct Input {
    pub protocol_version: String,
    pub mode: String,
    #[serde(deserialize_with = "object")]
    meta: Meta,
    #[serde(default)]
    pub config: Map<String, Value>,
    #[serde(default)]
    secrets: Map<String, Value>,
    #[serde(default)]
    allowed_secrets: Vec<String>,
    #[serde(default)]
    pub context: Map<String, Value>,
    #[serde(default)]
    identity_token: String,
    #[serde(default, deserialize_with = "object")]
    orchestrator: Orchestrator,
    #[serde(default)]
    expected_plan_token: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "checked, not needed")]
struct Meta {
    workflow_id: String,
    step_id: String,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Orchestrator {
    run_index: u64,
    workspace_hash: String,
    artifacts_salt: String,
}

/// A structure from an object: left alone, serde would also take a list of the members' values.
fn object<'de, D: Deserializer<'de>, T: de::DeserializeOwned>(from: D) -> Result<T, D::Error> {
    let members = Map::<String, Value>::deserialize(from)?;
    serde_json::from_value(Value::Object(members)).map_err(de::Error::custom)
}

/// The mode that `--mode` and `CABINCREW_MODE` agree on.
pub fn mode() -> Result<&'static str, Fault> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [flag, value] = arguments.as_slice() else {
        return Err(Fault::Refused(
            "usage: keep-file --mode flight-plan|take-off",
        ));
    };
    let known = ["flight-plan", "take-off"]
        .into_iter()
        .find(|mode| value == mode);
    let mode = known.filter(|_| flag == "--mode").ok_or(Fault::Refused(
        "usage: keep-file --mode flight-plan|take-off",
    ))?;
    match std::env::var_os("CABINCREW_MODE") {
        Some(other) if other != mode => Err(Fault::Refused("CABINCREW_MODE is another mode")),
        Some(_) | None => Ok(mode),
    }
}

impl Input {
    /// Reads standard input, or the file that `CABINCREW_INPUT_FILE` names.
    pub fn read() -> Result<Self, Fault> {
        let mut bytes = Vec::new();
        let read = match std::env::var_os("CABINCREW_INPUT_FILE") {
            Some(path) => std::fs::read(path).map(|content| bytes = content),
            None => std::io::stdin().read_to_end(&mut bytes).map(|_| ()),
        };
        read.map_err(|_| Fault::Failed("the input cannot be read"))?;
        // The message is our own: serde's would repeat parts of the input, which holds secrets.
        let refused = |_| Fault::Refused("the input is not one strict EngineInput document");
        let Strict(value) = serde_json::from_slice(&bytes).map_err(refused)?;
        serde_json::from_value(value).map_err(refused)
    }
}

/// A JSON value in which no object has a member twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(de::Error::custom("a member occurs twice"));
            }
        }
        Ok(Value::Object(map))
    }
}
