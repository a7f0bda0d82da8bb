//! Every kind of tampering with an audit log, at every event of one with 200 of them.

use cabincrew_protocol::audit::{SigningKey, first_chain_hash, leaf_hash, log};
use cabincrew_reference::audit::{Standing, Trust, checkpoint, verify};
use serde_json::{Value, json};

use crate::place::Place;

const ID: &str = "wf-1";
const EVENTS: usize = 200;

fn key() -> SigningKey {
    SigningKey::from_seed("example.com/audit", &[7; 32]).unwrap()
}

/// Chains and signs events, as whoever writes a log does.
fn written(mut events: Vec<Value>, key: Option<&SigningKey>) -> Vec<Value> {
    let mut before = first_chain_hash(ID);
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
    events
        .iter()
        .flat_map(|event| log::line(event).unwrap())
        .collect()
}

fn trust(genuine: &[Value]) -> Trust {
    let note = key().sign_checkpoint(&checkpoint("log", ID, genuine).unwrap());
    Trust {
        key: Some(key().verifier().clone()),
        checkpoints: vec![note.to_string()],
        origin: "log".to_owned(),
    }
}

#[test]
fn an_anchored_log_shows_every_tampering_at_every_index() {
    let genuine = written(events(), Some(&key()));
    let trust = trust(&genuine);
    let anchored = verify(ID, &bytes(&genuine), &trust).unwrap();
    assert_eq!(anchored, Standing::Anchored { events: EVENTS });
    let other = SigningKey::from_seed("example.com/audit", &[8; 32]).unwrap();
    for index in 0..EVENTS {
        let mut cases: Vec<(&str, Vec<Value>)> = Vec::new();
        let mut edited = genuine.clone();
        edited[index]["message"] = json!("another");
        cases.push(("edited", edited.clone()));
        cases.push(("edited and chained anew", written(edited.clone(), None)));
        cases.push((
            "edited, chained and signed by the same key",
            written(edited.clone(), Some(&key())),
        ));
        cases.push((
            "edited and signed by another",
            written(edited, Some(&other)),
        ));
        let mut stripped = genuine.clone();
        stripped[index].as_object_mut().unwrap().remove("signature");
        cases.push(("signature removed", stripped));
        let mut removed = genuine.clone();
        removed.remove(index);
        cases.push(("removed", removed.clone()));
        cases.push(("removed and written anew", written(removed, Some(&key()))));
        let mut repeated = genuine.clone();
        repeated.insert(index, genuine[index].clone());
        cases.push(("repeated", repeated));
        let mut inserted = genuine.clone();
        inserted.insert(index, events()[0].clone());
        cases.push(("inserted", written(inserted, Some(&key()))));
        if index + 1 < EVENTS {
            let mut swapped = genuine.clone();
            swapped.swap(index, index + 1);
            cases.push(("swapped", swapped));
        }
        cases.push(("cut", genuine[..index].to_vec()));
        let mut forked = genuine[..index].to_vec();
        forked.extend(events()[index..].iter().map(|event| {
            let mut event = event.clone();
            event["message"] = json!("a fork");
            event
        }));
        cases.push(("forked", written(forked, Some(&key()))));
        for (name, case) in cases {
            assert!(
                verify(ID, &bytes(&case), &trust).is_err(),
                "{name} at {index}"
            );
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
    let export = place.cabincrew("export", &["w", "audit"]).stdout;
    let lines: Vec<&[u8]> = export
        .split_inclusive(|byte| *byte == b'\n')
        .take(5)
        .collect();
    std::fs::write(place.path("cut.jsonl"), lines.concat()).unwrap();
    let judged = run(&format!("{verify} --log cut.jsonl --checkpoint note"));
    assert_eq!(judged.status.code(), Some(1));
}
