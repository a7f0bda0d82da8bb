//! What is written is kept, with where it went.

use cabincrew_crashpoint::{Act, Brought, Event, trace};

use crate::subject::{Site, shell};

fn recorded(script: &str) -> Vec<Event> {
    let (_, traced) = shell(script, |request| request.record = true);
    traced.events
}

fn write(event: &Event) -> (&str, u64, &[u8]) {
    match &event.act {
        Act::Write {
            path, offset, data, ..
        } => (path, *offset, data),
        other => panic!("{other:?}"),
    }
}

#[test]
fn appended_bytes_are_kept_with_their_place() {
    needs_tracer!();
    let events = recorded("echo first >log; echo second >>log");
    assert_eq!(write(&events[1]), ("log", 0, b"first\n".as_slice()));
    assert_eq!(write(&events[2]), ("log", 6, b"second\n".as_slice()));
    assert_eq!(events[2].result, Some(7));
}

#[test]
fn pieces_and_places_are_kept() {
    needs_tracer!();
    let site = Site::new();
    let program = site.compiled("static", &["-static", "-nostdlib", "-fno-stack-protector"]);
    let mut request = site.request();
    request.record = true;
    let command = site.command(&[program.to_str().expect("it is text")]);
    let events = trace(command, &request).expect("it is traced").events;
    assert_eq!(write(&events[1]), ("static", 0, b"abcdefgh".as_slice()));
    assert_eq!(write(&events[2]), ("static", 0, b"A".as_slice()));
}

#[test]
fn copies_within_the_kernel_are_kept() {
    needs_tracer!();
    let events = recorded("echo text >a; cp a b");
    let mut written = events.iter().filter(|event| event.act.path() == "b");
    let copied = written.find(|event| matches!(event.act, Act::Write { .. }));
    assert_eq!(write(copied.unwrap()), ("b", 0, b"text\n".as_slice()));
}

#[test]
fn what_comes_from_outside_is_kept() {
    needs_tracer!();
    let script = "mkdir ../beside/d; echo in >../beside/d/f; mv ../beside/d d";
    let events = recorded(script);
    let Act::Rename { from, to, brought } = &events[0].act else {
        panic!("{events:?}");
    };
    assert_eq!((from, to.as_deref()), (&None, Some("d")));
    let file = Brought {
        path: "f".to_owned(),
        content: Some(b"in\n".to_vec()),
    };
    assert!(brought.contains(&file), "{brought:?}");
}

#[test]
fn what_foreign_programs_write_is_kept_without_a_name() {
    needs_tracer!();
    let site = Site::new();
    let script = site.beside().join("engine");
    std::fs::write(&script, "echo x >made\n").expect("it is written");
    let mut request = site.request();
    request.foreign = vec![script.clone()];
    request.record = true;
    let line = format!("sh {}; echo y >own", script.display());
    let traced = trace(site.command(&["sh", "-c", &line]), &request).expect("it is traced");
    let acts: Vec<_> = traced.events.iter().map(|event| &event.act).collect();
    assert_eq!(acts[0], &Act::Launch);
    let foreign = traced.events.iter().filter(|event| event.point.is_none());
    assert_eq!(foreign.count(), 3);
}
