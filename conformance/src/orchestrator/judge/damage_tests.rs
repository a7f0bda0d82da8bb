//! Damages on the sample, judged.

use serde_json::{Value, json};

use super::damage::{Expected, Fate};
use super::facts::lines;
use super::sample::sample;
use crate::observe::{Bytes, End};
use crate::orchestrator::damage::{Aftermath, Damage, Files, Resting};
use crate::orchestrator::observe::{Document, Exports};
use crate::tree::{Change, What};

/// The sample waits; then it is answered.
fn resting(others: &[(&str, &str)]) -> Resting {
    let mut seen = sample();
    let steps = &mut seen.runs[0].steps;
    let answer = steps.pop().expect("it has two steps");
    let before = steps[0].exports.clone().expect("it was exported");
    let journal = before.wal.text.kept.clone();
    let mut files: Files = [("journal".to_owned(), journal)].into();
    let others = others
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    files.extend(others);
    let aftermath = || Aftermath {
        before: before.clone(),
        step: answer.clone(),
        files: files.clone(),
    };
    let undamaged = vec![aftermath(), aftermath(), aftermath()];
    Resting {
        name: "run".to_owned(),
        workspace: seen.runs[0].workspace["a"].clone(),
        seen,
        files,
        newest: "journal".to_owned(),
        undamaged,
    }
}

/// What becomes of damage to the journal when the rest is as `change` makes it.
fn fate(damage: &str, others: &[(&str, &str)], change: impl Fn(&mut Aftermath)) -> Fate {
    let damage: Damage = damage.parse().expect("a damage");
    let mut resting = resting(others);
    let expected = Expected::of(&resting).expect("it is the same each time");
    let mut seen = resting.undamaged.remove(0);
    let journal = &resting.files[&damage.path];
    let damaged = damage.of(journal).expect("it fits");
    seen.files.insert(damage.path.clone(), damaged);
    change(&mut seen);
    expected.judge(&damage, &seen)
}

fn flipped(change: impl Fn(&mut Aftermath)) -> Fate {
    fate("journal:20^01", &[], change)
}

fn broken(fate: &Fate) -> &str {
    match fate {
        Fate::Silent(violation) => violation.invariant,
        other => panic!("{other:?}"),
    }
}

fn refused() -> Document {
    Document {
        end: End::Exited(4),
        text: Bytes::default(),
    }
}

fn all_refused() -> Exports {
    Exports {
        state: refused(),
        wal: refused(),
        audit: refused(),
        plan_token: refused(),
        approvals: refused(),
        artifacts: refused(),
    }
}

/// Refused before and after, with a message.
fn halt(seen: &mut Aftermath) {
    seen.before = all_refused();
    seen.step.end = Some(End::Exited(4));
    seen.step.exports = Some(all_refused());
    seen.step.stderr = Bytes::whole(b"the journal is damaged".to_vec());
    seen.step.programs.clear();
    seen.step.workspace_changes.clear();
}

fn after(seen: &mut Aftermath) -> &mut Exports {
    seen.step.exports.as_mut().expect("it was exported")
}

/// A document with its last lines gone.
fn without(document: &mut Document, count: usize) {
    let kept = lines(document).len() - count;
    let text = String::from_utf8(document.text.kept.clone()).expect("it is text");
    let text: String = text.split_inclusive('\n').take(kept).collect();
    document.text = Bytes::whole(text.into_bytes());
}

#[test]
fn what_changes_nothing_is_identical() {
    assert_eq!(flipped(|_| {}), Fate::Identical);
    // Another identifier, another time.
    let renumbered = |seen: &mut Aftermath| {
        let text = String::from_utf8(after(seen).state.text.kept.clone()).expect("text");
        let mut state: Value = serde_json::from_str(&text).expect("JSON");
        state["updated_at"] = json!("2030-01-01T00:00:00Z");
        after(seen).state.text = Bytes::whole(state.to_string().into_bytes());
    };
    assert_eq!(flipped(renumbered), Fate::Identical);
}

#[test]
fn a_repair_that_is_told_is_none_of_our_business() {
    let repaired = |seen: &mut Aftermath| {
        let line = b"{\"event_type\":\"record_rebuilt\"}\n";
        after(seen).audit.text.kept.extend_from_slice(line);
        after(seen).audit.text.total += line.len() as u64;
    };
    assert_eq!(flipped(repaired), Fate::Repaired);
}

#[test]
fn another_take_off_is_found() {
    let fate = flipped(|seen| {
        let files = &mut seen.step.programs[0].artifacts_before;
        files.insert("edits/body.data".to_owned(), "0".repeat(64));
    });
    assert_eq!(broken(&fate), "damage-is-noticed");
    let Fate::Silent(violation) = fate else {
        panic!("it was found");
    };
    let name = "take-off of edit (program 0), artifact edits/body.data";
    assert!(violation.expected.starts_with(name), "{violation:?}");
    let none = flipped(|seen| seen.step.programs.clear());
    assert_eq!(broken(&none), "damage-is-noticed");
}

#[test]
fn an_export_that_differs_is_found() {
    let fate = flipped(|seen| seen.before.wal.text.kept[20] ^= 1);
    assert_eq!(broken(&fate), "exports-stay");
    let fate = flipped(|seen| seen.before.approvals.text = Bytes::whole(b"{}\n".to_vec()));
    assert_eq!(broken(&fate), "exports-stay");
}

#[test]
fn a_halt_says_so_and_does_nothing() {
    assert_eq!(flipped(halt), Fate::Halted);
    let silent = flipped(|seen| {
        halt(seen);
        seen.step.stderr = Bytes::default();
    });
    assert_eq!(broken(&silent), "halt-is-told");
    let late = flipped(|seen| {
        let programs = seen.step.programs.clone();
        halt(seen);
        seen.step.programs = programs;
    });
    assert_eq!(broken(&late), "halt-has-no-effect");
    let touched = flipped(|seen| {
        halt(seen);
        seen.step.workspace_changes = vec![Change {
            path: "notes.txt".to_owned(),
            what: What::Content,
        }];
    });
    assert_eq!(broken(&touched), "halt-has-no-effect");
    let gone = flipped(|seen| {
        halt(seen);
        seen.files.clear();
    });
    assert_eq!(broken(&gone), "damage-is-kept");
    let aside = flipped(|seen| {
        halt(seen);
        let journal = seen.files.get_mut("journal").expect("it is there");
        let torn = journal.split_off(18);
        seen.files.insert("torn".to_owned(), torn);
    });
    assert_eq!(aside, Fate::Halted);
}

#[test]
fn a_halt_stands_in_an_audit_log_that_can_be_read() {
    let readable = |seen: &mut Aftermath| {
        let audit = seen.before.audit.clone();
        halt(seen);
        after(seen).audit = audit;
    };
    assert_eq!(broken(&flipped(readable)), "halt-is-audited");
    let beside = flipped(|seen| {
        readable(seen);
        let event = b"{\"event_type\":\"journal_damaged\"}".to_vec();
        seen.files.insert("damaged.jsonl".to_owned(), event);
    });
    assert_eq!(beside, Fate::Halted);
    // What was kept aside is no event, whatever it holds.
    let both = [("both", "{\"event_type\":\"a\"}, and more of it")];
    let aside = fate("both:24^01", &both, |seen| {
        readable(seen);
        let torn = b"{\"event_type\":\"a\"}".to_vec();
        seen.files.insert("torn".to_owned(), torn);
    });
    assert_eq!(broken(&aside), "halt-is-audited");
}

#[test]
fn a_crash_is_no_halt() {
    let crash = |end: End| {
        flipped(move |seen| {
            halt(seen);
            seen.step.end = Some(end.clone());
        })
    };
    assert_eq!(broken(&crash(End::Exited(1))), "halt-is-told");
    assert_eq!(broken(&crash(End::Signalled(11))), "halt-is-told");
    assert_eq!(broken(&crash(End::TimedOut(30))), "ends-by-itself");
    assert_eq!(crash(End::NotLaunched("late".to_owned())), Fate::NotTried);
}

/// The last entry is not exported any more, neither before nor after the step; nothing else happens.
fn shortened(seen: &mut Aftermath) {
    without(&mut seen.before.wal, 1);
    seen.step.exports = Some(seen.before.clone());
    seen.step.programs.clear();
    seen.step.end = Some(End::Exited(3));
}

#[test]
fn what_nobody_knows_of_cannot_be_missed() {
    let fate_of = |damage: &str, others: &[(&str, &str)]| fate(damage, others, shortened);
    let length = resting(&[]).files["journal"].len();
    let cut = format!("journal:={}", length - 40);
    let sums = lines(&resting(&[]).undamaged[0].before.wal);
    let sum = sums.last().and_then(|it| it["checksum"].as_str());
    let other = [("state", sum.expect("entries have checksums"))];
    assert_eq!(broken(&fate_of(&cut, &other)), "records-stay");
    assert_eq!(broken(&fate_of("journal:20^01", &[])), "records-stay");
    // Then what is left must be right in itself, as after a crash.
    let left = fate_of(&cut, &[]);
    assert!(
        left == Fate::Earlier || broken(&left) == "state-of-log",
        "{left:?}"
    );
}

#[test]
fn a_step_that_differs_each_time_cannot_be_judged() {
    let mut resting = resting(&[]);
    resting.undamaged[2].step.end = Some(End::Exited(1));
    assert!(Expected::of(&resting).is_err());
    resting.undamaged.clear();
    assert!(Expected::of(&resting).is_err());
}
