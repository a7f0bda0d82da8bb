//! A sample of faults, one or more of each subject: the deviation is there, and only in its place.

use serde_json::{Value, json};

use crate::driver::{World, input, run, sha256};

#[test]
fn input_is_misread() {
    let world = World::with_fault("plans-on-parse-error");
    assert_eq!(
        run(world.command("flight-plan", ""), b"plan").status,
        Some(0)
    );
    let world = World::with_fault("deep-nesting-passes");
    let deep = format!("{{\"deep\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    let text = input("flight-plan")
        .to_string()
        .replace("\"context\":{}", &format!("\"context\":{deep}"));
    assert_eq!(
        run(world.command("flight-plan", ""), text.as_bytes()).status,
        Some(0)
    );
    let world = World::with_fault("overflows-stack-on-deep-input");
    assert_eq!(
        run(world.command("flight-plan", ""), text.as_bytes()).status,
        None
    );
    assert_eq!(world.plan().status, Some(0));
}

#[test]
fn the_receipt_is_wrong() {
    let world = World::with_fault("metrics-as-map");
    assert_eq!(world.plan().receipt()["metrics"], json!({"files": 2}));
    let world = World::with_fault("duplicate-receipt-member");
    let text = String::from_utf8(world.plan().stdout).unwrap();
    assert_eq!(text.matches("\"protocol_version\"").count(), 2);
    let world = World::with_fault("failure-with-exit-0");
    std::fs::create_dir(world.dir("artifacts/edits")).unwrap();
    assert_eq!(
        world.plan().status_and_receipt(),
        (Some(0), "failure".to_owned())
    );
    let world = World::with_fault("no-receipt-in-take-off");
    assert_eq!(world.plan().status, Some(0));
    world.reset("t-");
    assert!(world.take_off("t-").stdout.is_empty());
}

#[test]
fn the_artifacts_are_wrong() {
    let world = World::with_fault("upper-case-hash");
    let receipt = world.plan().receipt();
    let entry = &receipt["artifacts"][0];
    let body = std::fs::read(world.dir("artifacts/diff/body.data")).unwrap();
    assert_eq!(entry["hash"], sha256(&body).to_uppercase());
    let world = World::with_fault("size-in-characters");
    assert!(
        world.plan().receipt()["artifacts"][0]["size"]
            .as_u64()
            .unwrap()
            < body.len() as u64
    );
    let world = World::with_fault("guide-member-names");
    world.plan();
    let text = std::fs::read_to_string(world.dir("artifacts/diff/artifact.json")).unwrap();
    assert!(text.contains("\"parameters\""));
    let world = World::with_fault("socket-in-artifacts");
    assert_eq!(world.plan().status, Some(0));
    use std::os::unix::fs::FileTypeExt as _;
    let kind = world
        .dir("artifacts/socket")
        .symlink_metadata()
        .unwrap()
        .file_type();
    assert!(kind.is_socket());
}

#[test]
fn something_else_happens() {
    let world = World::with_fault("formats-in-place");
    let before = world.tree("workspace");
    assert_eq!(world.plan().status, Some(0));
    assert_eq!(world.tree("workspace"), before);
    use std::os::unix::fs::PermissionsExt as _;
    let mode = world
        .dir("workspace/docs/notes.txt")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut world = World::with_fault("cache-in-home");
    world.env = vec![("HOME", world.dir("home").to_string_lossy().into_owned())];
    assert_eq!(world.plan().status, Some(0));
    assert!(world.dir("home/.cache/engine/index").is_file());

    let world = World::with_fault("runs-file-names");
    std::fs::write(world.dir("workspace/;touch pwned"), "").unwrap();
    assert_eq!(world.plan().status, Some(0));
    assert!(world.dir("temp/pwned").is_file());
}

#[test]
fn chance_gets_in() {
    for name in ["random-id", "hash-map-order", "process-id-in-artifact"] {
        let world = World::with_fault(name);
        world.plan();
        let first = world.tree("artifacts");
        world.reset("");
        world.plan();
        assert_ne!(world.tree("artifacts"), first, "{name}");
    }
    let world = World::with_fault("needs-home");
    assert_eq!(world.plan().status, Some(1));
}

#[test]
fn secrets_get_out() {
    for (name, form) in [
        ("secret-in-artifact", "s3cr3t/canary+value="),
        ("secret-in-base64", "czNjcjN0L2NhbmFyeSt2YWx1ZT0="),
        ("secret-in-hex", "7333637233742f63616e6172792b76616c75653d"),
        ("secret-reversed", "=eulav+yranac/t3rc3s"),
        ("secret-url-encoded", "s3cr3t%2Fcanary%2Bvalue%3D"),
    ] {
        let world = World::with_fault(name);
        world.plan();
        let text = std::fs::read_to_string(world.dir("artifacts/diff/artifact.json")).unwrap();
        assert!(text.contains(form), "{name}: {text}");
    }
    let world = World::with_fault("refusal-quotes-input");
    let cut = &input("flight-plan").to_string()[..200];
    let seen = run(world.command("flight-plan", ""), cut.as_bytes());
    assert_eq!(seen.status, Some(2));
    assert!(
        seen.receipt()["error"]
            .as_str()
            .unwrap()
            .contains("identity-canary")
    );
}

#[test]
fn the_plan_is_not_what_is_carried_out() {
    let world = World::with_fault("take-off-does-nothing");
    let before = world.tree("workspace");
    world.plan();
    world.reset("t-");
    assert_eq!(world.take_off("t-").status, Some(0));
    assert_eq!(world.tree("t-workspace"), before);

    let world = World::with_fault("altered-state-applied");
    world.plan();
    world.reset("t-");
    let mut input = input("take-off");
    input["context"]["state_artifacts"] = world.restore("t-");
    let body = world.dir("t-artifacts/edits/body.data");
    let mut bytes = std::fs::read(&body).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&body, bytes).unwrap();
    let seen = run(
        world.command("take-off", "t-"),
        input.to_string().as_bytes(),
    );
    assert_eq!(seen.status, Some(0));
    assert_ne!(world.tree("t-workspace"), before);

    let world = World::with_fault("missing-state-is-empty-plan");
    world.plan();
    world.reset("t-");
    let mut input = crate::driver::input("take-off");
    input["context"]["state_artifacts"] = Value::Array(Vec::new());
    let seen = run(
        world.command("take-off", "t-"),
        input.to_string().as_bytes(),
    );
    assert_eq!(seen.status, Some(0));
}

#[test]
fn processes_misbehave() {
    let world = World::with_fault("segmentation-fault-at-exit");
    let seen = world.plan();
    assert_eq!(seen.status, None);
    assert_eq!(seen.receipt()["status"], "success");
    let world = World::with_fault("panics-on-parse-error");
    assert_eq!(
        run(world.command("flight-plan", ""), b"plan").status,
        Some(101)
    );
    let world = World::with_fault("hangs-at-start");
    let mut child = world.command("flight-plan", "").spawn().unwrap();
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None);
}

#[test]
fn a_script_that_is_none_is_no_engine() {
    let world = World::new("colour = 'red'");
    let seen = world.plan();
    assert_eq!((seen.status, seen.stdout.len()), (Some(2), 0));
    let world = World::new("[fault]\nkind = 'receipt/sings'");
    assert_eq!(world.plan().status, Some(2));
}
