//! Generated pages: committed, and proven fresh. `UPDATE=1 cargo test -p cabincrew-conform` writes
//! them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cabincrew_conform::catalogue::Kit;
use cabincrew_conform::drill::Check;
use cabincrew_conform::exit::Exit;
use cabincrew_protocol::requirement::{Actor, Catalogue, Requirement, Verify};

use super::repository;

const NOTE: &str =
    "<!-- Generated: UPDATE=1 cargo test -p cabincrew-conform rewrites this page. -->\n\n";

fn kit() -> Kit {
    Kit::embedded().expect("the kit of this build is sound")
}

/// The checks of each requirement.
fn checks_by_requirement(kit: &Kit) -> BTreeMap<&str, Vec<&Check>> {
    let mut found: BTreeMap<&str, Vec<&Check>> = BTreeMap::new();
    for check in kit.checks() {
        for id in check.requirement_ids() {
            found.entry(id).or_default().push(check);
        }
    }
    found
}

/// How a requirement stands.
fn standing(requirement: &Requirement, checks: Option<&Vec<&Check>>) -> String {
    match (&requirement.verify, checks) {
        (Verify::Excluded(reason), _) => format!("excluded: {reason}"),
        (Verify::Check, None) => "open".to_owned(),
        (Verify::Check, Some(checks)) => {
            let ids: Vec<String> = checks
                .iter()
                .map(|check| format!("`{}`", check.id))
                .collect();
            ids.join(" ")
        }
    }
}

fn coverage() -> String {
    let kit = kit();
    let by_requirement = checks_by_requirement(&kit);
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut tables = String::new();
    let mut area = "";
    for requirement in Catalogue::embedded().iter() {
        let checks = by_requirement.get(requirement.id.as_str());
        let column = match (&requirement.verify, checks) {
            (Verify::Excluded(_), _) => 1,
            (Verify::Check, Some(_)) => 0,
            (Verify::Check, None) => 2,
        };
        counts.entry(requirement.actor.as_str()).or_default()[column] += 1;
        let own = requirement.id.split('-').nth(1).unwrap_or_default();
        if own != area {
            area = own;
            let _ = write!(
                tables,
                "\n## {area}\n\n| requirement | level | who | sentence | checks |\n|---|---|---|---|---|\n"
            );
        }
        let _ = writeln!(
            tables,
            "| {} | {} | {} | {} | {} |",
            requirement.id,
            requirement.level.as_str(),
            requirement.actor.as_str(),
            cell(&requirement.text),
            cell(&standing(requirement, checks))
        );
    }
    let mut page = format!("{NOTE}# Requirements and their checks\n\n");
    page.push_str(
        "Each requirement with the checks that verify it, or the reason why nothing can. *Open* are those that a\n\
         black box can see and no check looks at yet; a test holds that no requirement of an engine is open.\n\n\
         | who has to keep it | checked | excluded | open |\n|---|---|---|---|\n",
    );
    for (actor, [checked, excluded, open]) in &counts {
        let _ = writeln!(page, "| {actor} | {checked} | {excluded} | {open} |");
    }
    page.push_str(&tables);
    page
}

fn checks() -> String {
    let kit = kit();
    let mut page = format!("{NOTE}# Checks, drill by drill\n\n");
    let _ = writeln!(
        page,
        "{} checks in {} drills. A drill says how the engine is launched; its checks say what must hold.",
        kit.checks().count(),
        kit.drills.len()
    );
    for drill in &kit.drills {
        let _ = write!(page, "\n## {}\n\n{}\n\n", drill.name, drill.summary);
        page.push_str("| check | level | class | what holds |\n|---|---|---|---|\n");
        for check in &drill.checks {
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} |",
                check.id,
                kit.level(check),
                check.class.as_str(),
                cell(&check.title)
            );
        }
    }
    page
}

/// Text that does not end a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// The page with the text between its markers replaced.
fn with_block(path: &str, block: &str, text: &str) -> String {
    let page = repository::read(path);
    let begin = format!("<!-- begin generated: {block} -->\n");
    let end = "<!-- end generated -->";
    let (before, rest) = page
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{path}: no {begin}"));
    let (_, after) = rest
        .split_once(end)
        .unwrap_or_else(|| panic!("{path}: no {end}"));
    format!("{before}{begin}{text}{end}{after}")
}

/// Compares a page with what would be generated, or writes it when `UPDATE` is set.
fn fresh(path: &str, wanted: &str) {
    let file = repository::root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().expect("a page lies in a folder"))
            .expect("the folder of generated pages can be made");
        std::fs::write(&file, wanted).expect("a generated page can be written");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == wanted,
        "{path} is stale: run the tests with UPDATE=1"
    );
}

#[test]
fn the_coverage_page_is_fresh() {
    fresh("docs/generated/coverage.md", &coverage());
}

#[test]
fn the_list_of_checks_is_fresh() {
    fresh("docs/generated/checks.md", &checks());
}

#[test]
fn the_table_of_exit_statuses_is_fresh() {
    let path = "docs/exit-codes.md";
    fresh(path, &with_block(path, "exit statuses", &Exit::markdown()));
}

#[test]
fn no_requirement_of_an_engine_is_open() {
    let kit = kit();
    let by_requirement = checks_by_requirement(&kit);
    for requirement in Catalogue::embedded().iter() {
        let checked = by_requirement.contains_key(requirement.id.as_str());
        let excluded = requirement.verify != Verify::Check;
        assert!(
            requirement.actor != Actor::Engine || checked != excluded,
            "{}: checked and excluded, or neither",
            requirement.id
        );
        assert!(
            !(checked && excluded),
            "{} is excluded and checked",
            requirement.id
        );
    }
}
