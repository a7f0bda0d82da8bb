//! Types: described, telling apart what differs, and meaning one thing by one name.

use std::collections::BTreeMap;

use cabincrew_protocol::requirement::Catalogue;
use serde_json::Value;

use crate::draft::finding::Finding;
use crate::draft::model::Draft;
use crate::draft::rule::{Rule, Weight};
use crate::draft::schema::{Definition, Member, target, values};
use crate::draft::words::quoted;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "CCS-005",
        name: "member-undescribed",
        weight: Weight::Note,
        holds: "Every member of a type has a description.",
        why: "Implementers guess what goes in, and every guess is valid.",
        remedy: "Say what the member holds, in which unit or form, and who sets it.",
        check: undescribed,
    },
    Rule {
        code: "CCS-006",
        name: "nothing-required",
        weight: Weight::Warning,
        holds: "A type of object requires at least one member.",
        why: "The empty object is valid and says nothing.",
        remedy: "Require the members without which the object means nothing.",
        check: nothing_required,
    },
    Rule {
        code: "CCS-007",
        name: "union-untagged",
        weight: Weight::Warning,
        holds: "The alternatives of a union of objects can be told apart by a member with fixed values.",
        why: "One document can be read as two things, and a document of the wrong kind is valid.",
        remedy: "Give each alternative a required member with a constant, or tie it to one with if and then.",
        check: untagged,
    },
    Rule {
        code: "CCS-008",
        name: "one-name-two-types",
        weight: Weight::Warning,
        holds: "A member's name stands for one JSON type in all types.",
        why: "Values are copied from one document into the other and are refused there.",
        remedy: "Give the values that differ names that differ.",
        check: two_types,
    },
    Rule {
        code: "CCS-009",
        name: "enumeration-unused",
        weight: Weight::Warning,
        holds: "A member that is named after an enumeration is restricted to it.",
        why: "A misspelt value is valid where it matters.",
        remedy: "Refer to the enumeration.",
        check: enumeration_unused,
    },
    Rule {
        code: "CCS-010",
        name: "description-contradicts",
        weight: Weight::Error,
        holds: "A member that its description calls required is required, and one that it calls optional is not.",
        why: "Readers of the description and readers of the schema build two things.",
        remedy: "Change the one that is wrong.",
        check: contradicted,
    },
    Rule {
        code: "CCS-011",
        name: "word-split-two-ways",
        weight: Weight::Note,
        holds: "The values of an enumeration split a word in one way.",
        why: "Readers type one for the other.",
        remedy: "Choose one spelling.",
        check: split_two_ways,
    },
    Rule {
        code: "CCS-012",
        name: "member-said-twice",
        weight: Weight::Note,
        holds: "A document states one fact in one place.",
        why: "The two places can disagree, and nothing says which of them counts.",
        remedy: "Drop one of the two, or say that they must be equal.",
        check: said_twice,
    },
];

fn undescribed(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    draft
        .definitions()
        .filter_map(|definition| {
            let bare: Vec<&Member> = definition
                .members
                .iter()
                .filter(|member| member.description().trim().is_empty())
                .collect();
            let first = bare.iter().map(|member| member.line).min()?;
            let names: Vec<&String> = bare.iter().map(|member| &member.name).collect();
            Some(Finding::new(
                &definition.file,
                first,
                format!("{}: no description of {}", definition.name, quoted(&names)),
            ))
        })
        .collect()
}

fn nothing_required(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    draft
        .definitions()
        .filter(|definition| {
            definition.is_object() && definition.members.iter().all(|member| !member.required)
        })
        .map(|definition| {
            Finding::new(
                &definition.file,
                definition.line,
                format!(
                    "{} requires none of its {} members: the empty object is valid",
                    definition.name,
                    definition.members.len()
                ),
            )
        })
        .collect()
}

fn untagged(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for definition in draft.definitions() {
        let branches = ["anyOf", "oneOf"]
            .iter()
            .find_map(|word| definition.schema.get(word)?.as_array());
        let Some(branches) = branches else { continue };
        let objects: Vec<&Definition> = branches
            .iter()
            .filter_map(|branch| draft.definition(target(branch)?))
            .filter(|branch| branch.is_object())
            .collect();
        let tagged = objects.first().is_some_and(|first| {
            first
                .members
                .iter()
                .any(|member| is_tag(&objects, &member.name))
        });
        if objects.len() > 1 && !tagged {
            let names: Vec<&String> = objects.iter().map(|object| &object.name).collect();
            found.push(Finding::new(
                &definition.file,
                definition.line,
                format!(
                    "nothing in an instance of {} tells which of {} it is",
                    definition.name,
                    quoted(&names)
                ),
            ));
        }
    }
    found
}

/// Whether all objects require that member and permit different values of it.
fn is_tag(objects: &[&Definition], name: &str) -> bool {
    let mut seen: Vec<String> = Vec::new();
    objects.iter().all(|object| {
        let Some(member) = object.member(name).filter(|member| member.required) else {
            return false;
        };
        let mut own = values(&member.schema);
        own.extend(member.schema.get("const").map(Value::to_string));
        let fresh = !own.is_empty() && own.iter().all(|value| !seen.contains(value));
        seen.extend(own);
        fresh
    })
}

/// The JSON type of a member, through references; elements of an array included.
fn kind(draft: &Draft, schema: &Value) -> Option<String> {
    if let Some(name) = target(schema) {
        let definition = draft.definition(name)?;
        return match definition.is_object() {
            true => Some("object".to_owned()),
            false => definition.schema.get("type")?.as_str().map(str::to_owned),
        };
    }
    let own = schema.get("type")?.as_str()?;
    match (own, schema.get("items")) {
        ("array", Some(items)) => Some(format!("array of {}", kind(draft, items)?)),
        ("integer", _) => Some("number".to_owned()),
        _ => Some(own.to_owned()),
    }
}

fn by_name(draft: &Draft) -> BTreeMap<&str, Vec<(&Definition, &Member)>> {
    let mut names: BTreeMap<&str, Vec<(&Definition, &Member)>> = BTreeMap::new();
    for definition in draft.definitions() {
        for member in &definition.members {
            names
                .entry(&member.name)
                .or_default()
                .push((definition, member));
        }
    }
    names
}

fn two_types(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, uses) in by_name(draft) {
        let mut first: BTreeMap<String, (&Definition, &Member)> = BTreeMap::new();
        for (definition, member) in uses {
            if let Some(kind) = kind(draft, &member.schema) {
                first.entry(kind).or_insert((definition, member));
            }
        }
        let mut kinds = first.into_iter();
        let Some((kind, (definition, member))) = kinds.next() else {
            continue;
        };
        for (other_kind, (other, other_member)) in kinds {
            let finding = Finding::new(
                &other.file,
                other_member.line,
                format!(
                    "`{name}` is {} in {} and {} in {}",
                    with_article(&other_kind),
                    other.name,
                    with_article(&kind),
                    definition.name
                ),
            );
            found.push(finding.against(
                &definition.file,
                member.line,
                format!("{}.{name} is {}", definition.name, with_article(&kind)),
            ));
        }
    }
    found
}

fn with_article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'o']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {kind}")
}

fn enumeration_unused(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let enumerations: Vec<&Definition> = draft
        .definitions()
        .filter(|definition| !definition.values.is_empty())
        .collect();
    let named = by_name(draft);
    let mut found = Vec::new();
    for definition in draft.definitions() {
        for member in definition
            .members
            .iter()
            .filter(|member| member.is_open_string())
        {
            let by_type = enumerations.iter().find(|enumeration| {
                let name = enumeration.name.to_lowercase();
                member.name.replace('_', "") == name || member.name.ends_with(&format!("_{name}"))
            });
            let by_twin = named[member.name.as_str()]
                .iter()
                .find(|(twin, restricted)| {
                    !values(&restricted.schema).is_empty() && shared(definition, twin) >= 3
                });
            let message = |restricted: &str, permitted: &[String]| {
                format!(
                    "{}.{} takes any string; {restricted} permits {}",
                    definition.name,
                    member.name,
                    quoted(permitted)
                )
            };
            let finding = |text| Finding::new(&definition.file, member.line, text);
            if let Some(enumeration) = by_type {
                let text = message(&enumeration.name, &enumeration.values);
                found.push(finding(text).against(
                    &enumeration.file,
                    enumeration.line,
                    format!("the enumeration {}", enumeration.name),
                ));
            } else if let Some((twin, restricted)) = by_twin {
                let name = format!("{}.{}", twin.name, restricted.name);
                let text = message(&name, &values(&restricted.schema));
                found.push(finding(text).against(&twin.file, restricted.line, name));
            }
        }
    }
    found
}

/// How many members two types have in common, by name: one is a record of the other when they are several.
fn shared(one: &Definition, other: &Definition) -> usize {
    one.members
        .iter()
        .filter(|member| other.member(&member.name).is_some())
        .count()
}

fn contradicted(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for definition in draft.definitions() {
        for member in &definition.members {
            let text = member.description();
            // `Required if ..` and `Optional reason` speak of something else.
            let says = |word: &str| {
                text.split(['.', '\n']).any(|sentence| {
                    let sentence = sentence.trim();
                    sentence == word
                        || sentence.starts_with(&format!("{word} for"))
                        || sentence.starts_with(&format!("{word} to"))
                        || sentence.starts_with(&format!("{word} but"))
                })
            };
            let called_required = says("REQUIRED") || says("Required");
            let called_optional = says("OPTIONAL") || says("Optional");
            let message = match (called_required, called_optional, member.required) {
                (true, false, false) => "is called required and may be left out",
                (false, true, true) => "is called optional and is required",
                _ => continue,
            };
            found.push(Finding::new(
                &definition.file,
                member.line,
                format!("{}.{} {message}", definition.name, member.name),
            ));
        }
    }
    found
}

fn split_two_ways(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for definition in draft.definitions() {
        let words: Vec<(&String, Vec<&str>)> = definition
            .values
            .iter()
            .map(|value| (value, value.split(['_', '-']).collect()))
            .collect();
        for (value, parts) in &words {
            for pair in parts.windows(2) {
                let joined = pair.concat();
                let other = words
                    .iter()
                    .find(|(_, parts)| parts.contains(&joined.as_str()));
                if let Some((other, _)) = other {
                    found.push(Finding::new(
                        &definition.file,
                        definition.line,
                        format!(
                            "{}: `{value}` splits a word that `{other}` does not",
                            definition.name
                        ),
                    ));
                }
            }
        }
    }
    found
}

fn said_twice(draft: &Draft, _: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for definition in draft.definitions() {
        for holder in &definition.members {
            let Some(inner) = target(&holder.schema).and_then(|name| draft.definition(name)) else {
                continue;
            };
            for twin in &inner.members {
                let Some(own) = definition.member(&twin.name) else {
                    continue;
                };
                // Equal descriptions of everyday members, as `reason`, are no sign of one fact.
                if own.required && twin.required && own.schema.get("format").is_none() {
                    let finding = Finding::new(
                        &inner.file,
                        twin.line,
                        format!(
                            "{0}.{1} and {0}.{2}.{1} are both required and can disagree",
                            definition.name, twin.name, holder.name
                        ),
                    );
                    found.push(finding.against(
                        &definition.file,
                        own.line,
                        format!("{}.{}", definition.name, own.name),
                    ));
                }
            }
        }
    }
    found
}
