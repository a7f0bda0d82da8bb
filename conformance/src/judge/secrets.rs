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

/// Where a text appears in what a launch gave out.
pub(super) fn place_of(launch: &Launch, needle: &str) -> Option<String> {
    let within = |bytes: &[u8]| find(bytes, needle.as_bytes());
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

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && memchr::memmem::find(haystack, needle).is_some()
}

/// The spellings of a secret that are looked for.
fn spellings(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let mut all = vec![
        ("plain", secret.to_owned()),
        ("JSON-escaped", secret.replace('/', "\\/")),
        ("hex", hex(bytes)),
        ("hex", hex(bytes).to_uppercase()),
        ("URL-encoded", url_encoded(secret, false)),
        ("URL-encoded", url_encoded(secret, true)),
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

fn url_encoded(text: &str, lower: bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else if lower {
            encoded.push_str(&format!("%{byte:02x}"));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
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
        assert!(needles.contains(&"Cc0123456789%2Babcdef%2F0123%3D".to_owned()));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert!(!find(b"abc", b"abcd"));
        assert!(!find(b"abc", b""));
        assert!(find(b"xxabc", b"abc"));
    }
}
