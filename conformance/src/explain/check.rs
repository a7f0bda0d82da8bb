//! Explanations of checks and requirements.

use cabincrew_protocol::profile;
use cabincrew_protocol::requirement::{Requirement, Verify};

use crate::fault::{self, Wrong};
use crate::report::failure::decisions;
use crate::report::page::{Page, STRONG};
use crate::suite::{Card, CheckSet, requirement};

/// A check: what holds, why, how it is checked, what breaks it, and what proves that it bites.
pub(super) fn of_check(kind: &str, check: &Card<'_>) -> String {
    let mut page = Page::default();
    let level = check.level();
    page.headline(
        STRONG,
        check.id,
        &format!("{level}, {}", check.class.as_str()),
    );
    page.paragraph(2, check.title);
    page.gap();
    page.field("class", check.class.meaning());
    for id in decisions(check.title) {
        let answer = profile::decision(id).map_or("", |decision| &decision.answer);
        page.field("decision", &format!("{id} {answer}"));
    }
    for id in &check.requirements {
        if let Some(requirement) = requirement(id) {
            page.field("requirement", &format!("{id} {}", requirement.text));
            page.field("sources", &requirement.sources.join("; "));
        }
    }
    page.gap();
    how(&mut page, kind, check);
    let own = check.requirements.first().and_then(|id| requirement(id));
    if let Some(requirement) = own {
        page.gap();
        page.line("  a violation that must be caught");
        page.paragraph(4, &requirement.violation);
    }
    if !check.causes.is_empty() {
        page.gap();
        page.line("  usual causes");
        for cause in check.causes {
            page.paragraph(4, &format!("- {cause}"));
        }
    }
    proof(&mut page, kind, check);
    page.gap();
    page.command(
        "run it",
        &format!("cabincrew-conform {kind} --filter {} BIN", check.id),
    );
    page.finish()
}

fn how(page: &mut Page, kind: &str, check: &Card<'_>) {
    page.line("  how it is checked");
    page.paragraph(4, check.summary);
    let what = if kind == "engine" {
        "launches"
    } else {
        "steps"
    };
    let text = format!("Drill {}, {what} {}.", check.drill, check.on.join(", "));
    page.paragraph(4, &text);
    if !check.control.is_empty() {
        let text = format!(
            "Silence counts only if this worked in the same run: {}.",
            check.control.join(", ")
        );
        page.paragraph(4, &text);
    }
}

/// The faults that this check has been seen to catch.
fn proof(page: &mut Page, kind: &str, check: &Card<'_>) {
    let wrong = if kind == "engine" {
        Wrong::Engine
    } else {
        Wrong::Orchestrator
    };
    let mut faults = fault::of(wrong).unwrap_or_default();
    faults.retain(|fault| fault.fails.iter().any(|id| id == check.id));
    if faults.is_empty() {
        return;
    }
    page.gap();
    page.line(&format!(
        "  seen failing on {} with one of these faults ({})",
        wrong.subjects(),
        wrong.folder()
    ));
    for fault in faults {
        page.paragraph(4, &format!("- {}: {}", fault.name, fault.summary));
    }
}

/// A requirement: its sentence, where it stands, and which checks verify it.
pub(super) fn of_requirement(checks: &dyn CheckSet, requirement: &Requirement) -> String {
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
    let mut checks = checks.cards();
    checks.retain(|check| check.requirements.contains(&id));
    if !checks.is_empty() {
        page.gap();
        page.line("  checked by");
    }
    for check in checks {
        page.paragraph(4, &format!("{} {}", check.id, check.title));
    }
    page.finish()
}
