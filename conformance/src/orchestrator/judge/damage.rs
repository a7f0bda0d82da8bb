//! What an orchestrator may make of damaged bytes: nothing that differs, or a halt that says so.

use super::crash::Violation;
use super::facts::{Counts, Facts, Steady, lines};
use super::halt::halt;
use crate::judge::words;
use crate::observe::End;
use crate::orchestrator::damage::{Aftermath, Damage, Harm, Resting};
use crate::orchestrator::observe::{Document, Exports};

/// What damage may not do, each with what it demands.
pub const DAMAGE_INVARIANTS: [(&str, &str); 7] = [
    (
        "damage-is-noticed",
        "I19: damage changes nothing, or stops everything",
    ),
    (
        "exports-stay",
        "I19: what was exported before is exported as it was, or not at all",
    ),
    (
        "records-stay",
        "I19: records that the directory knows of are not lost in silence",
    ),
    (
        "halt-is-told",
        "I20: a halt is exit status 4 with a message, or FAILED; a crash is none",
    ),
    (
        "halt-is-audited",
        "I20: an audit log that can be read tells of the halt",
    ),
    (
        "halt-has-no-effect",
        "I20: no take-off, no other launch and no change of the workspace before a halt",
    ),
    (
        "damage-is-kept",
        "I20: what is damaged stays, or is kept aside",
    ),
];

/// How many bytes are shown around a difference.
const AROUND: usize = 48;

/// What became of a damage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Everything is as without it.
    Identical,
    /// The same, and the audit log tells of more.
    Repaired,
    /// Nothing goes on.
    Halted,
    /// The end of a log is gone, nothing in the directory knows of it, and all goes on from there.
    Earlier,
    /// The call was not made.
    NotTried,
    /// It made a difference that nobody was told of.
    Silent(Violation),
}

/// What a rest is judged by.
#[derive(Debug)]
pub struct Expected {
    pub(super) resting: Rested,
    pub(super) steady: Steady,
    pub(super) counts: Counts,
}

/// What is needed of a rest.
#[derive(Debug)]
pub(super) struct Rested {
    pub(super) seen: crate::orchestrator::observe::Observation,
    pub(super) files: crate::orchestrator::damage::Files,
    pub(super) exports: Exports,
}

/// A fate, or what was violated.
pub(super) type Judged = Result<Fate, Violation>;

impl Expected {
    /// Learns what the next step comes to undamaged.
    ///
    /// # Errors
    /// When that differs from time to time, or there is nothing to compare with: why.
    pub fn of(resting: &Resting) -> Result<Self, String> {
        let run = resting.seen.runs.first();
        let last = run.and_then(|run| run.steps.last());
        let exports = last.and_then(|step| step.exports.clone());
        let exports = exports.ok_or("nothing was exported before")?;
        for (name, document) in exports.named() {
            if document.end != End::Exited(0) {
                let why = words::end(Some(&document.end));
                return Err(format!("not even undamaged can {name} be exported: {why}"));
            }
        }
        let counts = Counts {
            entries: lines(&exports.wal).len(),
            events: lines(&exports.audit).len(),
        };
        let (last, others) = resting.undamaged.split_last().ok_or("nothing was tried")?;
        let mut facts = others.iter().map(|seen| Facts::of(seen, counts));
        let first = facts.next().ok_or("it was tried only once")?;
        let others: Vec<Facts> = facts.collect();
        let expected = Self {
            resting: Rested {
                seen: resting.seen.clone(),
                files: resting.files.clone(),
                exports,
            },
            steady: Steady::of(first, &others),
            counts,
        };
        let nothing = Damage {
            path: String::new(),
            harm: Harm::Cut { length: 0 },
        };
        match expected.judge(&nothing, last) {
            Fate::Identical => Ok(expected),
            other => Err(format!(
                "not even undamaged does the next step come to the same each time: {other:?}"
            )),
        }
    }

    /// What became of a damage.
    pub fn judge(&self, damage: &Damage, seen: &Aftermath) -> Fate {
        self.judged(damage, seen).unwrap_or_else(Fate::Silent)
    }

    fn judged(&self, damage: &Damage, seen: &Aftermath) -> Judged {
        let ends = ends(seen);
        if ends.iter().any(|end| matches!(end, End::NotStarted(_)))
            || matches!(seen.step.end, Some(End::NotLaunched(_)) | None)
        {
            return Ok(Fate::NotTried);
        }
        for end in ends {
            self.orderly(seen, end)?;
        }
        self.exports_stay(seen)?;
        let facts = Facts::of(seen, self.counts);
        let lost = self.lost(seen);
        let differs = self.steady.difference(&facts);
        if lost.is_none() && differs.is_none() {
            let besides = self.steady.besides(&facts) > 0;
            return Ok(if besides {
                Fate::Repaired
            } else {
                Fate::Identical
            });
        }
        if let Some(halt) = halt(seen) {
            return self.halted(halt, damage, seen);
        }
        if let Some(lost) = lost {
            return self.earlier(&lost, damage, seen);
        }
        let (name, wanted, found) = differs.unwrap_or_default();
        let quiet = seen.step.programs.is_empty() && seen.step.workspace_changes.is_empty();
        let failed = !matches!(seen.step.end, Some(End::Exited(0 | 3)));
        if quiet && failed {
            let observed = format!(
                "{}, {}",
                words::end(seen.step.end.as_ref()),
                last_words(seen)
            );
            return Err(told(
                "halt-is-told",
                seen,
                "exit status 4, or FAILED",
                observed,
            ));
        }
        let (expected, observed) = (format!("{name}: {wanted}, or a halt"), found);
        Err(told("damage-is-noticed", seen, expected, observed))
    }

    /// A call ends by itself and not by a signal.
    fn orderly(&self, seen: &Aftermath, end: &End) -> Result<(), Violation> {
        let observed = || words::end(Some(end));
        match end {
            End::TimedOut(_) | End::Exceeded(_) => {
                let expected = "a call that ends by itself";
                Err(told("ends-by-itself", seen, expected, observed()))
            }
            End::Signalled(_) => {
                let expected = "no crash";
                Err(told("halt-is-told", seen, expected, observed()))
            }
            End::Exited(_) | End::NotStarted(_) | End::NotLaunched(_) => Ok(()),
        }
    }

    /// What is exported before the step is what was, or the beginning of it, or nothing.
    fn exports_stay(&self, seen: &Aftermath) -> Result<(), Violation> {
        let old = self.resting.exports.named();
        let pairs = old.into_iter().zip(seen.before.named());
        let printed = pairs.filter(|(_, (_, new))| new.end == End::Exited(0));
        let shorter = |old: &Document, new: &Document| old.text.kept.starts_with(&new.text.kept);
        let is_log = |name: &str| name == "wal" || name == "audit";
        let lost = printed.clone().any(|((name, old), (_, new))| {
            is_log(name) && shorter(old, new) && old.text != new.text
        });
        for ((name, old), (_, new)) in printed {
            // Where a log has lost its end, whatever else is exported is of that time.
            let may_differ = lost && (!is_log(name) || shorter(old, new));
            if old.text != new.text && !may_differ {
                let (expected, observed) = apart(&old.text.kept, &new.text.kept);
                return Err(Violation {
                    step: format!("export {name}"),
                    ..told("exports-stay", seen, expected, observed)
                });
            }
        }
        Ok(())
    }
}

/// How every call of a damage ended.
fn ends(seen: &Aftermath) -> Vec<&End> {
    let mut ends: Vec<&End> = seen
        .before
        .named()
        .into_iter()
        .map(|(_, document)| &document.end)
        .collect();
    ends.extend(&seen.step.end);
    if let Some(exports) = &seen.step.exports {
        ends.extend(exports.named().into_iter().map(|(_, it)| &it.end));
    }
    ends
}

pub(super) fn said(seen: &Aftermath) -> String {
    let streams = [&seen.step.stderr.kept, &seen.step.stdout.kept];
    let texts = streams.map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
    let [stderr, stdout] = texts;
    if stderr.is_empty() { stdout } else { stderr }
}

pub(super) fn last_words(seen: &Aftermath) -> String {
    let said = said(seen);
    said.lines().next_back().map_or_else(
        || "nothing was said".to_owned(),
        |line| format!("said {line:?}"),
    )
}

pub(super) fn told(
    invariant: &'static str,
    seen: &Aftermath,
    expected: impl Into<String>,
    observed: impl Into<String>,
) -> Violation {
    Violation {
        invariant,
        step: seen.step.name.clone(),
        expected: words::short(&expected.into()),
        observed: words::short(&observed.into()),
    }
}

/// Where two texts begin to differ, with a little of what is around.
fn apart(old: &[u8], new: &[u8]) -> (String, String) {
    let at = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let from = at.saturating_sub(AROUND).min(bytes.len());
        let to = bytes.len().min(at + AROUND);
        words::quote(&bytes[from..to])
    };
    (format!("around byte {at}: {}", around(old)), around(new))
}
