//! Strict reading, canonical form, approval ids.

use cabincrew_protocol::approval::Id;
use cabincrew_protocol::canonical;
use cabincrew_protocol::digest;
use cabincrew_protocol::json::{self, JsonError, Limits};
use serde::Deserialize;

use super::{Carried, cases};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictCase {
    name: String,
    input: Carried,
    accept: bool,
    reason: Option<String>,
}

fn reason(error: &JsonError) -> &'static str {
    match error {
        JsonError::ByteOrderMark => "bom",
        JsonError::DuplicateMember { .. } => "duplicate-member",
        JsonError::Empty => "empty",
        JsonError::IntegerRange { .. } | JsonError::NumberRange { .. } => "number",
        JsonError::LoneSurrogate { .. } => "surrogate",
        JsonError::NotUtf8 { .. } => "utf8",
        JsonError::TooDeep { .. } => "depth",
        JsonError::TooLong { .. } => "size",
        JsonError::Trailing { .. } => "trailing",
        JsonError::Syntax { .. } => "syntax",
        other => panic!("no reason is named for {other}"),
    }
}

#[test]
fn strict_json() {
    for case in cases::<StrictCase>("strict-json.json") {
        let read = json::parse(&case.input.bytes(), &Limits::RECEIPT);
        let found = read.as_ref().err().map(reason);
        assert_eq!(found, case.reason.as_deref(), "{}: {read:?}", case.name);
        assert_eq!(read.is_ok(), case.accept, "{}", case.name);
    }
}

#[test]
fn strict_json_beyond_its_size() {
    let limits = Limits {
        bytes_max: 8,
        depth_max: 64,
    };
    assert!(json::parse(b"[1,2,34]", &limits).is_ok());
    let error = json::parse(b"[1,2,345]", &limits).unwrap_err();
    assert!(
        matches!(
            error,
            JsonError::TooLong {
                bytes: 9,
                bytes_max: 8
            }
        ),
        "{error}"
    );
}

#[test]
fn refusals_say_where() {
    let duplicate = json::parse(br#"{"a":[{"b/c":1,"b/c":2}]}"#, &Limits::DOCUMENT).unwrap_err();
    assert_eq!(
        duplicate.to_string(),
        "duplicate member name at /a/0/b~1c (line 1, column 20)"
    );
    let wide = json::parse(br#"{"n": "9", "m": -9007199254740992}"#, &Limits::DOCUMENT);
    assert_eq!(
        wide.unwrap_err().to_string(),
        "integer -9007199254740992 beyond 2^53-1 at byte 16"
    );
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CanonicalCase {
    name: String,
    input: String,
    output: Option<String>,
    sha256: Option<String>,
    refused: Option<String>,
}

#[test]
fn canonical_json() {
    for case in cases::<CanonicalCase>("canonical-json.json") {
        let name = &case.name;
        // The lenient reader, so that the canonical form itself meets the integers.
        let value: serde_json::Value = serde_json::from_str(&case.input).unwrap();
        let strict = json::parse(case.input.as_bytes(), &Limits::DOCUMENT);
        if let Some(refused) = case.refused {
            assert_eq!(refused, "integer-range", "{name}: unknown refusal");
            assert!(canonical::to_vec(&value).is_err(), "{name}");
            assert!(
                matches!(strict, Err(JsonError::IntegerRange { .. })),
                "{name}: {strict:?}"
            );
            continue;
        }
        let bytes = canonical::to_vec(&value).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            case.output.unwrap(),
            "{name}"
        );
        assert_eq!(
            canonical::to_vec(&strict.unwrap()).unwrap(),
            bytes,
            "{name}"
        );
        assert_eq!(
            digest::of_json(&value).unwrap().as_str(),
            case.sha256.unwrap(),
            "{name}"
        );
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdCase {
    name: String,
    id: String,
    accept: bool,
    nonce: Option<String>,
    plan_token_hash: Option<String>,
}

#[test]
fn approval_id() {
    for case in cases::<IdCase>("approval-id.json") {
        let id = case.id.parse::<Id>();
        assert_eq!(id.is_ok(), case.accept, "{}: {id:?}", case.name);
        let Ok(id) = id else { continue };
        assert_eq!(Some(id.nonce()), case.nonce.as_deref(), "{}", case.name);
        assert_eq!(
            Some(id.plan_token_hash().as_str()),
            case.plan_token_hash.as_deref()
        );
        assert_eq!(id.to_string(), case.id, "{}", case.name);
    }
}
