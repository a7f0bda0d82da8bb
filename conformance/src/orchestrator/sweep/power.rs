//! Power loss: recovers every image, and judges it.

use cabincrew_crashpoint::{Act, Errno, Fault, Mode};
use sha2::{Digest as _, Sha256};

use super::error::SweepError;
use super::every::{self, Limits};
use super::images::{ENGINE, FAILED, images, images_of_failed_sync};
use super::survey::Place;
use super::told::Finding;
use crate::drive::engine::Progress;
use crate::orchestrator::drive::{Dealings, Image, Recorded, Shares, Target, power_all};
use crate::orchestrator::judge::{Broken, crash};
use crate::orchestrator::observe::Observation;
use crate::orchestrator::plan::RunPlan;

/// How many syncs are made to fail where there is no time for all.
const SAMPLE: usize = 3;

/// What came of all images of one scenario.
#[derive(Debug, Default)]
pub struct PowerLoss {
    /// How many different images there are.
    pub images: usize,
    /// How many were recovered and judged.
    pub judged: usize,
    /// How many syncs were made to fail.
    pub syncs: usize,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What was found where syncing a file does not keep its name, and nowhere else; and workflows that do
    /// not come to their end although nothing was acknowledged, or after a loss out of order.
    pub notes: Vec<Finding>,
    /// One image was asked for.
    pub one: bool,
    /// Why images could not be made.
    pub unproven: Option<String>,
}

/// What was found at one image: whether it is only worth a note, and what.
type Told = Vec<(bool, Finding)>;

/// Recovers and judges the images of one scenario.
///
/// # Errors
/// When the harness itself cannot work, or no image is called as asked.
pub fn power_loss(
    target: &Target<'_>,
    scenario: &RunPlan,
    (limits, only): (&Limits<'_>, Option<&str>),
    progress: &(dyn Progress + Sync),
) -> Result<PowerLoss, SweepError> {
    let mut found = PowerLoss {
        one: only.is_some(),
        ..PowerLoss::default()
    };
    let more = || limits.more.is_none_or(|more| more());
    let dealings = |make, failing| Dealings {
        make,
        take: &judged,
        // A machine that is busy may let a time limit of the orchestrator look like a finding.
        doubtful: &|told: &Told| told.iter().any(|(note, _)| !note),
        more: &more,
        failing,
        only,
    };
    let syncs = match only {
        None => syncs(target, scenario, limits, progress)?,
        Some(image) => {
            let failed = image.split_once(FAILED);
            failed
                .map(|(sync, _)| sync.to_owned())
                .into_iter()
                .collect()
        }
    };
    for sync in syncs {
        let failing = failing(scenario, &sync);
        if failing.is_some() && more() && !progress.interrupted() {
            found.syncs += 1;
            let dealings = dealings(&images_of_failed_sync, failing);
            found.take(power_all(target, scenario, progress, &dealings)?);
        }
    }
    let make = |recorded: &Recorded<'_>| {
        let (mut images, whole) = images(recorded)?;
        if limits.more.is_some() {
            images.sort_by_cached_key(|image| in_order(limits.seed, &image.name));
        }
        Ok((images, whole))
    };
    if only.is_none_or(|image| !image.contains(FAILED)) {
        let dealings = dealings(&make, None);
        found.take(power_all(target, scenario, progress, &dealings)?);
    }
    let whole = limits.more.is_none() && only.is_none();
    if whole && found.unproven.is_none() && found.judged < found.images {
        found.unproven = Some("it was interrupted before every image was recovered".to_owned());
    }
    match only {
        Some(name) if found.unproven.is_none() && found.judged == 0 => Err(SweepError::NoPoint {
            name: name.to_owned(),
        }),
        Some(_) | None => Ok(found),
    }
}

impl PowerLoss {
    fn take(&mut self, shares: Shares<Told>) {
        let mut there = 0;
        for share in shares {
            match share {
                Ok(share) => {
                    there = there.max(share.there);
                    self.judged += share.taken.len();
                    for (once, again) in share.taken {
                        self.tell(once, again.as_ref());
                    }
                }
                Err(why) => self.unproven = Some(why),
            }
        }
        self.images += there;
    }

    /// A finding has to come twice.
    fn tell(&mut self, once: Told, again: Option<&Told>) {
        let same =
            |one: &Finding, other: &Finding| one.violation.invariant == other.violation.invariant;
        for (note, finding) in once {
            let mut others = again.into_iter().flatten();
            if note {
                self.notes.push(finding);
            } else if others.any(|(_, other)| same(&finding, other)) {
                self.findings.push(finding);
            } else {
                let why = format!("found once and not again: {}", finding.line());
                self.unproven.get_or_insert(why);
            }
        }
    }
}

/// The syncs that are made to fail: all, or the first few in an order made from the seed.
fn syncs(
    target: &Target<'_>,
    scenario: &RunPlan,
    limits: &Limits<'_>,
    progress: &(dyn Progress + Sync),
) -> Result<Vec<String>, SweepError> {
    // Why it cannot be traced is told where the images are made.
    let counted = every::count(target, scenario, false, progress)?.unwrap_or_default();
    let synced = |place: &&Place| matches!(place.event.act, Act::Sync { .. });
    let mut names: Vec<String> = counted
        .places
        .iter()
        .filter(synced)
        .map(Place::name)
        .collect();
    if limits.more.is_some() {
        names.sort_by_cached_key(|name| in_order(limits.seed, name));
        names.truncate(SAMPLE);
    }
    Ok(names)
}

fn in_order(seed: u64, name: &str) -> Vec<u8> {
    Sha256::digest(format!("{seed} {name}")).to_vec()
}

/// The step of a sync, counted from 0, and the fault that lets it fail once.
fn failing(scenario: &RunPlan, sync: &str) -> Option<(usize, Fault)> {
    let (step, point) = sync.split_once('/')?;
    let at = scenario.steps.iter().position(|it| it.name == step)?;
    let fault = Fault {
        point: point.parse().ok()?,
        mode: Mode::Fails(Errno::Eio),
    };
    Some((at, fault))
}

fn judged(image: &Image, seen: &Observation, broken: &str) -> Told {
    // What engines do is named by paths that may differ from run to run.
    let steady = |name: &&String| !name.contains(ENGINE);
    let mut names = std::iter::once(&image.name).chain(&image.also);
    let name = names.find(steady).unwrap_or(&image.name);
    let finding = |violation| Finding {
        place: name.clone(),
        repeat: ["--image".to_owned(), name.clone()].to_vec(),
        violation,
    };
    crash(seen, Broken::Killed(broken))
        .into_iter()
        .map(|violation| {
            // Whoever was told nothing has lost nothing; and what is missing in the middle of what is there
            // cannot be told from decay: to stop is right then.
            let stops = violation.invariant == "recovery-ends";
            let excused = stops && (image.finished == 0 || !image.orderly);
            (image.portable || excused, finding(violation))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestrator::judge::Violation;

    fn told(invariant: &'static str, note: bool) -> Told {
        let violation = Violation {
            invariant,
            step: "resume".to_owned(),
            expected: "one".to_owned(),
            observed: "two".to_owned(),
        };
        let finding = Finding {
            place: "end all-lost".to_owned(),
            repeat: Vec::new(),
            violation,
        };
        vec![(note, finding)]
    }

    #[test]
    fn a_finding_comes_twice_or_proves_nothing() {
        let mut found = PowerLoss::default();
        found.tell(
            told("take-off-once", false),
            Some(&told("take-off-once", false)),
        );
        assert_eq!((found.findings.len(), &found.unproven), (1, &None));
        found.tell(told("recovery-ends", false), Some(&Vec::new()));
        assert_eq!(found.findings.len(), 1);
        assert!(
            found
                .unproven
                .is_some_and(|why| why.contains("recovery-ends"))
        );
        let mut noted = PowerLoss::default();
        noted.tell(told("recovery-ends", true), None);
        assert_eq!((noted.notes.len(), noted.findings.len()), (1, 0));
    }
}
