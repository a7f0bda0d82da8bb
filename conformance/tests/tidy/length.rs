//! How long files may be.

use super::repository::{self, File};

/// Most code lines of a file before its unit tests: neither blank nor only a comment.
const CODE_LINES_MAX: usize = 400;
/// Most lines of a file in all.
const LINES_MAX: usize = 600;
/// Most lines of a drill.
const DRILL_LINES_MAX: usize = 420;

/// Files that are longer than that, with the reason. An entry goes once its file is short enough.
const LONGER: [(&str, &str); 2] = [
    (
        "conformance/peer/tests/contract.rs",
        "the whole engine contract, clause by clause",
    ),
    (
        "reference/src/fault/list.rs",
        "one line for each fault, and nothing else",
    ),
];

/// Maps of modules that hold the one entry of their module. An entry goes once its file only declares.
const MAPS_WITH_CODE: [&str; 4] = [
    "conformance/src/judge/mod.rs",
    "fixtures/engines/update-dependency/src/manifest/mod.rs",
    "reference/src/cli/mod.rs",
    "reference/src/perform/mod.rs",
];

fn code_lines(text: &str) -> usize {
    text.lines()
        .map(str::trim)
        .take_while(|line| *line != "#[cfg(test)]")
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

fn is_too_long(file: &File) -> Option<String> {
    let text = file.text()?;
    let (code, all) = (code_lines(text), text.lines().count());
    if code > CODE_LINES_MAX {
        Some(format!("{code} code lines of at most {CODE_LINES_MAX}"))
    } else if all > LINES_MAX {
        Some(format!("{all} lines of at most {LINES_MAX}"))
    } else {
        None
    }
}

#[test]
fn files_are_short() {
    for file in repository::files() {
        if !file.has_extension("rs") {
            continue;
        }
        let listed = LONGER.iter().find(|(path, _)| *path == file.path);
        match (is_too_long(&file), listed) {
            (Some(why), None) => panic!("{} is too long: {why}; split it", file.path),
            (None, Some(_)) => panic!("{} is short enough: take it off the list", file.path),
            (Some(_), Some((_, reason))) => assert!(!reason.is_empty(), "{}: why?", file.path),
            (None, None) => {}
        }
    }
}

#[test]
fn listed_files_exist() {
    for path in LONGER.iter().map(|(path, _)| *path).chain(MAPS_WITH_CODE) {
        assert!(repository::root().join(path).is_file(), "{path} is gone");
    }
}

#[test]
fn maps_of_modules_only_declare() {
    for file in repository::files() {
        let is_map = file.path.ends_with("/lib.rs") || file.path.ends_with("/mod.rs");
        if !is_map || file.path.contains("/workspace/") || file.path.contains("/after/") {
            continue;
        }
        let text = file.text().expect("Rust files are text");
        let code = text.lines().find(|line| {
            let line = line.trim_start_matches("pub(crate) ");
            let line = line.trim_start_matches("pub ").trim_start_matches("const ");
            ["fn ", "struct ", "enum ", "impl ", "impl<"]
                .iter()
                .any(|start| line.starts_with(start))
        });
        let listed = MAPS_WITH_CODE.iter().any(|path| *path == file.path);
        match (code, listed) {
            (Some(line), false) => panic!("{} holds code: {line}", file.path),
            (None, true) => panic!("{} only declares: take it off the list", file.path),
            (Some(_), true) | (None, false) => {}
        }
    }
}

#[test]
fn drills_can_be_read_at_once() {
    for file in repository::files() {
        if file.path.starts_with("conformance/drills/") {
            let lines = file.text().expect("drills are text").lines().count();
            assert!(lines <= DRILL_LINES_MAX, "{} has {lines} lines", file.path);
        }
    }
}
