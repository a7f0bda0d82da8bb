//! The images that a power loss may leave, each once.

use std::collections::{BTreeMap, BTreeSet};

use cabincrew_crashpoint::{Act, Event, Note};
use sha2::{Digest as _, Sha256};

use super::disk::{Disk, Reading};
use super::loss::Loss;
use crate::orchestrator::drive::{Entry, Image, Made, Recorded, Traced};

/// One event of the whole run.
struct Happened {
    at: usize,
    name: String,
    event: Event,
}

/// Makes the images of a recorded run, each once, in the order in which they are first possible; and what
/// a disk that lost nothing holds in the end.
///
/// # Errors
/// When the recording does not tell enough: why.
pub fn images(recorded: &Recorded<'_>) -> Made {
    let happened = happened(recorded.traces)?;
    let mut disk = Disk::new();
    for (number, one) in happened.iter().enumerate() {
        let result = one.event.result.unwrap_or(0);
        if result >= 0 {
            disk.apply(number, &one.event.act, result)?;
        }
    }
    let whole = disk.after(happened.len(), Reading::Strict, Loss::Nothing);
    let programs = recorded.steps.iter().flat_map(|step| &step.programs);
    let take_offs: BTreeSet<u32> = programs
        .filter(|program| program.mode == "take-off")
        .map(|program| program.pid)
        .collect();
    Ok((all(&disk, &happened, &take_offs), whole))
}

/// The images that are possible after a sync has failed, at the moments that show that it was not taken
/// seriously: something was started since, or the call is about to end or has ended well. All that can be
/// lost is lost, and what the sync should have kept with it.
///
/// # Errors
/// When the recording does not tell enough: why.
pub fn images_of_failed_sync(recorded: &Recorded<'_>) -> Made {
    let happened = happened(recorded.traces)?;
    let mut disk = Disk::new();
    let mut failed = None;
    for (number, one) in happened.iter().enumerate() {
        let result = one.event.result.unwrap_or(0);
        match &one.event.act {
            Act::Sync { path } if result < 0 => {
                disk.drop_unsynced(path);
                failed.get_or_insert(number);
            }
            act if result >= 0 => disk.apply(number, act, result)?,
            _ => {}
        }
    }
    let whole = disk.after(happened.len(), Reading::Strict, Loss::Nothing);
    let Some(failed) = failed else {
        return Err("the sync did not fail".to_owned());
    };
    let mut images = Vec::new();
    for until in failed + 1..=happened.len() {
        let last = &happened[until - 1].event.act;
        let ended_well = *last == Act::Exit { status: 0 };
        let next = happened.get(until).map(|one| &one.event.act);
        let ends = matches!(next, Some(Act::Exit { .. }));
        if !(ended_well || ends || *last == Act::Launch) {
            continue;
        }
        images.push(Image {
            name: format!(
                "{}{FAILED}{} all-lost",
                happened[failed].name,
                place(&happened, until)
            ),
            also: BTreeSet::new(),
            contents: disk.after(until, Reading::Portable, Loss::All),
            portable: false,
            orderly: true,
            untouched: true,
            ended: ended_well,
            finished: happened[failed].at,
            launched: launched(&happened[..until]),
        });
    }
    Ok((images, whole))
}

/// What the names of moments begin with, after their step, at which an engine does something.
pub(super) const ENGINE: &str = "/engine:";

/// What stands between the name of a sync that fails and that of the moment of the loss.
pub(super) const FAILED: &str = " EIO, then ";

fn happened(traces: &[Traced]) -> Result<Vec<Happened>, String> {
    let mut happened = Vec::new();
    for (at, traced) in traces.iter().enumerate() {
        let trace = traced.report.as_ref().map_err(String::clone)?;
        let mapped = trace.notes.iter().find_map(|note| match note {
            Note::SharedMapping(path) => Some(path),
            Note::IoUring | Note::OtherArchitecture | Note::LeftAlive => None,
        });
        if let Some(path) = mapped {
            return Err(format!(
                "{path} is mapped shared and writable, so its changes are not seen"
            ));
        }
        happened.extend(trace.events.iter().map(|event| {
            let point = event.point.as_ref().map(ToString::to_string);
            let point = point.unwrap_or_else(|| format!("engine:{}", event.act.path()));
            Happened {
                at,
                name: format!("{}/{point}", traced.step),
                event: event.clone(),
            }
        }));
    }
    Ok(happened)
}

fn all(disk: &Disk, happened: &[Happened], take_offs: &BTreeSet<u32>) -> Vec<Image> {
    let mut known: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    let mut images: Vec<Image> = Vec::new();
    for until in 0..=happened.len() {
        // Only what changes the disk, or tells somebody, makes a difference.
        let before = until.checked_sub(1).map(|last| &happened[last].event.act);
        if matches!(before, Some(Act::Attributes { .. })) {
            continue;
        }
        for reading in [Reading::Portable, Reading::Strict] {
            for (what, loss) in losses(disk, happened, until, reading) {
                let image = Image {
                    name: match reading {
                        Reading::Portable => format!("{} {what}", place(happened, until)),
                        Reading::Strict => format!("{} {what} (strict)", place(happened, until)),
                    },
                    also: BTreeSet::new(),
                    contents: disk.after(until, reading, loss),
                    portable: reading == Reading::Strict,
                    orderly: !matches!(loss, Loss::One(_) | Loss::Half(_)),
                    untouched: false,
                    ended: false,
                    finished: finished(happened, until),
                    launched: launched(&happened[..until]),
                };
                let flying = image.launched.iter().any(|it| take_offs.contains(it));
                let untouched =
                    (flying && (reading, loss) == (Reading::Portable, Loss::All)).then(|| Image {
                        name: format!("{} untouched", image.name),
                        untouched: true,
                        ..image.clone()
                    });
                for image in std::iter::once(image).chain(untouched) {
                    let key = key(&image, take_offs);
                    match known.get(&key) {
                        // Possible under both readings: it is no matter of reading.
                        Some(at) => {
                            images[*at].portable &= image.portable;
                            images[*at].orderly |= image.orderly;
                            images[*at].also.insert(image.name);
                        }
                        None => {
                            known.insert(key, images.len());
                            images.push(image);
                        }
                    }
                }
            }
        }
    }
    images
}

/// `before STEP/POINT`, or `at the end`.
fn place(happened: &[Happened], until: usize) -> String {
    happened
        .get(until)
        .map_or_else(|| "end".to_owned(), |one| one.name.clone())
}

/// What may be lost before the `until`-th event. Single changes are looked at where somebody is told
/// something, starts something, or makes something durable: what is lost at another moment is lost there
/// as well. Those of engines are lost together.
fn losses(
    disk: &Disk,
    happened: &[Happened],
    until: usize,
    reading: Reading,
) -> Vec<(String, Loss)> {
    let mut losses = vec![
        ("all-lost".to_owned(), Loss::All),
        ("data-lost".to_owned(), Loss::Data),
        ("names-lost".to_owned(), Loss::Names),
        ("growth-lost".to_owned(), Loss::Growth),
    ];
    let decides = happened.get(until).is_none_or(|next| {
        let act = &next.event.act;
        let tells = matches!(act, Act::Acknowledge | Act::Exit { .. } | Act::Launch);
        tells || matches!(act, Act::Sync { .. } | Act::SyncAll)
    });
    for (number, event, long) in disk.volatile(until, reading) {
        let one = &happened[event];
        if !decides || one.event.point.is_none() {
            continue;
        }
        losses.push((format!("omit:{}", one.name), Loss::One(number)));
        if long {
            losses.push((format!("torn:{}", one.name), Loss::Half(number)));
        }
    }
    losses
}

/// How many steps had ended, and told it by their exit.
fn finished(happened: &[Happened], until: usize) -> usize {
    match happened.get(until) {
        Some(next) => next.at,
        None => happened.last().map_or(0, |last| last.at + 1),
    }
}

/// The foreign programs that were started, by process.
fn launched(happened: &[Happened]) -> Vec<u32> {
    let launches = happened.iter().filter(|one| one.event.act == Act::Launch);
    launches.map(|one| one.event.process).collect()
}

/// What makes two images the same: what they hold, what was acknowledged, and which take-offs had begun.
fn key(image: &Image, take_offs: &BTreeSet<u32>) -> Vec<u8> {
    let mut hash = Sha256::new();
    let launched = image.launched.iter();
    let took_off = launched
        .filter(|process| take_offs.contains(process))
        .count();
    hash.update(format!(
        "{} {took_off} {}\n",
        image.finished, image.untouched
    ));
    for (path, entry) in &image.contents {
        match entry {
            Entry::Directory => hash.update(format!("d {path}\n")),
            Entry::Link(target) => hash.update(format!("l {path} {target}\n")),
            Entry::File(bytes) => {
                hash.update(format!("f {path} {}\n", bytes.len()));
                hash.update(bytes);
            }
        }
    }
    hash.finalize().to_vec()
}
