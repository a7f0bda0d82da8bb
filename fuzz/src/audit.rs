//! Laws of audit logs.

use cabincrew_reference::audit::{self, Standing, Trust};
use cabincrew_reference::journal::replay;
use cabincrew_reference::projection::audit_bytes;

use crate::waiting::{ID, journal, key};

/// A log with a checkpoint over all of it counts as anchored only if every byte is the one that was
/// written. The first two bytes of the input say where, the third how much is replaced, and the
/// rest by what. As a log of its own, the input is judged without a panic.
pub fn audit_verify(bytes: &[u8]) {
    thread_local! {
        static GOOD: (Vec<u8>, Trust) = good();
    }
    GOOD.with(|(log, trust)| {
        let all = log.split(|byte| *byte == b'\n').count() - 1;
        let judged = audit::verify(ID, log, trust);
        assert!(matches!(judged, Ok(Standing::Anchored { events }) if events == all));
        let changed = changed(log, bytes);
        if let Ok(Standing::Anchored { .. }) = audit::verify(ID, &changed, trust) {
            assert_eq!(changed, *log, "another log is anchored too");
        }
    });
    let _ = audit::verify(ID, bytes, &Trust::default());
}

fn good() -> (Vec<u8>, Trust) {
    let (_, memory) = journal();
    let replayed = replay(&memory.bytes(), ID).expect("a good journal");
    let key = key();
    let origin = audit::origin(key.verifier().name(), ID);
    let checkpoint = audit::checkpoint(&origin, ID, &replayed.events).expect("a good log");
    let trust = Trust {
        key: Some(key.verifier().clone()),
        checkpoints: vec![key.sign_checkpoint(&checkpoint).to_string()],
        origin,
    };
    (audit_bytes(&replayed.events), trust)
}

fn changed(log: &[u8], input: &[u8]) -> Vec<u8> {
    let [high, low, length, text @ ..] = input else {
        return log.to_vec();
    };
    let at = usize::from(u16::from_be_bytes([*high, *low])) % log.len();
    let end = (at + usize::from(*length)).min(log.len());
    [&log[..at], text, &log[end..]].concat()
}
