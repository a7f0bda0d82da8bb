//! Words and sentences of prose.

/// Words that make a sentence a requirement (RFC 2119), in lower case. `may` is one only in capitals:
/// in small letters it mostly says what can happen.
const DUTIES: [&str; 3] = ["must", "shall", "should"];

/// Runs of letters, digits and underscores, with the byte at which each begins.
pub(super) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_inside = |c: char| c.is_alphanumeric() || c == '_';
    text.split(move |c| !is_inside(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

/// Whether a text holds a word as a whole, whatever its case.
pub(super) fn has_word(text: &str, wanted: &str) -> bool {
    words(text).any(|(_, word)| word.eq_ignore_ascii_case(wanted))
}

/// `plan_token_hash`, and not `plan`.
pub(super) fn is_snake(word: &str) -> bool {
    word.contains('_') && is_lower(word)
}

/// Lower-case letters, digits and underscores, beginning and ending with a letter or digit.
pub(super) fn is_lower(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && !word.ends_with('_')
        && word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `AWAITING_APPROVAL`, `FAILED`.
pub(super) fn is_upper(word: &str) -> bool {
    word.len() > 3
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && !word.ends_with('_')
        && word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The sentences of a text. A stop within a name or number does not end one.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let ends = b".!?".contains(byte)
            && bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace)
            && !text[..at].ends_with("e.g")
            && !text[..at].ends_with("etc");
        if ends {
            found.push(text[start..=at].trim());
            start = at + 1;
        }
    }
    found.push(text[start..].trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// The first requirement word of a sentence.
pub(super) fn duty(sentence: &str) -> Option<&str> {
    words(sentence)
        .map(|(_, word)| word)
        .find(|word| *word == "MAY" || DUTIES.contains(&word.to_lowercase().as_str()))
}

/// Names for a message, each in backquotes, at most eight of them.
pub(super) fn quoted<T: AsRef<str>>(names: &[T]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(8)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match names.len().saturating_sub(8) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A text on one line, at most `most` characters.
pub(super) fn short(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most.saturating_sub(3)).collect();
    format!("{}...", cut.trim_end())
}

/// The singular of a plain English plural, or the word itself.
pub(super) fn singular(word: &str) -> &str {
    if word.ends_with("ss") || word.ends_with("us") {
        return word;
    }
    word.strip_suffix('s').unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_stops_between_words() {
        let text = "See plan-token.md. It must hold 1.0, e.g. always. So be it";
        assert_eq!(
            sentences(text),
            [
                "See plan-token.md.",
                "It must hold 1.0, e.g. always.",
                "So be it"
            ]
        );
        assert_eq!(duty("It MUST hold."), Some("MUST"));
        assert_eq!(duty("A mustard seed may grow."), None);
        assert_eq!(duty("It MAY grow."), Some("MAY"));
    }

    #[test]
    fn spellings_are_told_apart() {
        assert!(is_snake("plan_token") && !is_snake("plan") && !is_snake("Plan_token"));
        assert!(is_upper("AWAITING_APPROVAL") && !is_upper("OPA") && !is_upper("Token"));
        assert_eq!(singular("roles"), "role");
        assert_eq!(singular("status"), "status");
    }
}
