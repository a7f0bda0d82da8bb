//! `kill -9` in each phase of the tour, and what `resume` makes of it.

use std::path::Path;
use std::time::Duration;

use super::trip::{APPROVE, RUN, Trip, about};
use crate::place::event_types;

/// Waits until something is held, then kills `cabincrew` without warning.
fn kill_when(trip: &Trip, words: &[&str], held: &Path) {
    let mut running = trip.command(words).spawn().unwrap();
    for _ in 0..3000 {
        if held.exists() {
            running.kill().unwrap();
            running.wait().unwrap();
            return;
        }
        assert!(
            running.try_wait().unwrap().is_none(),
            "ended before it was held"
        );
        std::thread::park_timeout(Duration::from_millis(10));
    }
    running.kill().unwrap();
    panic!("{} was never there", held.display());
}

#[test]
fn planning_is_begun_anew() {
    let trip = Trip::held("flight-plan");
    kill_when(
        &trip,
        RUN,
        &trip.home().join("runs/edit-flight-plan-0/temp/held"),
    );
    trip.hold("nowhere");
    trip.verb(3, &["resume"]);
    trip.approve(0);
    assert!(trip.is_applied());
}

#[test]
fn governance_is_asked_again() {
    let trip = Trip::held("pre");
    kill_when(&trip, RUN, &trip.path("flow/held"));
    trip.hold("nowhere");
    assert!(trip.is_untouched());
    trip.verb(3, &["resume"]);
    trip.approve(0);
    assert!(trip.is_applied());
}

#[test]
fn the_request_outlives_every_process() {
    let trip = Trip::new();
    trip.run(3);
    let asked = trip.export("approvals");
    trip.verb(3, &["resume"]);
    assert_eq!(trip.export("approvals"), asked);
    trip.approve(0);
    assert!(trip.is_applied());
}

#[test]
fn take_off_is_in_doubt_and_an_operator_decides() {
    let trip = Trip::held("take-off");
    trip.run(3);
    let held = trip.home().join("runs/edit-take-off-0/temp/held");
    kill_when(&trip, &about(APPROVE), &held);
    trip.hold("nowhere");
    assert!(trip.is_untouched());
    let retry = [
        "resume",
        "--retry-take-off",
        "--as",
        "olga",
        "--reason",
        "nothing was written",
    ];
    trip.verb(0, &retry);
    assert!(trip.is_applied());
    let events = trip.export("audit");
    assert!(event_types(&events).contains(&"takeoff_outcome_unknown"));
}

#[test]
fn take_off_in_doubt_is_not_repeated_by_itself() {
    let trip = Trip::held("take-off");
    trip.run(3);
    let held = trip.home().join("runs/edit-take-off-0/temp/held");
    kill_when(&trip, &about(APPROVE), &held);
    trip.hold("nowhere");
    trip.verb(1, &["resume"]);
    assert!(trip.is_untouched());
}

#[test]
fn what_was_applied_is_inspected_and_not_applied_twice() {
    let trip = Trip::held("post");
    trip.run(3);
    kill_when(&trip, &about(APPROVE), &trip.path("flow/held"));
    trip.hold("nowhere");
    assert!(trip.is_applied());
    trip.verb(0, &["resume"]);
    assert!(trip.is_applied());
    let events = trip.export("audit");
    let starts = event_types(&events);
    let starts = starts.iter().filter(|kind| **kind == "engine_start");
    assert_eq!(starts.count(), 2);
}
