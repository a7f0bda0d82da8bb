//! What a plan says that it will change.

use serde_json::Value;

use super::artifacts::document;
use super::plan::strings;
use crate::observe::Launch;
use crate::receipt;
use crate::tree::{Change, What};

/// What a plan names. Logs name nothing: nobody who approves looks at them (C-66).
#[derive(Debug, Default)]
pub(super) struct Declared {
    targets: Vec<String>,
    texts: Vec<String>,
    /// Bodies that are not text; what they name may be packed.
    packed: Vec<Vec<u8>>,
}

impl Declared {
    pub(super) fn by(plan: &Launch) -> Self {
        let mut declared = Self::default();
        let receipt = receipt::lenient(&plan.stdout.kept).unwrap_or_default();
        for name in receipt::artifact_names(plan) {
            if role(&receipt, name) == Some("log") {
                continue;
            }
            let Some(artifact) = document(plan, name) else {
                continue;
            };
            declared.add_value(&artifact);
            if let Some(target) = artifact.get("target").and_then(Value::as_str) {
                let target = target.trim_start_matches("./").trim_end_matches('/');
                declared.targets.push(target.to_owned());
            }
            if let Some(body) = plan.contents.get(&format!("{name}/body.data")) {
                declared.add_body(&body.kept, body.is_whole());
            }
        }
        declared
    }

    fn add_value(&mut self, value: &Value) {
        let mut found = Vec::new();
        strings(value, &mut found);
        self.texts.extend(found.into_iter().map(str::to_owned));
    }

    fn add_body(&mut self, body: &[u8], is_whole: bool) {
        match std::str::from_utf8(body) {
            Ok(text) if is_whole && !is_encoded(text) => {
                self.texts.push(text.to_owned());
                if let Ok(value) = serde_json::from_str::<Value>(text) {
                    self.add_value(&value);
                }
            }
            _ => self.packed.push(body.to_vec()),
        }
    }

    /// True if the plan names the path, or a folder or a pattern that it belongs to.
    pub(super) fn covers(&self, path: &str) -> bool {
        let by_target = self.targets.iter().any(|target| {
            !is_everything(target)
                && (path == target || path.starts_with(&format!("{target}/")) || glob(target, path))
        });
        by_target || self.names(path)
    }

    /// True if the plan covers the path of a change, or removes or moves a whole folder that it belongs to.
    pub(super) fn covers_change(&self, change: &Change, all: &[Change]) -> bool {
        let folders = |what| {
            let named = move |it: &&Change| it.what == what && self.names_folder(&it.path);
            all.iter().filter(named)
        };
        let gone = || folders(What::Removed).any(|it| below(&change.path, &it.path).is_some());
        let was_there = |rest: &str| {
            let mut old = folders(What::Removed).map(|it| format!("{}/{rest}", it.path));
            old.any(|path| {
                all.iter()
                    .any(|it| it.what == What::Removed && it.path == path)
            })
        };
        let moved = || {
            let mut rests = folders(What::Added).filter_map(|it| below(&change.path, &it.path));
            rests.any(was_there)
        };
        match change.what {
            _ if self.covers(&change.path) => true,
            What::Removed => self.names_folder(&change.path) || gone(),
            What::Added => self.names_folder(&change.path) || moved(),
            What::Content | What::Kind | What::Mode | What::Touched => false,
        }
    }

    /// True if the plan names a folder, and not just something in it.
    fn names_folder(&self, path: &str) -> bool {
        let slash = format!("{path}/");
        let is_end =
            |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || "_-.*".contains(c));
        let with_slash = |text: &String| {
            let mut ends = text.match_indices(&slash);
            ends.any(|(at, _)| is_end(&text[at + slash.len()..]) && !within_name(&text[..at]))
        };
        self.names(path) || self.texts.iter().any(with_slash)
    }

    /// True if the plan names the path itself.
    pub(super) fn names(&self, path: &str) -> bool {
        let packed = |body: &Vec<u8>| memchr::memmem::find(body, path.as_bytes()).is_some();
        let quoted = quoted(path);
        let named = |text: &String| {
            names(text, path) || quoted.as_ref().is_some_and(|quoted| text.contains(quoted))
        };
        self.texts.iter().any(named) || self.packed.iter().any(packed)
    }

    /// Why a path that is not named may be declared all the same, in a way that nobody can follow.
    pub(super) fn beyond_reading(&self) -> Option<&'static str> {
        if self.targets.iter().any(|target| is_everything(target)) {
            Some("a target is the whole workspace")
        } else if !self.packed.is_empty() {
            Some("a body is not text")
        } else {
            None
        }
    }
}

/// Whether a target is the whole workspace.
fn is_everything(target: &str) -> bool {
    matches!(target, "" | "." | "*" | "**" | "workspace")
}

fn role<'a>(receipt: &'a Value, name: &str) -> Option<&'a str> {
    let mut listed = receipt.get("artifacts")?.as_array()?.iter();
    let own = listed.find(|it| it.get("name").and_then(Value::as_str) == Some(name))?;
    own.get("role")?.as_str()
}

/// True for a long text without white space in the alphabet of base64: it may hold anything.
fn is_encoded(text: &str) -> bool {
    let bytes = || text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte);
    bytes().count() >= 64 && bytes().all(plain)
}

/// What of a path lies below a folder.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder)?.strip_prefix('/')
}

fn part_of_name(c: char) -> bool {
    c.is_alphanumeric() || "_-.".contains(c)
}

/// True if a name goes on after this text.
fn within_name(before: &str) -> bool {
    before.chars().next_back().is_some_and(part_of_name)
}

/// True if a text names a path, and not just a longer one that begins or ends alike.
fn names(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(start, _)| {
        let mut after = text[start + path.len()..].chars();
        let next = after.next();
        // A full stop ends a sentence as often as it continues a name.
        let continues = match next {
            Some('.') => after.next().is_some_and(char::is_alphanumeric),
            Some(c) => part_of_name(c) || c == '/' || c == '~',
            None => false,
        };
        // "a/" and "b/" stand before paths in a diff, and "./" in front of many.
        !within_name(&text[..start]) && !continues
    })
}

/// A path as the headers of a diff have it where it is not plain ASCII: with octal escapes.
fn quoted(path: &str) -> Option<String> {
    let escaped: String = path.bytes().map(escape).collect();
    (escaped != path).then_some(escaped)
}

fn escape(byte: u8) -> String {
    match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        b'\n' => "\\n".to_owned(),
        b'\t' => "\\t".to_owned(),
        0x20..=0x7e => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    }
}

/// `*` and `**` in a target.
fn glob(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*').filter(|part| !part.is_empty());
    if !pattern.contains('*') {
        return false;
    }
    let mut rest = path;
    parts.all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_only_as_a_whole() {
        assert!(names(
            "--- a/docs/notes.txt\n+++ b/docs/notes.txt",
            "docs/notes.txt"
        ));
        assert!(names("Edits README.md.", "README.md"));
        assert!(names("{\"path\":\"VERSION\"}", "VERSION"));
        assert!(!names("README.md.bak", "README.md"));
        assert!(!names("my-VERSION", "VERSION"));
        assert!(!names("VERSIONS", "VERSION"));
    }

    #[test]
    fn a_path_may_be_quoted_as_in_a_diff() {
        let declared = Declared {
            texts: vec![r#"+++ "b/gr\303\274n \"x\".txt""#.to_owned()],
            ..Declared::default()
        };
        assert!(declared.names("gr\u{fc}n \"x\".txt"));
        assert!(!declared.names("gr\u{fc}n.txt"));
    }

    #[test]
    fn targets_cover_folders_and_patterns() {
        let declared = |target: &str| Declared {
            targets: vec![target.to_owned()],
            ..Declared::default()
        };
        assert!(declared("src").covers("src/main.rs"));
        assert!(declared("*.md").covers("docs/guide.md"));
        assert!(!declared(".").covers("anything"));
        assert!(declared(".").beyond_reading().is_some());
        assert!(!declared("src").covers("Cargo.lock"));
        assert!(!declared("*.md").covers("docs/guide.txt"));
    }

    #[test]
    fn a_folder_that_moves_takes_along_what_is_in_it() {
        let declared = Declared {
            texts: vec!["Renames old/ to `new`, and edits new/list.txt".to_owned()],
            ..Declared::default()
        };
        let change = |path: &str, what| Change {
            path: path.to_owned(),
            what,
        };
        let all = [
            change("new", What::Added),
            change("new/a.txt", What::Added),
            change("new/more.txt", What::Added),
            change("old", What::Removed),
            change("old/a.txt", What::Removed),
            change("old/deep/b.txt", What::Removed),
            change("new/b.txt", What::Added),
            change("other/b.txt", What::Removed),
        ];
        let covered: Vec<&str> = all
            .iter()
            .filter(|it| declared.covers_change(it, &all))
            .map(|it| it.path.as_str())
            .collect();
        let gone = ["old", "old/a.txt", "old/deep/b.txt"];
        assert_eq!(covered, [["new", "new/a.txt"].as_slice(), &gone].concat());
    }

    #[test]
    fn a_body_that_is_not_text_is_searched_too() {
        let mut declared = Declared::default();
        declared.add_body(b"\xff\x00docs/a.md\x00", true);
        assert!(declared.names("docs/a.md"));
        assert!(!declared.names("docs/b.md"));
        assert!(declared.beyond_reading().is_some());
    }
}
