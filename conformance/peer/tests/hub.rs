//! A harness that listens: programs tell it of their start and end, and go on only when it says so.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::driver::{World, input, run};

/// A script with a hub in the world's folder.
fn world(rest: &str) -> (World, UnixListener) {
    let world = World::new("");
    let socket = world.dir("hub");
    let elsewhere = world.dir("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a directory");
    let script = format!(
        "{rest}\n[hub]\nsocket = {socket:?}\nscript = 'edit'\nelsewhere = {elsewhere:?}\n\
         try_write = ['temp', 'elsewhere']\n"
    );
    std::fs::write(&world.script, script).expect("the script is written");
    let listener = UnixListener::bind(socket).expect("a socket");
    (world, listener)
}

/// Listens to one program and answers so many of its lines; returns what it said.
fn listen(listener: UnixListener, answers: usize) -> std::thread::JoinHandle<Vec<Value>> {
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a program");
        let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
        let mut said = Vec::new();
        while let Some(Ok(line)) = lines.next() {
            said.push(serde_json::from_str(&line).expect("a line is JSON"));
            if said.len() > answers {
                break;
            }
            stream.write_all(b"go\n").expect("it listens");
        }
        said
    })
}

#[test]
fn an_engine_tells_of_its_start_and_its_end() {
    let (world, listener) = world("");
    let hub = listen(listener, 9);
    let seen = world.plan();
    assert_eq!(seen.status, Some(0));
    let said = hub.join().unwrap();
    assert_eq!(said.len(), 2);
    let (begin, end) = (&said[0], &said[1]);
    assert_eq!(begin["at"], "begin");
    assert_eq!(begin["mode"], "flight-plan");
    assert_eq!(begin["ppid"], std::process::id());
    let stdin: Value = serde_json::from_str(begin["stdin"].as_str().unwrap()).unwrap();
    assert_eq!(stdin, input("flight-plan"));
    assert_eq!(begin["writable"]["elsewhere"], true);
    assert!(begin["workspace_before"]["README.md"].is_string());
    assert!(end["artifacts_after"]["edits/body.data"].is_string());
    assert_eq!(end["stdout"].as_str().unwrap().as_bytes(), seen.stdout);
}

#[test]
fn an_engine_that_is_let_go_does_nothing() {
    let (world, listener) = world("[[flight_plan.write]]\npath = 'new.txt'\n");
    let hub = listen(listener, 0);
    let seen = world.plan();
    assert_eq!(seen.status, Some(75));
    assert_eq!(hub.join().unwrap().len(), 1);
    assert!(seen.stdout.is_empty());
    assert!(!world.dir("workspace/new.txt").exists());
    assert_eq!(
        std::fs::read_dir(world.dir("artifacts")).unwrap().count(),
        0
    );
}

#[test]
fn an_engine_without_a_listener_goes_on_alone() {
    let (world, listener) = world("");
    drop(listener);
    assert_eq!(world.plan().status, Some(0));
}

#[test]
fn a_script_adds_artifacts_effects_and_another_receipt() {
    let world = World::new(
        "[[artifact]]\nname = 'extra'\nrole = 'evidence'\nbody = 'x {secret:NONE}'\n\
         [flight_plan]\nstatus = 7\nreceipt = { engine_id = 'other' }\ndrop = ['metrics']\n\
         [[flight_plan.write]]\nin = 'temp'\npath = 'left.txt'\ntext = 'left'\n",
    );
    let seen = world.plan();
    assert_eq!(seen.status, Some(7));
    let receipt: Value = serde_json::from_slice(&seen.stdout).unwrap();
    assert_eq!(receipt["engine_id"], "other");
    assert_eq!(receipt.get("metrics"), None);
    let body = std::fs::read_to_string(world.dir("artifacts/extra/body.data")).unwrap();
    assert_eq!(body, "x {secret:NONE}");
    assert!(world.dir("temp/left.txt").is_file());
}

#[test]
fn a_failure_by_script_is_a_valid_one() {
    let seen = World::new("[flight_plan]\nfail = 'no more disk'\n").plan();
    assert_eq!(seen.status, Some(1));
    let receipt: Value = serde_json::from_slice(&seen.stdout).unwrap();
    assert_eq!(receipt["status"], "failure");
    assert_eq!(receipt["error"], "no more disk");
}

#[test]
fn a_member_that_no_script_has_is_refused() {
    for script in ["[flight_plan]\nstatsu = 1\n", "[[artifact]]\nnmae = 'x'\n"] {
        assert_eq!(World::new(script).plan().status, Some(2), "{script}");
    }
}

#[test]
fn a_policy_answers_by_what_it_is_given() {
    let world =
        World::new("decision = 'allow'\n[[when]]\ncontains = 'README'\ndecision = 'deny'\n");
    let answer = |input: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cabincrew-peer"));
        command.arg("--policy").arg(&world.script);
        command.stdout(Stdio::piped());
        let seen = run(command, input.as_bytes());
        assert_eq!(seen.status, Some(0));
        serde_json::from_slice::<Value>(&seen.stdout).unwrap()["decision"].clone()
    };
    assert_eq!(answer("{}"), "allow");
    assert_eq!(answer(r#"{"a":{"README.md":1}}"#), "deny");
}
