//! Every kind of tampering with an audit log, at every event of one with 200 of them.

use cabincrew_protocol::audit::{SigningKey, first_chain_hash, leaf_hash, log};
use cabincrew_protocol::digest::Sha256Hex;
use cabincrew_reference::audit::{Standing, Trust, Verifier, checkpoint, verify};
use serde_json::{Value, json};

use crate::place::Place;

const ID: &str = "wf-1";
const EVENTS: usize = 200;

fn key() -> SigningKey {
    SigningKey::from_seed("example.com/audit", &[7; 32]).unwrap()
}

fn foreign_key() -> SigningKey {
    SigningKey::from_seed("example.com/audit", &[8; 32]).unwrap()
}

/// Chains and signs events, as whoever writes a log does.
fn written(events: Vec<Value>, key: Option<&SigningKey>) -> Vec<Value> {
    chained(first_chain_hash(ID), events, key)
}

/// The same from a chain value on.
fn chained(mut before: Sha256Hex, mut events: Vec<Value>, key: Option<&SigningKey>) -> Vec<Value> {
    for event in &mut events {
        event["chain_hash"] = json!(before);
        if let Some(key) = key {
            key.sign_event(event).unwrap();
        }
        before = leaf_hash(event).unwrap();
    }
    events
}

fn events() -> Vec<Value> {
    let event = |index: usize| {
        json!({
            "event_id": format!("{ID}-{index:08}"), "timestamp": "2026-01-01T00:00:00Z",
            "event_type": "error", "workflow_state": "INIT", "message": format!("event {index}"),
        })
    };
    (0..EVENTS).map(event).collect()
}

fn bytes(events: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in events {
        bytes.extend_from_slice(&log::line(event).unwrap());
    }
    bytes
}

fn trust(genuine: &[Value]) -> Trust {
    let note = key().sign_checkpoint(&checkpoint("log", ID, genuine).unwrap());
    Trust {
        key: Some(key().verifier().clone()),
        checkpoints: vec![note.to_string()],
        origin: "log".to_owned(),
    }
}

/// A log as an attacker left it from one event on; what stands before that is genuine.
type Tail = Vec<u8>;

/// Chains and signs a changed tail anew, as `written` does for a whole log.
fn rewritten(before: &Sha256Hex, tail: &[Value], key: Option<&SigningKey>) -> Tail {
    bytes(&chained(before.clone(), tail.to_vec(), key))
}

/// The kinds of tampering of the attack table, each at that index of the log.
fn attacks(genuine: &[Value], before: &Sha256Hex, index: usize) -> Vec<(&'static str, Tail)> {
    let (own, other) = (key(), foreign_key());
    let tail = &genuine[index..];
    let mut edited = tail.to_vec();
    edited[0]["message"] = json!("another");
    let removed = &tail[1..];
    let mut inserted = tail.to_vec();
    inserted.insert(0, events()[0].clone());
    let mut repeated = tail.to_vec();
    repeated.insert(0, tail[0].clone());
    let mut stripped = tail.to_vec();
    stripped[0].as_object_mut().unwrap().remove("signature");
    let mut bare = edited.clone();
    for event in &mut bare {
        let members = event.as_object_mut().unwrap();
        members.retain(|name, _| !name.starts_with("signature"));
    }
    let mut forked = events()[index..].to_vec();
    for event in &mut forked {
        event["message"] = json!("a fork");
    }
    let mut all = vec![
        ("edited", bytes(&edited)),
        ("edited and chained anew", rewritten(before, &edited, None)),
        (
            "without any signature from here",
            rewritten(before, &bare, None),
        ),
        (
            "signed by another from here",
            rewritten(before, &edited, Some(&other)),
        ),
        (
            "edited with the stolen key",
            rewritten(before, &edited, Some(&own)),
        ),
        ("signature removed", bytes(&stripped)),
        ("removed", bytes(removed)),
        ("removed and chained anew", rewritten(before, removed, None)),
        (
            "removed with the stolen key",
            rewritten(before, removed, Some(&own)),
        ),
        ("repeated", bytes(&repeated)),
        ("inserted", bytes(&inserted)),
        (
            "inserted with the stolen key",
            rewritten(before, &inserted, Some(&own)),
        ),
        ("cut", Vec::new()),
        (
            "forked with the stolen key",
            rewritten(before, &forked, Some(&own)),
        ),
    ];
    if tail.len() > 1 {
        let mut swapped = tail.to_vec();
        swapped.swap(0, 1);
        all.push(("swapped", bytes(&swapped)));
    }
    all.extend(respellings(tail));
    all
}

/// Other bytes for the same events, from one event on.
fn respellings(tail: &[Value]) -> [(&'static str, Tail); 4] {
    let line = String::from_utf8(bytes(&tail[..1])).unwrap();
    let rest = bytes(&tail[1..]);
    let followed = |text: String| [text.as_bytes(), &rest].concat();
    let twice = line.replacen("\"message\":", "\"message\":\"x\",\"message\":", 1);
    [
        ("a blank", followed(line.replacen(':', ": ", 1))),
        ("a member twice", followed(twice)),
        (
            "a member twice, first of all",
            followed(line.replacen('{', "{\"message\":\"x\",", 1)),
        ),
        (
            "the end of the line torn off",
            line.trim_end().as_bytes().to_vec(),
        ),
    ]
}

/// What is true before an event is judged once; every attack goes on from there, with the bytes
/// that it has put in the place of the rest.
#[test]
fn an_anchored_log_shows_every_tampering_at_every_index() {
    let genuine = written(events(), Some(&key()));
    let trust = trust(&genuine);
    let anchored = verify(ID, &bytes(&genuine), &trust).unwrap();
    assert_eq!(anchored, Standing::Anchored { events: EVENTS });
    let mut verifiers = vec![Verifier::new(ID, &trust)];
    for event in &genuine {
        let mut next = verifiers.last().unwrap().clone();
        next.take(event).unwrap();
        verifiers.push(next);
    }
    let half = |indices: std::ops::Range<usize>| {
        for index in indices {
            let before = match index {
                0 => first_chain_hash(ID),
                _ => leaf_hash(&genuine[index - 1]).unwrap(),
            };
            for (name, tail) in attacks(&genuine, &before, index) {
                let judged = verifiers[index].clone().read(&tail);
                assert!(judged.is_err(), "{name} at {index}: {judged:?}");
            }
            // The twin: the genuine rest counts.
            if index % 20 == 0 {
                let judged = verifiers[index].clone().read(&bytes(&genuine[index..]));
                assert_eq!(judged.unwrap(), anchored);
            }
        }
    };
    // A third of the log has half of the work: the tails there are longer.
    std::thread::scope(|scope| {
        scope.spawn(|| half(0..EVENTS / 3));
        half(EVENTS / 3..EVENTS);
    });
}

#[test]
fn whole_logs_are_judged_as_their_parts_are() {
    let genuine = written(events(), Some(&key()));
    let trust = trust(&genuine);
    for index in [0, 1, 100, EVENTS - 2] {
        let before = match index {
            0 => first_chain_hash(ID),
            _ => leaf_hash(&genuine[index - 1]).unwrap(),
        };
        for (name, tail) in attacks(&genuine, &before, index) {
            let whole = [bytes(&genuine[..index]), tail].concat();
            assert!(verify(ID, &whole, &trust).is_err(), "{name} at {index}");
        }
    }
}

#[test]
fn other_bytes_for_the_same_events_are_seen() {
    let genuine = written(events(), Some(&key()));
    let trust = trust(&genuine);
    let good = String::from_utf8(bytes(&genuine)).unwrap();
    let line = good.lines().next().unwrap();
    let cases = [
        good.replacen(line, &line.replacen(':', ": ", 1), 1),
        good.replacen(line, &line.replacen('{', "{\"message\":\"x\",", 1), 1),
        good.trim_end().to_owned(),
        format!("{good}{{"),
        String::new(),
        format!("\u{feff}{good}"),
    ];
    for case in cases {
        assert!(verify(ID, case.as_bytes(), &trust).is_err());
    }
    assert!(
        verify("wf-2", good.as_bytes(), &trust).is_err(),
        "of another workflow"
    );
    let foreign = Trust {
        origin: "other".to_owned(),
        ..trust
    };
    assert!(
        verify(ID, good.as_bytes(), &foreign).is_err(),
        "of another log"
    );
}

#[test]
fn without_an_anchor_nothing_is_called_anchored() {
    let plain = bytes(&written(events(), None));
    let unanchored = verify(ID, &plain, &Trust::default()).unwrap();
    assert_eq!(
        unanchored,
        Standing::Unanchored {
            events: EVENTS,
            signed: false
        }
    );
    let genuine = written(events(), Some(&key()));
    let early = trust(&genuine[..50]);
    let standing = verify(ID, &bytes(&genuine), &early).unwrap();
    assert_eq!(
        standing,
        Standing::AnchoredUpTo {
            covered: 50,
            events: EVENTS
        }
    );
}

#[test]
fn the_program_signs_checkpoints_and_judges_its_own_log() {
    let place = Place::new();
    let run = |words: &str| {
        let mut command = std::process::Command::new(crate::place::program());
        command.args(words.split(' ')).current_dir(place.path("."));
        command.output().unwrap()
    };
    let made = run("audit keygen example.com/audit --out key");
    let vkey = String::from_utf8(made.stdout).unwrap();
    let vkey = vkey.trim();
    let keyed = "--audit-key key --state-dir state";
    let output = run(&format!(
        "run {keyed} --workspace ws --workflow-id w workflow.json"
    ));
    assert_eq!(output.status.code(), Some(0));
    let verify = format!("audit verify w --key {vkey}");
    let output = run(&format!("{verify} --state-dir state"));
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stdout).contains("consistent but unanchored"));
    let inside = run(&format!("audit checkpoint {keyed} w --out state/note"));
    assert_eq!(inside.status.code(), Some(2));
    let outside = run(&format!("audit checkpoint {keyed} w --out note"));
    assert_eq!(outside.status.code(), Some(0));
    let output = run(&format!("{verify} --state-dir state --checkpoint note"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("anchored"));
    let page = run(&format!(
        "audit html w --key {vkey} --state-dir state --checkpoint note"
    ));
    assert_eq!(page.status.code(), Some(0), "{page:?}");
    let page = String::from_utf8(page.stdout).unwrap();
    assert!(page.contains("anchored: a checkpoint covers all"), "{page}");
    let export = place.cabincrew("export", &["w", "audit"]).stdout;
    let lines: Vec<&[u8]> = export
        .split_inclusive(|byte| *byte == b'\n')
        .take(5)
        .collect();
    std::fs::write(place.path("cut.jsonl"), lines.concat()).unwrap();
    let judged = run(&format!("{verify} --log cut.jsonl --checkpoint note"));
    assert_eq!(judged.status.code(), Some(1));
}

/// The page of a log, as the program prints it, and its exit status.
fn page(place: &Place, bytes: &[u8], options: &[&str]) -> (String, Option<i32>) {
    std::fs::write(place.path("log.jsonl"), bytes).unwrap();
    let mut command = std::process::Command::new(crate::place::program());
    command.args(["audit", "html", ID, "--log", "log.jsonl"]);
    let output = command.args(options).current_dir(place.path(".")).output();
    let output = output.unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    for outside in ["src=", "url(", "http", "<script", "@import"] {
        assert!(!page.contains(outside), "the page needs {outside}");
    }
    (page, output.status.code())
}

#[test]
fn the_page_of_a_log_says_no_more_than_verify_does() {
    let place = Place::new();
    let genuine = written(events()[..6].to_vec(), Some(&key()));
    let vkey = key().verifier().to_string();
    let note = key().sign_checkpoint(&checkpoint("log", ID, &genuine[..4]).unwrap());
    std::fs::write(place.path("note"), note.to_string()).unwrap();
    let good = bytes(&genuine);

    let (unanchored, status) = page(&place, &good, &["--key", &vkey]);
    assert_eq!(status, Some(3));
    assert!(unanchored.contains("consistent but unanchored: 6 events, signed"));
    assert!(unanchored.contains("could have written all of it anew"));
    assert_eq!(
        unanchored
            .matches("follows, signature is the key's")
            .count(),
        6
    );
    let (unsigned, _) = page(&place, &good, &[]);
    assert!(unsigned.contains("signatures not checked"));
    assert!(
        !unsigned.contains("signature is the key's"),
        "nobody has checked"
    );

    let options = ["--key", &vkey, "--checkpoint", "note", "--origin", "log"];
    let (partly, status) = page(&place, &good, &options);
    assert_eq!(status, Some(3));
    assert!(partly.contains("anchored up to event 4 of 6"));

    let mut edited = genuine;
    edited[2]["message"] = json!("another");
    let (broken, status) = page(&place, &bytes(&edited), &options);
    assert_eq!(status, Some(1));
    assert!(broken.contains("This log proves nothing."));
    assert!(broken.contains("broken: event 2 is not signed"), "{broken}");
    assert_eq!(broken.matches("the chain breaks here").count(), 1);
    let (_, row) = broken.split_once("<tr id=\"event-3\">").unwrap();
    assert!(
        row.contains("the chain breaks here"),
        "it is told at the wrong event"
    );
}

#[test]
fn hostile_text_in_a_log_stays_text() {
    let place = Place::new();
    let mut hostile = events()[..2].to_vec();
    hostile[0]["message"] = json!("</td><script>alert(1)</script>\u{202e}\u{1b}[2J\" onload='x'");
    hostile[1]["approval"] = json!({
        "approval_id": "x", "required_role": "<b>", "approved": false, "approver": "&amp;",
        "plan_token_hash": "x", "timestamp": "x",
    });
    let mut log = bytes(&written(hostile, None));
    log.extend_from_slice(b"{\"<img src=x>\":\n\xff\xfe\n{\"torn\"");
    let (page, status) = page(&place, &log, &[]);
    assert_eq!(status, Some(1));
    assert!(page.contains("&lt;/td&gt;&lt;script&gt;alert(1)"), "{page}");
    for raw in ["<script>", "<b> ", "<img", "onload='", "\u{202e}", "\u{1b}"] {
        assert!(!page.contains(raw), "{raw:?} stands in the page");
    }
    assert!(page.contains("does not approve"));
    assert!(page.contains("&amp;amp;"));
    assert!(page.contains("the line is incomplete"));
}
