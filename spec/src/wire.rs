//! How wire documents map to Rust: optional members are left out rather than null (CC-SCH-004,
//! C-69), and whole numbers may be written with a fraction of zero.

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
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

/// A deserializer that gives structs from objects only. Derived code would also take an array
/// with the members in order, which no schema of the protocol does.
pub(crate) struct ObjectOnly<D>(pub(crate) D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Makes structs that are derived with `remote = "Self"` readable from objects only.
macro_rules! objects {
    ($($name:ty),+ $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // The derived function of the type itself, not this one of the trait.
                <$name>::deserialize(crate::wire::ObjectOnly(deserializer))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                <$name>::serialize(self, serializer)
            }
        }
    )+};
}

/// A closed object of the wire. `name?: Type` is an optional member: left out when it is `None`, and
/// never null unless its type takes null.
macro_rules! document {
    ($(#[$meta:meta])* pub struct $name:ident { $($members:tt)* }) => {
        crate::wire::document!(@members [$(#[$meta])*] $name [] $($members)*);
        crate::wire::objects!($name);
    };
    (@members [$($meta:tt)*] $name:ident [$($done:tt)*]) => {
        $($meta)*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, remote = "Self")]
        pub struct $name { $($done)* }
    };
    (@members $meta:tt $name:ident [$($done:tt)*]
        $(#[$about:meta])* pub $member:ident?: $type:ty, $($rest:tt)*) => {
        crate::wire::document!(@members $meta $name [
            $($done)*
            $(#[$about])*
            #[serde(
                default,
                skip_serializing_if = "Option::is_none",
                deserialize_with = "crate::wire::present"
            )]
            pub $member: Option<$type>,
        ] $($rest)*);
    };
    (@members $meta:tt $name:ident [$($done:tt)*]
        $(#[$about:meta])* pub $member:ident: $type:ty, $($rest:tt)*) => {
        crate::wire::document!(@members $meta $name [
            $($done)* $(#[$about])* pub $member: $type,
        ] $($rest)*);
    };
}

pub(crate) use document;
pub(crate) use objects;
