//! What engines are kept from, as far as this machine allows: each test says what that is.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use cabincrew_reference::launch::{Confinement, End, Launcher, Means, Order};

use crate::documents::{check_documents, code};
use crate::place::{ENGINE, Place, program};

/// What this machine offers; a test that needs more says that it tests less.
fn means(needed: &str) -> Means {
    let means = Launcher::new(program().to_owned()).means();
    let mut out = std::io::stdout();
    writeln!(out, "capability: {needed}; this machine has {means:?}").unwrap();
    means
}

/// What the audit log says about a launch, before it.
fn announced(place: &Place, mode: &str) -> String {
    let events = place.export("w", "audit");
    let prepared = events.iter().find(|event| {
        event["event_type"] == "environment_prepared" && event["workflow"]["mode"] == mode
    });
    let message = prepared.unwrap()["message"].as_str().unwrap();
    message.to_owned()
}

/// The engine tries something in one mode, and keeps in its log whether it could.
fn trying(place: &Place, mode: &str, attempt: &str) -> String {
    let tried = format!(
        "input=$(cat); if [ \"$2\" = {mode} ]; then if {attempt}; then echo could >&2; else echo could not >&2; fi; fi"
    );
    place.script("engine", &ENGINE.replace("input=$(cat)", &tried));
    let output = place.run("w");
    assert_eq!(code(&output), Some(0), "{output:?}");
    check_documents(place, "w");
    let log = place.home("w").join(format!("logs/edit-{mode}-0.stderr"));
    let log = fs::read_to_string(log).unwrap();
    log.lines()
        .find(|line| line.starts_with("could"))
        .unwrap()
        .to_owned()
}

#[test]
fn nothing_outside_is_written_in_any_mode() {
    let means = means("Landlock for files");
    for mode in ["flight-plan", "take-off"] {
        let place = Place::new();
        let outside = place.path("outside");
        let said = trying(
            &place,
            mode,
            &format!("(echo x > {}) 2>/dev/null", outside.display()),
        );
        assert_eq!(said, if means.files { "could not" } else { "could" });
        assert_eq!(outside.exists(), !means.files);
        let told = announced(&place, mode);
        assert_eq!(told.contains("(Landlock); "), means.files, "{told}");
    }
}

#[test]
fn the_store_is_out_of_reach() {
    let means = means("Landlock for files");
    let place = Place::new();
    let journal = place.home("w").join("journal");
    let attempt = format!("(: >> {}) 2>/dev/null", journal.display());
    let said = trying(&place, "take-off", &attempt);
    assert_eq!(said, if means.files { "could not" } else { "could" });
}

#[test]
fn the_workspace_is_only_read_while_planning() {
    let means = means("Landlock for files");
    let place = Place::new();
    if !means.files {
        // Without, the change is found at the end of the run: see the tests of engines.
        return;
    }
    let attempt = r#"(echo x >> "$CABINCREW_WORKSPACE/a.txt" || rm "$CABINCREW_WORKSPACE/a.txt" || mkdir "$CABINCREW_WORKSPACE/d") 2>/dev/null"#;
    assert_eq!(trying(&place, "flight-plan", attempt), "could not");
    assert_eq!(place.applied(), 1, "take-off writes to the workspace");
}

#[test]
fn no_network_is_reached_while_planning() {
    let means = means("a network namespace");
    let offline = means.network.is_some() || means.tcp;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let attempt = format!("bash -c 'echo hello > /dev/tcp/127.0.0.1/{port}' 2>/dev/null");
    let heard = || {
        let (mut stream, _) = listener.accept().ok()?;
        stream.set_nonblocking(false).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        Some(text)
    };
    let place = Place::new();
    assert_eq!(
        trying(&place, "flight-plan", &attempt),
        if offline { "could not" } else { "could" }
    );
    assert_eq!(heard().is_none(), offline);
    // Take-off may: the same attempt is the control.
    let place = Place::new();
    assert_eq!(trying(&place, "take-off", &attempt), "could");
    assert_eq!(heard().unwrap(), "hello\n");
    // And so may planning, where the workflow says so.
    let place = Place::new();
    place.confined(r#"{"network":"off"}"#);
    assert_eq!(trying(&place, "flight-plan", &attempt), "could");
    assert_eq!(heard().unwrap(), "hello\n");
    let told = announced(&place, "flight-plan");
    assert!(told.ends_with("as the workflow says"), "{told}");
}

#[test]
fn what_is_required_and_not_there_stops_the_workflow_before_a_launch() {
    let means = means("Landlock for files and a network namespace");
    let place = Place::new();
    place.confined(r#"{"filesystem":"required","network":"required"}"#);
    let output = place.run("w");
    let there = means.files && means.network.is_some();
    assert_eq!(code(&output), Some(if there { 0 } else { 1 }), "{output:?}");
    let events = place.export("w", "audit");
    let types = crate::place::event_types(&events);
    assert_eq!(types.contains(&"engine_start"), there);
}

#[test]
fn what_a_workflow_file_asks_for_is_known_or_refused() {
    let place = Place::new();
    place.confined(r#"{"filesystem":"maybe"}"#);
    assert_eq!(code(&place.run("w")), Some(2));
}

#[test]
fn an_engine_that_cannot_be_confined_is_not_started() {
    let launcher = Launcher::new(program().to_owned());
    let place = Place::new();
    let sign = place.path("started");
    let order = |writable: &str| Order {
        program: "/bin/sh".into(),
        args: vec!["-c".to_owned(), format!("echo > {}", sign.display())],
        env: Vec::new(),
        confinement: Confinement {
            means: means("Landlock for files"),
            writable: vec![place.path(writable)],
        },
        cwd: "/".into(),
        input_length: 0,
        timeout_ms: 20_000,
        grace_ms: 0,
    };
    if means("Landlock for files").files {
        let run = launcher.run(&order("not-there"), b"", &|| false).unwrap();
        assert_eq!(run.report.end, End::NotConfined);
        assert!(!sign.exists());
    }
    let run = launcher.run(&order(""), b"", &|| false).unwrap();
    assert_eq!(run.report.end, End::Exited(0));
    assert!(sign.exists());
}

#[test]
fn what_the_machine_offers_is_told() {
    let means = means("nothing");
    let output = std::process::Command::new(program())
        .args(["capabilities", "--json"])
        .output()
        .unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["files"], means.files);
    assert_eq!(told["network"].is_null(), means.network.is_none());
}
