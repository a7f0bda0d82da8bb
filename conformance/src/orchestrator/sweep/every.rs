//! Drives every job and judges it.

use std::collections::BTreeSet;

use cabincrew_crashpoint::Note;
use sha2::{Digest as _, Sha256};

use super::error::SweepError;
use super::job::{Fashion, Job};
use super::survey::{Place, Survey};
use super::told::{Finding, Tally};
use crate::drive::engine::Progress;
use crate::orchestrator::drive::{CrashPlan, Crashed, Second, Target, Traced, crash_all};
use crate::orchestrator::judge::{Broken, Violation, crash};
use crate::orchestrator::plan::RunPlan;

/// What a sweep is limited to.
pub struct Limits<'a> {
    /// Which faults.
    pub fashions: Vec<Fashion>,
    /// Only this point, `STEP/POINT`.
    pub point: Option<String>,
    /// Of the calls that fail only this: `ENOSPC`, `EIO for ever`, `short`.
    pub error: Option<String>,
    /// Whether there is time for more. Without such a limit the jobs are driven in order, with one in
    /// an order made from the seed.
    pub more: Option<&'a (dyn Fn() -> bool + Sync)>,
    /// The seed of that order.
    pub seed: u64,
}

/// What came of a sweep over one scenario.
#[derive(Debug, Default)]
pub struct Sweep {
    /// The names of all points, in the order in which they are passed.
    pub points: Vec<String>,
    /// What the tracer could not see into.
    pub notes: BTreeSet<Note>,
    /// Whether names of points leave out what differs from run to run.
    pub blurred: bool,
    /// Whether only one point was asked for.
    pub one: bool,
    /// Why nothing could be swept.
    pub unproven: Option<String>,
    /// Whether counting again after the sweep gave the same points.
    pub same_again: bool,
    /// What the jobs came to.
    pub tally: Tally,
}

/// Sweeps one scenario.
///
/// # Errors
/// When the harness itself cannot work, or no point is called as asked.
pub fn sweep(
    target: &Target<'_>,
    scenario: &RunPlan,
    limits: &Limits<'_>,
    progress: &(dyn Progress + Sync),
) -> Result<Sweep, SweepError> {
    let (survey, blur) = match survey(target, scenario, limits, progress)? {
        Ok(found) => found,
        Err(why) => {
            return Ok(Sweep {
                unproven: Some(why),
                ..Sweep::default()
            });
        }
    };
    let mut done = Sweep {
        points: survey.places.iter().map(Place::name).collect(),
        notes: survey.notes.clone(),
        blurred: blur,
        ..Sweep::default()
    };
    let jobs = jobs(&survey, limits)?;
    done.tally = drive(target, scenario, (&jobs, blur), limits, progress)?;
    if limits.more.is_none() && done.tally.driven < done.tally.jobs {
        done.unproven = Some("it was interrupted before every fault was made".to_owned());
        return Ok(done);
    }
    if limits.point.is_some() {
        // One point says nothing about there being no others.
        done.one = true;
        done.same_again = true;
        return Ok(done);
    }
    let again = count(target, scenario, blur, progress)?;
    done.same_again = again.is_ok_and(|again| again.names() == survey.names());
    Ok(done)
}

/// Counts twice; where names differ, or the point that was asked for is named so, without what differs
/// from run to run.
fn survey(
    target: &Target<'_>,
    scenario: &RunPlan,
    limits: &Limits<'_>,
    progress: &(dyn Progress + Sync),
) -> Result<Result<(Survey, bool), String>, SweepError> {
    let blurred = limits.point.as_ref().is_some_and(|it| it.contains('#'));
    let ways: &[bool] = if blurred { &[true] } else { &[false, true] };
    for blur in ways.iter().copied() {
        let first = match count(target, scenario, blur, progress)? {
            Ok(survey) => survey,
            Err(why) => return Ok(Err(why)),
        };
        let second = count(target, scenario, blur, progress)?;
        if second.is_ok_and(|second| second.names() == first.names()) {
            return Ok(Ok((first, blur)));
        }
    }
    let why = "the points of the scenario differ from run to run".to_owned();
    Ok(Err(why))
}

/// One undisturbed run.
pub(super) fn count(
    target: &Target<'_>,
    scenario: &RunPlan,
    blur: bool,
    progress: &(dyn Progress + Sync),
) -> Result<Result<Survey, String>, SweepError> {
    let plan = CrashPlan {
        run: scenario.clone(),
        fault: None,
        second: Second::Nothing,
        record: false,
        blur,
    };
    let take = |_: usize, crashed: Crashed| {
        let survey = Survey::of(crashed.traces)?;
        let sound = crash(&crashed.seen, Broken::Nowhere);
        sound.first().map_or(Ok(survey), |violation| {
            Err(format!(
                "not even an undisturbed run is sound: {}",
                words(violation)
            ))
        })
    };
    let driven = crash_all(target, &[plan], progress, (&|| true, &take))?;
    let interrupted = || Err("it was interrupted".to_owned());
    Ok(driven.into_iter().next().unwrap_or_else(interrupted))
}

fn words(violation: &Violation) -> String {
    format!(
        "{} at {}: expected {}; observed {}",
        violation.invariant, violation.step, violation.expected, violation.observed
    )
}

/// The faults at the points of a survey, as far as they are wanted.
pub(super) fn jobs(survey: &Survey, limits: &Limits<'_>) -> Result<Vec<Job>, SweepError> {
    let wanted = |name: &str| limits.point.as_deref().is_none_or(|point| point == name);
    let places: Vec<_> = survey
        .places
        .iter()
        .filter(|place| wanted(&place.name()))
        .collect();
    if let (Some(name), true) = (&limits.point, places.is_empty()) {
        return Err(SweepError::NoPoint { name: name.clone() });
    }
    let all = places
        .into_iter()
        .flat_map(|place| Job::at(place, &limits.fashions));
    let error = limits.error.as_deref();
    let mut jobs: Vec<Job> = all
        .filter(|job| error.is_none_or(|error| job.mode() == format!("errno {error}")))
        .collect();
    if limits.more.is_some() {
        jobs.sort_by_cached_key(|job| {
            let name = format!("{} {} {}", limits.seed, job.place(), job.mode());
            Sha256::digest(name).to_vec()
        });
    }
    Ok(jobs)
}

fn drive(
    target: &Target<'_>,
    scenario: &RunPlan,
    (jobs, blur): (&[Job], bool),
    limits: &Limits<'_>,
    progress: &(dyn Progress + Sync),
) -> Result<Tally, SweepError> {
    let plans: Vec<CrashPlan> = jobs
        .iter()
        .map(|job| CrashPlan {
            run: scenario.clone(),
            fault: Some((job.at, job.fault.clone())),
            second: Second::Nothing,
            record: false,
            blur,
        })
        .collect();
    let more = || limits.more.is_none_or(|more| more());
    let take = |index: usize, crashed: Crashed| judged(&jobs[index], &crashed);
    let judged = crash_all(target, &plans, progress, (&more, &take))?;
    let mut tally = Tally {
        jobs: jobs.len(),
        ..Tally::default()
    };
    tally.take(judged);
    Ok(tally)
}

/// Whether every call was traced and its fault made; or why not.
pub(super) fn fired(place: &str, traces: &[Traced]) -> Result<(), String> {
    for traced in traces {
        match &traced.report {
            Err(why) => return Err(format!("{place}: {why}")),
            Ok(trace) if !trace.fired => {
                return Err(format!(
                    "{place}: the point of {} was not reached",
                    traced.step
                ));
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

/// What a run says; or why its fault was not made.
fn judged(job: &Job, crashed: &Crashed) -> Result<Vec<Finding>, String> {
    let place = format!("{} {}", job.place(), job.mode());
    fired(&place, &crashed.traces)?;
    let broken = if job.kills() {
        Broken::Killed(&job.step)
    } else {
        Broken::Failing(&job.step)
    };
    let violations = crash(&crashed.seen, broken);
    let mode = job.mode();
    let (mode, error) = mode.split_once(' ').unwrap_or((&mode, ""));
    let mut repeat = ["--point", &job.place(), "--mode", mode]
        .map(str::to_owned)
        .to_vec();
    if !error.is_empty() {
        repeat.extend(["--error".to_owned(), error.to_owned()]);
    }
    let finding = |violation| Finding {
        place: place.clone(),
        repeat: repeat.clone(),
        violation,
    };
    Ok(violations.into_iter().map(finding).collect())
}
