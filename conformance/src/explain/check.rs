//! Explanations of checks and requirements.

use cabincrew_protocol::requirement::{Requirement, Verify};
use serde::Deserialize;

use crate::catalogue::Kit;
use crate::drill::{Check, Class};
use crate::report::failure::decisions;
use crate::report::page::{Page, STRONG};

/// What `explain` reads of a fault file.
#[derive(Debug, Deserialize)]
struct Fault {
    summary: String,
    #[serde(default)]
    fails: Vec<String>,
}

/// A check: what holds, why, how it is checked, what breaks it, and what proves that it bites.
pub(super) fn of_check(kit: &Kit, check: &Check) -> String {
    let mut page = Page::default();
    let level = kit.level(check);
    page.headline(
        STRONG,
        &check.id,
        &format!("{level}, {}", check.class.as_str()),
    );
    page.paragraph(2, &check.title);
    page.gap();
    page.field("class", class_meaning(check.class));
    let numbers = decisions(&check.title);
    if !numbers.is_empty() {
        page.field("decision", &numbers.join(", "));
    }
    for id in check.requirement_ids() {
        if let Some(requirement) = kit.requirement(id) {
            page.field("requirement", &format!("{id} {}", requirement.text));
            page.field("sources", &requirement.sources.join("; "));
        }
    }
    page.gap();
    how(&mut page, kit, check);
    let own = check
        .requirement_ids()
        .first()
        .and_then(|id| kit.requirement(id));
    if let Some(requirement) = own {
        page.gap();
        page.line("  a violation that must be caught");
        page.paragraph(4, &requirement.violation);
    }
    if !check.causes.is_empty() {
        page.gap();
        page.line("  usual causes");
        for cause in &check.causes {
            page.paragraph(4, &format!("- {cause}"));
        }
    }
    proof(&mut page, check);
    page.gap();
    page.command(
        "run it",
        &format!("cabincrew-conform engine --filter {} BIN", check.id),
    );
    page.finish()
}

fn how(page: &mut Page, kit: &Kit, check: &Check) {
    page.line("  how it is checked");
    if let Some(drill) = kit.drill_of(&check.id) {
        page.paragraph(4, &drill.summary);
        page.paragraph(
            4,
            &format!("Drill {}, launches {}.", drill.name, check.on.join(", ")),
        );
    }
    if !check.control.is_empty() {
        let text = format!(
            "Silence counts only if this worked in the same run: {}.",
            check.control.join(", ")
        );
        page.paragraph(4, &text);
    }
}

/// The faults of the scripted peer that this check has been seen to catch.
fn proof(page: &mut Page, check: &Check) {
    let faults = faults(&check.id);
    if faults.is_empty() {
        return;
    }
    page.gap();
    page.line("  seen failing on engines with one of these faults (fixtures/faults)");
    for (name, summary) in faults {
        page.paragraph(4, &format!("- {name}: {summary}"));
    }
}

fn faults(id: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = cabincrew_fixtures::FAULTS
        .files()
        .filter_map(|file| {
            let name = file.path().file_name()?.to_str()?.strip_suffix(".toml")?;
            let fault: Fault = toml::from_str(file.contents_utf8()?).ok()?;
            let is_caught = fault.fails.iter().any(|other| other == id);
            is_caught.then(|| (name.to_owned(), fault.summary))
        })
        .collect();
    found.sort();
    found
}

/// A requirement: its sentence, where it stands, and which checks verify it.
pub(super) fn of_requirement(kit: &Kit, requirement: &Requirement) -> String {
    let mut page = Page::default();
    let who = format!(
        "{}, kept by the {}",
        requirement.level.as_str(),
        requirement.actor.as_str()
    );
    page.headline(STRONG, &requirement.id, &who);
    page.paragraph(2, &requirement.text);
    page.gap();
    page.field("sources", &requirement.sources.join("; "));
    page.field("how to see it", &requirement.observable);
    page.field("a violation", &requirement.violation);
    if let Verify::Excluded(why) = &requirement.verify {
        page.field("not checked", why);
    }
    let id = requirement.id.as_str();
    let checks: Vec<&Check> = kit
        .checks()
        .filter(|check| check.requirement_ids().contains(&id))
        .collect();
    if !checks.is_empty() {
        page.gap();
        page.line("  checked by");
    }
    for check in checks {
        page.paragraph(4, &format!("{} {}", check.id, check.title));
    }
    page.finish()
}

/// What it means that a check is of a class.
pub(super) const fn class_meaning(class: Class) -> &'static str {
    match class {
        Class::Draft => "draft: the published draft says so",
        Class::Profile => {
            "profile: this kit's resolution where the draft is silent or contradicts itself"
        }
        Class::Hardening => {
            "hardening: beyond the draft, for hostile or rare circumstances; run only when asked for"
        }
    }
}
