//! A look at a policy before it is parsed: the parser takes exponential time in the depth of
//! nested literals, and checks no clock while it does.

/// How deep brackets may be nested.
pub(crate) const DEPTH_MAX: usize = 10;

/// The first line whose brackets are nested deeper than [`DEPTH_MAX`], from 1. Brackets in
/// strings, raw strings and comments do not count.
pub(crate) fn too_deep(source: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut line = 1;
    let mut text = Text::Code;
    let mut escaped = false;
    for byte in source.bytes() {
        match (text, byte) {
            (Text::Code, b'(' | b'[' | b'{') => depth += 1,
            (Text::Code, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (Text::Code, b'"') => text = Text::String,
            (Text::Code, b'`') => text = Text::Raw,
            (Text::Code, b'#') => text = Text::Comment,
            (Text::String, b'"') if !escaped => text = Text::Code,
            // A string does not span lines: were it to hide brackets, the parser refuses it too.
            (Text::String | Text::Comment, b'\n') => text = Text::Code,
            (Text::Raw, b'`') => text = Text::Code,
            _ => {}
        }
        escaped = text == Text::String && byte == b'\\' && !escaped;
        if depth > DEPTH_MAX {
            return Some(line);
        }
        line += usize::from(byte == b'\n');
    }
    None
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Code,
    Comment,
    Raw,
    String,
}
