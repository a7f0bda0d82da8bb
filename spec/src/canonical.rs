//! RFC 8785, the JSON Canonicalization Scheme (C-06): the bytes that JSON digests are taken over.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use crate::json::INTEGER_MAX;

/// Why a value has no canonical form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// An integer that a 64-bit float cannot hold exactly.
    #[error("integer {value} beyond 2^53-1")]
    IntegerRange {
        /// The integer, in decimal.
        value: String,
    },
    /// Infinity or not-a-number.
    #[error("number that is not finite")]
    NotFinite,
}

/// The canonical form: members sorted by UTF-16 code units, numbers as ECMAScript writes them,
/// no blanks.
///
/// # Errors
/// [`CanonicalError`] for integers beyond +-(2^53-1) and for numbers that are not finite.
pub fn to_vec(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut text = String::new();
    write_value(&mut text, value)?;
    Ok(text.into_bytes())
}

fn write_value(out: &mut String, value: &Value) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number)?,
        Value::String(text) => write_string(out, text),
        Value::Array(items) => write_array(out, items)?,
        Value::Object(members) => write_object(out, members)?,
    }
    Ok(())
}

fn write_array(out: &mut String, items: &[Value]) -> Result<(), CanonicalError> {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_value(out, item)?;
    }
    out.push(']');
    Ok(())
}

fn write_object(out: &mut String, members: &Map<String, Value>) -> Result<(), CanonicalError> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push('{');
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(out, name);
        out.push(':');
        write_value(out, value)?;
    }
    out.push('}');
    Ok(())
}

fn write_number(out: &mut String, number: &Number) -> Result<(), CanonicalError> {
    let magnitude = number
        .as_u64()
        .or_else(|| number.as_i64().map(i64::unsigned_abs));
    match magnitude {
        Some(magnitude) if magnitude > INTEGER_MAX => {
            return Err(CanonicalError::IntegerRange {
                value: number.to_string(),
            });
        }
        Some(_) => write!(out, "{number}").expect("writing to a string succeeds"),
        None => {
            let float = number.as_f64().filter(|float| float.is_finite());
            let float = float.ok_or(CanonicalError::NotFinite)?;
            out.push_str(ryu_js::Buffer::new().format_finite(float));
        }
    }
    Ok(())
}

/// Only what RFC 8785 section 3.2.2.2 demands is escaped.
fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => {
                write!(out, "\\u{:04x}", u32::from(control)).expect("writing to a string succeeds");
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
