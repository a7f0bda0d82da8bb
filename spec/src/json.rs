//! Strict reading of JSON (C-69, C-70): what two parsers could understand differently is refused.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The largest integer that every JSON reader represents exactly: 2^53 - 1.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Bounds on a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Greatest length in bytes.
    pub bytes_max: usize,
    /// Greatest number of arrays and objects open at once. At most 126, so that the parser
    /// beneath never refuses first.
    pub depth_max: usize,
}

impl Limits {
    /// Bounds of an engine's receipt (C-70).
    pub const RECEIPT: Self = Self {
        bytes_max: 16 * 1024 * 1024,
        depth_max: 64,
    };
    /// Bounds of every other document.
    pub const DOCUMENT: Self = Self {
        bytes_max: 64 * 1024 * 1024,
        depth_max: 64,
    };
}

/// Why bytes are not one strict JSON document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// A byte order mark stands before the document.
    #[error("byte order mark before the document")]
    ByteOrderMark,
    /// A member name occurs twice in one object, whatever the spelling of its escapes.
    #[error("duplicate member name at {pointer} (line {line}, column {column})")]
    DuplicateMember {
        /// JSON pointer of the repeated member.
        pointer: String,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// There is no document at all.
    #[error("empty input")]
    Empty,
    /// An integer literal that readers with 64-bit floats would change.
    #[error("integer {literal} beyond 2^53-1 at byte {offset}")]
    IntegerRange {
        /// The literal, cut after 32 characters.
        literal: String,
        /// Byte offset of its first character.
        offset: usize,
    },
    /// A `\u` escape of half a surrogate pair.
    #[error("lone surrogate escape (line {line}, column {column})")]
    LoneSurrogate {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// The bytes are not UTF-8.
    #[error("not UTF-8 at byte {offset}")]
    NotUtf8 {
        /// Offset of the first wrong byte.
        offset: usize,
    },
    /// A number beyond the range of a 64-bit float.
    #[error("number out of range (line {line}, column {column})")]
    NumberRange {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// Not JSON.
    #[error("not JSON (line {line}, column {column})")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// More arrays and objects are open at once than allowed.
    #[error("nested deeper than {depth_max} at {pointer}")]
    TooDeep {
        /// JSON pointer of the value that is too deep.
        pointer: String,
        /// The bound.
        depth_max: usize,
    },
    /// The document is too long.
    #[error("{bytes} bytes where {bytes_max} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// Something follows the document: another document, or bytes that are no JSON.
    #[error("trailing bytes after the document (line {line}, column {column})")]
    Trailing {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
}

/// Reads exactly one JSON document.
///
/// # Errors
/// For everything that [`JsonError`] names: encoding, duplicate names, bounds, numbers that
/// would change on the way, and bytes before or after the document.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Value, JsonError> {
    if bytes.len() > limits.bytes_max {
        return Err(JsonError::TooLong {
            bytes: bytes.len(),
            bytes_max: limits.bytes_max,
        });
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(JsonError::ByteOrderMark);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| JsonError::NotUtf8 {
        offset: error.valid_up_to(),
    })?;
    if text.bytes().all(is_blank) {
        return Err(JsonError::Empty);
    }
    let reader = Reader {
        depth_max: limits.depth_max,
        place: RefCell::default(),
        fault: RefCell::default(),
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Node(&reader)
        .deserialize(&mut deserializer)
        .map_err(|error| named(error, reader.fault.into_inner()))?;
    deserializer.end().map_err(|error| JsonError::Trailing {
        line: error.line(),
        column: error.column(),
    })?;
    refuse_wide_integers(text)?;
    Ok(value)
}

/// What the visitor found; the parser adds the position.
#[derive(Debug)]
enum Fault {
    Duplicate { pointer: String },
    TooDeep { pointer: String, depth_max: usize },
}

/// Where the visitor stands.
struct Reader {
    depth_max: usize,
    place: RefCell<Vec<String>>,
    fault: RefCell<Option<Fault>>,
}

impl Reader {
    fn pointer(&self) -> String {
        self.place
            .borrow()
            .iter()
            .flat_map(|step| ["/", step.as_str()])
            .collect()
    }

    fn enter<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.place.borrow().len() < self.depth_max {
            return Ok(());
        }
        let fault = Fault::TooDeep {
            pointer: self.pointer(),
            depth_max: self.depth_max,
        };
        Err(self.refuse(fault))
    }

    /// The text of the error is never shown: `named` takes the fault instead.
    fn refuse<E: serde::de::Error>(&self, fault: Fault) -> E {
        *self.fault.borrow_mut() = Some(fault);
        E::custom("refused")
    }

    fn step_in(&self, step: String) {
        self.place.borrow_mut().push(step);
    }

    fn step_out(&self) {
        self.place.borrow_mut().pop();
    }
}

/// One value of the document.
#[derive(Clone, Copy)]
struct Node<'r>(&'r Reader);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
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

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.0.enter()?;
        let mut list = Vec::new();
        loop {
            self.0.step_in(list.len().to_string());
            let item = items.next_element_seed(self)?;
            self.0.step_out();
            let Some(item) = item else {
                return Ok(Value::Array(list));
            };
            list.push(item);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        self.0.enter()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            self.0.step_in(name.replace('~', "~0").replace('/', "~1"));
            if object.contains_key(&name) {
                return Err(self.0.refuse(Fault::Duplicate {
                    pointer: self.0.pointer(),
                }));
            }
            object.insert(name, members.next_value_seed(self)?);
            self.0.step_out();
        }
        Ok(Value::Object(object))
    }
}

fn named(error: serde_json::Error, fault: Option<Fault>) -> JsonError {
    let (line, column) = (error.line(), error.column());
    match fault {
        Some(Fault::Duplicate { pointer }) => JsonError::DuplicateMember {
            pointer,
            line,
            column,
        },
        Some(Fault::TooDeep { pointer, depth_max }) => JsonError::TooDeep { pointer, depth_max },
        None => named_by_text(error, line, column),
    }
}

/// `serde_json` keeps its kinds private; these texts are pinned by the vectors.
fn named_by_text(error: serde_json::Error, line: usize, column: usize) -> JsonError {
    let text = error.to_string();
    if text.starts_with("number out of range") {
        JsonError::NumberRange { line, column }
    } else if text.starts_with("lone leading surrogate")
        || text.starts_with("unexpected end of hex escape")
    {
        JsonError::LoneSurrogate { line, column }
    } else {
        JsonError::Syntax {
            line,
            column,
            source: error,
        }
    }
}

/// Integer literals beyond 2^53-1. The parser cannot tell them: it turns those beyond 64 bits
/// into floats. `text` is one valid document.
fn refuse_wide_integers(text: &str) -> Result<(), JsonError> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = after_string(bytes, at),
            b'-' | b'0'..=b'9' => {
                let end = at
                    + bytes[at..]
                        .iter()
                        .take_while(|byte| in_number(**byte))
                        .count();
                let literal = &text[at..end];
                if is_wide_integer(literal) {
                    let literal = literal.chars().take(32).collect();
                    return Err(JsonError::IntegerRange {
                        literal,
                        offset: at,
                    });
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    Ok(())
}

fn after_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

fn in_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

fn is_wide_integer(literal: &str) -> bool {
    let digits = literal.strip_prefix('-').unwrap_or(literal);
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits
            .parse::<u64>()
            .map_or(true, |value| value > INTEGER_MAX)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
