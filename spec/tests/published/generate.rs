//! Documents of a definition, made from its schema, and the same with one thing changed.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

/// A document that mostly fits, and a mutant of it.
pub(super) fn document(root: &Value, definition: &str) -> BoxedStrategy<(Value, Value)> {
    let whole = fitting(root, &root["definitions"][definition]);
    (whole, any::<Index>(), mutation())
        .prop_map(|(whole, place, mutation)| {
            let mut mutated = whole.clone();
            let mut places = Vec::new();
            collect(&whole, &mut String::new(), &mut places);
            mutation.apply(&mut mutated, place.get(&places).as_str());
            (whole, mutated)
        })
        .boxed()
}

fn fitting(root: &Value, schema: &Value) -> BoxedStrategy<Value> {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.strip_prefix("#/definitions/").unwrap();
        return fitting(root, &root["definitions"][name]);
    }
    if let Some(words) = schema["enum"].as_array() {
        return select(words.clone()).boxed();
    }
    if let Some(shapes) = schema["anyOf"].as_array() {
        let shapes: Vec<_> = shapes.iter().map(|shape| fitting(root, shape)).collect();
        return proptest::strategy::Union::new(shapes).boxed();
    }
    match schema["type"].as_str() {
        Some("object") if schema["properties"].is_object() => object(root, schema),
        Some("object") => free_members().boxed(),
        Some("array") => vec(fitting(root, &schema["items"]), 0..3)
            .prop_map(Value::from)
            .boxed(),
        Some("string") if schema["format"] == "date-time" => timestamp().boxed(),
        Some("string") => text().prop_map(Value::from).boxed(),
        Some("integer") => select(vec![json!(0), json!(1), json!(7.0), json!(1_000_000)]).boxed(),
        Some("number") => select(vec![
            json!(0),
            json!(12),
            json!(-1),
            json!(1.5),
            json!(3.0),
            json!(1e21),
        ])
        .boxed(),
        Some("boolean") => any::<bool>().prop_map(Value::from).boxed(),
        // No type, or several: anything, of which the schema may refuse some.
        _ => anything().boxed(),
    }
}

fn object(root: &Value, schema: &Value) -> BoxedStrategy<Value> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let mut members: BoxedStrategy<Map<String, Value>> = Just(Map::new()).boxed();
    for (name, member) in schema["properties"].as_object().unwrap() {
        let name = name.clone();
        let needed = required.contains(&json!(name));
        let value = fitting(root, member);
        let value = match needed {
            true => value.prop_map(Some).boxed(),
            false => prop::option::of(value).boxed(),
        };
        members = (members, value)
            .prop_map(move |(mut members, value)| {
                members.extend(value.map(|value| (name.clone(), value)));
                members
            })
            .boxed();
    }
    members.prop_map(Value::Object).boxed()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z-]{1,8}",
        any::<String>(),
        Just("NONE".to_owned())
    ]
}

fn timestamp() -> impl Strategy<Value = Value> {
    let fitting = prop_oneof![
        Just("2025-03-01T12:00:00Z"),
        Just("2025-03-01t12:00:00.25z"),
        Just("2024-02-29T23:59:59+05:30"),
        Just("2016-12-31T23:59:60Z"),
    ];
    let other = prop_oneof![Just("yesterday"), Just("2025-02-29T12:00:00Z"), Just("")];
    prop_oneof![12 => fitting, 1 => other].prop_map(Value::from)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        Just(json!(1.5)),
        text().prop_map(Value::from),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn free_members() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(text(), anything(), 0..3)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// One change at one place.
#[derive(Debug, Clone)]
enum Mutation {
    Replace(Value),
    Remove,
    Add(String, Value),
    Wrap,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        3 => anything().prop_map(Mutation::Replace),
        1 => Just(Mutation::Replace(Value::Null)),
        3 => Just(Mutation::Remove),
        2 => (text(), scalar()).prop_map(|(name, value)| Mutation::Add(name, value)),
        1 => Just(Mutation::Wrap),
    ]
}

impl Mutation {
    fn apply(self, document: &mut Value, pointer: &str) {
        if let Self::Remove = self {
            let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
            let name = name.replace("~1", "/").replace("~0", "~");
            match document.pointer_mut(parent) {
                Some(Value::Object(members)) => {
                    members.remove(&name);
                }
                Some(Value::Array(items)) => {
                    items.pop();
                }
                _ => {}
            }
            return;
        }
        let place = document.pointer_mut(pointer).unwrap();
        match self {
            Self::Replace(value) => *place = value,
            Self::Add(name, value) => match place {
                Value::Object(members) => {
                    members.insert(name, value);
                }
                Value::Array(items) => items.push(value),
                other => *other = value,
            },
            // The members of an object in order, or a value as a list of one.
            Self::Wrap => {
                *place = match place.take() {
                    Value::Object(members) => members.into_iter().map(|(_, value)| value).collect(),
                    other => json!([other]),
                };
            }
            Self::Remove => {}
        }
    }
}

/// JSON pointers of all places in a document, the root included.
fn collect(value: &Value, pointer: &mut String, places: &mut Vec<String>) {
    places.push(pointer.clone());
    let length = pointer.len();
    let steps: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.replace('~', "~0").replace('/', "~1"), member))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (index.to_string(), item))
            .collect(),
        _ => Vec::new(),
    };
    for (step, member) in steps {
        pointer.push('/');
        pointer.push_str(&step);
        collect(member, pointer, places);
        pointer.truncate(length);
    }
}
