//! Laws that hold for every input.

mod audit;
mod digests;
mod reading;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;

/// Any JSON that the profile can carry.
fn json() -> impl Strategy<Value = Value> {
    const INTEGER_MAX: i64 = (1 << 53) - 1;
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-INTEGER_MAX..=INTEGER_MAX).prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A document as text whose members stand in another order and between other blanks.
fn spread(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(spread).collect();
            format!("[ {}\t]", items.join(" ,\n"))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .rev()
                .map(|(name, member)| {
                    format!("{} : {}", Value::from(name.as_str()), spread(member))
                })
                .collect();
            format!("{{\r\n{} }}", members.join(", "))
        }
        scalar => scalar.to_string(),
    }
}
