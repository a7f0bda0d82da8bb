//! The commands that README and `docs/` show without their output: the command line takes each of them.
//! Those with output are carried out, see `pages`.

use std::path::{Path, PathBuf};

use cabincrew_conform::cli::Cli;
use clap::Parser as _;

const PROGRAM: &str = "cabincrew-conform ";

/// README and the pages that people have written.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let docs = std::fs::read_dir(root.join("docs")).expect("there are pages");
    let docs = docs.map(|entry| entry.expect("a page").path());
    let mut pages: Vec<PathBuf> = docs
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .collect();
    pages.push(root.join("README.md"));
    pages
}

/// The commands in the code blocks of a page, in one line each.
fn commands(page: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let (mut inside, mut goes_on) = (false, false);
    for line in page.lines() {
        if line.starts_with("```") {
            (inside, goes_on) = (!inside, false);
            continue;
        }
        let text = line.trim();
        let text = text.strip_prefix("- run: ").unwrap_or(text);
        let text = text.strip_prefix("$ ").unwrap_or(text);
        // The action is given what follows the program's name.
        let given = text.strip_prefix("command: ");
        let begun = given.or_else(|| text.strip_prefix(PROGRAM));
        // The first line of a report begins with the program's name as well.
        let begun = begun.filter(|it| it.starts_with(|c: char| c.is_ascii_lowercase()));
        if let Some(begun) = begun.filter(|_| inside && !goes_on) {
            found.push(begun.to_owned());
        } else if let Some(last) = found.last_mut().filter(|_| goes_on) {
            last.push(' ');
            last.push_str(text);
        }
        // A text that YAML folds goes on to the next entry of its list.
        let folded = line.starts_with("          ") && !text.contains('>');
        goes_on = inside && begun.is_some() | goes_on && (text.ends_with('\\') || folded);
    }
    found
}

/// The words of a command, up to where the shell takes over.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![PROGRAM.trim().to_owned()];
    let mut command = command.replace("\\ ", " ");
    while let Some((before, rest)) = command.split_once("${{") {
        let after = rest.split_once("}}").map_or("", |(_, after)| after);
        command = format!("{before}1{after}");
    }
    let mut quoted = None;
    let mut word = String::new();
    for c in command.chars() {
        match quoted {
            Some(quote) if c == quote => quoted = None,
            None if c == '\'' || c == '"' => quoted = Some(c),
            None if c.is_whitespace() => {
                words.extend(Some(std::mem::take(&mut word)).filter(|it| !it.is_empty()))
            }
            None if "#>|&;".contains(c) && word.is_empty() => return words,
            _ => word.push(c),
        }
    }
    words.extend(Some(word).filter(|it| !it.is_empty()));
    words
}

#[test]
fn every_command_that_is_shown_can_be_given() {
    let mut tried = 0;
    for path in pages() {
        let page = std::fs::read_to_string(&path).expect("it can be read");
        for command in commands(&page) {
            let words = words(&command);
            tried += 1;
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{}: {command}: {error}", path.display());
            }
        }
    }
    assert!(tried >= 40, "only {tried} commands were found");
}

#[test]
fn commands_are_found_in_blocks_and_cut_where_the_shell_begins() {
    let page = "cabincrew-conform in prose\n```yaml\n      - run: >\n          cabincrew-conform list --kind\n          engine > a\n        with:\n          command: engine ./x # why\n```\n```\ncabincrew-conform merge 'a b' \\\n  c\n```\n";
    let found: Vec<Vec<String>> = commands(page).iter().map(|it| words(it)).collect();
    let list = ["cabincrew-conform", "list", "--kind", "engine"];
    let engine = ["cabincrew-conform", "engine", "./x"];
    let merge = ["cabincrew-conform", "merge", "a b", "c"];
    assert_eq!(found, [list.as_slice(), &engine, &merge]);
}
