//! Two phases, one policy of each kind, everything on: one workflow at a time, and eight at once.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cabincrew_protocol::workflow::State;
use cabincrew_reference::clock;

use crate::figures::{line, ms, quantile, rate};
use crate::floor::{self, Counts};
use crate::place::Place;

/// Workflows of one round; rounds of workflows and of the floor take turns.
const ROUND: usize = 64;
const ROUNDS: usize = 6;

pub(crate) fn run() {
    let place = Place::new();
    let counts = floor::counts(&place);
    if let Some(Counts { syncs, starts }) = counts {
        line(
            "syncs of a workflow, alone in a process",
            &syncs.to_string(),
        );
        line(
            "process starts of a workflow, alone in a process, itself included",
            &starts.to_string(),
        );
    }
    let syncs = counts.map_or(12, |counts| counts.syncs);
    for at_once in [1, 8] {
        measure(&place, at_once, syncs);
    }
}

fn measure(place: &Place, at_once: usize, syncs: usize) {
    let service = place.service(&format!("state-{at_once}"));
    let (mut times, mut floors) = (Vec::new(), Vec::new());
    let (mut total, mut bare) = (Duration::ZERO, Duration::ZERO);
    for round in 0..=ROUNDS {
        let workspaces: Vec<PathBuf> = (0..ROUND)
            .map(|index| place.workspace(&format!("{at_once}-{round}-{index}")))
            .collect();
        let (took, each) = spread(at_once, |index| {
            let begun = clock::tick();
            let id = format!("w-{round}-{index}");
            let file = place.path("workflow.json");
            let state = service.run(&id, &workspaces[index], &file).unwrap();
            assert_eq!(state, State::Completed);
            begun.elapsed()
        });
        let name = |index| format!("{at_once}-{round}-{index}");
        let (floor, each_bare) = spread(at_once, |index| floor::bare(place, &name(index), syncs));
        // The first round warms up.
        if round > 0 {
            times.extend(each);
            floors.extend(each_bare);
            total += took;
            bare += floor;
        }
    }
    let count = ROUND * ROUNDS;
    line(
        &format!("workflows, {at_once} at once"),
        &format!(
            "{:.0}/s, p50 {}, p99 {}",
            rate(count, total),
            ms(quantile(&mut times, 0.5)),
            ms(quantile(&mut times, 0.99)),
        ),
    );
    line(
        &format!("two bare engines and {syncs} syncs, {at_once} at once"),
        &format!(
            "{:.0}/s, p50 {}; workflows reach {:.2} of that",
            rate(count, bare),
            ms(quantile(&mut floors, 0.5)),
            bare.as_secs_f64() / total.as_secs_f64(),
        ),
    );
}

/// Does `ROUND` pieces of work, so many at once; gives the time of all and of each.
fn spread(at_once: usize, work: impl Fn(usize) -> Duration + Sync) -> (Duration, Vec<Duration>) {
    let next = AtomicUsize::new(0);
    let times = Mutex::new(Vec::new());
    let begun = clock::tick();
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= ROUND {
                        break;
                    }
                    let took = work(index);
                    times.lock().unwrap().push(took);
                }
            });
        }
    });
    (begun.elapsed(), times.into_inner().unwrap())
}
