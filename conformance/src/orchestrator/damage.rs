//! Damage to what an orchestrator keeps: one byte that rots, or an end that is gone, while nothing runs; and
//! what was seen of it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::drill::Step;
use super::observe::{Exports, Observation, StepSeen};
use crate::tree::Tree;

/// Files below a directory: path to content.
pub type Files = BTreeMap<String, Vec<u8>>;

/// One damage to one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damage {
    /// Below the state directory.
    pub path: String,
    /// What happens to it.
    pub harm: Harm,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// The byte at `offset` changes in the bits of `mask`.
    Flip {
        /// Counted from 0.
        offset: usize,
        /// Not 0.
        mask: u8,
    },
    /// Only the first `length` bytes are left.
    Cut {
        /// Less than there were.
        length: usize,
    },
}

impl Damage {
    /// What is left of these bytes; none if it does not fit them.
    pub fn of(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self.harm {
            Harm::Flip { offset, mask } => {
                let mut bytes = bytes.to_vec();
                *bytes.get_mut(offset)? ^= mask;
                Some(bytes)
            }
            Harm::Cut { length } if length < bytes.len() => Some(bytes[..length].to_vec()),
            Harm::Cut { .. } => None,
        }
    }

    /// In words, with the bytes before and after.
    pub fn told(&self, bytes: &[u8]) -> String {
        match self.harm {
            Harm::Flip { offset, mask } => {
                let old = bytes.get(offset).copied().unwrap_or_default();
                let shown = |byte: u8| {
                    if byte.is_ascii_graphic() || byte == b' ' {
                        format!(" '{}'", char::from(byte))
                    } else {
                        String::new()
                    }
                };
                let new = old ^ mask;
                format!(
                    "byte {offset} of {}: {old:02x}{} became {new:02x}{}",
                    bytes.len(),
                    shown(old),
                    shown(new)
                )
            }
            Harm::Cut { length } => format!("{length} of {} bytes are left", bytes.len()),
        }
    }
}

/// `PATH:OFFSET^MASK` with the mask in hexadecimal digits, or `PATH:=LENGTH`.
impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.harm {
            Harm::Flip { offset, mask } => write!(f, "{}:{offset}^{mask:02x}", self.path),
            Harm::Cut { length } => write!(f, "{}:={length}", self.path),
        }
    }
}

/// A text that names no damage.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no damage is written PATH:OFFSET^MASK or PATH:=LENGTH like that")]
pub struct NoDamage;

impl FromStr for Damage {
    type Err = NoDamage;

    fn from_str(text: &str) -> Result<Self, NoDamage> {
        let (path, harm) = text.rsplit_once(':').ok_or(NoDamage)?;
        let number = |text: &str| text.parse().map_err(|_| NoDamage);
        let harm = match (harm.strip_prefix('='), harm.split_once('^')) {
            (Some(length), _) => Harm::Cut {
                length: number(length)?,
            },
            (None, Some((offset, mask))) => Harm::Flip {
                offset: number(offset)?,
                mask: u8::from_str_radix(mask, 16).map_err(|_| NoDamage)?,
            },
            (None, None) => return Err(NoDamage),
        };
        let flips = !matches!(harm, Harm::Flip { mask: 0, .. });
        let damage = Self {
            path: path.to_owned(),
            harm,
        };
        (flips && !path.is_empty())
            .then_some(damage)
            .ok_or(NoDamage)
    }
}

/// A place in a scenario at which the orchestrator does not run.
#[derive(Debug, Clone)]
pub struct Rest {
    /// The last step, and the mode of the engine that it was killed in: `answer@take-off`.
    pub name: String,
    /// The steps that lead there.
    pub steps: Vec<Step>,
    /// What comes next.
    pub next: Step,
}

/// What is known of a rest before anything is damaged.
#[derive(Debug)]
pub struct Resting {
    /// The rest.
    pub name: String,
    /// With one run: the steps that led there. The last one has the documents as they are exported now.
    pub seen: Observation,
    /// The workspace now.
    pub workspace: Tree,
    /// The state directory.
    pub files: Files,
    /// The file that was written last.
    pub newest: String,
    /// What comes of the next step when nothing was damaged, each time from here.
    pub undamaged: Vec<Aftermath>,
}

/// What was seen of a state directory, damaged or not, and of the step that was taken on it.
#[derive(Debug)]
pub struct Aftermath {
    /// What could be exported before the step.
    pub before: Exports,
    /// The step; its documents are those of afterwards.
    pub step: StepSeen,
    /// The state directory afterwards.
    pub files: Files,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damage_is_read_as_it_is_written() {
        for text in ["a/b.json:12^20", "a:b:0^ff", "journal:=0"] {
            assert_eq!(text.parse::<Damage>().unwrap().to_string(), text);
        }
        for text in ["", "a", "a:1", "a:1^00", "a:1^100", ":1^01", "a:=x"] {
            assert_eq!(text.parse::<Damage>(), Err(NoDamage), "{text}");
        }
    }

    #[test]
    fn bytes_are_damaged_where_it_fits() {
        let damage = |text: &str| text.parse::<Damage>().unwrap();
        assert_eq!(damage("a:1^01").of(b"abc").unwrap(), b"acc");
        assert_eq!(damage("a:=2").of(b"abc").unwrap(), b"ab");
        assert_eq!(damage("a:3^01").of(b"abc"), None);
        assert_eq!(damage("a:=3").of(b"abc"), None);
        assert_eq!(damage("a:1^02").told(b"a\tc"), "byte 1 of 3: 09 became 0b");
        assert_eq!(damage("a:=2").told(b"abc"), "2 of 3 bytes are left");
    }
}
