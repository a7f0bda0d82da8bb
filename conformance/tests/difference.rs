//! Changes of a schema, each by itself, and what it means to either side.

use std::collections::BTreeMap;

use cabincrew_conform::catalogue::Kit;
use cabincrew_conform::draft::Draft;
use cabincrew_conform::draft::difference::{Change, Class, Difference, compare};
use cabincrew_conform::suite::CheckSet;

use Class::{Breaking, Compatible, Editorial, Tightening};

/// A draft with these definitions.
fn draft(definitions: &str) -> Draft {
    let schema = format!(
        r#"{{"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {{{definitions}}}}}"#
    );
    Draft::of_texts(&BTreeMap::from([("schema.json".to_owned(), schema)]))
}

/// A draft with one closed type `T`, whose only member is `m`.
fn member(schema: &str, required: bool) -> Draft {
    let required = if required { r#""m""# } else { "" };
    draft(&format!(
        r#""T": {{"type": "object", "additionalProperties": false, "required": [{required}],
            "properties": {{"m": {schema}, "n": {{}}}}}}, "E": {{"type": "string", "enum": ["a", "b"]}},
            "O": {{"type": "object", "properties": {{"x": {{}}}}}}"#
    ))
}

fn difference(old: &Draft, new: &Draft) -> Difference {
    let kit = Kit::embedded().expect("the kit of this build is sound");
    let kits: [&dyn CheckSet; 1] = [&kit];
    compare(old, new, &kits)
}

/// The only change, as classes and words.
fn only(old: &Draft, new: &Draft) -> (Class, Class, String) {
    let changes = difference(old, new).changes;
    let [
        Change {
            what,
            producers,
            consumers,
            ..
        },
    ] = &changes[..]
    else {
        panic!("{changes:#?}")
    };
    (*producers, *consumers, what.clone())
}

/// Schemas of a member before and after, what the change means, and how it is put.
const EXTENTS: [(&str, &str, Class, Class, &str); 14] = [
    (
        r#"{"type": "string"}"#,
        r##"{"$ref": "#/definitions/E"}"##,
        Tightening,
        Compatible,
        "only a | b are permitted",
    ),
    (
        r##"{"$ref": "#/definitions/E"}"##,
        r#"{"type": "string"}"#,
        Compatible,
        Breaking,
        "any value is permitted",
    ),
    (
        r#"{"enum": ["a"]}"#,
        r#"{"enum": ["a", "c"]}"#,
        Compatible,
        Breaking,
        "the values c came",
    ),
    (
        r#"{"enum": ["a", "c"]}"#,
        r#"{"enum": ["a"]}"#,
        Tightening,
        Compatible,
        "the values c went",
    ),
    (
        r#"{"enum": ["ALLOW"]}"#,
        r#"{"enum": ["allow"]}"#,
        Breaking,
        Breaking,
        "the values ALLOW went and allow came",
    ),
    (
        r#"{"type": "number"}"#,
        r#"{"type": "integer"}"#,
        Tightening,
        Compatible,
        "the type number became integer",
    ),
    (
        r#"{"type": "string"}"#,
        r#"{"type": "object"}"#,
        Breaking,
        Breaking,
        "the type string became object",
    ),
    (
        r#"{"type": "string"}"#,
        r#"{"type": ["string", "null"]}"#,
        Compatible,
        Breaking,
        "the type string became null | string",
    ),
    (
        r#"{"type": "integer"}"#,
        r#"{"type": "integer", "minimum": 0}"#,
        Tightening,
        Compatible,
        "the least value changed",
    ),
    (
        r#"{"type": "string"}"#,
        r#"{"type": "string", "format": "date-time"}"#,
        Tightening,
        Compatible,
        "the form any became format \"date-time\"",
    ),
    (
        r#"{"type": "object", "additionalProperties": false}"#,
        r#"{"type": "object", "additionalProperties": true}"#,
        Compatible,
        Breaking,
        "an object may have any members",
    ),
    (
        r#"{"type": "array", "items": {"type": "number"}}"#,
        r#"{"type": "array", "items": {"type": "integer"}}"#,
        Tightening,
        Compatible,
        "of its elements, the type number became integer",
    ),
    (
        r#"{"type": "string"}"#,
        r##"{"$ref": "#/definitions/O"}"##,
        Breaking,
        Breaking,
        "the type string became any; the reference to no type became O",
    ),
    (
        r#"{"description": "old"}"#,
        r#"{"description": "new"}"#,
        Editorial,
        Editorial,
        "the description changed",
    ),
];

#[test]
fn what_a_member_permits() {
    for (old, new, producers, consumers, what) in EXTENTS {
        let found = only(&member(old, false), &member(new, false));
        assert_eq!(
            found,
            (producers, consumers, what.to_owned()),
            "{old} to {new}"
        );
    }
}

#[test]
fn whether_a_member_must_be_there() {
    let plain = r#"{"type": "string"}"#;
    let (may, must) = (member(plain, false), member(plain, true));
    let found = only(&may, &must);
    assert_eq!(
        found,
        (Tightening, Compatible, "it is required now".to_owned())
    );
    let found = only(&must, &may);
    assert_eq!(
        found,
        (Compatible, Breaking, "it may be left out now".to_owned())
    );
}

/// A type with these members, of which the named ones are required.
fn object(members: &[&str], required: &[&str], closed: bool) -> Draft {
    let properties: Vec<String> = members
        .iter()
        .map(|name| format!("\"{name}\": {{}}"))
        .collect();
    let required: Vec<String> = required.iter().map(|name| format!("\"{name}\"")).collect();
    draft(&format!(
        r#""T": {{"type": "object", "additionalProperties": {}, "required": [{}], "properties": {{{}}}}}"#,
        !closed,
        required.join(","),
        properties.join(",")
    ))
}

#[test]
fn members_come_and_go() {
    let cases = [
        (true, false, Compatible, Breaking, Tightening, Compatible),
        (true, true, Breaking, Breaking, Breaking, Breaking),
        (false, false, Tightening, Compatible, Compatible, Breaking),
        (false, true, Breaking, Compatible, Compatible, Breaking),
    ];
    for (closed, required, come_writes, come_reads, gone_writes, gone_reads) in cases {
        let fewer = object(&["a"], &[], closed);
        let names: &[&str] = if required { &["b"] } else { &[] };
        let more = object(&["a", "b"], names, closed);
        let come = only(&fewer, &more);
        let gone = only(&more, &fewer);
        assert_eq!(
            (come.0, come.1),
            (come_writes, come_reads),
            "closed {closed}, required {required}"
        );
        assert_eq!(
            (gone.0, gone.1),
            (gone_writes, gone_reads),
            "closed {closed}, required {required}"
        );
    }
}

#[test]
fn types_come_go_and_are_renamed() {
    let old = draft(r#""A": {"properties": {"x": {}}}"#);
    let new = draft(r#""B": {"description": "renamed", "properties": {"x": {}}}"#);
    assert_eq!(only(&old, &new).2, "the type is called B now");
    let none = draft("");
    assert_eq!(
        only(&none, &new),
        (Compatible, Compatible, "the type is new".to_owned())
    );
    assert_eq!(
        only(&old, &none),
        (Breaking, Breaking, "the type is gone".to_owned())
    );
}

#[test]
fn equal_drafts_do_not_differ() {
    let draft = member(r##"{"$ref": "#/definitions/O"}"##, true);
    assert_eq!(difference(&draft, &draft).changes, []);
}

#[test]
fn requirements_and_checks_are_named() {
    let schema = |version: &str| {
        draft(&format!(
            r#""EngineOutput": {{"properties": {{"status": {{"type": "{version}"}}}}}}"#
        ))
    };
    let found = difference(&schema("string"), &schema("number"));
    let [change] = &found.changes[..] else {
        panic!("{found:#?}")
    };
    assert!(
        change.requirements.contains(&"CC-ENG-011".to_owned()),
        "{change:?}"
    );
    assert!(
        change
            .checks
            .contains(&"CC-ENG-011/failure-explained".to_owned()),
        "{change:?}"
    );
}

#[test]
fn sentences_that_oblige_are_compared_wherever_they_stand() {
    let guide =
        |text: &str| Draft::of_texts(&BTreeMap::from([("engine.md".to_owned(), text.to_owned())]));
    let old = guide("# 9. Exit Codes\n\nIt must exit. It must wait.\n");
    let new = guide("# Title\n\nIt must wait.\n\n# 9. Exit Codes\n\nIt must exit with 2.\n");
    let found = difference(&old, &new).sentences;
    let told: Vec<(bool, &str, usize)> = found
        .iter()
        .map(|sentence| (sentence.added, sentence.text.as_str(), sentence.place.line))
        .collect();
    assert_eq!(
        told,
        [
            (false, "It must exit.", 3),
            (true, "It must exit with 2.", 7)
        ]
    );
    assert!(
        found[0].requirements.contains(&"CC-ENG-009".to_owned()),
        "{found:?}"
    );
}
