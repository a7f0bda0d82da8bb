//! Secrets in outputs, in every spelling that a careless program might give them.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::Look;
use crate::adapter::hex;
use crate::observe::{Launch, Observation};

/// Least length of half a secret that is looked for, in characters.
const HALF_MIN: usize = 16;

/// CC-ENG-030: no canary in any output.
pub(super) fn stay_secret(look: &mut Look, launches: &[&Launch], seen: &Observation) {
    let known: Vec<(usize, &'static str, String)> = seen
        .canaries
        .iter()
        .enumerate()
        .flat_map(|(canary, secret)| {
            let all = spellings(&secret.value).into_iter();
            let all = all.chain(halves(&secret.value));
            all.map(move |(spelling, needle)| (canary, spelling, needle))
        })
        .filter(|(_, _, needle)| !needle.is_empty())
        .collect();
    let mut search = Search::of(known.iter().map(|(_, _, needle)| needle.as_str()));
    for launch in launches.iter().filter(|launch| launch.was_launched()) {
        let places = search.places(launch);
        let mut problems = Vec::new();
        for (number, canary) in seen.canaries.iter().enumerate() {
            let spelt = known
                .iter()
                .enumerate()
                .filter(|(_, (of, ..))| *of == number);
            let mut found = spelt.filter_map(|(at, known)| Some((places.get(&at)?, known.1)));
            if let Some((place, spelling)) = found.next() {
                problems.push((
                    format!("{} in no output", canary.name),
                    format!("it appears in {place} ({spelling})"),
                ));
            }
        }
        look.judged(launch, problems);
    }
}

/// Where a text, which is not empty, appears in what a launch gave out: as it is, or behind percent
/// signs.
pub(super) fn place_of(launch: &Launch, needle: &str) -> Option<String> {
    Search::of([needle]).places(launch).remove(&0)
}

/// Looks for many texts at once, and in each content once: most launches give out the same.
struct Search {
    automaton: AhoCorasick,
    known: BTreeMap<[u8; 32], BTreeSet<usize>>,
}

impl Search {
    /// `needles` are known by their number.
    fn of<'a>(needles: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            automaton: AhoCorasick::new(needles).expect("secrets are few and short"),
            known: BTreeMap::new(),
        }
    }

    /// For each needle that a launch gave out, the first place.
    fn places(&mut self, launch: &Launch) -> BTreeMap<usize, String> {
        let mut places = BTreeMap::new();
        let mut note = |found: BTreeSet<usize>, place: &dyn Fn() -> String| {
            for needle in found {
                places.entry(needle).or_insert_with(place);
            }
        };
        note(self.within(&launch.stdout.kept), &|| {
            "standard output".to_owned()
        });
        note(self.within(&launch.stderr.kept), &|| {
            "standard error".to_owned()
        });
        for (path, bytes) in &launch.contents {
            note(self.within(&bytes.kept), &|| format!("artifacts/{path}"));
        }
        for path in launch.artifacts.keys().chain(&launch.temp_left) {
            note(self.within(path.as_bytes()), &|| {
                "the name of a file".to_owned()
            });
        }
        places
    }

    /// The needles in some bytes, as they are, behind percent signs, or with something in between.
    fn within(&mut self, bytes: &[u8]) -> BTreeSet<usize> {
        let automaton = &self.automaton;
        let found = self.known.entry(Sha256::digest(bytes).into());
        let found = found.or_insert_with(|| {
            let once = percent_decoded(bytes);
            let twice = percent_decoded(&once);
            let views = [bytes, &once, &twice, &squeezed(bytes)];
            let hits = views
                .iter()
                .flat_map(|view| automaton.find_overlapping_iter(view));
            hits.map(|hit| hit.pattern().as_usize()).collect()
        });
        found.clone()
    }
}

/// The bytes without what stands between the digits of a dump, the lines of wrapped base64, or the letters
/// of text in UTF-16 or in quotes of a shell.
pub(crate) fn squeezed(bytes: &[u8]) -> Vec<u8> {
    let between = |byte: &u8| byte.is_ascii_whitespace() || b":\\\0".contains(byte);
    bytes
        .iter()
        .copied()
        .filter(|byte| !between(byte))
        .collect()
}

/// The bytes with `%41` and the like replaced by what they stand for; empty when there are none.
pub(crate) fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    if memchr::memchr(b'%', bytes).is_none() {
        return Vec::new();
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes
            .get(at + 1..at + 3)
            .and_then(|pair| Some((digit(pair[0])?, digit(pair[1])?)));
        match (bytes[at], pair) {
            (b'%', Some((high, low))) => {
                decoded.push(high << 4 | low);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// Half of a secret is told as well, where it is too long for a coincidence. An orchestrator knows only
/// the whole of it, and cannot redact what an engine has cut up.
fn halves(secret: &str) -> impl Iterator<Item = (&'static str, String)> {
    let is_long = secret.len() >= 2 * HALF_MIN && secret.is_ascii();
    let (first, last) = secret.split_at(if is_long { secret.len() / 2 } else { 0 });
    let halves = [first, last].map(|half| ("a half", half.to_owned()));
    halves.into_iter().filter(move |_| is_long)
}

/// The spellings of a secret that are looked for.
pub(crate) fn spellings(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let mut all = vec![
        ("plain", secret.to_owned()),
        ("JSON-escaped", secret.replace('/', "\\/")),
        ("hex", hex(bytes)),
        ("hex", hex(bytes).to_uppercase()),
        ("reversed", secret.chars().rev().collect()),
        (
            "shell-quoted",
            secret.replace('+', "\\+").replace('=', "\\="),
        ),
    ];
    // In base64 the bytes before a text shift it; the ends depend on what is around them.
    for shift in 0..3 {
        let mut shifted = vec![0; shift];
        shifted.extend_from_slice(bytes);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&shifted);
            let start = (shift * 8).div_ceil(6);
            let end = (shifted.len() * 8) / 6;
            all.push(("base64", encoded[start..end].to_owned()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_found_at_every_shift() {
        let secret = "Cc0123456789+abcdef/0123=";
        let needles: Vec<String> = spellings(secret)
            .into_iter()
            .map(|(_, needle)| needle)
            .collect();
        for prefix in ["", "a", "ab", "abc", "user:"] {
            let text =
                base64::engine::general_purpose::STANDARD.encode(format!("{prefix}{secret}xyz"));
            assert!(
                needles.iter().any(|needle| text.contains(needle)),
                "{prefix}: {text}"
            );
        }
    }

    #[test]
    fn percent_signs_hide_nothing() {
        let decoded = percent_decoded(b"a=%43c%2B%2f%3d&b=100%&c=%4");
        assert_eq!(decoded, b"a=Cc+/=&b=100%&c=%4");
    }

    #[test]
    fn every_needle_is_found_even_within_another() {
        let mut search = Search::of(["abcd", "bc", "x/y", "not there"]);
        let mut found = |bytes: &[u8]| search.within(bytes).into_iter().collect::<Vec<_>>();
        assert_eq!(found(b"..abcd.."), [0, 1]);
        assert_eq!(found(b"..x%2Fy.."), [2]);
        assert_eq!(found(b"..abcd.."), [0, 1]);
        assert_eq!(found(b"..ab\nc:d.."), [0, 1]);
        assert_eq!(found(b"x\0/\0y\0"), [2]);
        assert!(found(b"ab_cd").is_empty());
        assert!(found(b"").is_empty());
    }
}
