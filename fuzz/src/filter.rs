//! Laws of filter expressions.

use std::sync::LazyLock;

use cabincrew_conform::catalogue::Kit;
use cabincrew_conform::drill::Class;
use cabincrew_conform::select::{Selection, select};

static KIT: LazyLock<Kit> = LazyLock::new(|| Kit::embedded().expect("tests rule errors out"));

/// A filter and its negation split the checks of all classes into two.
pub fn filter_expression(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Some(matched) = selected(text) else {
        return;
    };
    let all = KIT.checks().count();
    assert!(0 < matched && matched <= all, "{matched} of {all} selected");
    if let Some(rest) = selected(&format!("!({text})")) {
        assert_eq!(matched + rest, all, "a check is in both halves or in none");
    }
}

/// How many checks a filter selects; nothing for one that is refused.
fn selected(filter: &str) -> Option<usize> {
    let selection = Selection {
        classes: vec![Class::Draft, Class::Profile, Class::Hardening],
        filters: vec![filter.to_owned()],
    };
    let plan = select(&KIT, &selection).ok()?;
    assert_eq!(
        plan.selected.len() + plan.not_run.len(),
        KIT.checks().count(),
        "a check was lost"
    );
    Some(plan.selected.len())
}
