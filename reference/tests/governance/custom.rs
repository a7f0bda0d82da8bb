//! Programs: one document in, one document out, exit status 0, or a failed evaluation.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use cabincrew_governance::Governor;
use cabincrew_protocol::artifact::Role;
use cabincrew_protocol::decision::{Decision, PolicySource};
use serde_json::json;

use super::stage::{
    self, artifact, evaluate, evaluate_with, failure, governor, input, program, shell,
};

#[test]
fn a_program_reads_the_input_and_answers() {
    let script = r#"grep -qF '"body_text":"hello\n"' || exit 9
        echo '{"decision":"warn","warnings":["greets"]}'"#;
    let evaluation = evaluate(&mut governor(), &shell(script));
    assert_eq!(evaluation.decision, Decision::Warn, "{evaluation:?}");
    assert_eq!(evaluation.source, PolicySource::Custom);
    assert_eq!(evaluation.reason.as_deref(), Some("greets"));
    assert_eq!(evaluation.evidence["exit"], "exit status 0");
    assert_eq!(evaluation.evidence["command"][0], "/bin/sh");
    assert_eq!(evaluation.evidence["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn a_program_that_reads_nothing_may_answer_all_the_same() {
    let large = artifact("large", Role::Evidence, &vec![b'x'; 1 << 20]);
    let policy = shell(r#"exec <&-; echo '{"decision":"allow"}'"#);
    let evaluation = evaluate_with(&mut governor(), &policy, &input(), &[large]);
    assert_eq!(evaluation.decision, Decision::Allow, "{evaluation:?}");
}

#[test]
fn anything_but_one_document_and_success_denies() {
    let cases = [
        (
            r#"echo '{"decision":"allow"}'; exit 1"#,
            "died",
            "exit status 1",
        ),
        (
            r#"echo '{"decision":"allow"}'; kill -9 $$"#,
            "died",
            "signal 9",
        ),
        ("echo oops >&2; exit 3", "died", "oops"),
        ("true", "wrong_shape", "empty"),
        ("echo allow", "wrong_shape", "JSON"),
        (r#"echo '{"decision":"permit"}'"#, "wrong_shape", "permit"),
        (
            r#"echo '{"decision":"allow","x":1}'"#,
            "wrong_shape",
            "unknown field",
        ),
        (
            r#"echo '{"decision":"allow","annotations":{}}'"#,
            "wrong_shape",
            "annotations",
        ),
        (
            r#"echo '{"decision":"deny","decision":"allow"}'"#,
            "wrong_shape",
            "duplicate",
        ),
        (
            r#"echo '{"decision":"allow"}{"decision":"allow"}'"#,
            "wrong_shape",
            "trailing",
        ),
        (
            r#"echo '{"decision":"allow","violations":null}'"#,
            "wrong_shape",
            "null",
        ),
        ("exec cat /dev/zero", "flooded", "bytes"),
    ];
    let mut governor = governor();
    for (script, kind, fragment) in cases {
        let evaluation = evaluate(&mut governor, &shell(script));
        assert_eq!(failure(&evaluation), kind, "{script}: {evaluation:?}");
        let reason = evaluation.reason.unwrap();
        assert!(reason.contains(fragment), "{script}: {reason}");
    }
}

#[test]
fn a_program_that_hangs_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("alive");
    let script = format!(
        "(while :; do echo x >> {0}; sleep 0.02; done) & while :; do sleep 1; done",
        marker.display()
    );
    let mut policy = shell(&script);
    policy.timeout = Duration::from_millis(300);
    let evaluation = evaluate(&mut governor(), &policy);
    assert_eq!(failure(&evaluation), "timed_out");
    assert_grows_no_more(&marker);
}

#[test]
fn what_a_program_leaves_behind_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("alive");
    let script = format!(
        "(while :; do echo x >> {0}; sleep 0.02; done) & \
         while ! [ -s {0} ]; do sleep 0.01; done; echo '{{\"decision\":\"allow\"}}'",
        marker.display()
    );
    let evaluation = evaluate(&mut governor(), &shell(&script));
    assert_eq!(evaluation.decision, Decision::Allow, "{evaluation:?}");
    assert_grows_no_more(&marker);
}

/// The loop above appends every 20 ms. Two programs that take their time lie between the looks.
fn assert_grows_no_more(marker: &std::path::Path) {
    let before = fs::metadata(marker).unwrap().len();
    let slow = shell(r#"sleep 0.1; echo '{"decision":"allow"}'"#);
    for _ in 0..2 {
        assert!(!evaluate(&mut governor(), &slow).failed);
    }
    assert_eq!(fs::metadata(marker).unwrap().len(), before);
}

#[test]
fn a_program_gets_path_and_nothing_else() {
    let script = r#"[ "$(/usr/bin/env | grep -Ev '^(PWD|SHLVL|_|OLDPWD)=' | tr '\n' ' ')" = \
        'PATH=/usr/local/bin:/usr/bin:/bin ' ] && echo '{"decision":"allow"}'"#;
    let evaluation = evaluate(&mut governor(), &shell(script));
    assert_eq!(evaluation.decision, Decision::Allow, "{evaluation:?}");
}

#[test]
fn memory_and_files_of_a_program_are_bounded() {
    let mut config = stage::config();
    config.limits.program_memory = 64 << 20;
    let mut governor = Governor::start(&config).unwrap();
    let hungry = shell("x=x; while :; do x=$x$x$x$x; done");
    assert_eq!(failure(&evaluate(&mut governor, &hungry)), "died");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large");
    let script = format!("exec head -c 100000000 /dev/zero > {}", file.display());
    assert_eq!(failure(&evaluate(&mut governor, &shell(&script))), "died");
    assert!(fs::metadata(file).unwrap().len() <= 64 << 20);
}

#[test]
fn programs_are_found_in_the_folder_and_in_path() {
    let folder = tempfile::tempdir().unwrap();
    let rule = folder.path().join("rule");
    fs::write(&rule, "#!/bin/sh\necho '{\"decision\":\"allow\"}'\n").unwrap();
    fs::set_permissions(&rule, fs::Permissions::from_mode(0o755)).unwrap();
    let mut config = stage::config();
    config.cwd = folder.path().to_owned();
    config.path = folder.path().into();
    let mut governor = Governor::start(&config).unwrap();
    for word in ["./rule", "rule"] {
        let evaluation = evaluate(&mut governor, &program("rule", &[word]));
        assert_eq!(evaluation.decision, Decision::Allow, "{evaluation:?}");
    }
    let evaluation = evaluate(&mut governor, &program("rule", &["rules"]));
    assert_eq!(failure(&evaluation), "unreadable");
    let evaluation = evaluate(&mut governor, &program("rule", &["./"]));
    assert_eq!(failure(&evaluation), "unreadable");
}

#[test]
fn a_program_that_changed_after_loading_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let rule = folder.path().join("rule");
    let write = |decision| {
        let text = format!("#!/bin/sh\necho '{{\"decision\":\"{decision}\"}}'\n");
        fs::write(&rule, text).unwrap();
        fs::set_permissions(&rule, fs::Permissions::from_mode(0o755)).unwrap();
    };
    write("deny");
    let mut governor = governor();
    let policy = program("rule", &[rule.to_str().unwrap()]);
    governor.load(&[policy]).unwrap();
    write("deny");
    let same = governor.evaluate(&input(), &[]).remove(0);
    assert!(!same.failed, "{same:?}");
    write("allow");
    let changed = governor.evaluate(&input(), &[]).remove(0);
    assert_eq!(failure(&changed), "pin_mismatch");
}

#[test]
fn a_program_is_given_a_valid_document() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("input.json");
    let script = format!(
        "cat > {}; echo '{{\"decision\":\"allow\"}}'",
        copy.display()
    );
    assert!(!evaluate(&mut governor(), &shell(&script)).failed);
    let document = serde_json::from_slice(&fs::read(copy).unwrap()).unwrap();
    let violations = cabincrew_protocol::schema::violations("PreflightInput", &document);
    assert_eq!(violations, []);
    assert_eq!(document["context"]["artifacts"][0]["name"], json!("note"));
}
