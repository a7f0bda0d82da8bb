//! The same plan whatever must not matter.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::{Look, words};
use crate::drive::with_placeholders;
use crate::expect::Expect;
use crate::observe::{Launch, Observation};
use crate::receipt;

/// Members of a receipt that may differ between launches (C-121).
const FREE: [&str; 3] = ["diagnostics", "metrics", "receipt_id"];

/// CC-ENG-021, 022, 023, 024, 028: the same artifacts and an equivalent receipt.
pub(super) fn same_plan(look: &mut Look, expect: &Expect, launch: &Launch, seen: &Observation) {
    let Expect::SamePlan {
        r#as,
        and_cwd_empty,
        apart_from_paths,
    } = expect
    else {
        return;
    };
    let Some(other) = seen.named(r#as, launch.worker) else {
        look.unproven(launch, "there is no launch to compare with");
        return;
    };
    let expected = format!("the same plan as {as}");
    let problem = match (receipt::worked(other), receipt::worked(launch)) {
        (Err(why), _) => {
            look.unproven(launch, &format!("{as} did not work: {why}"));
            return;
        }
        (Ok(()), Err(why)) => Some(why),
        (Ok(()), Ok(())) => difference(other, launch, *apart_from_paths),
    };
    let mut problems: Vec<_> = problem
        .map(|observed| (expected, observed))
        .into_iter()
        .collect();
    if *and_cwd_empty && !launch.outside.is_empty() {
        let changes: Vec<_> = launch.outside.iter().collect();
        problems.push((
            "an empty current directory".to_owned(),
            words::list(&changes),
        ));
    }
    look.judged(launch, problems);
}

/// A launch that works where the baseline does not tells what the engine wrongly needs.
pub(super) fn explains_baseline(
    look: &mut Look,
    launch: &Launch,
    only_when: &str,
    seen: &Observation,
) {
    let Some(baseline) = seen.named("baseline", launch.worker) else {
        look.unproven(launch, "there is no baseline");
        return;
    };
    match (receipt::worked(baseline), receipt::worked(launch)) {
        (Ok(()), _) => look.judged(launch, Vec::new()),
        (Err(why), Ok(())) => {
            let expected = "an engine that also works as the protocol launches it".to_owned();
            look.judged(
                launch,
                vec![(expected, format!("it works only {only_when}; else: {why}"))],
            );
        }
        (Err(why), Err(_)) => look.unproven(launch, &format!("the baseline did not work: {why}")),
    }
}

/// The first difference of two plans, with the few bytes that matter.
fn difference(a: &Launch, b: &Launch, apart_from_paths: bool) -> Option<String> {
    let names: BTreeSet<&String> = a.contents.keys().chain(b.contents.keys()).collect();
    for path in names {
        let (Some(one), Some(two)) = (a.contents.get(path), b.contents.get(path)) else {
            let missing = if a.contents.contains_key(path) {
                "missing"
            } else {
                "new"
            };
            return Some(format!("artifacts/{} is {missing}", words::short(path)));
        };
        let (one, two) = if apart_from_paths {
            (without_paths(&one.kept, a), without_paths(&two.kept, b))
        } else {
            (one.kept.clone(), two.kept.clone())
        };
        if one != two {
            return Some(format!("artifacts/{path}: {}", around(&one, &two)));
        }
    }
    let receipt = |launch: &Launch| {
        let text = if apart_from_paths {
            without_paths(&launch.stdout.kept, launch)
        } else {
            launch.stdout.kept.clone()
        };
        let mut receipt = receipt::lenient(&text).unwrap_or_default();
        if let Some(members) = receipt.as_object_mut() {
            members.retain(|name, _| !FREE.contains(&name.as_str()));
        }
        receipt
    };
    first_member(&receipt(a), &receipt(b), "").map(|text| format!("receipt{text}"))
}

fn without_paths(bytes: &[u8], launch: &Launch) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => with_placeholders(text, &launch.dirs).into_bytes(),
        Err(_) => bytes.to_vec(),
    }
}

/// What stands around the first byte that differs.
fn around(one: &[u8], two: &[u8]) -> String {
    let at = one
        .iter()
        .zip(two)
        .position(|(a, b)| a != b)
        .unwrap_or(one.len().min(two.len()));
    let part = |bytes: &[u8]| {
        let start = at.saturating_sub(24).min(bytes.len());
        words::quote(&bytes[start..bytes.len().min(at + 40)])
    };
    format!("byte {at}: {} became {}", part(one), part(two))
}

/// The first member of two JSON values that differs, as a pointer with both values.
fn first_member(one: &Value, two: &Value, at: &str) -> Option<String> {
    match (one, two) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            names.into_iter().find_map(|name| {
                let null = Value::Null;
                let (x, y) = (a.get(name).unwrap_or(&null), b.get(name).unwrap_or(&null));
                first_member(x, y, &format!("{at}/{name}"))
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(index, (x, y))| first_member(x, y, &format!("{at}/{index}"))),
        _ if one == two => None,
        _ => Some(format!(
            "{at}: {} became {}",
            words::short(&one.to_string()),
            words::short(&two.to_string())
        )),
    }
}

/// The spellings of a day in which the year stands beside it.
const DATES: [&str; 12] = [
    "%Y-%m-%d",
    "%Y%m%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%b %-d, %Y",
    "%B %-d, %Y",
    "%-d %b %Y",
    "%-d %B %Y",
];

/// A day as people and programs write it.
fn dates(day: Timestamp) -> Vec<String> {
    let spelled = DATES.iter().map(|format| day.strftime(format).to_string());
    // As in "Sat Jan 31 12:00:00 UTC 2026".
    let long = day.strftime("%a %b %e ").to_string();
    spelled.chain([long]).collect()
}

/// CC-ENG-022: no artifact holds the present date or time. Dates that the scenario itself holds do
/// not count.
pub(super) fn no_clock_text(look: &mut Look, launch: &Launch, seen: &Observation) {
    let Ok(start) = Timestamp::from_second(launch.started_s) else {
        return;
    };
    let mut needles = dates(start);
    let last = launch.started_s + i64::try_from(launch.duration_ms / 1000).unwrap_or(0) + 1;
    needles.extend((launch.started_s..=last).map(|second| second.to_string()));
    let known = &seen.scenario.numbers;
    needles.retain(|needle| !known.iter().any(|it| it.contains(needle)));
    let mut problems = Vec::new();
    for (path, bytes) in &launch.contents {
        let text = String::from_utf8_lossy(&bytes.kept);
        if let Some(needle) = needles.iter().find(|needle| text.contains(needle.as_str())) {
            let expected = "no present date or time in artifacts".to_owned();
            problems.push((
                expected,
                format!("{needle} in artifacts/{}", words::short(path)),
            ));
        }
    }
    look.judged(launch, problems);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_known_however_it_is_written() {
        let day = Timestamp::from_second(1_769_860_800).unwrap();
        let spelled = dates(day);
        for wanted in [
            "2026-01-31",
            "20260131",
            "31.01.2026",
            "January 31, 2026",
            "31 Jan 2026",
            "Sat Jan 31 ",
        ] {
            assert!(
                spelled.iter().any(|it| it == wanted),
                "{wanted}: {spelled:?}"
            );
        }
    }
}
