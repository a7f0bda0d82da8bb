//! A strict JSON reader: what two readers could understand differently is refused (C-69, C-70).

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 64;

/// A document and the order in which its top-level members were given.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) order: Vec<String>,
}

/// Why bytes are not one JSON document. The text of the document is never quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("it starts with a byte-order mark")]
    ByteOrderMark,
    #[error("a member occurs twice in one object")]
    DuplicateMember,
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("a second document follows")]
    SecondDocument,
    #[error("the syntax is wrong in line {line}, column {column}")]
    Syntax { line: usize, column: usize },
    #[error("it is nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
}

/// What a reader lets pass; nothing, unless the peer is to be lenient.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Laxness {
    pub(crate) duplicate_members: bool,
    pub(crate) second_document: bool,
}

/// Reads one document.
pub(crate) fn read(bytes: &[u8], lax: Laxness) -> Result<Document, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    if text.starts_with('\u{feff}') {
        return Err(JsonError::ByteOrderMark);
    }
    let problem = Cell::new(None);
    let mut order = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    let place = Place {
        depth: 0,
        lax,
        problem: &problem,
        order: Some(&mut order),
    };
    let value = place.deserialize(&mut reader).map_err(|error| {
        let syntax = JsonError::Syntax {
            line: error.line(),
            column: error.column(),
        };
        problem.get().unwrap_or(syntax)
    })?;
    if !lax.second_document {
        reader.end().map_err(|_| JsonError::SecondDocument)?;
    }
    Ok(Document { value, order })
}

/// One place in a document.
struct Place<'a> {
    depth: usize,
    lax: Laxness,
    problem: &'a Cell<Option<JsonError>>,
    order: Option<&'a mut Vec<String>>,
}

impl Place<'_> {
    const fn inside(&self) -> Place<'_> {
        Place {
            depth: self.depth + 1,
            lax: self.lax,
            problem: self.problem,
            order: None,
        }
    }

    fn fail<E: serde::de::Error>(&self, problem: JsonError) -> E {
        self.problem.set(Some(problem));
        E::custom(problem)
    }

    fn check_depth<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.depth >= DEPTH_MAX {
            Err(self.fail(JsonError::TooDeep))
        } else {
            Ok(())
        }
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.check_depth()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.inside())? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        self.check_depth()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let member = members.next_value_seed(self.inside())?;
            if object.contains_key(&name) && !self.lax.duplicate_members {
                return Err(self.fail(JsonError::DuplicateMember));
            }
            if let Some(order) = &mut self.order {
                order.push(name.clone());
            }
            object.insert(name, member);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(bytes: &[u8]) -> Option<JsonError> {
        read(bytes, Laxness::default()).err()
    }

    #[test]
    fn a_plain_document_is_read_as_it_is() {
        let text = r#" {"b":[1,-2,0.5,"x\n",null,true],"a":{}} "#;
        let document = read(text.as_bytes(), Laxness::default()).unwrap();
        assert_eq!(document.value, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(document.order, ["b", "a"]);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        assert_eq!(
            problem(br#"{"a":{"x":1,"x":1}}"#),
            Some(JsonError::DuplicateMember)
        );
        assert_eq!(problem(b"{}{}"), Some(JsonError::SecondDocument));
        assert_eq!(problem(b"\xff{}"), Some(JsonError::NotUtf8));
        assert_eq!(problem(b"\xef\xbb\xbf{}"), Some(JsonError::ByteOrderMark));
        assert!(matches!(
            problem(b"{\"a\":1"),
            Some(JsonError::Syntax { .. })
        ));
        assert!(matches!(problem(b""), Some(JsonError::Syntax { .. })));
    }

    #[test]
    fn nesting_has_a_bound() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(problem(nested(DEPTH_MAX).as_bytes()), None);
        assert_eq!(
            problem(nested(DEPTH_MAX + 1).as_bytes()),
            Some(JsonError::TooDeep)
        );
        assert_eq!(problem(nested(5000).as_bytes()), Some(JsonError::TooDeep));
    }

    #[test]
    fn leniency_is_possible_where_it_is_asked_for() {
        let lax = Laxness {
            duplicate_members: true,
            second_document: true,
        };
        let document = read(br#"{"a":1,"a":2}{}"#, lax).unwrap();
        assert_eq!(document.value, serde_json::json!({"a": 2}));
    }
}
