//! Drives the reference orchestrator through hand-written drills, and looks at what was seen.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use cabincrew_conform::drive::engine::{Progress, Subject};
use cabincrew_conform::observe::End;
use cabincrew_conform::orchestrator::adapter::OrchestratorAdapter;
use cabincrew_conform::orchestrator::course;
use cabincrew_conform::orchestrator::drill::Drill;
use cabincrew_conform::orchestrator::drive::{Options, drive};
use cabincrew_conform::orchestrator::observe::{Done, Observation, ProgramSeen, Run, StepSeen};
use cabincrew_conform::report::course::MomentKind;
use serde_json::Value;

use crate::conform::BINARY;

/// The reference's program, which a build of the whole workspace leaves beside ours; it is built here
/// where only this crate was.
static REFERENCE: LazyLock<PathBuf> = LazyLock::new(|| {
    let program = Path::new(BINARY).with_file_name("cabincrew");
    if program.is_file() {
        return program;
    }
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "-p", "cabincrew-reference"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .status();
    assert!(status.expect("cargo runs").success(), "it is built");
    program
});

/// The reference's program; its workers lie beside it.
pub(crate) fn reference_program() -> &'static Path {
    &REFERENCE
}

struct Quiet;

impl Progress for Quiet {
    fn launched(&self, _done: usize, _total: usize, _name: &str) {}
}

fn drive_drill(program: &Path, text: &str) -> Observation {
    let mut drill: Drill = toml::from_str(text).expect("it is a drill");
    drill.name = "test".to_owned();
    let options = Options {
        jobs: 2,
        timeout: Duration::from_secs(30),
        seed: 7,
        keep: None,
        path: std::env::var_os("PATH").unwrap_or_default(),
        program: BINARY.into(),
    };
    let subject = Subject {
        command: vec![program.into()],
    };
    let adapter = OrchestratorAdapter::default();
    let seen = drive(&subject, &adapter, &drill.runs(), &options, &Quiet).expect("it is driven");
    // What was seen can be recorded and read again.
    let text = serde_json::to_string(&seen).expect("it can be written");
    let again: Observation = serde_json::from_str(&text).expect("it can be read");
    let text_again = serde_json::to_string(&again).expect("it can be written");
    assert_eq!(text_again, text);
    seen
}

fn reference(text: &str) -> Run {
    let seen = drive_drill(&REFERENCE, text);
    seen.runs.into_iter().next().expect("there is one run")
}

fn step<'a>(run: &'a Run, name: &str) -> &'a StepSeen {
    let found = run.steps.iter().find(|step| step.name == name);
    found.unwrap_or_else(|| panic!("no step {name} among {:?}", run.steps.len()))
}

fn exit(step: &StepSeen) -> i32 {
    match &step.end {
        Some(End::Exited(code)) => *code,
        other => panic!("{}: {other:?} {:?}", step.name, text(&step.stderr.kept)),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn state(step: &StepSeen) -> String {
    let exports = step.exports.as_ref().expect("it was exported");
    let state: Value = serde_json::from_slice(&exports.state.text.kept).unwrap_or_default();
    state["current_state"].as_str().unwrap_or("none").to_owned()
}

fn started<'a>(step: &'a StepSeen, script: &str, mode: &str) -> Vec<&'a ProgramSeen> {
    let programs = step.programs.iter();
    programs
        .filter(|program| program.script == script && program.mode == mode)
        .collect()
}

#[test]
fn an_allowed_plan_is_seen_from_all_sides() {
    let run = reference("summary = 'x'\n[[step]]\nname = 'run'\nrun = {}");
    let step = step(&run, "run");
    assert_eq!(exit(step), 0, "{}", text(&step.stderr.kept));
    assert_eq!(state(step), "COMPLETED");
    let plan = started(step, "edit", "flight-plan");
    let take_off = started(step, "edit", "take-off");
    assert_eq!((plan.len(), take_off.len()), (1, 1));
    assert!(!started(step, "rule", "evaluate").is_empty());
    for program in &step.programs {
        assert!(program.of_subject && program.ended, "{}", program.script);
    }
    assert_eq!(plan[0].workspace_before.len(), 5);
    assert!(plan[0].artifacts_after.contains_key("edits/body.data"));
    assert!(take_off[0].artifacts_before.contains_key("edits/body.data"));
    assert!(plan[0].writable["artifacts"]);
    let input: Value = serde_json::from_slice(&plan[0].stdin.kept).unwrap();
    assert_eq!(input["secrets"]["TOKEN"], run.canaries[0].value.as_str());
    assert_eq!(
        step.workspace_changes.len(),
        2,
        "{:?}",
        step.workspace_changes
    );
    assert_eq!(step.leaks, []);
    assert!(step.stored["edits/body.data"] >= 1);
    assert_eq!(step.dirs_left, Vec::<String>::new());
    assert_eq!(step.left_alive, Vec::<String>::new());
}

#[test]
fn a_policy_finds_what_a_body_holds() {
    let run = reference(
        r#"
        summary = "x"
        [[stage.engine.edit.artifact]]
        name = "extra"
        body = "a marker, and 'quotes'"
        [[stage.policy.rule.when]]
        contains = "a marker"
        decision = "deny"
        violations = ["marked"]
        [[step]]
        name = "run"
        run = {}
        "#,
    );
    let step = step(&run, "run");
    assert_eq!(exit(step), 1, "{}", text(&step.stderr.kept));
    assert_eq!(state(step), "FAILED");
    assert!(started(step, "edit", "take-off").is_empty());
    assert_eq!(step.workspace_changes, []);
}

#[test]
fn an_approval_is_delivered_to_the_request_that_waits() {
    let run = reference(
        r#"
        summary = "x"
        [stage.policy.rule]
        decision = "require_approval"
        [[step]]
        name = "run"
        run = {}
        [[step]]
        name = "foreign"
        respond = { to = "literal:apr-x" }
        [[step]]
        name = "grant"
        respond = { set = { approver = "bob" } }
        [[step]]
        name = "again"
        respond = { again = "grant" }
        "#,
    );
    assert_eq!(exit(step(&run, "run")), 3);
    assert_eq!(exit(step(&run, "foreign")), 3);
    let grant = step(&run, "grant");
    assert_eq!(exit(grant), 0, "{}", text(&grant.stderr.kept));
    assert_eq!(state(grant), "COMPLETED");
    assert!(grant.response.as_ref().unwrap().contains("\"bob\""));
    assert_eq!(step(&run, "again").response, grant.response);
    let at = run.steps.iter().position(|step| step.name == "grant");
    let told = course::of_run(&run, at.expect("it was taken"));
    let said: Vec<&str> = told
        .steps
        .iter()
        .flat_map(|step| &step.moments)
        .filter(|moment| moment.kind == MomentKind::Approval)
        .map(|moment| moment.text.as_str())
        .collect();
    assert!(said[0].starts_with("asked for: "), "{said:?}");
    assert_eq!(said.last(), Some(&"approved by bob"), "{said:?}");
}

#[test]
fn a_kill_in_take_off_strikes_the_orchestrator_before_the_engine_acts() {
    let run = reference(
        r#"
        summary = "x"
        [[step]]
        name = "run"
        run = { kill_at = "edit:take-off:begin" }
        [[step]]
        name = "resume"
        resume = {}
        "#,
    );
    let killed = step(&run, "run");
    assert_eq!(killed.end, Some(End::Signalled(9)));
    assert_eq!(killed.reached.as_deref(), Some("edit:take-off:begin"));
    assert_eq!(killed.workspace_changes, []);
    assert_eq!(killed.left_alive, Vec::<String>::new());
    let resumed = step(&run, "resume");
    assert_eq!(exit(resumed), 1, "{}", text(&resumed.stderr.kept));
    assert_eq!(state(resumed), "FAILED");
    // What a report tells of it.
    let told = course::of_run(&run, 1);
    let kinds: Vec<Vec<&str>> = told
        .steps
        .iter()
        .map(|step| step.moments.iter().map(|it| it.kind.as_str()).collect())
        .collect();
    assert_eq!(
        kinds,
        [
            &["call", "launch", "launch", "launch", "kill", "end"][..],
            &["restart", "end"]
        ]
    );
    let stop = &told.steps[0].moments[4];
    assert_eq!(stop.text, "at edit:take-off:begin");
    let path: Vec<&str> = told.path.iter().map(|state| state.as_str()).collect();
    assert!(path.ends_with(&["TAKEOFF_RUNNING", "FAILED"]), "{path:?}");
}

#[test]
fn steps_are_taken_while_a_call_is_held() {
    let run = reference(
        r#"
        summary = "x"
        [[step]]
        name = "run"
        [step.run]
        hold_at = "rule:evaluate:end"
        [[step.run.meanwhile]]
        name = "second"
        resume = {}
        "#,
    );
    assert_eq!(exit(step(&run, "second")), 4);
    assert_eq!(exit(step(&run, "run")), 0);
    assert_eq!(run.steps[0].name, "second");
}

#[test]
fn damage_is_done_to_files_that_are_found_by_content() {
    let run = reference(
        r#"
        summary = "x"
        [stage.policy.rule]
        decision = "require_approval"
        [[step]]
        name = "run"
        run = {}
        [[step]]
        name = "damage"
        tamper = { file = { artifact = "edits/body.data" }, by = { flip = 50 } }
        [[step]]
        name = "grant"
        respond = {}
        "#,
    );
    let damage = step(&run, "damage");
    assert!(matches!(&damage.done, Some(Done::Changed(files)) if !files.is_empty()));
    let grant = step(&run, "grant");
    assert_eq!(exit(grant), 1, "{}", text(&grant.stderr.kept));
    assert_eq!(grant.workspace_changes, []);
}

#[test]
fn every_file_of_a_state_is_damaged_in_turn() {
    let run = reference(
        r#"
        summary = "x"
        [stage.policy.rule]
        decision = "require_approval"
        [[step]]
        name = "run"
        run = {}
        [[step]]
        name = "each"
        each = { by = { cut = 50 }, then = [{ name = "resume", resume = {} }] }
        [[step]]
        name = "grant"
        respond = {}
        "#,
    );
    let damaged: Vec<&StepSeen> = run
        .steps
        .iter()
        .filter(|seen| seen.name.ends_with(".resume"))
        .collect();
    assert!(damaged.len() > 2, "{}", damaged.len());
    for seen in damaged {
        assert_eq!(seen.workspace_changes, [], "{}", seen.name);
    }
    // What was damaged is as before again.
    assert_eq!(exit(step(&run, "grant")), 0);
}

#[test]
fn a_program_that_is_no_orchestrator_starts_nothing() {
    let seen = drive_drill(
        Path::new("/bin/true"),
        "summary = 'x'\n[[step]]\nname = 'run'\nrun = {}",
    );
    let step = step(&seen.runs[0], "run");
    assert_eq!(exit(step), 0);
    assert!(step.programs.is_empty());
    let exports = step.exports.as_ref().expect("it was exported");
    assert!(exports.state.text.kept.is_empty());
}
