//! Faults happen at their point and nowhere else.

use cabincrew_crashpoint::{Errno, Finish, Mode, trace};

use crate::subject::{Site, assert_killed, fault, is_alive, points, shell};

const TWO_LINES: &str = "echo first >log; echo second >>log; echo told";

#[test]
fn killed_before_a_write_it_never_happens() {
    needs_tracer!();
    let (site, traced) = shell(TWO_LINES, |request| {
        request.fault = fault("write:log:2", Mode::Before);
    });
    assert_killed(&traced);
    assert_eq!(site.text("log").as_deref(), Some("first\n"));
    assert_eq!(site.stdout(), "");
}

#[test]
fn killed_after_a_write_it_has_happened_and_nothing_else() {
    needs_tracer!();
    let (site, traced) = shell(TWO_LINES, |request| {
        request.fault = fault("write:log:2", Mode::After);
    });
    assert_killed(&traced);
    assert_eq!(site.text("log").as_deref(), Some("first\nsecond\n"));
    assert_eq!(site.stdout(), "");
}

#[test]
fn a_torn_write_is_half_there() {
    needs_tracer!();
    let (site, traced) = shell(TWO_LINES, |request| {
        request.fault = fault("write:log:2", Mode::Torn);
    });
    assert_killed(&traced);
    assert_eq!(site.text("log").as_deref(), Some("first\nsec"));
}

#[test]
fn a_short_write_is_told_as_such_and_the_program_lives_on() {
    needs_tracer!();
    let (site, traced) = shell(TWO_LINES, |request| {
        request.fault = fault("write:log:2", Mode::Short);
    });
    assert!(traced.fired);
    assert_eq!(traced.finish, Finish::Exited(0));
    let of_log = |event: &&cabincrew_crashpoint::Event| {
        let point = event.point.as_ref().map(ToString::to_string);
        point.is_some_and(|it| it.starts_with("write:log:"))
    };
    let written = traced.events.iter().filter(of_log);
    let counts: Vec<i64> = written.filter_map(|event| event.result).collect();
    // A shell writes the rest.
    assert_eq!(counts, [6, 3, 4]);
    assert_eq!(site.text("log").as_deref(), Some("first\nsecond\n"));
    assert_eq!(site.stdout(), "told\n");
}

#[test]
fn a_write_of_pieces_is_torn_as_a_whole() {
    needs_tracer!();
    let site = Site::new();
    let program = site.compiled("static", &["-static", "-nostdlib", "-fno-stack-protector"]);
    let mut request = site.request();
    request.fault = fault("writev:static:1", Mode::Torn);
    let command = site.command(&[program.to_str().expect("it is text")]);
    assert_killed(&trace(command, &request).expect("it is traced"));
    assert_eq!(site.text("static").as_deref(), Some("abcd"));
}

#[test]
fn what_cannot_be_torn_goes_on() {
    needs_tracer!();
    let (site, traced) = shell("printf x >log; echo told", |request| {
        request.fault = fault("write:log:1", Mode::Torn);
    });
    assert!(!traced.fired);
    assert_eq!(traced.finish, Finish::Exited(0));
    assert_eq!(site.stdout(), "told\n");
}

#[test]
fn the_outside_is_told_before_or_not_at_all() {
    needs_tracer!();
    for (mode, told) in [(Mode::Before, ""), (Mode::After, "told\n")] {
        let (site, traced) = shell(TWO_LINES, |request| {
            request.fault = fault("write:@stdout:1", mode);
        });
        assert_killed(&traced);
        assert_eq!(site.stdout(), told);
    }
    let (site, traced) = shell(TWO_LINES, |request| {
        request.fault = fault("exit_group:@exit:1", Mode::Before);
    });
    assert_killed(&traced);
    assert_eq!(site.stdout(), "told\n");
}

#[test]
fn every_process_of_the_tree_dies_at_once() {
    needs_tracer!();
    let script = "setsid sh -c 'echo $$ >pid; while :; do :; done' & \
                  while ! test -s pid; do :; done; echo x >log; echo y >never";
    let (site, traced) = shell(script, |request| {
        request.fault = fault("write:log:1", Mode::Before);
    });
    assert_killed(&traced);
    assert!(!is_alive(&site.text("pid").expect("it was written")));
    assert_eq!(site.text("never"), None);
}

#[test]
fn threads_die_at_the_point_of_one() {
    needs_tracer!();
    let site = Site::new();
    let program = site.compiled("threads", &["-pthread"]);
    let mut request = site.request();
    request.fault = fault("write:part2:4", Mode::After);
    let command = site.command(&[program.to_str().expect("it is text")]);
    let traced = trace(command, &request).expect("it is traced");
    assert_killed(&traced);
    assert_eq!(site.text("part2").map(|text| text.len()), Some(40));
    assert_eq!(site.text("done2"), None);
}

#[test]
fn a_call_fails_once_or_from_then_on() {
    needs_tracer!();
    let script = "echo a >one || echo 1; echo b >two || echo 2; echo c >three || echo 3";
    let (site, traced) = shell(script, |request| {
        request.fault = fault("write:two:1", Mode::Fails(Errno::Enospc));
    });
    assert!(traced.fired);
    assert_eq!(site.stdout(), "2\n");
    let (site, traced) = shell(script, |request| {
        request.fault = fault("write:two:1", Mode::FailsForEver(Errno::Enospc));
    });
    assert!(traced.fired);
    assert_eq!(site.stdout(), "2\n3\n");
    assert_eq!(
        (site.text("three"), site.text("two").as_deref()),
        (None, Some(""))
    );
}

#[test]
fn only_what_can_fail_so_fails_from_then_on() {
    needs_tracer!();
    let script = "echo a >one; rm one && echo removed; echo b >two || echo 2";
    let (site, _) = shell(script, |request| {
        request.fault = fault("openat:one:1", Mode::FailsForEver(Errno::Emfile));
    });
    // The shell could not make the first file, so there is none to remove.
    assert_eq!(site.stdout(), "2\n");
}

#[test]
fn a_sweep_ends_when_no_fault_fires() {
    needs_tracer!();
    let (_, counted) = shell(TWO_LINES, |_| {});
    let all = points(&counted);
    for point in &all {
        let (_, traced) = shell(TWO_LINES, |request| {
            request.fault = fault(point, Mode::Before);
        });
        assert_killed(&traced);
        let before = all.iter().position(|other| other == point);
        assert_eq!(points(&traced).len(), before.unwrap() + 1, "{point}");
    }
    let (_, traced) = shell(TWO_LINES, |request| {
        request.fault = fault("write:log:3", Mode::Before);
    });
    assert!(!traced.fired);
}
