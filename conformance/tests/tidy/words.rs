//! What no file may hold.

use super::repository::{self, File};

/// Words that no Rust file holds, put together so that this one does not.
fn forbidden() -> [(String, &'static str); 5] {
    [
        (["todo", "!("].concat(), "finish it"),
        (["unimplemented", "!("].concat(), "finish it"),
        (["#[", "ignore"].concat(), "a test runs or goes"),
        (["#[", "allow("].concat(), "use expect, with a reason"),
        (["dbg", "!("].concat(), "take it out"),
    ]
}

/// Folders that only exist on somebody's machine.
fn machine_paths() -> [String; 4] {
    ["work", "home", "root", "Users"].map(|folder| format!("/{folder}/"))
}

fn rust_files() -> Vec<File> {
    let mut files = repository::files();
    files.retain(|file| file.has_extension("rs"));
    files
}

#[test]
fn rust_and_toml_are_ascii() {
    for file in repository::files() {
        if file.has_extension("rs") || file.has_extension("toml") {
            let at = file.bytes.iter().position(|byte| !byte.is_ascii());
            assert_eq!(at, None, "{} is not ASCII at that byte", file.path);
        }
    }
}

#[test]
fn nothing_is_left_unfinished() {
    for file in rust_files() {
        let text = file.text().expect("Rust files are text");
        for (word, why) in forbidden() {
            assert!(!text.contains(&word), "{} holds {word}: {why}", file.path);
        }
    }
}

#[test]
fn unsafe_code_stays_in_one_crate() {
    for file in rust_files() {
        if file.path.starts_with("conformance/crashpoint/") {
            continue;
        }
        let text = file.text().expect("Rust files are text");
        for line in text.lines().filter(|line| !line.trim().starts_with("//")) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let found = words.windows(2).any(|pair| {
                pair[0] == "unsafe" && ["{", "fn", "impl", "trait", "extern"].contains(&pair[1])
            });
            assert!(!found, "{} holds unsafe code: {line}", file.path);
        }
    }
}

#[test]
fn tests_wait_for_conditions_and_not_for_time() {
    for file in rust_files() {
        let text = file.text().expect("Rust files are text");
        let tests = if file.path.contains("/tests/") {
            text
        } else {
            text.split_once("#[cfg(test)]")
                .map_or("", |(_, tests)| tests)
        };
        let sleep = ["thread::", "sleep"].concat();
        assert!(!tests.contains(&sleep), "a test of {} sleeps", file.path);
    }
}

#[test]
fn no_file_knows_a_machine() {
    for file in repository::files() {
        let Some(text) = file.text() else { continue };
        for path in machine_paths() {
            // A path begins where no name or address goes on; a made-up user is nobody's.
            let found = text.match_indices(&path).find(|(at, _)| {
                let made_up = text[*at + path.len()..].starts_with("user/");
                let before = text[..*at].chars().next_back();
                !made_up && !before.is_some_and(|c| c.is_alphanumeric() || "/.-_}~$".contains(c))
            });
            assert!(found.is_none(), "{} names {path}", file.path);
        }
    }
}

#[test]
fn text_files_end_with_one_line_end_and_no_blanks() {
    for file in repository::files() {
        let is_ours = ["rs", "toml", "md"]
            .iter()
            .any(|extension| file.has_extension(extension));
        if !is_ours
            || file.path.starts_with("fixtures/scenarios/")
            || file.path.contains("/scenario/")
        {
            continue;
        }
        let text = file.text().expect("these files are text");
        assert!(
            text.ends_with('\n') && !text.ends_with("\n\n"),
            "{} does not end with one line end",
            file.path
        );
        let trailing = text.lines().position(|line| line.ends_with([' ', '\t']));
        assert_eq!(trailing, None, "{} has trailing blanks", file.path);
    }
}
