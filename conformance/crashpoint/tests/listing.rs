//! Points are named, and named the same in every run.

use cabincrew_crashpoint::{Finish, Note, TraceError, trace};

use crate::subject::{Site, is_alive, points, shell};

#[test]
fn a_shell_subject_is_listed_in_order() {
    needs_tracer!();
    let script = "mkdir d && echo one >d/a && echo two >>d/a && mv d/a d/b && rm d/b && echo told";
    let (site, traced) = shell(script, |_| {});
    assert_eq!(traced.finish, Finish::Exited(0));
    assert_eq!(
        points(&traced),
        [
            "mkdir:d:1",
            "openat:d/a:1",
            "write:d/a:1",
            "write:d/a:2",
            "renameat2:d/b:1",
            "unlinkat:d/b:1",
            "write:@stdout:1",
            "exit_group:@exit:1",
        ]
    );
    assert_eq!(site.stdout(), "told\n");
    assert!(traced.notes.is_empty());
}

#[test]
fn what_happens_elsewhere_is_no_point() {
    needs_tracer!();
    let (_, traced) = shell("echo x >../beside/y; cat ../beside/y >/dev/null", |_| {});
    assert_eq!(points(&traced), ["exit_group:@exit:1"]);
}

#[test]
fn forks_are_followed_and_what_outlives_the_subject_is_killed() {
    needs_tracer!();
    let script = "(echo x >a; (echo y >b)); setsid sh -c 'echo $$ >c; exec sleep 60' & \
                  while ! test -s c; do :; done";
    let (site, traced) = shell(script, |_| {});
    let all = points(&traced);
    for wanted in ["write:a:1", "write:b:1", "write:c:1"] {
        assert!(all.iter().any(|point| point == wanted), "{all:?}");
    }
    assert_eq!(traced.notes, [Note::LeftAlive]);
    assert!(!is_alive(&site.text("c").expect("it was written")));
}

#[test]
fn threads_are_listed_with_the_same_names_in_every_run() {
    needs_tracer!();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let site = Site::new();
        let program = site.compiled("threads", &["-pthread"]);
        let command = site.command(&[program.to_str().expect("it is text")]);
        let traced = trace(command, &site.request()).expect("it is traced");
        assert_eq!(traced.finish, Finish::Exited(0));
        assert_eq!(site.stdout(), "done\n");
        let mut all = points(&traced);
        all.sort();
        assert_eq!(all.len(), 4 * 12 + 2);
        seen.push(all);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_static_subject_is_listed() {
    needs_tracer!();
    let site = Site::new();
    let program = site.compiled("static", &["-static", "-nostdlib", "-fno-stack-protector"]);
    let command = site.command(&[program.to_str().expect("it is text")]);
    let traced = trace(command, &site.request()).expect("it is traced");
    assert_eq!(traced.finish, Finish::Exited(0));
    let wanted = [
        "open:static:1",
        "writev:static:1",
        "pwrite64:static:1",
        "fsync:static:1",
        "exit_group:@exit:1",
    ];
    assert_eq!(points(&traced), wanted);
    assert_eq!(site.text("static").as_deref(), Some("Abcdefgh"));
}

#[test]
fn what_cannot_be_seen_is_reported() {
    needs_tracer!();
    let site = Site::new();
    let program = site.compiled("unseen", &[]);
    let command = site.command(&[program.to_str().expect("it is text")]);
    let traced = trace(command, &site.request()).expect("it is traced");
    assert_eq!(traced.finish, Finish::Exited(0), "io_uring was denied");
    let wanted = [Note::IoUring, Note::SharedMapping("mapped".to_owned())];
    assert_eq!(traced.notes, wanted);
}

#[test]
fn foreign_programs_have_no_points() {
    needs_tracer!();
    let site = Site::new();
    let script = site.beside().join("engine");
    std::fs::write(&script, "echo x >made-by-it\n(echo y >by-its-child)\n").expect("it is written");
    let mut request = site.request();
    request.foreign = vec![script.clone()];
    let line = format!("echo 1 >a; sh {}; echo 2 >b", script.display());
    let traced = trace(site.command(&["sh", "-c", &line]), &request).expect("it is traced");
    let wanted = ["openat:a:1", "write:a:1", "openat:b:1", "write:b:1"];
    assert_eq!(points(&traced)[..4], wanted);
    assert_eq!(site.text("by-its-child").as_deref(), Some("y\n"));
}

#[test]
fn names_can_leave_out_what_differs_from_run_to_run() {
    needs_tracer!();
    let (_, traced) = shell("echo x >tmp.$$; mv tmp.$$ done", |request| {
        request.blur = true;
    });
    let wanted = ["openat:tmp.#:1", "write:tmp.#:1", "renameat2:done:1"];
    assert_eq!(points(&traced)[..3], wanted);
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    needs_tracer!();
    let site = Site::new();
    let traced = trace(site.command(&["./nowhere"]), &site.request());
    assert!(matches!(traced, Err(TraceError::Start(_))), "{traced:?}");
    let mut request = site.request();
    request.watched = site.beside().join("missing");
    let traced = trace(site.command(&["true"]), &request);
    assert!(matches!(traced, Err(TraceError::Watched(_))), "{traced:?}");
}
