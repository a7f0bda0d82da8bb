//! Worker processes that are missing, foreign, silent, talkative or killed, and the list of
//! policies that is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cabincrew_governance::{
    GovernanceError, Governor, GovernorConfig, LoadError, Policy, PolicyKind,
};
use cabincrew_protocol::decision::{Decision, PolicySource};
use cabincrew_protocol::digest::sha256;

use super::stage::{self, evaluate, failure, governor, input, model, policy, rego, shell};

const GREETING: &str = r#"echo '{"seq":0,"last":false,"reply":{"hello":{"engine":"regorus 0.14.1","confinement":"none"}}}'"#;
const ANSWER: &str = r#"echo '{"seq":1,"last":false,"reply":"ready"}'"#;

/// A governor whose Rego worker is a shell script.
fn with_worker(script: &str) -> (tempfile::TempDir, Governor) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("worker");
    fs::write(&path, format!("#!/bin/bash\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let mut config = stage::config();
    config.policy_worker = path;
    config.limits.answer_bytes = 4096;
    let governor = Governor::start(&config).unwrap();
    (folder, governor)
}

#[test]
fn a_worker_that_misbehaves_denies_within_the_limit() {
    let cases = [
        ("exit 0", "unavailable", "greeting"),
        ("echo hello; exec /bin/cat", "unavailable", "greeting"),
        (
            r#"echo '{"seq":0,"last":false,"reply":{"hello":{"engine":"regorus 0.13","confinement":"full"}}}'; exec /bin/cat"#,
            "unavailable",
            "not built on regorus",
        ),
        ("GREET; exec /bin/sleep 100", "timed_out", "in time"),
        ("GREET; exec /bin/cat", "flooded", "none"),
        ("GREET; read x; exec /bin/cat /dev/zero", "flooded", "4096"),
        ("GREET; read x; ANSWER; ANSWER; read x", "flooded", ""),
        ("GREET; read x; GREET; read x", "flooded", "another request"),
        ("GREET; read x; exit 7", "died", "exit status 7"),
        ("GREET; read x; kill -11 $$", "died", "signal 11"),
        ("GREET; read x; exec >&-; /bin/sleep 100", "died", ""),
        (
            "GREET; read x; ANSWER; read x; ANSWER; read x",
            "flooded",
            "another request",
        ),
        (
            "GREET; read x; ANSWER; read x; echo '{}'; read x",
            "flooded",
            "none",
        ),
    ];
    for (script, kind, fragment) in cases {
        let script = script.replace("GREET", GREETING).replace("ANSWER", ANSWER);
        let (_folder, mut governor) = with_worker(&script);
        let mut policy = rego("always-allow");
        if kind == "timed_out" {
            policy.timeout = Duration::from_millis(400);
        }
        let evaluation = evaluate(&mut governor, &policy);
        assert_eq!(failure(&evaluation), kind, "{script}: {evaluation:?}");
        let reason = evaluation.reason.unwrap();
        assert!(reason.contains(fragment), "{script}: {reason}");
    }
}

#[test]
fn a_missing_worker_denies_and_concerns_no_other_kind() {
    let missing = GovernorConfig::beside(Path::new("/no/such/folder"), &stage::fixtures());
    assert_eq!(
        missing.policy_worker,
        Path::new("/no/such/folder/cabincrew-policy-worker")
    );
    let mut governor = Governor::start(&missing).unwrap();
    governor
        .load(&[
            rego("always-allow"),
            model("constant-low"),
            shell(r#"echo '{"decision":"allow"}'"#),
        ])
        .unwrap();
    let note = stage::artifact("note", cabincrew_protocol::artifact::Role::State, b"x");
    let evaluations = governor.evaluate(&input(), &[note]);
    let kinds: Vec<_> = evaluations[..2].iter().map(failure).collect();
    assert_eq!(kinds, ["unavailable", "unavailable"]);
    assert_eq!(evaluations[2].decision, Decision::Allow);
}

#[test]
fn a_worker_that_was_killed_between_evaluations_is_replaced() {
    let mut governor = governor();
    governor.load(&[rego("always-allow")]).unwrap();
    assert!(!governor.evaluate(&input(), &[])[0].failed);
    let before = workers();
    assert_eq!(before.len(), 1);
    let status = Command::new("kill")
        .args(["-9", &before[0].to_string()])
        .status()
        .unwrap();
    assert!(status.success());
    wait_for_end(before[0]);
    assert!(!governor.evaluate(&input(), &[])[0].failed);
    let after = workers();
    assert_eq!(after.len(), 1);
    assert_ne!(before, after);
    drop(governor);
    assert!(workers().is_empty());
}

#[test]
fn a_worker_is_kept_until_it_is_worn_out() {
    let mut config = stage::config();
    config.limits.worker_requests = 4;
    let mut governor = Governor::start(&config).unwrap();
    governor.load(&[rego("always-warn")]).unwrap();
    let mut seen = Vec::new();
    for _ in 0..9 {
        let evaluation = governor.evaluate(&input(), &[]).remove(0);
        assert_eq!(evaluation.decision, Decision::Warn, "{evaluation:?}");
        let worker = workers();
        assert_eq!(worker.len(), 1);
        if seen.last() != Some(&worker[0]) {
            seen.push(worker[0]);
        }
    }
    // The first one compiles and evaluates three times, as do those after it.
    assert_eq!(seen.len(), 3);
}

#[test]
fn more_policies_than_a_worker_keeps_are_all_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let policies: Vec<Policy> = (0..70)
        .map(|index| {
            let path = folder.path().join(format!("{index}.rego"));
            let text = format!(
                "package cabincrew.preflight\n\
                 result := {{\"decision\": \"warn\", \"warnings\": [\"{index}\"]}}\n"
            );
            fs::write(&path, text).unwrap();
            stage::rego_at(&format!("p{index}"), path)
        })
        .collect();
    let mut governor = governor();
    governor.load(&policies).unwrap();
    for _ in 0..2 {
        let evaluations = governor.evaluate(&input(), &[]);
        for (index, evaluation) in evaluations.iter().enumerate() {
            assert_eq!(evaluation.policy_id, format!("p{index}"));
            assert_eq!(evaluation.reason, Some(index.to_string()));
        }
    }
}

#[test]
fn evaluation_follows_a_fixed_sequence() {
    let mut governor = governor();
    governor
        .load(&[
            shell(r#"echo '{"decision":"allow"}'"#),
            model("constant-low"),
            rego("always-warn"),
            rego("always-allow"),
        ])
        .unwrap();
    let ids: Vec<_> = governor.loaded().map(|it| it.policy_id.clone()).collect();
    assert_eq!(
        ids,
        ["always-warn", "always-allow", "constant-low", "shell"]
    );
    let note = stage::artifact("note", cabincrew_protocol::artifact::Role::State, b"x");
    let sources: Vec<_> = governor
        .evaluate(&input(), &[note])
        .iter()
        .map(|evaluation| evaluation.source)
        .collect();
    assert_eq!(
        sources,
        [
            PolicySource::Opa,
            PolicySource::Opa,
            PolicySource::Onnx,
            PolicySource::Custom
        ]
    );
}

#[test]
fn workers_tell_what_they_cannot_reach() {
    let mut governor = governor();
    assert!(governor.confinement().is_empty());
    governor.load(&[rego("always-allow")]).unwrap();
    let opa: Vec<_> = governor.confinement().into_keys().collect();
    assert_eq!(opa, [PolicySource::Opa]);
    governor.load(&[model("constant-low")]).unwrap();
    let both: Vec<_> = governor.confinement().into_values().collect();
    assert_eq!(both.len(), 2);
    assert_eq!(both[0], both[1]);
}

#[test]
fn no_policies_give_no_evaluations() {
    let mut governor = governor();
    governor.load(&[]).unwrap();
    assert_eq!(governor.evaluate(&input(), &[]), []);
}

#[test]
fn a_wrong_list_of_policies_is_refused_and_the_last_one_stays() {
    let mut governor = governor();
    governor.load(&[rego("always-warn")]).unwrap();
    let id = || "always-warn".to_owned();
    let twice = governor.load(&[rego("always-warn"), rego("always-warn")]);
    assert_eq!(twice, Err(LoadError::DuplicateId { id: id() }));
    let nameless = Policy {
        id: String::new(),
        ..rego("always-warn")
    };
    assert_eq!(
        governor.load(&[nameless]),
        Err(LoadError::EmptyId { index: 0 })
    );
    let endless = Policy {
        timeout: Duration::from_secs(3601),
        ..rego("always-warn")
    };
    assert_eq!(
        governor.load(&[endless]),
        Err(LoadError::Timeout { id: id() })
    );
    for query in [
        "",
        "data",
        "data.x",
        "allow",
        "data.x.y; true",
        "data.x[1].y",
        "data..x",
    ] {
        let kind = PolicyKind::Opa {
            path: "x.rego".into(),
            query: query.to_owned(),
        };
        let id = "x".to_owned();
        let query = query.to_owned();
        assert_eq!(
            governor.load(&[policy("x", kind)]),
            Err(LoadError::Query { id, query })
        );
    }
    let kind = PolicyKind::Custom { command: vec![] };
    let id = "x".to_owned();
    assert_eq!(
        governor.load(&[policy("x", kind)]),
        Err(LoadError::EmptyCommand { id })
    );
    let evaluation = governor.evaluate(&input(), &[]).remove(0);
    assert_eq!(evaluation.decision, Decision::Warn);
}

#[test]
fn governance_starts_in_a_folder() {
    let mut config = stage::config();
    config.cwd = "/no/such/folder".into();
    let error = Governor::start(&config).unwrap_err();
    assert!(matches!(error, GovernanceError::NoDirectory { .. }));
}

#[test]
fn pins_hold_for_every_kind() {
    let mut governor = governor();
    let policies = [
        rego("always-allow"),
        model("constant-low"),
        shell(r#"echo '{"decision":"allow"}'"#),
    ];
    for policy in policies {
        governor.load(std::slice::from_ref(&policy)).unwrap();
        let sha256_found = governor.loaded().next().unwrap().sha256.clone();
        let pinned = Policy {
            sha256: sha256_found,
            ..policy.clone()
        };
        assert!(!evaluate(&mut governor, &pinned).failed, "{}", policy.id);
        let moved = Policy {
            sha256: Some(sha256(b"")),
            ..policy
        };
        let evaluation = evaluate(&mut governor, &moved);
        assert_eq!(failure(&evaluation), "pin_mismatch");
    }
}

#[test]
fn evidence_names_the_versions_that_are_built_in() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = fs::read_to_string(lock).unwrap();
    for engine in [
        cabincrew_governance::worker::REGORUS,
        cabincrew_governance::worker::TRACT,
    ] {
        let entry = format!(
            "name = \"{}\"\nversion = \"{}\"\n",
            engine.name, engine.version
        );
        assert!(lock.contains(&entry), "{engine} is not in Cargo.lock");
    }
}

/// Ids of the Rego workers that this thread has started: those of this test, because each test
/// has a thread of its own.
fn workers() -> Vec<u32> {
    fs::read_to_string("/proc/thread-self/children")
        .unwrap()
        .split_whitespace()
        .map(|id| id.parse().unwrap())
        .collect()
}

/// Until a killed child is a zombie: it is not reaped by anybody but the governor.
fn wait_for_end(id: u32) {
    for _ in 0..1_000_000 {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        let state = stat.rsplit_once(')').unwrap().1.trim_start();
        if state.starts_with('Z') {
            return;
        }
        std::thread::yield_now();
    }
    panic!("process {id} does not end");
}
