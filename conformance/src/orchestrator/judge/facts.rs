//! What a step came to as comparable facts: what is made up anew each time is left out of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::time;
use crate::judge::words;
use crate::orchestrator::damage::Aftermath;
use crate::orchestrator::observe::{Document, ProgramSeen};

/// Shortest word that is taken for made up if a digit is in it, and for a digest if it is hexadecimal.
const MADE_UP: usize = 16;
const DIGEST: usize = 8;

/// A fact has a place in the order of what is told first, and a name.
type Named = BTreeMap<(u8, String), String>;

/// The facts of one step.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    told: Named,
    /// Of each new audit event, its members.
    events: Vec<BTreeMap<String, String>>,
}

/// Facts of an undamaged step, and which of them stay the same.
#[derive(Debug)]
pub(super) struct Steady {
    facts: Facts,
    volatile: BTreeSet<(u8, String)>,
    volatile_members: Vec<BTreeSet<String>>,
}

/// How many entries and events there were before the step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub(super) entries: usize,
    pub(super) events: usize,
}

impl Facts {
    /// The facts of a step after which these documents were exported.
    pub(super) fn of(seen: &Aftermath, before: Counts) -> Self {
        let mut facts = Self::default();
        let mut add = |rank: u8, name: String, fact: String| {
            facts.told.insert((rank, name), fact);
        };
        add(0, "exit".to_owned(), words::end(seen.step.end.as_ref()));
        let mut programs: Vec<&ProgramSeen> = seen.step.programs.iter().collect();
        programs.sort_by(|a, b| (&a.script, &a.mode).cmp(&(&b.script, &b.mode)));
        let names = |it: &&ProgramSeen| format!("{} {}", it.script, it.mode);
        add(
            1,
            "launches".to_owned(),
            words::names(programs.iter().map(names)),
        );
        for (at, program) in programs.iter().enumerate() {
            of_program(program, at, &mut add);
        }
        for (path, entry) in &seen.step.workspace_after {
            let fact = format!("{}{} {}", entry.sha256, entry.target, entry.kind.as_str());
            add(3, format!("workspace {path}"), fact);
        }
        let Some(exports) = &seen.step.exports else {
            return facts;
        };
        let state: Value = serde_json::from_slice(&exports.state.text.kept).unwrap_or_default();
        for (pointer, leaf) in leaves(&state) {
            // What recovery notes for itself is its own affair.
            if !pointer.starts_with("/metadata") {
                add(4, format!("state {pointer}"), leaf);
            }
        }
        let entries = lines(&exports.wal);
        add(5, "entries".to_owned(), entries.len().to_string());
        for (at, entry) in entries.iter().enumerate().skip(before.entries) {
            for (pointer, leaf) in leaves(entry) {
                add(6, format!("entry {at} {pointer}"), leaf);
            }
        }
        let new = lines(&exports.audit).into_iter().skip(before.events);
        facts.events = new.map(|event| leaves(&event)).collect();
        facts
    }

    /// What the new events say that they are.
    fn kinds(&self) -> String {
        let kinds = self.events.iter().map(kind);
        words::names(kinds)
    }
}

/// What a program was given.
fn of_program(program: &ProgramSeen, at: usize, add: &mut dyn FnMut(u8, String, String)) {
    let name = format!("{} of {} (program {at})", program.mode, program.script);
    add(2, format!("{name}, its end"), program.ended.to_string());
    for (path, digest) in &program.artifacts_before {
        add(2, format!("{name}, artifact {path}"), digest.clone());
    }
    for (path, digest) in &program.workspace_before {
        add(2, format!("{name}, workspace {path}"), digest.clone());
    }
    let input: Value = serde_json::from_slice(&program.stdin.kept).unwrap_or_default();
    for (pointer, leaf) in leaves(&input) {
        add(2, format!("{name}, input {pointer}"), leaf);
    }
}

fn kind(event: &BTreeMap<String, String>) -> String {
    event.get("/event_type").cloned().unwrap_or_default()
}

impl Steady {
    /// What several undamaged steps have in common.
    pub(super) fn of(first: Facts, others: &[Facts]) -> Self {
        let mut volatile = BTreeSet::new();
        let mut volatile_members = vec![BTreeSet::new(); first.events.len()];
        for other in others {
            volatile.extend(unlike(&first.told, &other.told));
            let pairs = first.events.iter().zip(&other.events);
            for (members, (one, two)) in volatile_members.iter_mut().zip(pairs) {
                members.extend(unlike(one, two));
            }
        }
        Self {
            facts: first,
            volatile,
            volatile_members,
        }
    }

    /// The first fact that differs: its name, what was expected, what was observed. Events that are there
    /// besides are none.
    pub(super) fn difference(&self, seen: &Facts) -> Option<(String, String, String)> {
        let off = unlike(&self.facts.told, &seen.told)
            .into_iter()
            .find(|key| !self.volatile.contains(key));
        let fact = |of: &Facts, key: &(u8, String)| {
            let fact = of.told.get(key).cloned();
            fact.unwrap_or_else(|| "nothing".to_owned())
        };
        if let Some(key) = off {
            let (wanted, found) = (fact(&self.facts, &key), fact(seen, &key));
            return Some((key.1, wanted, found));
        }
        let mut rest = seen.events.iter();
        let pairs = self.facts.events.iter().zip(&self.volatile_members);
        for (wanted, volatile) in pairs {
            let same = |event: &BTreeMap<String, String>| unlike(wanted, event).is_subset(volatile);
            if !rest.any(same) {
                return Some((
                    format!("event {}", kind(wanted)),
                    self.facts.kinds(),
                    seen.kinds(),
                ));
            }
        }
        None
    }

    /// How many events there are besides.
    pub(super) fn besides(&self, seen: &Facts) -> usize {
        seen.events.len().saturating_sub(self.facts.events.len())
    }

    /// How many engines were launched in this mode.
    pub(super) fn launches(&self, mode: &str) -> bool {
        let launches = self.facts.told.get(&(1, "launches".to_owned()));
        launches.is_some_and(|names| names.contains(mode))
    }
}

/// The names under which two sets of facts differ.
fn unlike<K: Ord + Clone>(one: &BTreeMap<K, String>, two: &BTreeMap<K, String>) -> BTreeSet<K> {
    let names = one.keys().chain(two.keys());
    names
        .filter(|name| one.get(*name) != two.get(*name))
        .cloned()
        .collect()
}

/// A document of JSON lines; a line that is none is a fact as well.
pub(super) fn lines(document: &Document) -> Vec<Value> {
    let lines = document.text.kept.split(|byte| *byte == b'\n');
    let filled = lines.filter(|line| !line.is_empty());
    filled
        .map(|line| serde_json::from_slice(line).unwrap_or(Value::Null))
        .collect()
}

/// Members that are made anew with each document, whatever it says.
const SEALS: [&str; 6] = [
    "/event_id",
    "/timestamp",
    "/chain_hash",
    "/signature",
    "/checksum",
    "/updated_at",
];

/// The members of a document by JSON pointer, without what is made up.
fn leaves(value: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    collect(value, String::new(), &mut found);
    found.retain(|pointer, _| !SEALS.contains(&pointer.as_str()));
    found
}

fn collect(value: &Value, pointer: String, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                collect(item, format!("{pointer}/{at}"), found);
            }
        }
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                collect(member, format!("{pointer}/{name}"), found);
            }
        }
        Value::String(text) if time::nanoseconds(text).is_some() => {
            found.insert(pointer, "a time".to_owned());
        }
        Value::String(text) => {
            found.insert(pointer, blurred(text));
        }
        other => {
            found.insert(pointer, blurred(&other.to_string()));
        }
    }
}

/// A text without numbers, digests and long words with digits in them.
fn blurred(text: &str) -> String {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        blur_word(word, &mut told);
        let mut after = after.chars();
        told.extend(after.next());
        rest = after.as_str();
    }
    told
}

fn blur_word(word: &str, told: &mut String) {
    let digits = word.bytes().any(|byte| byte.is_ascii_digit());
    let hexadecimal = word.len() >= DIGEST && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits && (word.len() >= MADE_UP || hexadecimal) {
        told.push('#');
        return;
    }
    let mut in_number = false;
    for c in word.chars() {
        let digit = c.is_ascii_digit();
        if !digit {
            told.push(c);
        } else if !in_number {
            told.push('#');
        }
        in_number = digit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_up_is_left_out() {
        assert_eq!(blurred("took 17 ms, 3 files"), "took # ms, # files");
        assert_eq!(blurred("apr-0123456789-abcdef is waiting"), "# is waiting");
        assert_eq!(blurred("deadbeef1 facade"), "# facade");
        assert_eq!(blurred("AWAITING_APPROVAL"), "AWAITING_APPROVAL");
        let value = serde_json::json!({"a": [1, "2026-01-01T00:00:00Z"], "timestamp": "x"});
        let told: Vec<_> = leaves(&value).into_iter().collect();
        let wanted = [("/a/0", "#"), ("/a/1", "a time")];
        assert_eq!(told, wanted.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    fn facts(state: &str, events: &[&str]) -> Facts {
        let event = |kind: &&str| [("/event_type".to_owned(), (*kind).to_owned())].into();
        Facts {
            told: [((4, "state /current_state".to_owned()), state.to_owned())].into(),
            events: events.iter().map(event).collect(),
        }
    }

    #[test]
    fn events_may_be_there_besides_and_none_may_be_missing() {
        let steady = Steady::of(facts("A", &["x", "y"]), &[facts("A", &["x", "y"])]);
        let more = facts("A", &["x", "repaired", "y"]);
        assert_eq!(steady.difference(&more), None);
        assert_eq!(steady.besides(&more), 1);
        let less = steady.difference(&facts("A", &["x"])).unwrap();
        assert_eq!(less.0, "event y");
        let other = steady.difference(&facts("B", &["x", "y"])).unwrap();
        assert_eq!((other.1.as_str(), other.2.as_str()), ("A", "B"));
    }

    #[test]
    fn what_differs_undamaged_is_no_difference() {
        let steady = Steady::of(facts("A", &["x"]), &[facts("B", &["y"])]);
        assert_eq!(steady.difference(&facts("C", &["z"])), None);
    }
}
