//! Names of points.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One point: the `ordinal`-th time that the subject makes this call on this path.
///
/// Written `CALL:PATH:ORDINAL`, such as `fdatasync:wf-1/journal:3`. The path is relative to the watched
/// directory, `.` for itself; for a renaming it is the new one. `@stdout` stands for standard output,
/// `@exit` for the end of the subject's first process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Point {
    /// The call's name, such as `pwrite64`.
    pub call: String,
    /// The path.
    pub path: String,
    /// Counted from 1.
    pub ordinal: u32,
}

/// A text that names no point.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no point; one is written CALL:PATH:ORDINAL")]
pub struct PointError {
    text: String,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.call, self.path, self.ordinal)
    }
}

impl FromStr for Point {
    type Err = PointError;

    fn from_str(text: &str) -> Result<Self, PointError> {
        let wrong = || PointError {
            text: text.to_owned(),
        };
        let (call, rest) = text.split_once(':').ok_or_else(wrong)?;
        let (path, ordinal) = rest.rsplit_once(':').ok_or_else(wrong)?;
        let ordinal = ordinal.parse().map_err(|_| wrong())?;
        if call.is_empty() || path.is_empty() || ordinal == 0 {
            return Err(wrong());
        }
        Ok(Self {
            call: call.to_owned(),
            path: path.to_owned(),
            ordinal,
        })
    }
}

/// The path without what differs from run to run: numbers, and long hexadecimal words.
#[cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64")),
    expect(dead_code, reason = "only a tracer names points")
)]
pub(crate) fn blurred(path: &str) -> String {
    let mut told = String::with_capacity(path.len());
    let mut word = String::new();
    for character in path.chars().chain(['\0']) {
        if character.is_ascii_alphanumeric() {
            word.push(character);
            continue;
        }
        push_blurred(&mut told, &word);
        word.clear();
        if character != '\0' {
            told.push(character);
        }
    }
    told
}

fn push_blurred(told: &mut String, word: &str) {
    let hexadecimal = word.len() >= 8
        && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        && word.bytes().any(|byte| byte.is_ascii_digit());
    if hexadecimal {
        told.push('#');
        return;
    }
    let mut in_number = false;
    for character in word.chars() {
        if !character.is_ascii_digit() {
            told.push(character);
        } else if !in_number {
            told.push('#');
        }
        in_number = character.is_ascii_digit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for text in ["write:a/b:1", "rename:a:b:c:12", "fsync:.:2"] {
            assert_eq!(text.parse::<Point>().unwrap().to_string(), text);
        }
        for text in ["", "write", "write:a", "write:a:0", "write:a:x", ":a:1"] {
            assert!(text.parse::<Point>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_differs_from_run_to_run_goes() {
        assert_eq!(blurred("tmp/x-1234.json"), "tmp/x-#.json");
        assert_eq!(blurred("a/3fa91b2c0d11/log2"), "a/#/log#");
        assert_eq!(blurred("deadbeef/journal"), "deadbeef/journal");
    }
}
