//! The write-ahead log: form, growth, encoding, and agreement with the other documents.

use cabincrew_protocol::replay::Replay;
use cabincrew_protocol::wal::{WalEntry, checksum as computed};
use serde_json::Value;

use super::account::same_decision;
use super::course::{line, states};
use super::documents::{against_rules, against_schema};
use super::look::{Problems, Told, problem, unless};
use super::view::{Docs, View, Views, items, text};
use crate::judge::words;

fn entries(docs: &Docs) -> Option<&[Value]> {
    docs.wal.as_deref().ok().filter(|it| !it.is_empty())
}

/// Every entry validates, and its data has the shape that its type names (C-44).
pub(super) fn valid(view: &View<'_>) -> Told {
    let docs = view.whole()?;
    docs.state.as_ref().ok()?;
    let entries = match &docs.wal {
        Ok(entries) => entries,
        Err(why) => return Some(problem("a readable write-ahead log", why.clone())),
    };
    let each = |(at, entry): (usize, &Value)| -> Problems {
        let mut problems = against_schema("WALEntry", entry);
        if problems.is_empty() {
            problems = against_rules("WALEntry", entry);
        }
        problems
            .into_iter()
            .map(|(expected, observed)| (expected, format!("entry {at}: {observed}")))
            .collect()
    };
    let mut problems: Problems = entries.iter().enumerate().flat_map(each).collect();
    problems.extend(unless(
        !entries.is_empty(),
        "entries from the workflow's creation on",
        "an empty write-ahead log",
    ));
    Some(problems)
}

fn numbers(entries: &[Value]) -> Vec<Option<u64>> {
    entries
        .iter()
        .map(|entry| entry.pointer("/sequence")?.as_u64())
        .collect()
}

/// Sequence numbers are integers and ascend.
pub(super) fn sequence(view: &View<'_>) -> Told {
    let numbers = numbers(entries(view.whole()?)?);
    let ascending =
        numbers.iter().all(Option::is_some) && numbers.windows(2).all(|pair| pair[0] < pair[1]);
    Some(unless(
        ascending,
        "ascending sequence numbers",
        format!("{numbers:?}"),
    ))
}

/// From 0 in steps of 1 (C-43).
pub(super) fn numbering(view: &View<'_>) -> Told {
    let numbers = numbers(entries(view.whole()?)?);
    let wanted = (0..).map(Some);
    let off = numbers
        .iter()
        .copied()
        .zip(wanted)
        .find(|(found, wanted)| found != wanted);
    Some(off.map_or_else(Vec::new, |(found, wanted)| {
        problem(format!("sequence {wanted:?}"), format!("{found:?}"))
    }))
}

/// SHA-256 of the canonical form of the rest of the entry (C-43).
pub(super) fn checksum(view: &View<'_>) -> Told {
    let entries = entries(view.whole()?)?;
    let off = entries.iter().find_map(|entry| {
        let wanted = computed(entry).ok()?;
        let found = text(entry, "/checksum").unwrap_or_default();
        (found != wanted.as_str()).then_some((wanted, entry))
    });
    Some(off.map_or_else(Vec::new, |(wanted, entry)| {
        problem(format!("checksum {wanted}"), entry.to_string())
    }))
}

/// What was exported before is the beginning of what is exported now.
pub(super) fn grows(view: &View<'_>, views: &Views<'_>) -> Told {
    let new = entries(view.whole()?)?;
    let old = entries(views.before(view)?.whole()?)?;
    Some(unless(
        new.starts_with(old),
        format!("the {} entries of before, then new ones", old.len()),
        difference(old, new),
    ))
}

/// The first member in which two documents differ, with what it was and is.
fn member(old: &Value, new: &Value) -> String {
    if let (Some(was), Some(is)) = (old.as_object(), new.as_object()) {
        let mut names = was.keys().chain(is.keys());
        if let Some(name) = names.find(|name| was.get(*name) != is.get(*name)) {
            let (was, is) = (was.get(name), is.get(name));
            let none = Value::Null;
            let rest = member(was.unwrap_or(&none), is.unwrap_or(&none));
            return format!("/{name}{rest}");
        }
    }
    format!(" was {old}, is now {new}")
}

/// Where two lists begin to differ, in words.
pub(super) fn difference(old: &[Value], new: &[Value]) -> String {
    let at = old
        .iter()
        .zip(new)
        .take_while(|(old, new)| old == new)
        .count();
    match (old.get(at), new.get(at)) {
        (Some(_), None) => format!("only {} of them", new.len()),
        (Some(old), Some(new)) => format!("number {at}{}", member(old, new)),
        (None, Some(found)) => format!("number {at} is now {found}"),
        (None, None) => "the same".to_owned(),
    }
}

fn replayed(
    entries: &[Value],
) -> Result<(Replay, Vec<cabincrew_protocol::workflow::State>), String> {
    let mut replay = Replay::default();
    let mut passed = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let entry: WalEntry = serde_json::from_value(entry.clone())
            .map_err(|_| format!("entry {at} cannot be read"))?;
        let moved = replay
            .apply(&entry)
            .map_err(|error| format!("entry {at}: {error}"))?;
        passed.extend(moved);
    }
    passed.dedup();
    Ok((replay, passed))
}

/// The entries encode a lifecycle (C-14).
pub(super) fn encoding(view: &View<'_>) -> Told {
    let entries = entries(view.whole()?)?;
    let off = replayed(entries).err();
    Some(off.map_or_else(Vec::new, |why| {
        problem("entries that follow the encoding of C-14", why)
    }))
}

/// The record's state is what the entries add up to.
pub(super) fn adds_up(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let (replay, _) = replayed(entries(docs)?).ok()?;
    let wanted = replay.state()?;
    let found = docs.state();
    // Markers are left out by whoever likes to (C-24).
    let marked =
        wanted.is_marker() && found.is_some_and(|state| state.successors().contains(&wanted));
    Some(unless(
        marked || found == Some(wanted),
        format!("current_state {wanted}, as the write-ahead log adds up to"),
        found.map_or_else(|| "no state".to_owned(), |state| state.to_string()),
    ))
}

/// Every evaluation that the entries tell of is in the record.
pub(super) fn evaluations(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let state = docs.state.as_ref().ok()?;
    let told = entries(docs)?
        .iter()
        .filter(|entry| text(entry, "/entry_type") == Some("policy_evaluated"))
        .filter_map(|entry| text(entry, "/data/evaluation_id"));
    let kept = |id: &str| {
        items(state, "/policy_evaluations")
            .iter()
            .any(|it| text(it, "/evaluation_id") == Some(id))
    };
    let mut any = false;
    let mut problems = Problems::new();
    for id in told {
        any = true;
        problems.extend(unless(
            kept(id),
            format!("the evaluation {id} of the write-ahead log in the record"),
            "it is not there",
        ));
    }
    any.then_some(problems)
}

/// The log passes through the states that the entries mean, all of them.
pub(super) fn transitions(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let (_, mut wanted) = replayed(entries(docs)?).ok()?;
    let mut passed = states(docs);
    for list in [&mut wanted, &mut passed] {
        list.retain(|state| !state.is_marker());
        list.dedup();
    }
    Some(unless(
        passed == wanted,
        format!("as in the write-ahead log: {}", line(&wanted)),
        line(&passed),
    ))
}

/// Start and end, artifacts, evaluations and approvals of the record are in the log.
pub(super) fn complete(view: &View<'_>) -> Told {
    let docs = view.settled()?;
    let entries = entries(docs)?;
    let state = docs.state.as_ref().ok()?;
    let of_type = |kind: &'static str| {
        entries
            .iter()
            .filter(move |entry| text(entry, "/entry_type") == Some(kind))
    };
    let mut problems = unless(
        entries.first().and_then(|it| text(it, "/entry_type")) == Some("workflow_started"),
        "workflow_started first",
        entries[0].to_string(),
    );
    let lists = [
        ("/artifacts", "/artifact_id", "artifact_created"),
        ("/policy_evaluations", "/evaluation_id", "policy_evaluated"),
        ("/approvals", "/approval_id", "approval_received"),
    ];
    for (list, member, kind) in lists {
        for record in items(state, list) {
            let id = text(record, member);
            let data = format!("/data{member}");
            problems.extend(unless(
                of_type(kind).any(|entry| text(entry, &data) == id),
                format!("an entry {kind} for {id:?}, which the record has"),
                format!("{} entries of that type", of_type(kind).count()),
            ));
            let mut entries = of_type(kind).filter(|entry| text(entry, &data) == id);
            problems.extend(unless(
                entries.clone().next().is_none() || entries.any(|entry| agrees(entry, record)),
                format!(
                    "an entry {kind} that says of {} what the record says",
                    words::found(id)
                ),
                record.to_string(),
            ));
        }
    }
    for request in docs.asked() {
        let id = text(request, "/approval_id");
        problems.extend(unless(
            of_type("approval_requested").any(|entry| text(entry, "/data/approval_id") == id),
            format!("an entry approval_requested for {}", words::found(id)),
            "there is none",
        ));
        let role = request.get("required_role");
        let mut entries = of_type("approval_requested");
        let other = entries.find(|entry| {
            text(entry, "/data/approval_id") == id && entry.pointer("/data/required_role") != role
        });
        problems.extend(unless(
            other.is_none(),
            format!(
                "the required_role of the request {} in its entry",
                words::found(id)
            ),
            other.map_or_else(String::new, ToString::to_string),
        ));
    }
    problems.extend(failed_step(view, entries));
    let ends = of_type("workflow_completed").count() + of_type("workflow_failed").count();
    let wanted = usize::from(docs.state()?.is_final());
    problems.extend(unless(
        ends == wanted,
        format!("{wanted} entry for the end in {}", docs.state()?),
        format!("{ends}"),
    ));
    Some(problems)
}

/// Whether an entry says of an artifact, an evaluation or an approval what the record says.
fn agrees(entry: &Value, record: &Value) -> bool {
    let same = |member: &str| {
        let told = entry.pointer(&format!("/data{member}"));
        told.is_none() || told == record.pointer(member)
    };
    let decided = text(entry, "/data/decision");
    ["/artifact_type", "/approved", "/approver", "/policy_name"]
        .into_iter()
        .all(same)
        && (decided.is_none() || same_decision(decided, text(record, "/decision")))
}

/// The step that failed is the one that had begun last, or the one after it, which was to begin.
fn failed_step(view: &View<'_>, entries: &[Value]) -> Problems {
    let of_type = |kind: &str| {
        let mut all = entries.iter().rev();
        all.find(|entry| text(entry, "/entry_type") == Some(kind))
    };
    let told = of_type("workflow_failed").and_then(|it| text(it, "/data/failed_step"));
    let begun = of_type("step_started").and_then(|it| text(it, "/data/step_id"));
    let (Some(told), Some(begun)) = (told.filter(|it| !it.is_empty()), begun) else {
        return Problems::new();
    };
    let ids = items(&view.run.workflow, "/steps").iter();
    let ids: Vec<&str> = ids.filter_map(|step| text(step, "/step_id")).collect();
    let place = |id: &str| ids.iter().position(|known| *known == id);
    let (Some(failed), Some(at)) = (place(told), place(begun)) else {
        return Problems::new();
    };
    unless(
        failed == at || failed == at + 1,
        format!("failed_step names {begun}, which had begun"),
        told,
    )
}
