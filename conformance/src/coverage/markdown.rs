//! Coverage as a Markdown page.

use std::fmt::Write as _;

use super::model::{Coverage, Row};

/// The page, without a mark that it is generated.
pub fn render(coverage: &Coverage) -> String {
    let mut page = String::from(
        "# Requirements and their checks\n\n\
         Each requirement with the checks that verify it, or the reason why nothing can. *Open* are those that a\n\
         black box can see and no check looks at yet; a test holds that no requirement of an engine is open.\n\
         `cabincrew-conform spec coverage` prints it with the faults that prove each check, also as HTML and JSON.\n\n\
         | who has to keep it | checked | excluded | open |\n|---|---|---|---|\n",
    );
    for (actor, [checked, excluded, open]) in &coverage.counts() {
        let _ = writeln!(page, "| {actor} | {checked} | {excluded} | {open} |");
    }
    let mut area = "";
    for row in &coverage.requirements {
        if row.area() != area {
            area = row.area();
            let _ = write!(
                page,
                "\n## {area}\n\n| requirement | level | who | sentence | read from | checks |\n|---|---|---|---|---|---|\n"
            );
        }
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            row.id,
            row.level,
            row.actor,
            cell(row.text),
            cell(&row.sources.join(", ")),
            cell(&standing(row))
        );
    }
    page
}

/// The checks, or why there are none.
fn standing(row: &Row) -> String {
    match row.reason {
        Some(reason) => format!("excluded: {reason}"),
        None if row.checks.is_empty() => "open".to_owned(),
        None => {
            let ids: Vec<String> = row
                .checks
                .iter()
                .map(|proof| format!("`{}`", proof.check))
                .collect();
            ids.join(" ")
        }
    }
}

/// Text that does not end a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
