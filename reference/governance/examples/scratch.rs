#![allow(warnings, clippy::all)]
use cabincrew_governance::*;
use std::path::Path;
use std::time::*;
fn main() {
    let dir = std::env::current_exe()
        .unwrap()
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .to_owned();
    let cwd = Path::new("/work/main/fixtures");
    let p = |id: &str, kind| Policy {
        id: id.into(),
        kind,
        timeout: Duration::from_secs(20),
        sha256: None,
    };
    let opa = |n: &str| {
        p(
            n,
            PolicyKind::Opa {
                path: format!("policies/{n}.rego").into(),
                query: "data.cabincrew.preflight.result".into(),
            },
        )
    };
    let onnx = |n: &str| {
        p(
            n,
            PolicyKind::Onnx {
                path: format!("models/{n}.onnx").into(),
                over: [Part::Body].into(),
                thresholds: Thresholds {
                    deny: Some(0.9),
                    ..Default::default()
                },
            },
        )
    };
    let custom = p(
        "c",
        PolicyKind::Custom {
            command: vec![
                "/bin/sh".into(),
                "-c".into(),
                "echo '{\"decision\":\"allow\"}'".into(),
            ],
        },
    );
    let input = serde_json::from_value(serde_json::json!({"workflow_id":"w","step_id":"s","mode":"flight-plan","engine_output":{},"context":{}})).unwrap();
    let art = |n: usize| GovernedArtifact {
        name: "a".into(),
        role: cabincrew_protocol::artifact::Role::State,
        artifact: serde_json::json!({"artifact_type":"diff","action":"write","target":"src/x","mime":"text/x-diff"}),
        body: Some(
            "+let value = compute(alpha, beta);\n"
                .repeat(n)
                .into_bytes(),
        ),
    };
    for (name, pols, n) in [
        ("protected-paths", vec![opa("protected-paths")], 100),
        ("change-size", vec![opa("change-size")], 100),
        ("always-allow", vec![opa("always-allow")], 100),
        ("first-byte 256B?", vec![onnx("first-byte-float")], 7),
        ("secrets 3.4K", vec![onnx("secrets")], 100),
        ("sh", vec![custom.clone()], 100),
        (
            "one of each",
            vec![opa("always-allow"), onnx("constant-low"), custom.clone()],
            7,
        ),
    ] {
        let t = Instant::now();
        let mut g = Governor::start(&GovernorConfig::beside(&dir, cwd)).unwrap();
        g.load(&pols).unwrap();
        let load = t.elapsed();
        let a = [art(n)];
        let mut v = vec![];
        for _ in 0..200 {
            let t = Instant::now();
            let e = g.evaluate(&input, &a);
            v.push(t.elapsed());
            assert!(!e.iter().any(|e| e.failed), "{e:?}");
        }
        v.sort();
        println!(
            "{name}: load {load:?}, first.. median {:?} p99 {:?}",
            v[100], v[197]
        );
    }
}
