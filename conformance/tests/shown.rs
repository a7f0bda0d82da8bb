//! The commands that README and `docs/` show without their output: the command line takes each of them, and
//! those that do not judge an orchestrator for minutes are carried out. Those with output are carried out as
//! well, see `pages`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cabincrew_conform::cli::Cli;
use clap::Parser as _;

use crate::conform::{BINARY, Conform};
use crate::orchestrator::reference_program;

const PROGRAM: &str = "cabincrew-conform ";
/// What takes minutes; `.ci/run` judges and sweeps the reference, and `pages` has shorter ones.
const LONG: [&str; 3] = ["orchestrator ", "sweep ", "merge "];

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

/// The commands in the code blocks of a page, in one line each, those of blocks with output left out.
fn commands(page: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let (mut open, mut inside, mut goes_on) = (false, false, false);
    for line in page.lines() {
        if line.starts_with("```") {
            (inside, goes_on) = (!open && line != "```console", false);
            open = !open;
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
            last.truncate(last.trim_end_matches('\\').trim_end().len());
            last.push(' ');
            last.push_str(text);
        }
        // A text that YAML folds goes on to the next entry of its list.
        let folded = line.starts_with("          ") && given.is_none() && !text.contains('>');
        let is_part = inside && (begun.is_some() || goes_on);
        goes_on = is_part && (text.ends_with('\\') || folded);
    }
    found
}

/// The words of a command, up to where the shell takes over.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![PROGRAM.trim().to_owned()];
    let mut command = command.to_owned();
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

/// A folder with what the pages speak of: an engine, an orchestrator, two drafts, two reports.
fn surroundings() -> Conform {
    let folder = Conform::new();
    let script = |name: &str, command: &str| {
        folder.executable(name, &format!("#!/bin/sh\nexec {command} \"$@\"\n"));
    };
    folder.write("peer.toml", "");
    let peer = folder.path("peer.toml");
    script("my-engine", &format!("{BINARY} peer {}", peer.display()));
    let reference = reference_program().display();
    script("my-orchestrator", &reference.to_string());
    folder.write("conformance/known.toml", "");
    let drafts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/drafts/CCS-001");
    let drafts = drafts.canonicalize().expect("there are drafts");
    for (name, side) in [("DIR", "good"), ("OLD", "good"), ("NEW", "bad")] {
        let linked = std::os::unix::fs::symlink(drafts.join(side), folder.path(name));
        linked.expect("the folder is ours");
    }
    let judged = folder.run(&["engine", "./my-engine"]);
    assert_eq!(judged.code, 0, "{}", judged.stdout);
    for name in ["old.json", "new.json"] {
        folder.write(name, &folder.read(".cabincrew-conform/last/report.json"));
    }
    folder
}

#[test]
fn the_commands_that_are_shown_work() {
    let folder = surroundings();
    // What others rest on comes first; each command is carried out once, however often it is shown.
    let key = "cabincrew audit keygen example.com/conformance --out report.key > report.vkey";
    assert!(folder.shell(key).status.success());
    let mut shown = vec!["init engine conformance/basic".to_owned()];
    for path in pages() {
        let page = std::fs::read_to_string(&path).expect("it can be read");
        assert!(
            !page.contains("--key report.key") || page.contains(key),
            "a key is made first"
        );
        shown.extend(commands(&page));
    }
    shown.retain(|command| !LONG.iter().any(|long| command.starts_with(long)));
    let mut done: BTreeSet<String> = BTreeSet::new();
    for command in shown {
        let bare = command.split(" #").next().unwrap_or_default().trim();
        if !done.insert(bare.to_owned()) {
            continue;
        }
        let output = folder.shell(&format!("{PROGRAM}{bare}"));
        // A draft may have findings, and two drafts may differ.
        let differs = bare.starts_with("spec ") && output.status.code() == Some(1);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || differs, "{bare}: {said}");
    }
    assert!(
        done.len() >= 20,
        "only {} commands were carried out",
        done.len()
    );
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
    assert!(tried >= 35, "only {tried} commands were found");
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
