//! A JSON value in a script.

use serde::Deserialize;
use serde_json::Value;

/// A JSON value, written in a script as JSON text: TOML has no null and no mixed numbers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Json(pub Value);

impl TryFrom<String> for Json {
    type Error = serde_json::Error;

    fn try_from(text: String) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&text).map(Self)
    }
}
