//! WAL checksums, audit chains, signatures, checkpoints.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cabincrew_protocol::audit::{
    self, ChainError, Checkpoint, Note, SigningKey, VerifierKey, first_chain_hash, leaf_hash,
    verify_chain,
};
use cabincrew_protocol::digest::{Sha256Hex, hex};
use cabincrew_protocol::wal::{self, WalEntry};
use serde::Deserialize;
use serde_json::Value;

use super::cases;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChecksumCase {
    name: String,
    entry: Value,
    checksum: String,
    accept: bool,
}

#[test]
fn wal_checksum() {
    for case in cases::<ChecksumCase>("wal-checksum.json") {
        let checksum = wal::checksum(&case.entry).unwrap();
        assert_eq!(checksum.as_str(), case.checksum, "{}", case.name);
        let entry: WalEntry = serde_json::from_value(case.entry).unwrap();
        assert_eq!(
            entry.computed_checksum().unwrap(),
            checksum,
            "{}",
            case.name
        );
        assert_eq!(
            entry.checksum == checksum.as_str(),
            case.accept,
            "{}",
            case.name
        );
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainCase {
    name: String,
    workflow_id: String,
    events: Vec<Value>,
    first: String,
    leaf: Vec<String>,
    accept: bool,
    broken_at: Option<usize>,
}

#[test]
fn audit_chain() {
    for case in cases::<ChainCase>("audit-chain.json") {
        let name = &case.name;
        assert_eq!(
            first_chain_hash(&case.workflow_id).as_str(),
            case.first,
            "{name}"
        );
        let leaves: Vec<Sha256Hex> = case
            .events
            .iter()
            .map(|event| leaf_hash(event).unwrap())
            .collect();
        assert!(
            leaves.iter().map(Sha256Hex::as_str).eq(&case.leaf),
            "{name}"
        );
        match verify_chain(&case.workflow_id, &case.events) {
            Ok(found) => {
                assert!(case.accept, "{name} is accepted");
                assert_eq!(found, leaves, "{name}");
            }
            Err(ChainError::Broken { index, .. }) => {
                assert_eq!(Some(index), case.broken_at, "{name}");
            }
            Err(other) => panic!("{name}: {other}"),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureCase {
    name: String,
    seed_hex: String,
    key_name: String,
    key_id: String,
    vkey: String,
    event: Value,
    payload: String,
    accept: bool,
}

#[test]
fn audit_signature() {
    for case in cases::<SignatureCase>("audit-signature.json") {
        let name = &case.name;
        let seed = case.seed_hex.parse::<Sha256Hex>().unwrap().to_bytes();
        let key = SigningKey::from_seed(&case.key_name, &seed).unwrap();
        let verifier: VerifierKey = case.vkey.parse().unwrap();
        assert_eq!(key.verifier(), &verifier, "{name}");
        assert_eq!(verifier.to_string(), case.vkey, "{name}");
        assert_eq!(hex(&verifier.key_id()), case.key_id, "{name}");
        assert_eq!(audit::payload(&case.event).unwrap(), case.payload, "{name}");
        let verdict = verifier.verify_event(&case.event);
        assert_eq!(verdict.is_ok(), case.accept, "{name}: {verdict:?}");
        if case.accept {
            let mut resigned = case.event.clone();
            resigned.as_object_mut().unwrap().remove("signature");
            key.sign_event(&mut resigned).unwrap();
            assert_eq!(resigned, case.event, "{name}: signing is deterministic");
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointCase {
    name: String,
    origin: String,
    size: usize,
    root_base64: String,
    note: String,
    vkey: String,
    accept: bool,
    leaves: Vec<String>,
}

#[test]
fn checkpoint() {
    for case in cases::<CheckpointCase>("checkpoint.json") {
        let name = &case.name;
        let key: VerifierKey = case.vkey.parse().unwrap();
        let leaves: Vec<[u8; 32]> = case
            .leaves
            .iter()
            .map(|leaf| leaf.parse::<Sha256Hex>().unwrap().to_bytes())
            .collect();
        let held = &leaves[..case.size.min(leaves.len())];
        assert_eq!(
            STANDARD.encode(audit::root(held)),
            case.root_base64,
            "{name}"
        );
        let read = key.verify_checkpoint(&case.note, &case.origin);
        let verdict = read
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|it| it.agrees_with(&leaves));
        assert_eq!(verdict.is_ok(), case.accept, "{name}: {verdict:?}");
        if case.accept {
            let checkpoint = Checkpoint::of(&case.origin, &leaves[..case.size]);
            assert_eq!(read.as_ref(), Ok(&checkpoint), "{name}");
            assert_eq!(
                Note::read(&case.note).unwrap().to_string(),
                case.note,
                "{name}"
            );
        }
    }
}
