//! The lock file: every check id ever published (DESIGN 6). Ids are permanent.

use std::collections::{BTreeMap, BTreeSet};

/// Every check id ever published.
#[derive(Debug, Clone, Default)]
pub struct Lock {
    current: BTreeSet<String>,
    renamed: BTreeMap<String, String>,
    retired: BTreeMap<String, String>,
}

/// Why a lock file is wrong, or disagrees with the checks.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// A line of the lock file is not understood.
    #[error("line {line} of the lock file is not understood")]
    Line {
        /// Line number, from 1.
        line: usize,
    },
    /// The lock file and the drills disagree.
    #[error("the lock file and the drills disagree on {id}: {why}")]
    Differs {
        /// The check.
        id: String,
        /// How.
        why: &'static str,
    },
}

impl Lock {
    /// Reads lines of `ID since VERSION`, `ID renamed NEW-ID` and `ID retired REASON`.
    ///
    /// # Errors
    /// When a line is none of these.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let mut lock = Self::default();
        for (index, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut words = line.splitn(3, ' ');
            match (words.next(), words.next(), words.next()) {
                (Some(id), Some("since"), Some(_)) => {
                    lock.current.insert(id.to_owned());
                }
                (Some(id), Some("renamed"), Some(new)) => {
                    lock.renamed.insert(id.to_owned(), new.to_owned());
                }
                (Some(id), Some("retired"), Some(reason)) => {
                    lock.retired.insert(id.to_owned(), reason.to_owned());
                }
                _ => return Err(LockError::Line { line: index + 1 }),
            }
        }
        Ok(lock)
    }

    /// A lock file that lists just these ids.
    pub fn of(ids: BTreeSet<String>) -> Self {
        Self {
            current: ids,
            ..Self::default()
        }
    }

    /// Compares with the ids of the checks that there are.
    ///
    /// # Errors
    /// When a check is not listed, or a listed one is gone.
    pub fn compare(&self, ids: &BTreeSet<String>) -> Result<(), LockError> {
        let differs = |id: &String, why| LockError::Differs {
            id: id.clone(),
            why,
        };
        if let Some(id) = ids.iter().find(|id| !self.current.contains(*id)) {
            return Err(differs(id, "it is new and not listed"));
        }
        if let Some(id) = self.current.iter().find(|id| !ids.contains(*id)) {
            return Err(differs(
                id,
                "it is listed and has no check; list it as retired or renamed",
            ));
        }
        Ok(())
    }

    /// This lock file and another one as one.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        joined.current.extend(other.current.iter().cloned());
        joined.renamed.extend(other.renamed.clone());
        joined.retired.extend(other.retired.clone());
        joined
    }

    /// The ids that are in use.
    pub fn current(&self) -> &BTreeSet<String> {
        &self.current
    }

    /// The present name of a check id, however old: itself, or what it was renamed to.
    pub fn resolve<'a>(&'a self, id: &'a str) -> Option<&'a str> {
        if self.current.contains(id) {
            Some(id)
        } else {
            self.renamed.get(id).map(String::as_str)
        }
    }

    /// Why a check id was retired, if it was.
    pub fn retired(&self, id: &str) -> Option<&str> {
        self.retired.get(id).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_understood_or_named() {
        let lock =
            Lock::parse("# head\nA/a since 1\nB/b renamed A/a\nC/c retired no use\n").unwrap();
        assert_eq!(lock.resolve("B/b"), Some("A/a"));
        assert_eq!(lock.retired("C/c"), Some("no use"));
        assert_eq!(lock.resolve("D/d"), None);
        let wrong = Lock::parse("A/a since 1\nB/b\n").unwrap_err();
        assert_eq!(wrong, LockError::Line { line: 2 });
    }

    #[test]
    fn an_id_that_is_new_or_gone_is_named() {
        let lock = Lock::parse("A/a since 1\n").unwrap();
        let ids = |list: &[&str]| list.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(lock.compare(&ids(&["A/a"])), Ok(()));
        let named = |ids: &BTreeSet<String>| match lock.compare(ids) {
            Err(LockError::Differs { id, .. }) => id,
            other => panic!("{other:?}"),
        };
        assert_eq!(named(&ids(&["A/a", "B/b"])), "B/b");
        assert_eq!(named(&ids(&[])), "A/a");
    }
}
