//! A halt over damaged bytes: it says so, does nothing, and leaves everything as it is.

use cabincrew_protocol::workflow::State;
use serde_json::Value;

use super::damage::{Expected, Fate, Judged, last_words, said, told};
use super::facts::lines;
use super::view::text;
use crate::judge::words;
use crate::observe::End;
use crate::orchestrator::damage::{Aftermath, Damage, Harm};

/// How many bytes around the damage have to be found again.
const AROUND: usize = 16;

/// How a workflow was halted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    /// The call was refused.
    Refused,
    /// The workflow has FAILED.
    Failed,
}

/// How, if it was.
pub(super) fn halt(seen: &Aftermath) -> Option<Halt> {
    if seen.step.end == Some(End::Exited(4)) {
        return Some(Halt::Refused);
    }
    let state = seen.step.exports.as_ref().map(|exports| &exports.state);
    let state: Value = serde_json::from_slice(&state?.text.kept).ok()?;
    let failed = State::from_wire(text(&state, "/current_state")?) == Some(State::Failed);
    failed.then_some(Halt::Failed)
}

impl Expected {
    /// A halt says so, does nothing, and leaves everything as it is.
    pub(super) fn halted(&self, halt: Halt, damage: &Damage, seen: &Aftermath) -> Judged {
        let step = &seen.step;
        let launched = |mode: &str| step.programs.iter().filter(|it| it.mode == mode).count();
        let planned = launched("flight-plan") > 0 && !self.steady.launches("flight-plan");
        if launched("take-off") > 0 || planned || !step.workspace_changes.is_empty() {
            let changes: Vec<_> = step.workspace_changes.iter().collect();
            let observed = format!(
                "{} take-off(s), {} planning(s), changes: {}",
                launched("take-off"),
                launched("flight-plan"),
                words::list(&changes)
            );
            let expected = "no engine and no change before the halt";
            return Err(told("halt-has-no-effect", seen, expected, observed));
        }
        if let (Halt::Refused, true) = (halt, said(seen).is_empty()) {
            let expected = "a message";
            return Err(told("halt-is-told", seen, expected, "nothing was said"));
        }
        if !self.is_audited(damage, seen) {
            let expected = "an event about it, for the audit log can still be exported";
            let observed = format!("no new event; {}", last_words(seen));
            return Err(told("halt-is-audited", seen, expected, observed));
        }
        match (halt, self.is_kept(damage, seen)) {
            (Halt::Refused, false) => {
                let expected = "the damaged bytes somewhere in the state directory";
                Err(told("damage-is-kept", seen, expected, "they are gone"))
            }
            _ => Ok(Fate::Halted),
        }
    }

    /// An event in the audit log, or in a file beside a log that cannot be continued.
    fn is_audited(&self, damage: &Damage, seen: &Aftermath) -> bool {
        let Some(exports) = seen.step.exports.as_ref() else {
            return true;
        };
        // A log that has lost its end may have fewer events than before, new ones among them.
        let known = lines(&self.resting.exports.audit);
        let is_new = |event: &Value| !known.contains(event);
        if exports.audit.end != End::Exited(0) || lines(&exports.audit).iter().any(is_new) {
            return true;
        }
        let is_event = |bytes: &[u8]| memchr::memmem::find(bytes, b"\"event_type\"").is_some();
        // What was kept aside of the damaged file tells nothing of it.
        let old = self.resting.files.get(&damage.path);
        let damaged = old.and_then(|bytes| damage.of(bytes)).unwrap_or_default();
        let is_told =
            |bytes: &[u8]| is_event(bytes) && memchr::memmem::find(&damaged, bytes).is_none();
        let mut files = seen.files.iter();
        files.any(|(path, bytes)| !self.resting.files.contains_key(path) && is_told(bytes))
    }

    /// The bytes around the damage are still somewhere.
    fn is_kept(&self, damage: &Damage, seen: &Aftermath) -> bool {
        let old = self.resting.files.get(&damage.path);
        let Some(damaged) = old.and_then(|bytes| damage.of(bytes)) else {
            return true;
        };
        let at = match damage.harm {
            Harm::Flip { offset, .. } => offset,
            Harm::Cut { length } => length,
        };
        let around = at.saturating_sub(AROUND)..damaged.len().min(at + AROUND);
        let within = |part: &[u8]| {
            let mut files = seen.files.values();
            files.any(|bytes| memchr::memmem::find(bytes, part).is_some())
        };
        // What was cut off it may lie elsewhere.
        let left = seen.files.get(&damage.path);
        let rest = left.and_then(|left| damaged.strip_prefix(left.as_slice()));
        within(&damaged[around]) || rest.is_some_and(within)
    }
}
