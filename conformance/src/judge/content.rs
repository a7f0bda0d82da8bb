//! Contents of artifacts where only references belong.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::plan::strings;
use super::{Look, words};
use crate::adapter::hex;
use crate::drill::LaunchMode;
use crate::observe::{Bytes, Launch};
use crate::receipt;

/// Shortest line or value that counts as content and not as a coincidence, bytes.
const DISTINCT: usize = 32;
/// Most lines of one body that are looked for.
const LINES_MAX: usize = 4096;
/// Longest body that is looked for in base64 and hexadecimal digits, bytes.
const ENCODED_MAX: usize = 256 << 10;
/// Bytes of a receipt's texts in which contents are looked for.
const TEXT_MAX: usize = 1 << 20;

/// CC-ENG-016: the receipt carries no artifact's content: not the whole body, also in base64 or in
/// hexadecimal digits, not most of its lines, not the same JSON value. A body may well repeat what the
/// receipt has to say: hashes, entries of artifacts, warnings of one line.
pub(super) fn no_raw_content(look: &mut Look, launches: &[&Launch]) {
    // Most launches write the same bodies: each is taken apart once.
    let mut bodies: BTreeMap<[u8; 32], Body<'_>> = BTreeMap::new();
    for launch in launches.iter().filter(|launch| launch.was_launched()) {
        let Some(receipt) = receipt::lenient(&launch.stdout.kept) else {
            continue;
        };
        let receipt = beside_references(receipt);
        let texts = Texts::of(&receipt);
        let mut problems = Vec::new();
        for (path, bytes) in launch.contents.iter().chain(restored(launch, launches)) {
            if !path.ends_with("/body.data") {
                continue;
            }
            let body = bodies
                .entry(Sha256::digest(&bytes.kept).into())
                .or_insert_with(|| Body::of(&bytes.kept));
            if texts.repeat(body) || body.value.as_ref().is_some_and(|v| contains(&receipt, v)) {
                let observed = format!("the content of {} is in the receipt", words::short(path));
                problems.push((
                    "a receipt that only points at artifacts".to_owned(),
                    observed,
                ));
            }
        }
        look.judged(launch, problems);
    }
}

/// The receipt without its list of artifacts.
fn beside_references(mut receipt: Value) -> Value {
    if let Some(members) = receipt.as_object_mut() {
        members.remove("artifacts");
    }
    receipt
}

/// What take-off was given: the state artifacts of the planning before it.
fn restored<'a>(
    launch: &'a Launch,
    launches: &[&'a Launch],
) -> impl Iterator<Item = (&'a String, &'a Bytes)> {
    let is_plan = |it: &&&'a Launch| {
        it.mode == LaunchMode::FlightPlan && it.worker == launch.worker && it.name == "baseline"
    };
    let plan = launches.iter().find(is_plan);
    let given = |path: &str| {
        let name = path.split('/').next().unwrap_or(path);
        launch.restored.iter().any(|restored| restored == name)
    };
    plan.into_iter()
        .flat_map(|plan| &plan.contents)
        .filter(move |(path, _)| given(path))
}

/// A body, taken apart; without lines and value if it is no text.
#[derive(Debug, Default)]
struct Body<'a> {
    whole: &'a str,
    /// The body in other letters, where it is long enough to be no coincidence and short enough to be
    /// looked for.
    encoded: Vec<String>,
    /// Its long lines, each once.
    lines: BTreeSet<&'a str>,
    value: Option<Value>,
}

impl<'a> Body<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let encoded = if (DISTINCT..=ENCODED_MAX).contains(&bytes.len()) {
            vec![STANDARD_NO_PAD.encode(bytes), hex(bytes)]
        } else {
            Vec::new()
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self {
                encoded,
                ..Self::default()
            };
        };
        let whole = text.trim();
        let long = whole.lines().map(str::trim).filter(|l| l.len() >= DISTINCT);
        Self {
            whole,
            encoded,
            lines: long.take(LINES_MAX).collect(),
            value: (whole.len() >= DISTINCT)
                .then(|| serde_json::from_str(whole).ok())
                .flatten(),
        }
    }
}

/// The strings of a receipt, one after the other, and which short pieces occur in them.
struct Texts {
    joined: Vec<u8>,
    warnings: BTreeSet<String>,
    pieces: Pieces,
}

impl Texts {
    fn of(receipt: &Value) -> Self {
        let mut found = Vec::new();
        strings(receipt, &mut found);
        let mut joined = Vec::new();
        for text in found {
            let room = TEXT_MAX - joined.len().min(TEXT_MAX);
            joined.extend(text.bytes().take(room));
            // A byte that no text holds: nothing that is looked for spans two strings.
            joined.push(0xff);
        }
        let listed = receipt.get("warnings").and_then(Value::as_array);
        let warnings = listed.into_iter().flatten().filter_map(Value::as_str);
        Self {
            warnings: warnings.map(|it| it.trim().to_owned()).collect(),
            pieces: Pieces::of(&joined),
            joined,
        }
    }

    /// True if the whole body is there, or at least two and half of its long lines.
    fn repeat(&self, body: &Body<'_>) -> bool {
        let warned = |text: &str| !text.contains('\n') && self.warnings.contains(text);
        if body.whole.len() >= DISTINCT / 2 && !warned(body.whole) && self.contain(body.whole) {
            return true;
        }
        if body.encoded.iter().any(|text| self.contain(text)) {
            return true;
        }
        let enough = |shared: usize| shared >= 2 && shared * 2 >= body.lines.len();
        let mut shared = 0;
        body.lines.iter().any(|line| {
            shared += usize::from(!warned(line) && self.contain(line));
            enough(shared)
        })
    }

    fn contain(&self, text: &str) -> bool {
        self.pieces.may_hold(text.as_bytes())
            && memmem::find(&self.joined, text.as_bytes()).is_some()
    }
}

/// Which sequences of eight bytes may occur in a text: one bit for each value of a hash. Almost every
/// line that is not there is ruled out without reading the text again.
struct Pieces(Vec<u64>);

impl Pieces {
    const LENGTH: usize = 8;
    const BITS: u32 = 20;

    fn of(text: &[u8]) -> Self {
        let mut bits = vec![0_u64; 1 << (Self::BITS - 6)];
        for piece in text.windows(Self::LENGTH) {
            let (word, bit) = Self::place(piece);
            bits[word] |= bit;
        }
        Self(bits)
    }

    fn may_hold(&self, needle: &[u8]) -> bool {
        needle.chunks_exact(Self::LENGTH).take(8).all(|piece| {
            let (word, bit) = Self::place(piece);
            self.0[word] & bit != 0
        })
    }

    /// Multiplies by an odd constant and keeps the upper bits, which depend on all bytes.
    fn place(piece: &[u8]) -> (usize, u64) {
        let value = piece
            .iter()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        let hash = value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - Self::BITS);
        let word = usize::try_from(hash >> 6).unwrap_or(0);
        (word, 1 << (hash & 63))
    }
}

fn contains(haystack: &Value, needle: &Value) -> bool {
    haystack == needle
        || match haystack {
            Value::Array(items) => items.iter().any(|item| contains(item, needle)),
            Value::Object(members) => members.values().any(|member| contains(member, needle)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn repeats(receipt: &Value, body: &str) -> bool {
        let body = Body::of(body.as_bytes());
        Texts::of(receipt).repeat(&body)
            || body.value.as_ref().is_some_and(|v| contains(receipt, v))
    }

    #[test]
    fn a_whole_body_most_lines_or_the_same_value_is_content() {
        let line = |n: usize| format!("line {n} of a body that is long enough to count");
        let body = (0..6).map(line).collect::<Vec<_>>().join("\n");
        let with = |text: String| json!({"receipt_id": "r-1", "diagnostics": [{"message": text}]});
        assert!(repeats(&with(format!("plan:\n{body}\n")), &body));
        let three = format!("{} | {} | {}", line(1), line(3), line(5));
        assert!(repeats(&with(three), &body));
        assert!(!repeats(&with(format!("{} | {}", line(1), line(3))), &body));
        assert!(!repeats(&with("edit 6 lines".to_owned()), &body));
        let value = json!({"edits": [{"path": "a.txt", "from": "one", "to": "two"}]});
        assert!(repeats(&json!({"plan": value}), &value.to_string()));
        assert!(!repeats(&json!({"plan": "edits"}), &value.to_string()));
        assert!(!repeats(&with("short body".to_owned()), "short"));
        assert!(repeats(&with(format!("0x{}", hex(body.as_bytes()))), &body));
        let packed = STANDARD_NO_PAD.encode(&body);
        assert!(repeats(&with(format!("{packed}==")), &body));
    }

    #[test]
    fn what_a_receipt_has_to_say_may_stand_in_a_body() {
        let digest = "5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592";
        let entry =
            json!({"name": "diff", "role": "evidence", "path": "diff/body.data", "hash": digest});
        let warning = "two files have the same name but for case";
        let receipt = beside_references(json!({"artifacts": [entry], "warnings": [warning]}));
        for body in [digest.to_owned(), entry.to_string(), warning.to_owned()] {
            assert!(!repeats(&receipt, &body), "{body}");
        }
    }

    #[test]
    fn nothing_is_ruled_out_that_is_there() {
        let text = "0123456789abcdefghijklmnopqrstuvwxyz".repeat(30);
        let pieces = Pieces::of(text.as_bytes());
        for start in 0..text.len() {
            assert!(pieces.may_hold(&text.as_bytes()[start..]), "{start}");
        }
        assert!(!pieces.may_hold(b"zyxwvutsrqponmlkjihgfedcba"));
    }
}
