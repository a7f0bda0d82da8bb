//! Bytes that rot: every damage of every rest inflicted and judged.

use std::collections::BTreeMap;

use super::choice::{Choice, choice};
use super::error::SweepError;
use super::rests::rests;
use super::told::Finding;
use crate::drive::engine::Progress;
use crate::orchestrator::damage::{Damage, Files, Harm, Rest, Resting};
use crate::orchestrator::drive::{
    Chosen, Inflicted, Inflictions, Part, Target, damage_all, undisturbed,
};
use crate::orchestrator::judge::{Expected, Fate};
use crate::orchestrator::plan::RunPlan;

/// Most findings that are told in full of those that break the same rule by damage to the same file.
const ALIKE_MAX: usize = 3;

/// What the damages are limited to.
pub struct Damages<'a> {
    /// Only this one: `REST/PATH:OFFSET^MASK` or `REST/PATH:=LENGTH`.
    pub only: Option<&'a str>,
    /// Whether there is time for more at one of so many rests; without such a limit every damage is
    /// inflicted in order, with one in an order made from the seed.
    pub more: Option<&'a (dyn Fn(usize, usize) -> bool + Sync)>,
    /// The seed of that order and of the bits.
    pub seed: u64,
}

/// What came of them.
#[derive(Debug, Default)]
pub struct Corruption {
    /// The rests, each with how many damages there are.
    pub rests: Vec<(String, usize)>,
    /// How many bytes were changed.
    pub flips: usize,
    /// How many ends were cut off.
    pub cuts: usize,
    /// How many damages changed nothing.
    pub identical: usize,
    /// How many changed nothing, and an event tells of them.
    pub repaired: usize,
    /// How many stopped everything.
    pub halted: usize,
    /// How many took a log back to an earlier moment, and nothing in the directory knew better.
    pub earlier: usize,
    /// What was found.
    pub findings: Vec<Finding>,
    /// How many findings like those there are besides.
    pub alike: usize,
    /// Findings that did not come a second time: the damages.
    pub unsteady: Vec<String>,
    /// The rests that there was no time for.
    pub late: Vec<String>,
    /// What could not be tried, and why.
    pub unproven: Vec<String>,
}

/// What one damage came to: a fate, and whether it came twice.
struct Met {
    place: String,
    told: String,
    flips: bool,
    fate: Fate,
    steady: bool,
}

/// Inflicts and judges every damage of one scenario.
///
/// # Errors
/// When the harness itself cannot work, or no damage is called as asked.
pub fn corruption(
    target: &Target<'_>,
    scenario: &RunPlan,
    damages: &Damages<'_>,
    progress: &(dyn Progress + Sync),
) -> Result<Corruption, SweepError> {
    let mut rests = rests(scenario, &undisturbed(target, scenario)?);
    let only = damages.only.map(|name| named(name, &rests)).transpose()?;
    if let Some((wanted, _)) = &only {
        rests.retain(|rest| rest.name == *wanted);
    }
    let mut found = Corruption::default();
    let count = rests.len();
    for (at, rest) in rests.iter().enumerate() {
        let only = only.as_ref().map(|(_, damage)| damage);
        let more = || damages.more.is_none_or(|more| more(at, count));
        if !more() {
            found.late.push(rest.name.clone());
            continue;
        }
        at_rest(
            target,
            (scenario, rest),
            (damages, only, &more),
            progress,
            &mut found,
        )?;
    }
    match damages.only {
        Some(name) if found.tried() == 0 && found.unproven.is_empty() => Err(SweepError::NoPoint {
            name: name.to_owned(),
        }),
        Some(_) | None => Ok(found),
    }
}

/// The rest and the damage that a name means.
fn named(name: &str, rests: &[Rest]) -> Result<(String, Damage), SweepError> {
    let nothing = || SweepError::NoPoint {
        name: name.to_owned(),
    };
    let (rest, damage) = name.split_once('/').ok_or_else(nothing)?;
    let damage = damage.parse().map_err(|_| nothing())?;
    let known = rests.iter().any(|it| it.name == rest);
    known.then(|| (rest.to_owned(), damage)).ok_or_else(nothing)
}

type Limited<'a> = (
    &'a Damages<'a>,
    Option<&'a Damage>,
    &'a (dyn Fn() -> bool + Sync),
);

fn at_rest(
    target: &Target<'_>,
    (scenario, rest): (&RunPlan, &Rest),
    (damages, only, more): Limited<'_>,
    progress: &(dyn Progress + Sync),
    found: &mut Corruption,
) -> Result<(), SweepError> {
    let how = Choice {
        seed: damages.seed,
        sampled: damages.more.is_some(),
    };
    let choose = |resting: &Resting, part: Part| {
        let by = (Expected::of(resting)?, resting.files.clone());
        let damages = match only {
            Some(damage) => one(resting, damage).into_iter().collect(),
            None => choice(resting, how, part),
        };
        Ok(Chosen { by, damages })
    };
    let take = |inflicted: &Inflicted<'_, (Expected, Files)>| {
        let (expected, files) = inflicted.by;
        let (damage, again) = (inflicted.damage, inflicted.again);
        let fate = expected.judge(damage, inflicted.seen);
        // What is found has to come twice; a call that hangs is not waited for again.
        let wait = !again && is_found(&fate) && !is_hung(&fate);
        let bytes = files.get(&damage.path).map_or(&[][..], Vec::as_slice);
        (!wait).then(|| Met {
            place: format!("{}/{damage}", rest.name),
            told: damage.told(bytes),
            flips: matches!(damage.harm, Harm::Flip { .. }),
            steady: !again || is_found(&fate),
            fate,
        })
    };
    let inflictions = Inflictions {
        choose: &choose,
        take: &take,
        more,
        one: only.is_some(),
    };
    let mut there = 0;
    let mut tried = 0;
    for share in damage_all(target, (scenario, rest), progress, &inflictions)? {
        match share {
            Ok(share) => {
                there += share.there;
                tried += share.taken.len();
                found.count(share.taken);
            }
            Err(why) => found.unproven.push(format!("{}: {why}", rest.name)),
        }
    }
    if damages.more.is_none() && tried < there {
        let why = format!("{}: it was interrupted after {tried} of {there}", rest.name);
        found.unproven.push(why);
    }
    found.rests.push((rest.name.clone(), there));
    Ok(())
}

/// The damage as it was named, or where its file has another number in its name this time.
fn one(resting: &Resting, damage: &Damage) -> Option<Damage> {
    let fits = |path: &&String| damage.of(&resting.files[path.as_str()]).is_some();
    let paths = resting.files.keys();
    let exact = paths.clone().find(|path| **path == damage.path);
    let mut alike = paths.filter(|path| without_numbers(path) == without_numbers(&damage.path));
    let path = exact.or_else(|| alike.next()).filter(fits)?;
    Some(Damage {
        path: path.clone(),
        ..damage.clone()
    })
}

fn without_numbers(path: &str) -> String {
    path.chars()
        .filter(|c| !c.is_ascii_hexdigit() && *c != '#')
        .collect()
}

const fn is_found(fate: &Fate) -> bool {
    matches!(fate, Fate::Silent(_))
}

fn is_hung(fate: &Fate) -> bool {
    matches!(fate, Fate::Silent(violation) if violation.invariant == "ends-by-itself")
}

impl Corruption {
    /// How many damages were inflicted and judged.
    pub const fn tried(&self) -> usize {
        self.flips + self.cuts
    }

    /// How many damages there are.
    pub fn there(&self) -> usize {
        self.rests.iter().map(|(_, count)| count).sum()
    }

    fn count(&mut self, all: Vec<Met>) {
        let mut alike: BTreeMap<(&str, String), usize> = BTreeMap::new();
        for met in all {
            if met.fate == Fate::NotTried {
                self.unproven
                    .push(format!("{}: no call was made", met.place));
                continue;
            }
            if met.flips {
                self.flips += 1;
            } else {
                self.cuts += 1;
            }
            match met.fate {
                _ if !met.steady => self.unsteady.push(met.place),
                Fate::Identical | Fate::NotTried => self.identical += 1,
                Fate::Repaired => self.repaired += 1,
                Fate::Halted => self.halted += 1,
                Fate::Earlier => self.earlier += 1,
                Fate::Silent(violation) => {
                    let file = met.place.rsplit_once(':').map_or("", |(file, _)| file);
                    let count = alike
                        .entry((violation.invariant, file.to_owned()))
                        .or_default();
                    *count += 1;
                    if *count > ALIKE_MAX {
                        self.alike += 1;
                        continue;
                    }
                    let words = ["--part", "corruption", "--point", &met.place];
                    self.findings.push(Finding {
                        repeat: words.map(str::to_owned).to_vec(),
                        place: format!("{} ({})", met.place, met.told),
                        violation,
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestrator::judge::Violation;

    fn met(place: &str, fate: Fate) -> Met {
        Met {
            place: place.to_owned(),
            told: String::new(),
            flips: true,
            fate,
            steady: true,
        }
    }

    #[test]
    fn findings_that_are_alike_are_counted_and_not_told() {
        let violation = Violation {
            invariant: "damage-is-noticed",
            step: "answer".to_owned(),
            expected: "a".to_owned(),
            observed: "b".to_owned(),
        };
        let mut found = Corruption::default();
        let places = [
            "run/a:1^01",
            "run/a:2^01",
            "run/a:3^01",
            "run/a:4^01",
            "run/b:1^01",
        ];
        let silent = |place: &&str| met(place, Fate::Silent(violation.clone()));
        found.count(places.iter().map(silent).collect());
        found.count(vec![met("run/a:5^01", Fate::Halted)]);
        assert_eq!((found.findings.len(), found.alike), (4, 1));
        assert_eq!((found.flips, found.halted), (6, 1));
        assert_eq!(found.findings[0].repeat[3], "run/a:1^01");
    }

    #[test]
    fn a_name_is_a_rest_and_a_damage() {
        assert!(named("run/a:1^01", &[]).is_err());
        assert!(named("nonsense", &[]).is_err());
    }
}
