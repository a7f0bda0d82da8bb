//! Strict reading, canonical form, times, decisions.

use cabincrew_protocol::canonical;
use cabincrew_protocol::decision::Decision;
use cabincrew_protocol::json::{self, JsonError, Limits};
use cabincrew_protocol::schema;
use cabincrew_protocol::timestamp::is_rfc3339;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::spread;

proptest! {
    #[test]
    fn strict_reading_gives_what_was_written(value in super::json()) {
        let text = serde_json::to_vec(&value).unwrap();
        prop_assert_eq!(json::parse(&text, &Limits::DOCUMENT).unwrap(), value);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = json::parse(&bytes, &Limits::DOCUMENT) {
            prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
        }
    }

    #[test]
    fn a_repeated_name_is_refused_at_any_depth(value in super::json(), name: String, depth in 0_usize..8) {
        let name = Value::from(name);
        let twice = format!("{{{name}:1,\"{{between}}\":{value},{name}:1}}");
        let text = format!("{}{twice}{}", "[".repeat(depth), "]".repeat(depth));
        let error = json::parse(text.as_bytes(), &Limits::DOCUMENT).unwrap_err();
        let is_duplicate = matches!(error, JsonError::DuplicateMember { .. });
        prop_assert!(is_duplicate, "{}", error);
    }

    #[test]
    fn canonical_form_is_a_fixed_point(value in super::json()) {
        let bytes = canonical::to_vec(&value).unwrap();
        // Floats of integral value beyond 2^53 become integer literals, which are refused.
        if let Ok(again) = json::parse(&bytes, &Limits::DOCUMENT) {
            prop_assert_eq!(canonical::to_vec(&again).unwrap(), bytes);
        }
    }

    #[test]
    fn member_order_and_blanks_never_matter(value in super::json()) {
        let other = json::parse(spread(&value).as_bytes(), &Limits::DOCUMENT).unwrap();
        prop_assert_eq!(canonical::to_vec(&other).unwrap(), canonical::to_vec(&value).unwrap());
    }

    #[test]
    fn a_second_implementation_agrees_on_the_canonical_form(value in super::json()) {
        let other = serde_json_canonicalizer::to_vec(&value).unwrap();
        prop_assert_eq!(canonical::to_vec(&value).unwrap(), other);
    }

    #[test]
    fn integers_beyond_the_range_have_no_canonical_form(beyond in (1_u64 << 53)..) {
        prop_assert!(canonical::to_vec(&json!([beyond])).is_err());
        if let Ok(below) = i64::try_from(beyond) {
            let refused = canonical::to_vec(&json!({"n": -below})).is_err();
            prop_assert!(refused);
        }
    }

    #[test]
    fn times_are_judged_as_the_schema_judges_them(text in times()) {
        let event = json!({
            "event_id": "e", "event_type": "t", "workflow_state": "INIT", "timestamp": text,
        });
        let by_schema = schema::violations("AuditEvent", &event).is_empty();
        prop_assert_eq!(is_rfc3339(&text), by_schema, "{}", text);
    }

    #[test]
    fn aggregation_is_the_strictest_in_any_order(
        mut decisions in prop::collection::vec(select(Decision::ALL.to_vec()), 1..6)
    ) {
        let aggregate = Decision::aggregate(decisions.clone());
        prop_assert!(decisions.contains(&aggregate));
        prop_assert!(decisions.iter().all(|decision| *decision <= aggregate));
        decisions.reverse();
        prop_assert_eq!(Decision::aggregate(decisions.clone()), aggregate);
        decisions.push(Decision::Deny);
        prop_assert_eq!(Decision::aggregate(decisions), Decision::Deny);
    }
}

#[test]
fn nothing_grants_nothing() {
    assert_eq!(Decision::aggregate([]), Decision::Deny);
    let order: Vec<u8> = Decision::ALL
        .iter()
        .map(|it| it.severity().as_u8())
        .collect();
    assert_eq!(order, [0, 1, 2, 3]);
}

/// Times, and texts that are almost times.
fn times() -> impl Strategy<Value = String> {
    let parts = (
        select(vec![
            "2025", "2024", "2000", "1900", "0000", "9999", "25", "20a5",
        ]),
        select(vec!["01", "02", "06", "12", "00", "13", "1"]),
        select(vec!["01", "28", "29", "30", "31", "00", "32"]),
        select(vec!["T", "t", " ", ""]),
        select(vec!["00", "12", "23", "24", "0"]),
        select(vec!["00", "59", "60"]),
        select(vec!["00", "59", "60", "61", ""]),
        select(vec!["", ".", ".0", ".123456789", ".1a", ",5"]),
        select(vec![
            "Z", "z", "+00:00", "-23:59", "+05:30", "+24:00", "+05:60", "+0530", "", "Z ",
        ]),
    );
    let likely = (
        select(vec![
            "23:59:60Z",
            "15:59:60-08:00",
            "12:59:60Z",
            "12:00:00Z",
        ]),
        0..2,
    )
        .prop_map(|(time, day)| format!("2016-12-3{day}T{time}"));
    let built = parts.prop_map(
        |(year, month, day, t, hour, minute, second, fraction, offset)| {
            format!("{year}-{month}-{day}{t}{hour}:{minute}:{second}{fraction}{offset}")
        },
    );
    prop_oneof![4 => built, 1 => likely, 1 => any::<String>()]
}
