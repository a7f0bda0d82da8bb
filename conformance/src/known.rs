//! The list of known failures, kept with the subject: `known.toml` (DESIGN 6).
//!
//! ```toml
//! [[known]]
//! check = "CC-ENG-022/umask"
//! reason = "modes are taken over from the umask until the writer is replaced"
//! issue = "https://example.org/issues/12"
//! until = 2027-01-31
//! match = "artifacts/change/body.data"
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use crate::report::model::CheckResult;
use crate::suite::CheckSet;
use crate::verdict::Outcome;

/// How long a generated entry is valid, days.
pub const DAYS_VALID: i32 = 90;

/// Most characters of the observed line that a generated entry takes over.
const FRAGMENT: usize = 60;

/// A list of known failures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownList {
    entries: Vec<Known>,
}

/// One known failure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The check's id; an older name is accepted.
    pub check: String,
    /// Why it fails, for readers.
    #[serde(default)]
    pub reason: String,
    /// Where it is tracked.
    #[serde(default)]
    pub issue: String,
    /// The last day on which the entry counts.
    #[serde(deserialize_with = "date")]
    pub until: Date,
    /// A fragment of one of the observed lines: another failure is not this one.
    #[serde(rename = "match", default)]
    pub fragment: String,
}

/// Why a list of known failures cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnownError {
    /// The file cannot be read.
    #[error("cannot read the list of known failures {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a list of known failures.
    #[error("the list of known failures {path} is not valid")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        source: toml::de::Error,
    },
    /// Entries that cannot count.
    #[error("the list of known failures {path} is refused: {}", .problems.join("; "))]
    Refused {
        /// The file.
        path: PathBuf,
        /// Every problem, in the order of the entries.
        problems: Vec<String>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    known: Vec<Known>,
}

fn date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::Datetime(date) => date.to_string(),
        toml::Value::String(text) => text,
        _ => String::new(),
    };
    text.parse()
        .map_err(|_| serde::de::Error::custom("not a date such as 2027-01-31"))
}

impl KnownList {
    /// Reads a list and refuses entries that cannot count on the day `today`.
    ///
    /// # Errors
    /// When the file is unreadable or malformed, or an entry is unknown, doubled, incomplete or expired.
    pub fn load(path: &Path, suite: &dyn CheckSet, today: Date) -> Result<Self, KnownError> {
        let mut list = Self::read(path)?;
        let problems = list.problems(suite, today);
        if !problems.is_empty() {
            return Err(KnownError::Refused {
                path: path.to_owned(),
                problems,
            });
        }
        for entry in &mut list.entries {
            if let Some(id) = suite.resolve_id(&entry.check) {
                entry.check = id.to_owned();
            }
        }
        Ok(list)
    }

    /// Reads a list that may still have gaps; a missing file is an empty list.
    ///
    /// # Errors
    /// When the file is unreadable or malformed.
    pub fn draft(path: &Path) -> Result<Self, KnownError> {
        match path.try_exists() {
            Ok(false) => Ok(Self::default()),
            Ok(true) | Err(_) => Self::read(path),
        }
    }

    fn read(path: &Path) -> Result<Self, KnownError> {
        let text = std::fs::read_to_string(path).map_err(|source| KnownError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let file: File = toml::from_str(&text).map_err(|source| KnownError::Invalid {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            entries: file.known,
        })
    }

    fn problems(&self, suite: &dyn CheckSet, today: Date) -> Vec<String> {
        let mut problems = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for entry in &self.entries {
            let id = entry.check.as_str();
            let mut say = |what: String| problems.push(format!("{id} {what}"));
            match (suite.resolve_id(id), suite.retired(id)) {
                (Some(present), _) if seen.contains(&present) => say("is listed twice".to_owned()),
                (Some(present), _) => seen.push(present),
                (None, Some(why)) => say(format!("is retired ({why}); remove its entry")),
                (None, None) => say("is no check".to_owned()),
            }
            for (name, value) in [
                ("reason", &entry.reason),
                ("issue", &entry.issue),
                ("match", &entry.fragment),
            ] {
                if value.trim().is_empty() {
                    say(format!("has no {name}"));
                }
            }
            if entry.until < today {
                say(format!("expired on {}", entry.until));
            }
        }
        problems
    }

    /// Turns failures that the list describes into known ones, and says which entries do not fit.
    pub fn apply(&self, checks: &mut [CheckResult]) -> Vec<String> {
        let mut problems = Vec::new();
        for entry in &self.entries {
            let Some(check) = checks.iter_mut().find(|check| check.id == entry.check) else {
                continue;
            };
            match check.outcome {
                Outcome::Fail if check.reason.is_none() && entry.describes(check) => {
                    check.outcome = Outcome::Known;
                    check.reason = Some(format!(
                        "known until {}: {} ({})",
                        entry.until, entry.reason, entry.issue
                    ));
                }
                Outcome::Fail => problems.push(format!(
                    "{} fails differently: none of its observed lines holds {:?}",
                    entry.check, entry.fragment
                )),
                Outcome::Pass => problems.push(format!(
                    "{} passes although it is listed; remove its entry",
                    entry.check
                )),
                Outcome::NotApplicable => problems.push(format!(
                    "{} does not apply although it is listed; remove its entry",
                    entry.check
                )),
                // Not run says nothing about it, and unproven is red by itself.
                Outcome::Known | Outcome::NotRun | Outcome::Unproven => {}
            }
        }
        problems
    }

    /// A list that describes the failures among `checks`: sorted, with this list's reasons where they
    /// still fit. New entries have an empty reason and issue, which are refused until filled in.
    pub fn renewed(&self, checks: &[CheckResult], today: Date) -> Self {
        let old: BTreeMap<&str, &Known> = self
            .entries
            .iter()
            .map(|entry| (entry.check.as_str(), entry))
            .collect();
        let mut entries = Vec::new();
        for check in checks {
            let kept = old.get(check.id.as_str()).copied();
            match check.outcome {
                Outcome::Fail | Outcome::Known => {
                    let fitting = kept.filter(|entry| entry.describes(check));
                    entries.push(fitting.cloned().unwrap_or_else(|| Known::of(check, today)));
                }
                Outcome::NotRun | Outcome::Unproven => entries.extend(kept.cloned()),
                Outcome::Pass | Outcome::NotApplicable => {}
            }
        }
        entries.sort_by(|a, b| a.check.cmp(&b.check));
        Self { entries }
    }

    /// The list as a file.
    pub fn to_toml(&self) -> String {
        let mut text = String::from(
            "# Known failures of this subject. Each needs a reason and an issue, and counts until its date.\n",
        );
        for entry in &self.entries {
            let quote = |value: &str| toml::Value::from(value).to_string();
            let _ = write!(
                text,
                "\n[[known]]\ncheck = {}\nreason = {}\nissue = {}\nuntil = {}\nmatch = {}\n",
                quote(&entry.check),
                quote(&entry.reason),
                quote(&entry.issue),
                entry.until,
                quote(&entry.fragment),
            );
        }
        text
    }

    /// The entries, in the order of the file.
    pub fn entries(&self) -> &[Known] {
        &self.entries
    }
}

impl Known {
    fn of(check: &CheckResult, today: Date) -> Self {
        let observed = check
            .findings
            .first()
            .map_or("", |finding| finding.observed.as_str());
        Self {
            check: check.id.clone(),
            reason: String::new(),
            issue: String::new(),
            until: today.checked_add(DAYS_VALID.days()).unwrap_or(Date::MAX),
            fragment: observed.chars().take(FRAGMENT).collect(),
        }
    }

    fn describes(&self, check: &CheckResult) -> bool {
        check
            .findings
            .iter()
            .any(|finding| finding.observed.contains(&self.fragment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Kit;
    use crate::report::sample;

    const TODAY: &str = "2026-11-24";

    fn today() -> Date {
        TODAY.parse().unwrap()
    }

    fn load(text: &str) -> Result<KnownList, KnownError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known.toml");
        std::fs::write(&path, text).unwrap();
        KnownList::load(&path, &Kit::embedded().unwrap(), today())
    }

    fn entry(id: &str, fragment: &str) -> String {
        format!(
            "[[known]]\ncheck = \"{id}\"\nreason = \"r\"\nissue = \"i\"\nuntil = 2026-12-01\nmatch = \"{fragment}\"\n"
        )
    }

    #[test]
    fn every_gap_is_named_at_once() {
        let text = format!(
            "{}{}[[known]]\ncheck = \"CC-ENG-999/none\"\nuntil = \"2026-11-23\"\n",
            entry("CC-ENG-022/umask", "x"),
            entry("CC-ENG-022/umask", "y"),
        );
        let error = load(&text).unwrap_err().to_string();
        for part in [
            "CC-ENG-022/umask is listed twice",
            "CC-ENG-999/none is no check",
            "CC-ENG-999/none has no reason",
            "CC-ENG-999/none has no issue",
            "CC-ENG-999/none has no match",
            "CC-ENG-999/none expired on 2026-11-23",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(matches!(
            load("[[known]]\n"),
            Err(KnownError::Invalid { .. })
        ));
        assert!(matches!(
            load("[[know]]\n"),
            Err(KnownError::Invalid { .. })
        ));
        assert_eq!(load("").unwrap().entries().len(), 0);
    }

    #[test]
    fn only_the_described_failure_is_known() {
        let list = load(&entry("CC-ENG-018/workspace-untouched", "M README.md")).unwrap();
        let mut checks = vec![sample::failed(
            "CC-ENG-018/workspace-untouched",
            "M README.md",
        )];
        assert_eq!(list.apply(&mut checks), Vec::<String>::new());
        assert_eq!(checks[0].outcome, Outcome::Known);

        checks = vec![sample::failed(
            "CC-ENG-018/workspace-untouched",
            "D README.md",
        )];
        assert!(list.apply(&mut checks)[0].contains("fails differently"));
        assert_eq!(checks[0].outcome, Outcome::Fail);

        checks = vec![sample::passed("CC-ENG-018/workspace-untouched")];
        assert!(list.apply(&mut checks)[0].contains("passes although it is listed"));
    }

    #[test]
    fn a_renewed_list_keeps_reasons_that_fit_and_refuses_new_ones() {
        let list = load(&entry("CC-ENG-018/workspace-untouched", "M README.md")).unwrap();
        let checks = vec![
            sample::failed("CC-ENG-022/umask", "mode \"0600\"\\n"),
            sample::failed("CC-ENG-018/workspace-untouched", "M README.md"),
        ];
        let renewed = list.renewed(&checks, today());
        assert_eq!(renewed.entries()[0], list.entries()[0]);
        assert_eq!(renewed.entries()[1].until.to_string(), "2027-02-22");
        let error = load(&renewed.to_toml()).unwrap_err().to_string();
        assert!(error.contains("CC-ENG-022/umask has no reason"), "{error}");
        assert!(!error.contains("CC-ENG-018"), "{error}");
        let filled = renewed.to_toml().replace("\"\"", "\"x\"");
        assert_eq!(
            load(&filled).unwrap().entries()[1].fragment,
            "mode \"0600\"\\n"
        );
    }
}
