//! A list of findings that are known: accepted, or not yet dealt with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finding::Finding;

/// A baseline file. Lines are not part of it: text above a finding may grow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The format's version: 1.
    pub version: u32,
    /// What is known.
    #[serde(default)]
    pub finding: Vec<Known>,
}

/// One known finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The rule's code.
    pub code: String,
    /// The file.
    pub file: String,
    /// The message, as printed.
    pub message: String,
    /// Why it stands; for those who read the list.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Why a text is no baseline.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// It has another shape.
    #[error("not a list of known findings")]
    Shape(#[from] toml::de::Error),
    /// It is of a version that this build does not know.
    #[error("version {found} of the list is not known; this build writes version 1")]
    Version {
        /// What it says.
        found: u32,
    },
}

/// Findings that are not on the list, and entries that no finding fits any more.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// New findings.
    pub new: Vec<Finding>,
    /// How many are known.
    pub known: usize,
    /// Entries that have been dealt with and can go.
    pub gone: Vec<Known>,
}

impl Baseline {
    /// The list of these findings, sorted.
    pub fn of(findings: &[Finding]) -> Self {
        let mut finding: Vec<Known> = findings
            .iter()
            .map(|finding| Known {
                code: finding.code.to_owned(),
                file: finding.place.file.clone(),
                message: finding.message.clone(),
                reason: String::new(),
            })
            .collect();
        finding.sort();
        Self {
            version: 1,
            finding,
        }
    }

    /// Reads a list.
    ///
    /// # Errors
    /// When it has another shape or version.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let list: Self = toml::from_str(text)?;
        if list.version == 1 {
            Ok(list)
        } else {
            Err(BaselineError::Version {
                found: list.version,
            })
        }
    }

    /// The list as text.
    ///
    /// # Errors
    /// Never for lists made here; the writer's error is passed on.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// What differs from the list. An entry covers as many findings as there are equal entries.
    pub fn compare(&self, findings: Vec<Finding>) -> Compared {
        let mut open: BTreeMap<[String; 3], Vec<&Known>> = BTreeMap::new();
        for known in &self.finding {
            let key = [&known.code, &known.file, &known.message].map(String::clone);
            open.entry(key).or_default().push(known);
        }
        let mut compared = Compared::default();
        for finding in findings {
            let code = finding.code.to_owned();
            let key = [code, finding.place.file.clone(), finding.message.clone()];
            if open.get_mut(&key).and_then(Vec::pop).is_some() {
                compared.known += 1;
            } else {
                compared.new.push(finding);
            }
        }
        compared.gone = open.into_values().flatten().cloned().collect();
        compared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(line: usize, message: &str) -> Finding {
        let mut finding = Finding::new("a.md", line, message.to_owned());
        finding.code = "CCS-040";
        finding
    }

    #[test]
    fn what_is_listed_is_known_wherever_it_stands_now() {
        let list = Baseline::of(&[finding(3, "one"), finding(4, "two")]);
        let text = list.to_text().unwrap();
        let list = Baseline::parse(&text).unwrap();
        let compared = list.compare(vec![
            finding(30, "one"),
            finding(31, "one"),
            finding(5, "new"),
        ]);
        assert_eq!(compared.known, 1);
        let new: Vec<&str> = compared.new.iter().map(|f| f.message.as_str()).collect();
        assert_eq!(new, ["one", "new"]);
        let gone: Vec<&str> = compared.gone.iter().map(|k| k.message.as_str()).collect();
        assert_eq!(gone, ["two"]);
    }

    #[test]
    fn another_version_is_refused() {
        assert!(Baseline::parse("version = 2").is_err());
        assert!(Baseline::parse("version = 1\nfindings = []").is_err());
    }
}
