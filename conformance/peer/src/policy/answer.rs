//! The script of a policy, and what it answers.

use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::search::Haystack;
use crate::hub::HubAt;

/// A policy's script. The empty one allows everything.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "toml::Table")]
pub(crate) struct PolicyScript {
    /// Who is told of evaluations.
    pub(crate) hub: Option<HubAt>,
    /// True for the probe of a gateway, which has no input and gives no answer.
    pub(crate) probe: bool,
    /// The answer, where no case fits.
    pub(crate) answer: Answer,
    /// Other answers; the first one that fits is given.
    pub(crate) when: Vec<When>,
}

/// An answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Answer {
    /// The decision; `allow` where absent.
    pub(crate) decision: Option<String>,
    pub(crate) violations: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) requires: Option<toml::Table>,
    /// Other members of the answer.
    pub(crate) extra: toml::Table,
    /// The whole output instead.
    pub(crate) raw: Option<String>,
    /// Mebibytes of output behind it.
    pub(crate) stdout_mebibytes: u32,
    pub(crate) stderr: Option<String>,
    /// Exit status; 0 where absent.
    pub(crate) status: Option<u8>,
    /// The signal that ends it before it answers.
    pub(crate) signal: Option<String>,
    /// Never answers.
    pub(crate) hang: bool,
}

/// An answer for some inputs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "toml::Table")]
pub(crate) struct When {
    /// A text that the input holds somewhere: in a member, its name, or a decoded body.
    pub(crate) contains: Option<String>,
    /// The mode of the input.
    pub(crate) mode: Option<String>,
    /// A file that is there: for a policy that becomes stricter while its program stays the same.
    pub(crate) exists: Option<PathBuf>,
    pub(crate) answer: Answer,
}

/// Takes a member out of a table, so that what is left can be read as an [`Answer`].
fn take<T: DeserializeOwned>(
    table: &mut toml::Table,
    name: &str,
) -> Result<Option<T>, toml::de::Error> {
    table.remove(name).map(toml::Value::try_into).transpose()
}

impl TryFrom<toml::Table> for PolicyScript {
    type Error = toml::de::Error;

    fn try_from(mut table: toml::Table) -> Result<Self, toml::de::Error> {
        Ok(Self {
            hub: take(&mut table, "hub")?,
            probe: take(&mut table, "probe")?.unwrap_or_default(),
            when: take(&mut table, "when")?.unwrap_or_default(),
            answer: table.try_into()?,
        })
    }
}

impl TryFrom<toml::Table> for When {
    type Error = toml::de::Error;

    fn try_from(mut table: toml::Table) -> Result<Self, toml::de::Error> {
        Ok(Self {
            contains: take(&mut table, "contains")?,
            mode: take(&mut table, "mode")?,
            exists: take(&mut table, "exists")?,
            answer: table.try_into()?,
        })
    }
}

impl PolicyScript {
    /// The answer to an input.
    pub(crate) fn answer(&self, input: &[u8]) -> &Answer {
        let haystack = Haystack::new(input);
        let fits = |when: &&When| {
            let held = when
                .contains
                .as_ref()
                .is_none_or(|text| haystack.holds(text));
            held && when.mode.as_ref().is_none_or(|mode| haystack.is_mode(mode))
                && when.exists.as_ref().is_none_or(|path| path.exists())
        };
        self.when
            .iter()
            .find(fits)
            .map_or(&self.answer, |when| &when.answer)
    }
}

impl Answer {
    /// What is printed.
    pub(crate) fn text(&self) -> String {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let mut answer = json!({ "decision": self.decision.as_deref().unwrap_or("allow") });
        if !self.violations.is_empty() {
            answer["violations"] = json!(self.violations);
        }
        if !self.warnings.is_empty() {
            answer["warnings"] = json!(self.warnings);
        }
        if let Some(requires) = &self.requires {
            answer["requires"] = json!(requires);
        }
        if let (Some(members), Value::Object(extra)) = (answer.as_object_mut(), json!(self.extra)) {
            members.extend(extra);
        }
        format!("{answer}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_case_that_fits_answers() {
        let script: PolicyScript = toml::from_str(
            "decision = 'warn'\n[[when]]\ncontains = 'marker'\ndecision = 'deny'\n\
             [[when]]\nmode = 'take-off'\nraw = 'x'",
        )
        .unwrap();
        let text = |input: &str| script.answer(input.as_bytes()).text();
        assert_eq!(text("{}"), "{\"decision\":\"warn\"}\n");
        assert_eq!(text(r#"{"a":["a marker"]}"#), "{\"decision\":\"deny\"}\n");
        // "a marker" in base64.
        assert_eq!(text(r#"{"a":"YSBtYXJrZXI="}"#), "{\"decision\":\"deny\"}\n");
        assert_eq!(text(r#"{"mode":"take-off"}"#), "x");
    }
}
