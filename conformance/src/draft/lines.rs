//! Lines of a text, and the line of every member of a JSON text.

use std::collections::BTreeMap;

/// Where lines begin.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte)
    }
}

/// JSON pointer to line, for every member and element of a text that is valid JSON.
pub(super) fn pointers(text: &str) -> BTreeMap<String, usize> {
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
        lines: Lines::of(text),
        found: BTreeMap::new(),
    };
    scan.value("");
    scan.found
}

/// A walk over JSON that only looks for where things are; what is wrong was found before.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    lines: Lines,
    found: BTreeMap<String, usize>,
}

impl Scan<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn value(&mut self, pointer: &str) {
        match self.peek() {
            Some(b'{') => self.members(pointer, b'}', true),
            Some(b'[') => self.members(pointer, b']', false),
            Some(b'"') => {
                self.string();
            }
            Some(_) => {
                while self
                    .bytes
                    .get(self.at)
                    .is_some_and(|byte| !b",]}".contains(byte) && !byte.is_ascii_whitespace())
                {
                    self.at += 1;
                }
            }
            None => {}
        }
    }

    fn members(&mut self, pointer: &str, end: u8, named: bool) {
        self.at += 1;
        let mut index = 0_usize;
        while let Some(byte) = self.peek() {
            if byte == end {
                self.at += 1;
                return;
            }
            if byte == b',' {
                self.at += 1;
                continue;
            }
            let line = self.lines.line(self.at);
            let name = if named {
                let name = self.string().replace('~', "~0").replace('/', "~1");
                if self.peek() != Some(b':') {
                    return;
                }
                self.at += 1;
                name
            } else {
                index += 1;
                (index - 1).to_string()
            };
            let inner = format!("{pointer}/{name}");
            self.found.insert(inner.clone(), line);
            let before = self.at;
            self.value(&inner);
            if self.at == before {
                return;
            }
        }
    }

    /// The text of a string; escapes are left as they are, since names here have none.
    fn string(&mut self) -> String {
        let start = self.at + 1;
        self.at = start;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        let end = self.at.min(self.bytes.len());
        self.at = end + 1;
        String::from_utf8_lossy(self.bytes.get(start..end).unwrap_or_default()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_has_its_line() {
        let found = pointers("{\n \"a\": [1,\n  {\"b/c\": \"}\\\"\"}],\n \"d\": true\n}\n");
        let found: Vec<(&str, usize)> = found.iter().map(|(p, l)| (p.as_str(), *l)).collect();
        assert_eq!(
            found,
            [
                ("/a", 2),
                ("/a/0", 2),
                ("/a/1", 3),
                ("/a/1/b~1c", 3),
                ("/d", 4)
            ]
        );
    }

    #[test]
    fn bytes_have_lines() {
        let lines = Lines::of("a\nb\n");
        assert_eq!([0, 1, 2, 3].map(|at| lines.line(at)), [1, 1, 2, 2]);
    }
}
