//! What people may watch.

use std::sync::Mutex;

use cabincrew_protocol::workflow::State;
use cabincrew_reference::launch::Launcher;
use cabincrew_reference::perform::Progress;
use cabincrew_reference::service::Service;

use crate::place::{Place, program};

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn watch(progress: Progress<'_>) {
    let ended = progress.took.is_some();
    let mode = progress.mode.as_str();
    let text = format!(
        "{} {} {mode} {ended}",
        progress.workflow_id, progress.step_id
    );
    SEEN.lock().unwrap().push(text);
}

#[test]
fn every_engine_is_told_of_at_its_beginning_and_at_its_end() {
    let place = Place::new();
    let workers = program().parent().unwrap().to_owned();
    let launcher = Launcher::new(program().to_owned());
    let service = Service::new(place.path("state"), launcher, workers).with_watch(Some(watch));
    let state = service.run("w", &place.path("ws"), &place.path("workflow.json"));
    assert_eq!(state.unwrap(), State::Completed);
    let seen = SEEN.lock().unwrap();
    let expected = [
        "w edit flight-plan false",
        "w edit flight-plan true",
        "w edit take-off false",
        "w edit take-off true",
    ];
    assert_eq!(*seen, expected);
}

#[test]
fn without_a_terminal_nothing_is_said_beside_the_outcome() {
    let place = Place::new();
    let output = place.run("w");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "w COMPLETED\n");
}
