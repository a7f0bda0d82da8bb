//! Documentation: linked, reachable, and in step with the commands it names.

use std::path::Path;

use super::repository;

/// The two commands of the README that a newcomer runs.
const COMMANDS: [&str; 2] = [
    "cargo build --release -p cabincrew-conform -p cabincrew-engine-update-dependency && \
     ./target/release/cabincrew-conform engine ./target/release/update-dependency",
    "cargo test --workspace --all-features",
];

/// Targets of the Markdown links of a text that lead to files.
fn links(text: &str) -> Vec<&str> {
    text.match_indices("](")
        .filter_map(|(at, _)| text[at + 2..].split(')').next())
        .map(|target| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .collect()
}

/// Page and heading of the links of a text that lead to a heading of a page.
fn anchored(text: &str) -> Vec<(&str, &str)> {
    text.match_indices("](")
        .filter_map(|(at, _)| text[at + 2..].split(')').next()?.split_once('#'))
        .filter(|(target, _)| !target.contains("://"))
        .filter(|(target, _)| target.is_empty() || target.ends_with(".md"))
        .collect()
}

/// What the headings of a page are linked by: lower case, hyphens for blanks, no other signs.
fn anchors(page: &str) -> Vec<String> {
    let mut in_code = false;
    let mut found = Vec::new();
    for line in page.lines() {
        in_code ^= line.starts_with("```");
        if !in_code && line.starts_with('#') {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            found.push(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
    }
    found
}

#[test]
fn the_readme_names_both_commands() {
    let readme = repository::read("README.md");
    for command in COMMANDS {
        let found = readme.lines().any(|line| line == command);
        assert!(found, "README.md does not have the line {command}");
    }
}

#[test]
fn links_lead_to_files() {
    for file in repository::files() {
        if !file.has_extension("md") || file.path.contains("/workspace/") {
            continue;
        }
        let folder = repository::root().join(&file.path);
        let folder = folder.parent().expect("a file lies in a folder");
        let is_ours = ["docs/", "fixtures/README", "fuzz/"]
            .iter()
            .any(|start| file.path.starts_with(start))
            || !file.path.contains('/');
        if !is_ours {
            continue;
        }
        let text = file.text().expect("documents are text");
        for target in links(text) {
            let found = folder.join(target).exists();
            assert!(found, "{} links to {target}, which is not there", file.path);
            // A page of the book is read where only the book is.
            let leaves = file.path.starts_with("docs/") && target.contains("../");
            let within = !leaves || file.path.matches('/').count() > 1;
            assert!(within, "{} links to {target}, out of the book", file.path);
        }
        for (target, anchor) in anchored(text) {
            let page = match target {
                "" => text.to_owned(),
                _ => std::fs::read_to_string(folder.join(target)).expect("it is there"),
            };
            let found = anchors(&page).iter().any(|other| other == anchor);
            assert!(
                found,
                "{} links to {target}#{anchor}, a heading that is not there",
                file.path
            );
        }
    }
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = repository::read("docs/SUMMARY.md");
    let linked = links(&summary);
    for file in repository::files() {
        let Some(page) = file.path.strip_prefix("docs/") else {
            continue;
        };
        if file.has_extension("md") && page != "SUMMARY.md" {
            assert!(
                linked.contains(&page),
                "docs/SUMMARY.md has no link to {page}"
            );
        }
    }
}

#[test]
fn decisions_are_numbered_without_gaps() {
    let mut numbers: Vec<String> = repository::files()
        .iter()
        .filter_map(|file| file.path.strip_prefix("docs/decisions/").map(str::to_owned))
        .collect();
    numbers.sort();
    for (index, name) in numbers.iter().enumerate() {
        let wanted = format!("{:04}-", index + 1);
        assert!(
            name.starts_with(&wanted),
            "docs/decisions/{name} is not {wanted}"
        );
    }
    assert!(!numbers.is_empty(), "decisions were lost");
}

#[test]
fn decisions_have_one_form() {
    for file in repository::files() {
        if file.path.starts_with("docs/decisions/") {
            let text = file.text().expect("documents are text");
            for part in ["# ", "## Choice", "## Why", "## Consequences"] {
                let found = text.lines().any(|line| line.starts_with(part));
                assert!(found, "{} has no {part:?}", file.path);
            }
        }
    }
}

#[test]
fn the_changelog_begins_with_what_is_unreleased() {
    let text = repository::read("CHANGELOG.md");
    let first = text.lines().find(|line| line.starts_with("## "));
    assert_eq!(first, Some("## Unreleased"));
    assert!(Path::new("CHANGELOG.md").is_relative());
}
