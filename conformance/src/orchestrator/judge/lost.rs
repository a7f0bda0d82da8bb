//! Logs that have lost their end: what is gone, who knows of it, and whether what goes on is right in itself.

use cabincrew_protocol::audit::leaf_hash;
use serde_json::Value;

use super::crash::{Broken, crash};
use super::damage::{Expected, Fate, Judged, told};
use super::facts::lines;
use super::view::text;
use crate::observe::End;
use crate::orchestrator::damage::{Aftermath, Damage, Harm};
use crate::orchestrator::observe::Document;

/// Of what holds across a crash, what also holds of an earlier moment of the same logs.
const EARLIER: [&str; 8] = [
    "permission-before-take-off",
    "path-legal",
    "log-numbered",
    "log-whole",
    "state-of-log",
    "audit-chained",
    "workspace-kept",
    "response-once",
];

/// Lines of logs that are not exported any more.
#[derive(Debug, Default)]
pub(super) struct Lost {
    entries: Vec<Value>,
    events: Vec<Value>,
}

impl Lost {
    fn told(&self) -> String {
        let first = |list: &[Value], pointer: &str| {
            list.first()
                .and_then(|it| text(it, pointer))
                .map_or_else(String::new, |kind| format!(" from {kind} on"))
        };
        format!(
            "{} entries{} and {} events{} are gone",
            self.entries.len(),
            first(&self.entries, "/entry_type"),
            self.events.len(),
            first(&self.events, "/event_type"),
        )
    }

    /// Digests that nothing but these lines, and what knows of them, holds.
    fn marks(&self) -> Vec<String> {
        let sums = self.entries.iter().filter_map(|it| text(it, "/checksum"));
        let links = self.events.iter().filter_map(|it| leaf_hash(it).ok());
        sums.map(str::to_owned)
            .chain(links.map(|it| it.to_string()))
            .collect()
    }
}

impl Expected {
    /// What stood in the logs and does not any more.
    pub(super) fn lost(&self, seen: &Aftermath) -> Option<Lost> {
        let old = &self.resting.exports;
        let after = seen.step.exports.as_ref();
        let mut lost = Lost::default();
        for new in [Some(&seen.before), after].into_iter().flatten() {
            let gone = |old: &Document, new: &Document| -> Vec<Value> {
                if new.end != End::Exited(0) {
                    return Vec::new();
                }
                let (old, new) = (lines(old), lines(new));
                let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
                old[same..].to_vec()
            };
            let (entries, events) = (gone(&old.wal, &new.wal), gone(&old.audit, &new.audit));
            if entries.len() + events.len() > lost.entries.len() + lost.events.len() {
                lost = Lost { entries, events };
            }
        }
        (!lost.entries.is_empty() || !lost.events.is_empty()).then_some(lost)
    }

    /// All goes on from an earlier moment. After a cut that may be all that anybody can know.
    pub(super) fn earlier(&self, lost: &Lost, damage: &Damage, seen: &Aftermath) -> Judged {
        let expected = "the entries and events of before, or a halt";
        if !self.ends_a_file(damage) {
            return Err(told("records-stay", seen, expected, lost.told()));
        }
        if let Some((mark, path)) = self.known(lost, damage) {
            let observed = format!("{}; {path} still has {mark}", lost.told());
            return Err(told("records-stay", seen, expected, observed));
        }
        let mut seen_all = self.resting.seen.clone();
        if let Some(run) = seen_all.runs.first_mut() {
            let count = run.steps.len();
            for (at, step) in run.steps.iter_mut().enumerate() {
                step.exports = (at + 1 == count).then(|| seen.before.clone());
                // What it did then is not what is told now.
                step.programs.clear();
                step.workspace_changes.clear();
            }
            run.steps.push(seen.step.clone());
        }
        let found = crash(&seen_all, Broken::Nowhere);
        let mut held = found
            .into_iter()
            .filter(|it| EARLIER.contains(&it.invariant));
        held.next().map_or(Ok(Fate::Earlier), Err)
    }

    /// A cut, or damage to the mark that ends the last record: a record without its end is what a crash
    /// leaves (C-22).
    fn ends_a_file(&self, damage: &Damage) -> bool {
        let bytes = self.resting.files.get(&damage.path);
        match (damage.harm, bytes) {
            (Harm::Cut { .. }, _) => true,
            (Harm::Flip { offset, .. }, Some(bytes)) => {
                offset + 1 == bytes.len() && bytes.last() == Some(&b'\n')
            }
            (Harm::Flip { .. }, None) => false,
        }
    }

    /// Another file that knows of what is lost.
    fn known(&self, lost: &Lost, damage: &Damage) -> Option<(String, &str)> {
        let marks = lost.marks();
        let mut files = self
            .resting
            .files
            .iter()
            .filter(|(path, _)| **path != damage.path);
        files.find_map(|(path, bytes)| {
            let within = |mark: &&String| memchr::memmem::find(bytes, mark.as_bytes()).is_some();
            let mark = marks.iter().find(within)?;
            Some((mark.clone(), path.as_str()))
        })
    }
}
