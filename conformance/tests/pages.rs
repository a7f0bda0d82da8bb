//! The commands on the pages of `docs/`: each block that is marked `console` is carried out, and prints
//! what the page shows. `...` stands for anything.

use std::path::Path;

use crate::conform::Conform;

/// A command of a page, and what it prints there.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    command: String,
    prints: String,
}

/// The commands of all `console` blocks, in order.
fn commands(page: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    let mut inside = false;
    let mut goes_on = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = !inside && line == "```console";
        } else if inside && let Some(command) = line.strip_prefix("$ ") {
            goes_on = command.ends_with('\\');
            found.push(Shown {
                command: format!("{command}\n"),
                prints: String::new(),
            });
        } else if inside && let Some(last) = found.last_mut() {
            let text = if goes_on {
                &mut last.command
            } else {
                &mut last.prints
            };
            text.push_str(line);
            text.push('\n');
            goes_on = goes_on && line.ends_with('\\');
        }
    }
    found
}

/// Whether a text is the pattern's: its pieces between `...` stand in it in order, the first one at the
/// beginning and the last one at the end.
fn fits(text: &str, pattern: &str) -> bool {
    let mut pieces: Vec<&str> = pattern.split("...").collect();
    let last = pieces.pop().unwrap_or_default();
    if pieces.is_empty() {
        return text == last;
    }
    let mut rest = text;
    for (at, piece) in pieces.iter().enumerate() {
        match rest.find(piece) {
            Some(found) if at > 0 || found == 0 => rest = &rest[found + piece.len()..],
            Some(_) | None => return false,
        }
    }
    // A line of nothing but `...` at the end stands for any number of lines.
    last == "\n" || rest.ends_with(last)
}

/// Carries out the commands of a page, all in one folder.
fn carry_out(name: &str) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let page = std::fs::read_to_string(docs.join(name)).expect("the page is there");
    let folder = Conform::new();
    let shown = commands(&page);
    assert!(!shown.is_empty(), "{name} has no command");
    for Shown { command, prints } in shown {
        let output = folder.shell(&format!("exec 2>&1\n{command}"));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {command}{text}");
        assert!(
            fits(&text, &prints),
            "{name}: {command}prints\n{text}and the page shows\n{prints}"
        );
    }
}

#[test]
fn an_engine_is_written_as_the_page_says() {
    carry_out("write-an-engine.md");
}

#[test]
fn an_engine_is_tested_as_the_page_says() {
    carry_out("testing-your-engine.md");
}

#[test]
fn an_orchestrator_is_tested_as_the_page_says() {
    carry_out("testing-your-orchestrator.md");
}

#[test]
fn an_editor_is_served_as_the_page_says() {
    carry_out("for-spec-editors.md");
}

#[test]
fn reports_are_made_as_the_page_about_ci_says() {
    carry_out("in-ci.md");
}

#[test]
fn a_log_is_looked_at_and_verified_as_the_page_says() {
    carry_out("audit-format.md");
}

#[test]
fn what_goes_wrong_looks_as_the_page_says() {
    carry_out("troubleshooting.md");
}

#[test]
fn no_page_with_commands_is_left_out() {
    let own = include_str!("pages.rs");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    for entry in std::fs::read_dir(docs).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.expect("pages have plain names");
        let page = std::fs::read_to_string(&path).expect("pages are text");
        let tested = own.contains(&format!("carry_out(\"{name}\")"));
        assert!(tested || commands(&page).is_empty(), "{name} is not tested");
    }
}

#[test]
fn patterns_fit_what_they_say() {
    assert!(fits("a\nb\n", "a\nb\n") && !fits("a\nb\n", "a\n"));
    assert!(fits("a\nx\nb\n", "a\n...\nb\n") && !fits("b\na\n", "a\n...b\n"));
    assert!(fits("took 5 ms\n", "took ... ms\n") && !fits("it took 5 ms\n", "took ... ms\n"));
    assert!(fits("a\nb\nc\n", "a\n...\n") && !fits("a\nb\n", "...\na\n"));
    let page = "```console\n$ one \\\n  two\nx\n$ three\n```\n```\n$ four\n```\n";
    let command = |command: &str, prints: &str| Shown {
        command: command.to_owned(),
        prints: prints.to_owned(),
    };
    let wanted = [command("one \\\n  two\n", "x\n"), command("three\n", "")];
    assert_eq!(commands(page), wanted);
}
