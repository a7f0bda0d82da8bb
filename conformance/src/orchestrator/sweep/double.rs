//! Crashes in the recovery from a crash: a fault, and another one at a point of the restart that follows.

use std::collections::BTreeSet;

use cabincrew_crashpoint::Note;
use sha2::{Digest as _, Sha256};

use super::error::SweepError;
use super::every::{self, Limits};
use super::job::{Fashion, Job};
use super::survey::{Place, Survey};
use super::told::{Finding, Tally};
use crate::drive::engine::Progress;
use crate::orchestrator::drive::{CrashPlan, Crashed, RECOVERY, Second, Target, crash_all};
use crate::orchestrator::judge::{Broken, crash};
use crate::orchestrator::plan::RunPlan;

/// How many first faults are taken at a time where there is no time for all.
const BATCH: usize = 4;
/// How many second faults each of them is followed by then.
const SAMPLE: usize = 8;

/// What is asked of the second fault.
#[derive(Debug, Clone, Default)]
pub struct Then {
    /// Only this point of the recovery.
    pub point: Option<String>,
    /// Which faults.
    pub fashions: Vec<Fashion>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Double {
    /// First faults that there are.
    pub firsts: usize,
    /// Those whose recovery was broken off.
    pub taken: usize,
    /// What the tracer could not see into.
    pub notes: BTreeSet<Note>,
    /// Only one first fault, or one second point, was asked for.
    pub one: bool,
    /// Why nothing could be swept.
    pub unproven: Option<String>,
    /// What became of the pairs of those that were taken.
    pub tally: Tally,
}

/// Two faults.
type Pair = (Job, Job);
/// What a pair came to: what was found, or why a fault was not made.
type Judged = Result<Vec<Finding>, String>;

/// Breaks off the recovery from each fault at each of its points.
///
/// # Errors
/// When the harness itself cannot work, or no point is called as asked.
pub fn double(
    target: &Target<'_>,
    scenario: &RunPlan,
    (limits, then): (&Limits<'_>, &Then),
    progress: &(dyn Progress + Sync),
) -> Result<Double, SweepError> {
    let counted = match every::count(target, scenario, true, progress)? {
        Ok(counted) => counted,
        Err(why) => {
            return Ok(Double {
                unproven: Some(why),
                ..Double::default()
            });
        }
    };
    let jobs = every::jobs(&counted, limits)?;
    let mut done = Double {
        firsts: jobs.len(),
        one: limits.point.is_some() || then.point.is_some(),
        notes: counted.notes,
        ..Double::default()
    };
    let more = || limits.more.is_none_or(|more| more()) && !progress.interrupted();
    for firsts in jobs.chunks(BATCH) {
        if !more() {
            break;
        }
        let surveys = recoveries(target, scenario, firsts, progress)?;
        let mut pairs: Vec<Pair> = Vec::new();
        for (first, survey) in firsts.iter().zip(surveys) {
            match survey {
                Ok(survey) => pairs.extend(seconds(first, &survey, (limits, then))),
                Err(why) => done.tally.missed.push(why),
            }
            done.taken += 1;
        }
        done.tally.jobs += pairs.len();
        let judged = pairs_driven(target, scenario, &pairs, &more, progress)?;
        done.tally.take(judged);
    }
    if let (Some(name), 0) = (&then.point, done.tally.jobs) {
        return Err(SweepError::NoPoint { name: name.clone() });
    }
    let whole = limits.more.is_none();
    if whole && (done.taken < done.firsts || done.tally.driven < done.tally.jobs) {
        done.unproven = Some("it was interrupted before every fault was made".to_owned());
    }
    Ok(done)
}

/// Makes each fault, and counts the points of the recovery from it.
fn recoveries(
    target: &Target<'_>,
    scenario: &RunPlan,
    firsts: &[Job],
    progress: &(dyn Progress + Sync),
) -> Result<Vec<Result<Survey, String>>, SweepError> {
    let plans: Vec<CrashPlan> = firsts
        .iter()
        .map(|first| plan(scenario, first, Second::Counted))
        .collect();
    let take = |index: usize, mut crashed: Crashed| {
        let recovery = crashed.traces.split_off(1.min(crashed.traces.len()));
        every::fired(&name(&firsts[index]), &crashed.traces)?;
        Survey::of(recovery)
    };
    Ok(crash_all(target, &plans, progress, (&|| true, &take))?)
}

fn plan(scenario: &RunPlan, first: &Job, second: Second) -> CrashPlan {
    CrashPlan {
        run: scenario.clone(),
        fault: Some((first.at, first.fault.clone())),
        second,
        record: false,
        blur: true,
    }
}

fn name(job: &Job) -> String {
    format!("{} {}", job.place(), job.mode())
}

/// The faults that follow a first one: all that are wanted, or a sample.
fn seconds(first: &Job, survey: &Survey, (limits, then): (&Limits<'_>, &Then)) -> Vec<Pair> {
    let wanted = |place: &&Place| then.point.as_ref().is_none_or(|it| *it == place.name());
    let places = survey.places.iter().filter(wanted);
    let mut jobs: Vec<Job> = places
        .flat_map(|place| Job::at(place, &then.fashions))
        .collect();
    if limits.more.is_some() {
        jobs.sort_by_cached_key(|job| {
            let name = format!("{} {} {}", limits.seed, name(first), name(job));
            Sha256::digest(name).to_vec()
        });
        jobs.truncate(SAMPLE);
    }
    jobs.into_iter().map(|job| (first.clone(), job)).collect()
}

fn pairs_driven(
    target: &Target<'_>,
    scenario: &RunPlan,
    pairs: &[Pair],
    more: &(dyn Fn() -> bool + Sync),
    progress: &(dyn Progress + Sync),
) -> Result<Vec<Judged>, SweepError> {
    let plans: Vec<CrashPlan> = pairs
        .iter()
        .map(|(first, second)| plan(scenario, first, Second::At(second.fault.clone())))
        .collect();
    let take = |index: usize, crashed: Crashed| judged(&pairs[index], &crashed);
    Ok(crash_all(target, &plans, progress, (&more, &take))?)
}

/// What a run says; or why one of its faults was not made.
fn judged((first, second): &Pair, crashed: &Crashed) -> Judged {
    let place = format!("{}, then {}", name(first), name(second));
    every::fired(&place, &crashed.traces)?;
    let mode = |job: &Job| job.mode().split(' ').next().unwrap_or_default().to_owned();
    let repeat = [
        "--part".to_owned(),
        "double".to_owned(),
        "--point".to_owned(),
        first.place(),
        "--mode".to_owned(),
        mode(first),
        "--then".to_owned(),
        second.place(),
        "--then-mode".to_owned(),
        mode(second),
    ];
    let violations = crash(&crashed.seen, Broken::Twice(&first.step, RECOVERY));
    let finding = |violation| Finding {
        place: place.clone(),
        repeat: repeat.to_vec(),
        violation,
    };
    Ok(violations.into_iter().map(finding).collect())
}

#[cfg(test)]
mod tests {
    use cabincrew_crashpoint::{Act, Event};

    use super::*;

    fn survey() -> Survey {
        let places = ["write:a:1", "write:a:2", "write:b:1", "write:c:1"].map(|point| Place {
            at: 1,
            step: RECOVERY.to_owned(),
            event: Event {
                point: point.parse().ok(),
                process: 1,
                act: Act::Write {
                    path: "a".to_owned(),
                    offset: 0,
                    synchronous: false,
                    data: Vec::new(),
                },
                result: Some(9),
            },
        });
        Survey {
            places: places.to_vec(),
            ..Survey::default()
        }
    }

    fn limits(more: Option<&(dyn Fn() -> bool + Sync)>) -> Limits<'_> {
        Limits {
            fashions: Vec::new(),
            point: None,
            error: None,
            more,
            seed: 1,
        }
    }

    #[test]
    fn every_point_of_a_recovery_follows_a_fault_or_the_one_that_is_asked_for() {
        let first = &Job::at(&survey().places[0], &[Fashion::After])[0];
        let all = Then {
            point: None,
            fashions: vec![Fashion::Before, Fashion::After, Fashion::Torn],
        };
        let pairs = seconds(first, &survey(), (&limits(None), &all));
        assert_eq!(pairs.len(), 12);
        assert_eq!(pairs[0].1.place(), "recovery/write:a:1");
        let sampled = seconds(first, &survey(), (&limits(Some(&|| true)), &all));
        assert_eq!(sampled.len(), SAMPLE);
        let one = Then {
            point: Some("recovery/write:b:1".to_owned()),
            fashions: vec![Fashion::Torn],
        };
        let pairs = seconds(first, &survey(), (&limits(None), &one));
        assert_eq!(pairs.len(), 1);
        assert_eq!(pairs[0].1.mode(), "torn");
    }
}
