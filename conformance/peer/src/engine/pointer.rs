//! Edits of JSON values by pointer.

use serde_json::Value;

/// Sets what `at` points to; `-` as the last part appends to a list. Does nothing where the parent
/// does not exist, so that one edit can be meant for success and failure alike.
pub(crate) fn set(document: &mut Value, at: &str, value: Value) {
    let Some((parent, name)) = at.rsplit_once('/') else {
        return;
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.insert(name.to_owned(), value);
        }
        Some(Value::Array(items)) => {
            if name == "-" {
                items.push(value);
            } else if let Some(item) = name.parse().ok().and_then(|i: usize| items.get_mut(i)) {
                *item = value;
            }
        }
        _ => {}
    }
}

/// Takes out what `at` points to.
pub(crate) fn remove(document: &mut Value, at: &str) {
    let Some((parent, name)) = at.rsplit_once('/') else {
        return;
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.remove(name);
        }
        Some(Value::Array(items)) => {
            if let Some(index) = name
                .parse()
                .ok()
                .filter(|index: &usize| *index < items.len())
            {
                items.remove(index);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_and_items_are_set_and_removed() {
        let mut document = json!({"a": [{"b": 1}, 2], "c": 3});
        set(&mut document, "/a/0/b", json!(9));
        set(&mut document, "/a/-", json!("new"));
        set(&mut document, "/no/such/place", json!(0));
        remove(&mut document, "/c");
        remove(&mut document, "/a/1");
        assert_eq!(document, json!({"a": [{"b": 9}, "new"]}));
    }
}
