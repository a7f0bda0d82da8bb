//! Generated pages: committed, and proven fresh. `UPDATE=1 cargo test -p cabincrew-conform` writes
//! them.

use std::fmt::Write as _;

use cabincrew_conform::catalogue::Kit;
use cabincrew_conform::coverage::{Coverage, Standing, markdown};
use cabincrew_conform::draft::print::explain;
use cabincrew_conform::exit::Exit;
use cabincrew_conform::fault::{self, Wrong};
use cabincrew_conform::orchestrator::catalogue::Kit as OrchestratorKit;
use cabincrew_protocol::profile::decisions;
use cabincrew_protocol::requirement::Actor;

use super::repository;

const NOTE: &str =
    "<!-- Generated: UPDATE=1 cargo test -p cabincrew-conform rewrites this page. -->\n\n";

fn kit() -> Kit {
    Kit::embedded().expect("the kit of this build is sound")
}

fn covered() -> Coverage {
    let orchestrator = OrchestratorKit::embedded().expect("the kit of this build is sound");
    Coverage::of(&[&kit(), &orchestrator]).expect("the faults of this build can be read")
}

fn coverage() -> String {
    format!("{NOTE}{}", markdown::render(&covered()))
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

fn orchestrator_checks() -> String {
    let kit = OrchestratorKit::embedded().expect("the orchestrator kit of this build is sound");
    let mut page = format!("{NOTE}# Checks of orchestrators, drill by drill\n\n");
    let _ = writeln!(
        page,
        "{} checks in {} drills. A drill says what is done to the orchestrator; its checks say what must hold.",
        kit.checks().count(),
        kit.drills.len()
    );
    let mut family = "";
    for drill in &kit.drills {
        if drill.family != family {
            family = &drill.family;
            let _ = write!(page, "\n## {family}\n");
        }
        let _ = write!(page, "\n### {}\n\n{}\n\n", drill.name, drill.summary);
        page.push_str("| check | class | what holds |\n|---|---|---|\n");
        for check in &drill.checks {
            let _ = writeln!(
                page,
                "| `{}` | {} | {} |",
                check.id,
                check.class.as_str(),
                cell(&check.title)
            );
        }
    }
    page
}

fn decided() -> String {
    let mut page = format!("{NOTE}# What was decided where the draft leaves it open\n\n");
    let _ = writeln!(
        page,
        "{} decisions. Each keeps documents valid under the published schema; checks of the class `profile` rest on \
         them, and `cabincrew-conform explain C-49` tells which.",
        decisions().len()
    );
    for decision in decisions() {
        let _ = write!(
            page,
            "\n## {}\n\n**{}**\n",
            decision.id,
            prose(&decision.question)
        );
        for text in decision.why.iter().chain([&decision.answer]) {
            let _ = write!(page, "\n{}\n", prose(text));
        }
        if !decision.requirements.is_empty() {
            let _ = write!(
                page,
                "\nRequirements: {}.\n",
                decision.requirements.join(", ")
            );
        }
    }
    page
}

fn orchestrator_faults() -> String {
    let faults = fault::of(Wrong::Orchestrator).expect("the faults of this build can be read");
    let caught = faults.iter().filter(|fault| fault.excluded.is_none());
    let swept = faults.iter().filter(|fault| fault.sweep.is_some());
    let mut page =
        format!("{NOTE}# Faults of the reference orchestrator and the checks that catch them\n\n");
    let _ = write!(
        page,
        "From `{}`. {} of {} faults are caught: each was seen to fail the checks beside it,\n\
         of which the first one is meant for it; or to break an invariant of the crash sweep at the crash, the power loss\n\
         or the damage beside it ({} of them). For each of the others there is a reason why nothing can catch it.\n\
         `CABINCREW_FAULTS=all cargo test -p cabincrew-conform --test seeded` sees all of them again.\n\n\
         | fault | what it does | requirement | caught by |\n|---|---|---|---|\n",
        Wrong::Orchestrator.folder(),
        caught.count(),
        faults.len(),
        swept.count(),
    );
    for fault in &faults {
        let swept = fault.sweep.as_ref().map(|shown| {
            let words: Vec<String> = shown.options.iter().map(|it| quoted(it)).collect();
            format!("`{}` in `sweep {}`", shown.invariant, words.join(" "))
        });
        let checks = fault.fails.iter().map(|id| format!("`{id}`"));
        let ids: Vec<String> = checks.chain(swept).collect();
        let outcome = fault.excluded.as_ref().map_or_else(
            || ids.join(", "),
            |reason| format!("excluded: {}", cell(reason)),
        );
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {outcome} |",
            fault.name,
            cell(&fault.summary),
            fault.requirement
        );
    }
    page
}

/// An option as a shell takes it.
fn quoted(option: &str) -> String {
    if option.contains([' ', '#', '^', '@', '(']) {
        format!("'{option}'")
    } else {
        option.to_owned()
    }
}

/// Text in which only what stands in backticks is markup.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts: Vec<String> = parts
        .map(|(at, part)| match at % 2 {
            0 => part
                .replace('<', "\\<")
                .replace('*', "\\*")
                .replace('[', "\\["),
            _ => part.to_owned(),
        })
        .collect();
    parts.join("`")
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
fn the_page_of_decisions_is_fresh() {
    fresh("docs/generated/decisions.md", &decided());
}

#[test]
fn the_list_of_checks_is_fresh() {
    fresh("docs/generated/checks.md", &checks());
}

#[test]
fn the_list_of_checks_of_orchestrators_is_fresh() {
    fresh(
        "docs/generated/orchestrator-checks.md",
        &orchestrator_checks(),
    );
}

#[test]
fn the_list_of_faults_of_the_reference_is_fresh() {
    fresh(
        "docs/generated/orchestrator-faults.md",
        &orchestrator_faults(),
    );
}

#[test]
fn the_table_of_exit_statuses_is_fresh() {
    let path = "docs/exit-codes.md";
    fresh(path, &with_block(path, "exit statuses", &Exit::markdown()));
}

#[test]
fn no_requirement_of_an_engine_is_open() {
    for row in covered().requirements {
        let checked = !row.checks.is_empty();
        let excluded = row.standing == Standing::Excluded;
        assert!(
            row.actor != Actor::Engine.as_str() || checked != excluded,
            "{}: checked and excluded, or neither",
            row.id
        );
        assert!(!(checked && excluded), "{} is excluded and checked", row.id);
    }
}

#[test]
fn the_list_of_rules_for_drafts_is_fresh() {
    let path = "docs/for-spec-editors.md";
    fresh(path, &with_block(path, "rules", &explain::markdown()));
}
