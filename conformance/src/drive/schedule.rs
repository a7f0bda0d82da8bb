//! Which worker drives which drill, and when.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use super::engine::Progress;
use super::worker::{Extent, Worker};
use super::world::World;
use crate::drill::Drill;
use crate::observe::{End, Launch};
use crate::receipt;

/// The baseline first; if it worked, everything else on all workers.
pub(crate) fn drive_all<'a>(
    world: &'a World<'a>,
    drills: &'a [Drill],
    jobs: usize,
    progress: &dyn Progress,
) -> std::io::Result<Vec<Launch>> {
    let is_baseline = |drill: &&Drill| drill.launches.iter().any(|l| l.name == "baseline");
    let baseline = drills.iter().find(is_baseline);
    let mut leader = Worker::new(world, 0)?;
    for drill in drills.iter().filter(|drill| drill.first) {
        leader.drill(drill, Extent::All)?;
    }
    if let Some(baseline) = baseline {
        leader.drill(baseline, Extent::All)?;
    }
    let first = leader
        .launches
        .iter()
        .find(|launch| launch.name == "baseline");
    let worked = first.map_or_else(|| Err("it was not launched".to_owned()), receipt::worked);
    // What does not end is not started more often than needed to say so.
    let hangs = first.is_some_and(|launch| matches!(launch.end, End::TimedOut(_)));
    let rest = drills
        .iter()
        .filter(|drill| !drill.first && !is_baseline(drill));
    if let Err(why) = worked {
        for drill in rest {
            let extent = if hangs {
                Extent::Nothing(&why)
            } else {
                Extent::Diagnostic(&why)
            };
            leader.drill(drill, extent)?;
        }
        return Ok(leader.launches);
    }
    let (last, usual): (Vec<&Drill>, Vec<&Drill>) = rest.partition(|drill| drill.last);
    let queue: Mutex<VecDeque<&'a Drill>> = Mutex::new(usual.into_iter().chain(last).collect());
    let next = || {
        if progress.interrupted() {
            world.shared.stop.store(true, Ordering::Relaxed);
        }
        queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    };
    let work = |mut worker: Worker<'a>| -> std::io::Result<Vec<Launch>> {
        while let Some(drill) = next() {
            worker.baseline()?;
            worker.drill(drill, Extent::All)?;
        }
        Ok(worker.launches)
    };
    let work = &work;
    std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..jobs)
            .map(|index| scope.spawn(move || work(Worker::new(world, index)?)))
            .collect();
        let mut launches = work(leader)?;
        for helper in helpers {
            launches.extend(helper.join().unwrap_or_else(|_| Ok(Vec::new()))?);
        }
        Ok(launches)
    })
}
