//! An orchestrator that works off one call after the other: nothing asks for two at once.

use crate::conform::Conform;
use crate::orchestrator::reference_program;

/// The reference behind a lock on its whole state directory.
fn one_after_the_other(conform: &Conform, flock: &str) {
    let script = format!(
        "#!/bin/sh\nfor word in \"$@\"; do\n  [ \"$before\" = --state-dir ] && lock=$word.lock\n  before=$word\ndone\nexec {flock} \"$lock\" {} \"$@\"\n",
        reference_program().display()
    );
    conform.executable("in-turn", &script);
}

#[test]
fn an_orchestrator_whose_calls_wait_for_each_other_is_not_accused() {
    let conform = Conform::new();
    one_after_the_other(&conform, "flock");
    let judged = conform.run(&[
        "orchestrator",
        "--filter",
        "CC-RST-024 | CC-TKO-022/one-take-off-among-two",
        "./in-turn",
    ]);
    assert_eq!(judged.code, 0, "{}{}", judged.stdout, judged.stderr);
    // The terminal's width decides where the reason is broken.
    let why = "it is not over";
    assert!(judged.stdout.contains(why), "{}", judged.stdout);
}

#[test]
fn an_orchestrator_that_refuses_a_second_call_is_not_accused() {
    let conform = Conform::new();
    one_after_the_other(&conform, "flock -n -E 4");
    let drills = "drill:at_once | drill:governance | drill:gateways";
    let judged = conform.run(&["orchestrator", "--filter", drills, "./in-turn"]);
    assert_eq!(judged.code, 0, "{}{}", judged.stdout, judged.stderr);
    let why = "no state is shown";
    assert!(judged.stdout.contains(why), "{}", judged.stdout);
}
