//! YAML as strictly as JSON: what two YAML readers could understand differently is refused.
//!
//! One document of mappings, sequences and scalars. No anchors, aliases, tags or merge keys; no
//! member twice. A plain scalar is a value if it is one in JSON; what is a number, a date or a
//! truth value only to some readers (`yes`, `0x10`, `1_000`, `2026-01-01`) must be quoted; any
//! other plain scalar is a text.

use cabincrew_protocol::json::{self, JsonError, Limits};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput};
use serde_json::{Map, Value};

/// Bounds of a document. Its author is a person.
const LIMITS: Limits = Limits {
    bytes_max: 1024 * 1024,
    depth_max: 64,
};

/// Words that are values to some readers, in lower case.
const WORDS: [&str; 16] = [
    "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "=", ".inf",
    "-.inf", ".nan",
];

/// Why bytes are not one strict YAML document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// Not UTF-8, with a byte order mark, or too long.
    #[error("not UTF-8 without byte order mark, of at most {} bytes", LIMITS.bytes_max)]
    Encoding,
    /// Not YAML.
    #[error("not YAML")]
    Syntax(#[source] ScanError),
    /// YAML that has no one meaning.
    #[error("{what} (line {line}, column {column})")]
    Refused {
        /// What is refused.
        what: &'static str,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// A member stands twice in one mapping.
    #[error("duplicate member name {name:?} (line {line}, column {column})")]
    DuplicateMember {
        /// The name.
        name: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// A number that readers would change on the way.
    #[error("a number out of range (line {line})")]
    Number {
        /// Line, from 1.
        line: usize,
        /// Why.
        source: JsonError,
    },
}

/// Reads exactly one document.
///
/// # Errors
/// For everything that [`YamlError`] names.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, YamlError> {
    if bytes.len() > LIMITS.bytes_max || bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(YamlError::Encoding);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| YamlError::Encoding)?;
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        at: Marker::default(),
    };
    let mut document = None;
    loop {
        match reader.next()? {
            Event::StreamEnd => break,
            Event::DocumentStart(_) if document.is_some() => {
                return Err(reader.refuse("a second document"));
            }
            Event::DocumentStart(_) => {
                let first = reader.next()?;
                document = Some(reader.node(first, 0)?);
            }
            _ => {}
        }
    }
    document.ok_or_else(|| reader.refuse("no document"))
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    /// Where the last event began.
    at: Marker,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, YamlError> {
        match self.events.next() {
            Some(Ok((event, span))) => {
                self.at = span.start;
                Ok(event)
            }
            Some(Err(error)) => Err(YamlError::Syntax(error)),
            None => Ok(Event::StreamEnd),
        }
    }

    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Value, YamlError> {
        if depth > LIMITS.depth_max {
            return Err(self.refuse("nested too deep"));
        }
        match event {
            Event::Alias(_) => Err(self.refuse("an alias")),
            Event::Scalar(_, _, anchor, tag) if anchor != 0 || tag.is_some() => {
                Err(self.refuse("an anchor or a tag"))
            }
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag)
                if anchor != 0 || tag.is_some() =>
            {
                Err(self.refuse("an anchor or a tag"))
            }
            Event::Scalar(text, ScalarStyle::Plain, ..) => self.plain(&text),
            Event::Scalar(text, ..) => Ok(Value::String(text.into_owned())),
            Event::SequenceStart(..) => self.sequence(depth),
            Event::MappingStart(..) => self.mapping(depth),
            _ => Err(self.refuse("no value")),
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::Array(items)),
                event => items.push(self.node(event, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, YamlError> {
        let mut members = Map::new();
        loop {
            let event = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Value::Object(members));
            }
            let at = self.at;
            let Value::String(name) = self.node(event, depth + 1)? else {
                return Err(refused(at, "a member name that is no text"));
            };
            if members.contains_key(&name) {
                let (line, column) = place(at);
                return Err(YamlError::DuplicateMember { name, line, column });
            }
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            members.insert(name, value);
        }
    }

    /// A plain scalar: a value as in JSON, or a text that is one to every reader.
    fn plain(&self, text: &str) -> Result<Value, YamlError> {
        match text {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            "null" => return Ok(Value::Null),
            _ => {}
        }
        if WORDS.contains(&text.to_lowercase().as_str()) {
            return Err(self.refuse("a missing value, or a word that must be quoted to be a text"));
        }
        if !is_numeric(text) {
            return Ok(Value::String(text.to_owned()));
        }
        match json::parse(text.as_bytes(), &LIMITS) {
            Ok(number) => Ok(number),
            Err(source @ (JsonError::IntegerRange { .. } | JsonError::NumberRange { .. })) => {
                let (line, _) = place(self.at);
                Err(YamlError::Number { line, source })
            }
            Err(_) => Err(self.refuse("no number of JSON; a text like this must be quoted")),
        }
    }

    fn refuse(&self, what: &'static str) -> YamlError {
        refused(self.at, what)
    }
}

/// Whether some reader could take a text for a number, a time or a date.
fn is_numeric(text: &str) -> bool {
    let bare = text.trim_start_matches(['+', '-']);
    let begins = bare
        .trim_start_matches('.')
        .starts_with(|first: char| first.is_ascii_digit());
    let made_of =
        |character: char| character.is_ascii_hexdigit() || "_:.+-xXoOtTzZ ".contains(character);
    begins && text.chars().all(made_of) && text.matches('.').count() < 2
}

fn refused(at: Marker, what: &'static str) -> YamlError {
    let (line, column) = place(at);
    YamlError::Refused { what, line, column }
}

/// Line and column, from 1.
fn place(at: Marker) -> (usize, usize) {
    (at.line(), at.col() + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_means_what_it_says() {
        let text = "---\n# a comment\nworkflow: demo\nprotocol_version: 1.0.0\nprobe: 127.0.0.1:7000\n\
                    steps:\n  - step_id: edit\n    engine: {command: [./engine, '1'], timeout_ms: 5000}\n\
                    text: |\n  two\n  lines\nshare: 0.25\nnone: null\n\"on\": true\n";
        let expected = json!({
            "workflow": "demo", "protocol_version": "1.0.0", "probe": "127.0.0.1:7000",
            "steps": [{"step_id": "edit", "engine": {"command": ["./engine", "1"], "timeout_ms": 5000}}],
            "text": "two\nlines\n", "share": 0.25, "none": null, "on": true,
        });
        assert_eq!(parse(text.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn what_readers_disagree_about_is_refused() {
        let cases = [
            "a: 1\na: 2",
            "a: &x 1\nb: 2",
            "a: &x 1\nb: *x",
            "a: !!str 1",
            "a: !x {}",
            "a: yes",
            "a: No",
            "a: ~",
            "a:",
            "a: 0x10",
            "a: 010",
            "a: 1_000",
            "a: 1:30",
            "a: 2026-01-01",
            "a: .5",
            "a: +1",
            "a: True",
            "a: 9007199254740993",
            "a: 1e999",
            "on: 1",
            "1: 2",
            "<<: {}",
            "[a]: 1",
            "? {a: 1}\n: 2",
            "a: 1\n---\nb: 2",
            "",
            "# nothing",
            "a: [1",
            "a:\n\tb: 1",
            "\u{feff}a: 1",
            "a: -.INF",
        ];
        for case in cases {
            assert!(parse(case.as_bytes()).is_err(), "{case:?}");
        }
        assert!(parse(b"a: \xff").is_err());
        assert!(parse(format!("a: {}{}", "[".repeat(80), "]".repeat(80)).as_bytes()).is_err());
        assert!(parse(format!("a: {}", "x".repeat(LIMITS.bytes_max)).as_bytes()).is_err());
    }
}
