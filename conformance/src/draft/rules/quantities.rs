//! Values with a form of their own: counts, times, digests, versions.

use cabincrew_protocol::requirement::Catalogue;
use serde_json::Value;

use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};
use crate::draft::schema::{Definition, Member};
use crate::draft::words::{quoted, words};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "CCS-013",
        name: "count-may-be-a-fraction",
        weight: Weight::Warning,
        holds: "A count, size, index or rank is an integer that is not negative.",
        why: "-1.5 bytes are valid, and 1 and 1.0 have two canonical forms in some libraries.",
        remedy: "Use the type integer with minimum 0.",
        check: fractions,
    },
    Rule {
        code: "CCS-014",
        name: "time-without-format",
        weight: Weight::Warning,
        holds: "A member that holds a time has the format date-time.",
        why: "Any string is a time, and times cannot be compared.",
        remedy: "Add \"format\": \"date-time\".",
        check: times,
    },
    Rule {
        code: "CCS-015",
        name: "digest-without-form",
        weight: Weight::Warning,
        holds: "A member that holds a digest restricts its form.",
        why: "One side writes 64 hex digits, the other an algorithm's name before them or base64, and they never match.",
        remedy: "Name algorithm and encoding, and add a pattern.",
        check: digests,
    },
    Rule {
        code: "CCS-016",
        name: "version-without-values",
        weight: Weight::Warning,
        holds: "A member that holds a version says which values there are.",
        why: "Nobody knows what to send, or what to refuse.",
        remedy: "Give the present value as a constant or pattern, or in the description.",
        check: versions,
    },
];

fn each(
    draft: &Draft,
    is_broken: impl Fn(&Member) -> bool,
    says: impl Fn(&Definition, &str) -> String,
) -> Vec<Finding> {
    draft
        .definitions()
        .filter_map(|definition| {
            let broken: Vec<&Member> = definition
                .members
                .iter()
                .filter(|member| is_broken(member))
                .collect();
            let line = broken.iter().map(|member| member.line).min()?;
            let names: Vec<&String> = broken.iter().map(|member| &member.name).collect();
            let text = says(definition, &quoted(&names));
            Some(Finding::new(&definition.file, line, text))
        })
        .collect()
}

fn last_word(name: &str) -> &str {
    name.rsplit('_').next().unwrap_or(name)
}

fn fractions(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let is_count = |name: &str| {
        ["size", "sequence", "count", "index", "bytes", "lines"].contains(&last_word(name))
    };
    let mut found = each(
        draft,
        |member| {
            let kind = member.schema.get("type").and_then(Value::as_str);
            let bounded = ["minimum", "exclusiveMinimum"]
                .iter()
                .any(|word| member.schema.get(word).is_some());
            is_count(&member.name)
                && (kind == Some("number") || (kind == Some("integer") && !bounded))
        },
        |definition, names| {
            format!(
                "{}: may be negative or a fraction: {names}",
                definition.name
            )
        },
    );
    for definition in draft.definitions() {
        let ranks = definition.schema.get("enum").and_then(Value::as_array);
        let whole = ranks.is_some_and(|all| all.iter().all(|value| value.as_u64().is_some()));
        if whole && definition.schema.get("type").and_then(Value::as_str) == Some("number") {
            found.push(Finding::new(
                &definition.file,
                definition.line,
                format!("{} has whole values and the type number", definition.name),
            ));
        }
    }
    found
}

fn times(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    each(
        draft,
        |member| {
            let named = last_word(&member.name);
            member.is_open_string() && (named == "timestamp" || named == "at")
        },
        |definition, names| format!("{}: any string is a time in {names}", definition.name),
    )
}

fn digests(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    each(
        draft,
        |member| {
            let named = ["hash", "digest", "checksum"].contains(&last_word(&member.name));
            let described = words(member.description())
                .next()
                .is_some_and(|(_, word)| word == "SHA256" || word == "SHA");
            member.is_open_string() && (named || described)
        },
        |definition, names| format!("{}: any string is a digest in {names}", definition.name),
    )
}

fn versions(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    each(
        draft,
        |member| {
            let says = member.description().contains(['"', '\'']);
            member.is_open_string() && last_word(&member.name) == "version" && !says
        },
        |definition, names| {
            format!(
                "{}: any string is a version, and no value is named, in {names}",
                definition.name
            )
        },
    )
}
