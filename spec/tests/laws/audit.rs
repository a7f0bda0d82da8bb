//! The audit log: bytes, chain, signatures, checkpoints.

use cabincrew_protocol::audit::log::{self, LogError};
use cabincrew_protocol::audit::{
    ChainError, Checkpoint, CheckpointError, KeyError, SignatureError, SigningKey, VerifierKey,
    first_chain_hash, leaf_hash, root, verify_chain,
};
use cabincrew_protocol::digest::Sha256Hex;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

fn event() -> impl Strategy<Value = Value> {
    btree_map("[a-z_]{1,8}", super::json(), 1..5)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// Events chained as a log of the workflow `wf-1`.
fn chained(events: Vec<Value>) -> Vec<Value> {
    let mut next = first_chain_hash("wf-1");
    events
        .into_iter()
        .map(|mut event| {
            event["chain_hash"] = json!(next);
            next = leaf_hash(&event).unwrap();
            event
        })
        .collect()
}

fn log() -> impl Strategy<Value = Vec<Value>> {
    vec(event(), 1..6).prop_map(chained)
}

fn key(seed: [u8; 32]) -> SigningKey {
    SigningKey::from_seed("audit", &seed).unwrap()
}

proptest! {
    #[test]
    fn a_log_reads_back_and_a_cut_line_is_no_event(events in log(), cut: Index) {
        let bytes: Vec<u8> = events.iter().flat_map(|event| log::line(event).unwrap()).collect();
        // Floats of integral value beyond 2^53 cannot be read back; they stand in no real event.
        let read = log::read(&bytes);
        prop_assume!(!matches!(read, Err(LogError::NotJson { .. })));
        let read = read.unwrap();
        prop_assert_eq!(read.torn_at, None);
        prop_assert_eq!(read.events.len(), events.len());
        let cut = cut.index(bytes.len());
        let torn = log::read(&bytes[..cut]).unwrap();
        let lines = bytes[..cut].iter().filter(|byte| **byte == b'\n').count();
        prop_assert_eq!(torn.events.len(), lines);
        let whole = cut == 0 || bytes[cut - 1] == b'\n';
        prop_assert_eq!(torn.torn_at.is_none(), whole);
    }

    #[test]
    fn every_change_but_one_of_the_last_event_breaks_the_chain(
        events in log(), place: Index, member: String
    ) {
        prop_assume!(verify_chain("wf-1", &events).is_ok() && member != "chain_hash");
        let at = place.index(events.len());
        let mut changed = events.clone();
        prop_assume!(changed[at].get(&member).is_none());
        changed[at][member] = json!(1);
        let verdict = verify_chain("wf-1", &changed);
        if at + 1 == events.len() {
            prop_assert!(verdict.is_ok());
        } else {
            let found = matches!(verdict, Err(ChainError::Broken { index, .. }) if index == at + 1);
            prop_assert!(found, "{:?}", verdict);
        }
        let mut shorter = events.clone();
        shorter.remove(at);
        prop_assert_eq!(verify_chain("wf-1", &shorter).is_ok(), at + 1 == events.len());
        prop_assert!(verify_chain("wf-2", &events).is_err());
    }

}

proptest! {
    // Unoptimised curve arithmetic takes milliseconds.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_signature_holds_for_its_event_and_key_alone(event in event(), seed: [u8; 32], member: String) {
        let key = key(seed);
        let mut signed = event;
        key.sign_event(&mut signed).unwrap();
        prop_assert_eq!(key.verifier().verify_event(&signed), Ok(()));
        let mut other_seed = seed;
        other_seed[0] ^= 1;
        let stranger = self::key(other_seed);
        let refused = stranger.verifier().verify_event(&signed);
        let foreign = matches!(refused, Err(SignatureError::ForeignKey { .. }));
        prop_assert!(foreign, "{:?}", refused);
        prop_assume!(signed.get(&member).is_none());
        signed[member] = json!(null);
        prop_assert_eq!(key.verifier().verify_event(&signed), Err(SignatureError::Forged));
    }

    #[test]
    fn a_vkey_reads_back(seed: [u8; 32], name in "[^\\s+]{1,20}") {
        let key = SigningKey::from_seed(&name, &seed).unwrap();
        let verifier: VerifierKey = key.verifier().to_string().parse().unwrap();
        prop_assert_eq!(&verifier, key.verifier());
    }

    #[test]
    fn a_checkpoint_holds_for_its_log_and_for_those_that_grew_from_it(
        leaves in vec(any::<[u8; 32]>(), 0..20), more in vec(any::<[u8; 32]>(), 0..4),
        seed: [u8; 32], place: Index
    ) {
        let key = key(seed);
        let checkpoint = Checkpoint::of("log", &leaves);
        let note = key.sign_checkpoint(&checkpoint).to_string();
        let read = key.verifier().verify_checkpoint(&note, "log").unwrap();
        prop_assert_eq!(&read, &checkpoint);
        prop_assert_eq!(read.agrees_with(&[leaves.as_slice(), &more].concat()), Ok(()));
        if let Some(last) = leaves.len().checked_sub(1) {
            let cut = read.agrees_with(&leaves[..last]);
            let truncated = matches!(cut, Err(CheckpointError::Truncated { .. }));
            prop_assert!(truncated, "{:?}", cut);
            let mut changed = leaves.clone();
            changed[place.index(leaves.len())][0] ^= 1;
            prop_assert_ne!(root(&changed), root(&leaves));
            let edited = read.agrees_with(&changed);
            let differs = matches!(edited, Err(CheckpointError::RootDiffers { .. }));
            prop_assert!(differs, "{:?}", edited);
        }
    }
}

#[test]
fn a_line_in_another_form_is_no_event() {
    let good = log::read(b"{\"a\":1}\n").unwrap();
    assert_eq!(good.events, [json!({"a": 1})]);
    for line in [
        &b"{\"a\": 1}\n"[..],
        b"{\"b\":1,\"a\":2}\n",
        b"{\"a\":1.0}\n",
        b"{\"a\":1}\r\n",
    ] {
        assert!(
            matches!(log::read(line), Err(LogError::NotCanonical { index: 0 })),
            "{line:?}"
        );
    }
    for bytes in [
        &b"\n"[..],
        b"{\"a\":1}\n\n",
        b"{\"a\":1,\"a\":1}\n",
        b"x\n{}\n",
    ] {
        assert!(
            matches!(log::read(bytes), Err(LogError::NotJson { .. })),
            "{bytes:?}"
        );
    }
    assert_eq!(log::read(b"").unwrap().events, [] as [Value; 0]);
}

#[test]
fn key_names_have_no_blank_and_no_plus() {
    for name in ["", "a b", "a+b", "a\u{a0}b", "a\n"] {
        assert_eq!(
            VerifierKey::new(name, [0; 32]),
            Err(KeyError::Name),
            "{name:?}"
        );
    }
    let key = VerifierKey::new("a", [7; 32]).unwrap().to_string();
    assert_eq!(
        key.replacen('a', "b", 1).parse::<VerifierKey>(),
        Err(KeyError::KeyId)
    );
    assert_eq!("a+00000000".parse::<VerifierKey>(), Err(KeyError::Form));
    assert!(key.parse::<VerifierKey>().is_ok());
    let _: Sha256Hex = first_chain_hash("wf-1");
}
