//! Power loss: recovers every image, and judges it.

use sha2::{Digest as _, Sha256};

use super::error::SweepError;
use super::every::Limits;
use super::images::images;
use super::told::Finding;
use crate::drive::engine::Progress;
use crate::orchestrator::drive::{Dealings, Image, Recorded, Target, power_all};
use crate::orchestrator::judge::{Broken, crash};
use crate::orchestrator::observe::Observation;
use crate::orchestrator::plan::RunPlan;

/// What came of all images of one scenario.
#[derive(Debug, Default)]
pub struct PowerLoss {
    /// How many different images there are.
    pub images: usize,
    /// How many were recovered and judged.
    pub judged: usize,
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
    let more = || limits.more.is_none_or(|more| more());
    let make = |recorded: &Recorded<'_>| {
        let (mut images, whole) = images(recorded)?;
        if limits.more.is_some() {
            images.sort_by_cached_key(|image| {
                Sha256::digest(format!("{} {}", limits.seed, image.name)).to_vec()
            });
        }
        Ok((images, whole))
    };
    let dealings = Dealings {
        make: &make,
        take: &judged,
        more: &more,
        only,
    };
    let mut found = PowerLoss {
        one: only.is_some(),
        ..PowerLoss::default()
    };
    for share in power_all(target, scenario, progress, &dealings)? {
        match share {
            Ok(share) => {
                found.images = found.images.max(share.there);
                found.judged += share.taken.len();
                for (note, finding) in share.taken.into_iter().flatten() {
                    if note {
                        found.notes.push(finding);
                    } else {
                        found.findings.push(finding);
                    }
                }
            }
            Err(why) => found.unproven = Some(why),
        }
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

fn judged(image: &Image, seen: &Observation, broken: &str) -> Told {
    let finding = |violation| Finding {
        place: image.name.clone(),
        repeat: ["--image".to_owned(), image.name.clone()].to_vec(),
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
