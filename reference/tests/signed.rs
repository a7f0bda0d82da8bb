//! Answers with a detached signature.

use crate::documents::{check_documents, code};
use crate::place::Place;

/// A place where `bob` has a key and waits to be asked; `mallory` has another that nobody trusts.
fn place(require: bool) -> Place {
    let place = Place::new();
    place.policy("require_approval");
    let vkey = key(&place, "bob");
    key(&place, "mallory");
    let roster = serde_json::json!({
        "approvers": [
            {"approver": "bob", "roles": ["approver"], "key": vkey},
            {"approver": "carol", "roles": ["approver"]},
        ],
        "require_signatures": require,
    });
    place.write("roster.json", &roster.to_string());
    let fits = cabincrew_protocol::schema::violations("roster", &roster);
    assert!(fits.is_empty(), "{fits:?}");
    assert_eq!(code(&place.run("w")), Some(3));
    place
}

fn key(place: &Place, name: &str) -> String {
    let mut command = std::process::Command::new(crate::place::program());
    command.args(["audit", "keygen", name, "--out"]);
    let output = command.arg(place.path(&format!("{name}.key"))).output();
    String::from_utf8(output.unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

/// Writes an answer of that approver into a file, and gives its signature by a key.
fn answer(place: &Place, approver: &str, key: &str) -> Vec<u8> {
    let request = place.export("w", "approvals").pop().unwrap();
    let answer = serde_json::json!({
        "approval_id": request["approval_id"], "approved": true, "approver": approver,
        "timestamp": "2026-01-01T00:00:00Z",
    });
    place.write("answer.json", &answer.to_string());
    let mut command = std::process::Command::new(crate::place::program());
    command
        .arg("sign")
        .arg("--key")
        .arg(place.path(&format!("{key}.key")));
    let output = command.arg(place.path("answer.json")).output().unwrap();
    assert_eq!(code(&output), Some(0), "{output:?}");
    output.stdout
}

fn events(place: &Place, kind: &str) -> Vec<String> {
    let events = place.export("w", "audit");
    let events = events.iter().filter(|event| event["event_type"] == kind);
    events
        .map(|event| event["message"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_signed_answer_counts_and_names_its_key() {
    for require in [true, false] {
        let place = place(require);
        let note = answer(&place, "bob", "bob");
        place.write("note", &String::from_utf8(note).unwrap());
        let words = ["w", "answer.json", "--signature", "note"];
        let output = place.cabincrew("respond", &words);
        assert_eq!(code(&output), Some(0), "{output:?}");
        assert_eq!(place.applied(), 1);
        let told = events(&place, "approval_response");
        assert!(
            told[0].contains("granted by bob, signed with bob+"),
            "{told:?}"
        );
        check_documents(&place, "w");
        // The same again, without its signature even: noted, and ends as it did.
        let again = place.cabincrew("respond", &["w", "answer.json"]);
        assert_eq!(code(&again), Some(0));
        assert_eq!(place.applied(), 1);
    }
}

#[test]
fn an_answer_without_the_right_signature_never_counts() {
    type Spoil = fn(String) -> Option<String>;
    let cases: [(&str, &str, &str, Spoil); 6] = [
        ("not signed", "bob", "bob", |_| None),
        ("signed by another key", "bob", "mallory", Some),
        ("no key in the roster", "carol", "bob", Some),
        ("over another text", "bob", "bob", |note| {
            Some(note.replacen("/v1", "/v2", 1))
        }),
        ("another signature", "bob", "bob", |note| {
            let end = note.len() - 10;
            let other = if note.as_bytes()[end] == b'A' {
                "B"
            } else {
                "A"
            };
            Some(format!("{}{other}{}", &note[..end], &note[end + 1..]))
        }),
        ("no note", "bob", "bob", |_| Some("nothing".to_owned())),
    ];
    for (name, approver, key, spoil) in cases {
        let place = place(true);
        let note = String::from_utf8(answer(&place, approver, key)).unwrap();
        let mut words = vec!["w", "answer.json"];
        if let Some(note) = spoil(note) {
            place.write("note", &note);
            words.extend(["--signature", "note"]);
        }
        let output = place.cabincrew("respond", &words);
        assert_eq!(code(&output), Some(1), "{name}: {output:?}");
        assert_eq!(place.applied(), 0, "{name}");
        let told = events(&place, "approval_mismatch");
        assert!(told[0].contains("sign"), "{name}: {told:?}");
        check_documents(&place, "w");
    }
}

#[test]
fn a_signature_of_one_answer_is_none_of_another() {
    let place = place(true);
    let note = answer(&place, "bob", "bob");
    place.write("note", &String::from_utf8(note).unwrap());
    let text = std::fs::read_to_string(place.path("answer.json")).unwrap();
    place.write("answer.json", &text.replace("2026", "2027"));
    let words = ["w", "answer.json", "--signature", "note"];
    assert_eq!(code(&place.cabincrew("respond", &words)), Some(1));
    assert_eq!(place.applied(), 0);
}

#[test]
fn approve_signs_and_catches_slips_of_the_hand() {
    let place = place(true);
    let approve = |words: &[&str]| place.cabincrew("approve", &[&["w"], words].concat());
    assert_eq!(code(&approve(&["--as", "bob"])), Some(2), "no key");
    let other = approve(&["--as", "bob", "--key", "mallory.key"]);
    assert_eq!(code(&other), Some(2), "another key");
    let output = approve(&["--as", "bob", "--key", "bob.key"]);
    assert_eq!(code(&output), Some(0), "{output:?}");
    assert_eq!(place.applied(), 1);
    check_documents(&place, "w");
}

#[test]
fn a_roster_with_a_key_that_is_none_lets_nobody_approve() {
    let place = Place::new();
    place.policy("require_approval");
    let roster = r#"{"approvers":[{"approver":"bob","roles":["approver"],"key":"bob+1"}]}"#;
    place.write("roster.json", roster);
    assert_eq!(code(&place.run("w")), Some(3));
    assert_eq!(code(&place.respond("w", "true", "bob")), Some(1));
    assert_eq!(place.applied(), 0);
}
