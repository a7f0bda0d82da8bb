//! From an observation of an orchestrator to verdicts: pure, so that any verdict can be repeated
//! from a record.
//!
//! A check passes only if its steps took place, what they rest on held, and nothing speaks against
//! it. What speaks against the orchestrator counts even when a control did not hold.

mod account;
mod approval;
mod audit;
#[cfg(test)]
mod broken;
#[cfg(test)]
mod broken_deeds;
mod conclude;
mod course;
mod crash;
mod damage;
#[cfg(test)]
mod damage_tests;
mod documents;
mod effects;
mod ends;
#[cfg(test)]
mod expectations;
mod facts;
mod folders;
mod guard;
mod halt;
mod input;
mod launch;
mod look;
mod lost;
mod outcome;
mod plan;
mod planned;
mod policy;
mod record;
mod request;
mod rules;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod sample_log;
mod select;
mod take_off;
#[cfg(test)]
mod tests;
mod time;
mod token;
mod trail;
mod view;
mod wal;

pub use conclude::{judge, leave_to_other_parts};
pub use crash::{Broken, INVARIANTS, Violation, crash};
pub use damage::{DAMAGE_INVARIANTS, Expected, Fate};
#[cfg(test)]
pub(crate) use sample::sample as sample_run;
