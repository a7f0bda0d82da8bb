//! What a sweep found, in words.

use std::fmt::Write as _;

use cabincrew_crashpoint::Note;

use super::corruption::Corruption;
use super::double::Double;
use super::every::Sweep;
use super::power::PowerLoss;
use crate::orchestrator::judge::Violation;
use crate::report::plain::{duration, safe, shell_word};

/// One thing that no crash excuses, and where the crash was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `run/write:journal:2 torn`, or the image.
    pub place: String,
    /// What repeats it: the words after the program's name and before the subject.
    pub repeat: Vec<String>,
    /// What was violated.
    pub violation: Violation,
}

impl Finding {
    /// One line.
    pub fn line(&self) -> String {
        let Violation {
            invariant,
            step,
            expected,
            observed,
        } = &self.violation;
        format!(
            "{invariant}  {}  at {step}: expected {expected}; observed {observed}",
            self.place
        )
    }
}

/// How many jobs came to what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Jobs that there are.
    pub jobs: usize,
    /// Those that were driven.
    pub driven: usize,
    /// Those whose fault was made.
    pub fired: usize,
    /// What was not reached, or not traced: the place and why.
    pub missed: Vec<String>,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Tally {
    /// Adds what came of jobs: what was found, or why a fault was not made.
    pub(super) fn take(&mut self, judged: Vec<Result<Vec<Finding>, String>>) {
        self.driven += judged.len();
        for one in judged {
            match one {
                Ok(findings) => {
                    self.fired += 1;
                    self.findings.extend(findings);
                }
                Err(why) => self.missed.push(why),
            }
        }
    }
}

/// What it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything that was to be tried was tried, and nothing was found.
    Survives,
    /// Something was found.
    Violated,
    /// Something could not be tried.
    Unproven,
}

/// Most places that are named of those that were not reached.
const MISSED_MAX: usize = 5;

impl Sweep {
    /// What it comes to.
    pub fn outcome(&self) -> Outcome {
        if !self.tally.findings.is_empty() {
            Outcome::Violated
        } else if self.unproven.is_some()
            || self.tally.fired == 0
            || !self.tally.missed.is_empty()
            || !self.same_again
        {
            Outcome::Unproven
        } else {
            Outcome::Survives
        }
    }

    /// All of it as text: one line for each finding, with the command that repeats it. `repeat` is what
    /// stands before and after the words of a finding.
    pub fn told(&self, scenario: &str, took_ms: u64, repeat: &(String, String)) -> String {
        let mut text = String::new();
        findings(&mut text, "FAIL", &self.tally.findings, repeat);
        if let Some(why) = &self.unproven {
            let _ = writeln!(text, "UNPROVEN  {}", safe(why));
        }
        for why in self.tally.missed.iter().take(MISSED_MAX) {
            let _ = writeln!(text, "UNPROVEN  {}", safe(why));
        }
        for note in &self.notes {
            let _ = writeln!(text, "NOTE  {}", safe(&about(note)));
        }
        self.account(&mut text, scenario, took_ms);
        text
    }

    fn account(&self, text: &mut String, scenario: &str, took_ms: u64) {
        let tally = &self.tally;
        let _ = writeln!(
            text,
            "scenario {scenario}: {} points, {} of {} faults driven, {} made, {} not reached, {} findings, {}",
            self.points.len(),
            tally.driven,
            tally.jobs,
            tally.fired,
            tally.missed.len(),
            tally.findings.len(),
            duration(took_ms),
        );
        if self.blurred {
            let _ = writeln!(
                text,
                "points are named without numbers (#), which differ from run to run"
            );
        }
        let last = match self.outcome() {
            Outcome::Violated => "DOES NOT SURVIVE",
            Outcome::Unproven => "UNPROVEN",
            Outcome::Survives if tally.driven < tally.jobs => {
                "SURVIVES A SAMPLE: there was no time for the other faults"
            }
            Outcome::Survives if self.one => "SURVIVES at this point",
            Outcome::Survives => {
                "SURVIVES: counted again, the points are the same, and at each every fault was made; no other fires"
            }
        };
        let _ = writeln!(text, "{last}");
    }
}

impl Double {
    /// What it comes to.
    pub fn outcome(&self) -> Outcome {
        if !self.tally.findings.is_empty() {
            Outcome::Violated
        } else if self.unproven.is_some() || self.tally.fired == 0 || !self.tally.missed.is_empty()
        {
            Outcome::Unproven
        } else {
            Outcome::Survives
        }
    }

    /// All of it as text, as for [`Sweep::told`]; with the seed of a sample.
    pub fn told(
        &self,
        (scenario, seed): (&str, Option<u64>),
        took_ms: u64,
        repeat: &(String, String),
    ) -> String {
        let tally = &self.tally;
        let mut text = String::new();
        findings(&mut text, "FAIL", &tally.findings, repeat);
        let missed = tally.missed.iter().take(MISSED_MAX);
        for why in self.unproven.iter().chain(missed) {
            let _ = writeln!(text, "UNPROVEN  {}", safe(why));
        }
        for note in &self.notes {
            let _ = writeln!(text, "NOTE  {}", safe(&about(note)));
        }
        let sample = seed.map_or_else(String::new, |seed| format!(", seed {seed}"));
        let _ = writeln!(
            text,
            "scenario {scenario}: recoveries from {} of {} faults broken off{sample}: {} pairs driven, {} made, {} not reached, {} findings, {}",
            self.taken,
            self.firsts,
            tally.driven,
            tally.fired,
            tally.missed.len(),
            tally.findings.len(),
            duration(took_ms),
        );
        let last = match self.outcome() {
            Outcome::Violated => "DOES NOT SURVIVE",
            Outcome::Unproven => "UNPROVEN",
            Outcome::Survives if seed.is_some() => {
                "SURVIVES A SAMPLE: there was no time for the other pairs"
            }
            Outcome::Survives if self.one => "SURVIVES at these points",
            Outcome::Survives => "SURVIVES: every recovery was broken off at every point",
        };
        let _ = writeln!(text, "{last}");
        text
    }
}

impl PowerLoss {
    /// What it comes to.
    pub fn outcome(&self) -> Outcome {
        if !self.findings.is_empty() {
            Outcome::Violated
        } else if self.unproven.is_some() || self.judged == 0 {
            Outcome::Unproven
        } else {
            Outcome::Survives
        }
    }

    /// All of it as text, as for [`Sweep::told`].
    pub fn told(&self, scenario: &str, took_ms: u64, repeat: &(String, String)) -> String {
        let mut text = String::new();
        findings(&mut text, "FAIL", &self.findings, repeat);
        findings(&mut text, "NOTE", &self.notes, repeat);
        if let Some(why) = &self.unproven {
            let _ = writeln!(text, "UNPROVEN  power loss: {}", safe(why));
        }
        let _ = writeln!(
            text,
            "scenario {scenario}: {} images of power losses, {} failed syncs, {} judged, {} findings, {} notes, {}",
            self.images,
            self.syncs,
            self.judged,
            self.findings.len(),
            self.notes.len(),
            duration(took_ms),
        );
        let last = match self.outcome() {
            Outcome::Violated => "DOES NOT SURVIVE",
            Outcome::Unproven => "UNPROVEN",
            Outcome::Survives if self.one => "SURVIVES this image",
            Outcome::Survives if self.judged < self.images => {
                "SURVIVES A SAMPLE: there was no time for the other images"
            }
            Outcome::Survives => "SURVIVES: every image was recovered",
        };
        let _ = writeln!(text, "{last}");
        text
    }
}

impl Corruption {
    /// What it comes to.
    pub fn outcome(&self) -> Outcome {
        if !self.findings.is_empty() {
            Outcome::Violated
        } else if !self.unproven.is_empty() || !self.unsteady.is_empty() || self.tried() == 0 {
            Outcome::Unproven
        } else {
            Outcome::Survives
        }
    }

    /// All of it as text, as for [`Sweep::told`]; with the seed of a sample.
    pub fn told(
        &self,
        (scenario, seed): (&str, Option<u64>),
        took_ms: u64,
        repeat: &(String, String),
    ) -> String {
        let mut text = String::new();
        findings(&mut text, "FAIL", &self.findings, repeat);
        if self.alike > 0 {
            let _ = writeln!(text, "FAIL  {} more like those", self.alike);
        }
        for why in self.unproven.iter().take(MISSED_MAX) {
            let _ = writeln!(text, "UNPROVEN  corruption: {}", safe(why));
        }
        if !self.late.is_empty() {
            let late = safe(&self.late.join(", "));
            let _ = writeln!(text, "NOTE  there was no time for {late}");
        }
        for place in self.unsteady.iter().take(MISSED_MAX) {
            let _ = writeln!(text, "UNPROVEN  {}: found once and not again", safe(place));
        }
        let rests: Vec<&str> = self.rests.iter().map(|(name, _)| name.as_str()).collect();
        let sample = seed.map_or_else(String::new, |seed| format!(", sampled with seed {seed}"));
        let _ = writeln!(
            text,
            "scenario {scenario}: {} of {} damages at {}{sample}: {} flips, {} truncations",
            self.tried(),
            self.there(),
            safe(&rests.join(", ")),
            self.flips,
            self.cuts,
        );
        let _ = writeln!(
            text,
            "{} identical, {} repaired, {} halted, {} earlier, {} findings, {}",
            self.identical,
            self.repaired,
            self.halted,
            self.earlier,
            self.findings.len() + self.alike,
            duration(took_ms),
        );
        let last = match self.outcome() {
            Outcome::Violated => "DOES NOT SURVIVE",
            Outcome::Unproven => "UNPROVEN",
            Outcome::Survives if self.tried() < self.there() || !self.late.is_empty() => {
                "SURVIVES A SAMPLE: there was no time for the other damages"
            }
            Outcome::Survives => "SURVIVES: every damage that was to be done was done",
        };
        let _ = writeln!(text, "{last}");
        text
    }
}

/// One line for each finding, with the command that repeats it.
fn findings(text: &mut String, word: &str, all: &[Finding], (before, after): &(String, String)) {
    for finding in all {
        let words: Vec<String> = finding.repeat.iter().map(|it| shell_word(it)).collect();
        let line = finding.line();
        let _ = writeln!(
            text,
            "{word}  {line}; repeat: {before} {} {after}",
            words.join(" ")
        );
    }
}

fn about(note: &Note) -> String {
    match note {
        Note::SharedMapping(path) => {
            format!("{path} is mapped shared and writable: what is stored through it was not seen")
        }
        Note::IoUring => "io_uring was asked for, and denied".to_owned(),
        Note::OtherArchitecture => {
            "calls of another architecture were made, and not seen".to_owned()
        }
        Note::LeftAlive => {
            "processes outlived the call by 400 ms in an undisturbed run, and were killed"
                .to_owned()
        }
    }
}
