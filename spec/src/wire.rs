//! How wire documents map to Rust: optional members are left out rather than null (CC-SCH-004,
//! C-69), and whole numbers may be written with a fraction of zero.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::{Map, Number, Value};

use crate::json::INTEGER_MAX;

/// Free members of any type, as in configuration and secrets.
pub type AnyMap = Map<String, Value>;

/// Free members of any type, as in context, metadata and evidence.
pub type RecordStringAny = Map<String, Value>;

/// An optional member that is there: null is its type's business, not an absence.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A non-negative integer, also as `1.0`, which JSON Schema counts as one.
pub(crate) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = Number::deserialize(deserializer)?;
    whole_number(&number).ok_or_else(|| D::Error::custom("not a non-negative integer"))
}

/// An optional non-negative integer that is there.
pub(crate) fn present_whole<'de, D>(deserializer: D) -> Result<Option<u64>, D::Error>
where
    D: Deserializer<'de>,
{
    whole(deserializer).map(Some)
}

/// The value of a number that is a non-negative integer of at most 2^53-1.
#[must_use]
pub fn whole_number(number: &Number) -> Option<u64> {
    if let Some(value) = number.as_u64() {
        return (value <= INTEGER_MAX).then_some(value);
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
    // The formatted form of an integral float in this range is its digits.
    let digits = format!("{:.0}", float.abs());
    let value = digits.parse().ok().filter(|value| *value <= INTEGER_MAX)?;
    (float >= 0.0 || value == 0).then_some(value)
}
