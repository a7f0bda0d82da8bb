//! Secrets in outputs, in every spelling that a careless program might give them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::Look;
use crate::adapter::hex;
use crate::observe::{Launch, Observation};

/// CC-ENG-030: no canary in any output.
pub(super) fn stay_secret(look: &mut Look, launch: &Launch, seen: &Observation) {
    let mut problems = Vec::new();
    for canary in &seen.canaries {
        for (spelling, needle) in spellings(&canary.value) {
            if let Some(place) = place_of(launch, &needle) {
                problems.push((
                    format!("{} in no output", canary.name),
                    format!("it appears in {place} ({spelling})"),
                ));
                break;
            }
        }
    }
    look.judged(launch, problems);
}

/// Where a text appears in what a launch gave out: as it is, or behind percent signs.
pub(super) fn place_of(launch: &Launch, needle: &str) -> Option<String> {
    let within = |bytes: &[u8]| {
        find(bytes, needle.as_bytes()) || find(&percent_decoded(bytes), needle.as_bytes())
    };
    if within(&launch.stdout.kept) {
        return Some("standard output".to_owned());
    }
    if within(&launch.stderr.kept) {
        return Some("standard error".to_owned());
    }
    if let Some((path, _)) = launch
        .contents
        .iter()
        .find(|(_, bytes)| within(&bytes.kept))
    {
        return Some(format!("artifacts/{path}"));
    }
    let names = launch.artifacts.keys().chain(&launch.temp_left);
    let mut names = names.filter(|path| within(path.as_bytes()));
    names.next().map(|_| "the name of a file".to_owned())
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

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && memchr::memmem::find(haystack, needle).is_some()
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
    fn what_is_not_there_is_not_found() {
        assert!(!find(b"abc", b"abcd"));
        assert!(!find(b"abc", b""));
        assert!(find(b"xxabc", b"abc"));
    }
}
