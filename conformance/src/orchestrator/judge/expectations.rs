//! Every expectation is silent where it holds, and speaks where it does not.

use serde_json::json;

use super::broken::{Break, audit, event, exports, fails, given, plan, state, step, take_off};
use super::look::Problems;
use super::outcome;
use super::sample::sample;
use super::view::Views;
use crate::observe::Bytes;
use crate::orchestrator::expect::Expect;
use crate::orchestrator::observe::{ActSeen, Done, Leak, Observation};
use crate::tree::{Change, What};

/// Judges an expectation on one step.
fn judged(expect: &str, at: usize, seen: &Observation) -> Result<Problems, String> {
    let expect: Expect = toml::from_str(expect).expect("an expectation");
    let views = Views::new(seen);
    outcome::judge(&expect, &views.steps[at], &views, "sample")
}

fn nothing(_: &mut Observation) {}

/// A failed workflow without a take-off.
fn failed(seen: &mut Observation) {
    fails(seen);
    step(seen, 1).programs.clear();
}

/// Still waiting, as before the answer.
fn waits_on(seen: &mut Observation) {
    let before = step(seen, 0).exports.clone();
    step(seen, 1).exports = before;
    step(seen, 1).programs.clear();
}

fn changed(seen: &mut Observation) {
    step(seen, 1).workspace_changes.push(Change {
        path: "x".to_owned(),
        what: What::Added,
    });
}

fn marked(seen: &mut Observation) {
    step(seen, 1).leaks.push(Leak {
        canary: "mark.kept".to_owned(),
        encoding: "plain".to_owned(),
        place: "state-dir:log".to_owned(),
    });
}

fn deleted(seen: &mut Observation) {
    let stored = &mut step(seen, 1).stored;
    stored.values_mut().for_each(|copies| *copies = 0);
}

fn warned(seen: &mut Observation) {
    event(seen, "workflow_complete", |it| {
        it["severity"] = json!("error")
    });
}

fn scored(seen: &mut Observation) {
    event(seen, "policy_result", |it| {
        it["policy"]["policy_evaluations"][0]["evidence"] = json!({"score": 0.5});
    });
}

/// A comparison ahead of take-off that says so of artifacts and tokens.
fn comparison(seen: &mut Observation, artifacts: bool, tokens: bool) {
    audit(seen, |all| {
        let mut all = all.iter_mut();
        let last = all.rfind(|event| event["event_type"] == "plan_token_verified");
        let check = &mut last.expect("it was compared")["integrity_check"];
        check["artifacts_match"] = json!(artifacts);
        check["plan_token_match"] = json!(tokens);
    });
}

fn mismatched(seen: &mut Observation) {
    comparison(seen, false, true);
}

/// The token that was expected stands there twice.
fn copied(seen: &mut Observation) {
    comparison(seen, false, false);
}

fn refused(seen: &mut Observation) {
    waits_on(seen);
    step(seen, 1).end = Some(crate::observe::End::Exited(4));
}

fn not_started(seen: &mut Observation) {
    failed(seen);
    step(seen, 1).end = Some(crate::observe::End::Exited(2));
}

fn tried(seen: &mut Observation) {
    take_off(seen)
        .writable
        .insert("elsewhere".to_owned(), false);
}

fn reached(seen: &mut Observation) {
    take_off(seen).writable.insert("elsewhere".to_owned(), true);
}

fn off_line(seen: &mut Observation) {
    plan(seen).connected = Some(false);
}

fn on_line(seen: &mut Observation) {
    plan(seen).connected = Some(true);
}

fn closed(seen: &mut Observation) {
    plan(seen).writable.insert("workspace".to_owned(), false);
}

fn other_bytes(seen: &mut Observation) {
    let files = &mut take_off(seen).artifacts_before;
    files.insert("edits/body.data".to_owned(), "0".to_owned());
}

fn other_config(seen: &mut Observation) {
    given(take_off(seen), |it| it["config"] = json!({"a": 1}));
}

/// The move that C-25 tolerates.
fn complete_before_asking(seen: &mut Observation) {
    audit(seen, |all| {
        let asked = all
            .iter()
            .position(|it| it["workflow_state"] == "AWAITING_APPROVAL");
        let at = asked.expect("somebody was asked");
        let mut complete = all[at].clone();
        complete["workflow_state"] = json!("PREFLIGHT_COMPLETE");
        all.insert(at, complete);
    });
}

fn no_approved(seen: &mut Observation) {
    audit(seen, |all| {
        all.retain(|it| it["workflow_state"] != "APPROVED")
    });
}

fn other_token(seen: &mut Observation) {
    super::broken::token(seen, |it| it["token"] = json!("0"));
}

fn other_triggers(seen: &mut Observation) {
    super::broken::asked(seen, |it| {
        it["engine_output"]["approval_context"]["triggered_policies"] = json!(["more", "rule"]);
    });
}

/// Expectation, step, a way of making it hold, a way of breaking it.
const EXPECTATIONS: &[(&str, usize, Break, Break)] = &[
    ("kind = 'completed'", 1, nothing, fails),
    ("kind = 'confined'", 1, tried, reached),
    ("kind = 'offline'", 0, off_line, on_line),
    (
        "kind = 'kept'\nsince = 'run'\ndocuments = ['token', 'artifacts', 'requests']",
        1,
        nothing,
        other_token,
    ),
    (
        "kind = 'evaluation'\npolicy = 'rule'\nsource = 'custom'\ndecision = 'require_approval'",
        1,
        nothing,
        |s| {
            audit(s, Vec::clear);
        },
    ),
    (
        "kind = 'event'\nevent = 'approval_response'\nwith = { '/approval/approved' = true }",
        1,
        nothing,
        |s| {
            event(s, "approval_response", |it| {
                it["approval"]["approved"] = json!(false)
            });
        },
    ),
    (
        "kind = 'event'\nevent = 'error'\nabsent = true",
        1,
        nothing,
        |s| {
            event(s, "post_execution", |it| it["event_type"] = json!("error"));
        },
    ),
    (
        "kind = 'event-order'\nevents = ['plan_token_created', 'approval_request', 'approval_response']",
        1,
        nothing,
        |s| {
            audit(s, |all| all.reverse());
        },
    ),
    (
        "kind = 'failed'\nnever = ['INIT']",
        1,
        |s| {
            failed(s);
            audit(s, |all| {
                all.drain(..4);
            });
        },
        failed,
    ),
    ("kind = 'failed'", 1, failed, fails),
    ("kind = 'failed'\ntook-off = true", 1, fails, nothing),
    (
        "kind = 'found'\nmark = 'mark.kept'\nplace = 'state-dir:'",
        1,
        marked,
        nothing,
    ),
    (
        "kind = 'found'\nmark = 'mark.kept'\nabsent = true",
        1,
        nothing,
        marked,
    ),
    ("kind = 'graver-event'", 1, warned, nothing),
    (
        "kind = 'input'\nmode = 'take-off'\nhas = { '/mode' = 'take-off' }\nlacks = ['/config/a']",
        1,
        nothing,
        other_config,
    ),
    ("kind = 'integrity-finding'", 1, mismatched, nothing),
    (
        "kind = 'launches'\nmode = 'take-off'\ncount = 1\nin-run = true",
        1,
        nothing,
        failed,
    ),
    (
        "kind = 'launches'\nmode = 'flight-plan'\ncount = 1\nat-most = true",
        0,
        nothing,
        |s| {
            let again = plan(s).clone();
            step(s, 0).programs.push(again);
        },
    ),
    (
        "kind = 'launches'\nmode = 'flight-plan'\ncount = 1\nat-least = true",
        0,
        |s| {
            let again = plan(s).clone();
            step(s, 0).programs.push(again);
        },
        |s| step(s, 0).programs.clear(),
    ),
    ("kind = 'mismatch-told'", 1, mismatched, nothing),
    ("kind = 'mismatch-told'", 1, mismatched, copied),
    ("kind = 'not-permitted'", 1, failed, nothing),
    ("kind = 'not-started'", 1, not_started, nothing),
    ("kind = 'not-yet'\nstates = ['FAILED']", 1, nothing, fails),
    (
        "kind = 'path'\nstates = ['INIT', 'PLAN_GENERATED', 'ARTIFACTS_VALIDATED', 'TOKEN_CREATED', 'AWAITING_APPROVAL', 'APPROVED', 'READY_FOR_TAKEOFF', 'EXECUTION_COMPLETE', 'COMPLETED']",
        1,
        complete_before_asking,
        no_approved,
    ),
    ("kind = 'planning-guarded'", 0, closed, nothing),
    (
        "kind = 'policy-saw'\nscript = 'rule'\nmentions = ['shown']\nomits = ['zlog/body']",
        0,
        nothing,
        |s| {
            let policy = &mut step(s, 0).programs[1];
            policy.stdin = Bytes::whole(b"{}".to_vec());
        },
    ),
    ("kind = 'refused'", 1, refused, nothing),
    (
        "kind = 'request'\nhas = { '/required_role' = 'approver' }\nmentions = ['look']\nomits = ['murmur']",
        1,
        nothing,
        |s| {
            super::broken::asked(s, |it| it["required_role"] = json!("admin"));
        },
    ),
    (
        "kind = 'same-course'\nas = 'sample:answer'",
        1,
        nothing,
        nothing,
    ),
    (
        "kind = 'same-or-stopped'\nas = 'sample:answer'",
        1,
        nothing,
        nothing,
    ),
    (
        "kind = 'score-recorded'\npolicy = 'rule'",
        1,
        scored,
        nothing,
    ),
    ("kind = 'stopped'", 1, failed, nothing),
    (
        "kind = 'stopped'\nnever = ['APPROVED']",
        1,
        |s| {
            failed(s);
            no_approved(s);
        },
        failed,
    ),
    ("kind = 'store-deleted'", 1, deleted, nothing),
    ("kind = 'take-off-as-planned'", 1, nothing, other_bytes),
    (
        "kind = 'token'\nas = 'sample:run'\nequal = true",
        1,
        nothing,
        other_token,
    ),
    (
        "kind = 'token'\nas = 'sample:run'\nequal = false",
        1,
        other_token,
        nothing,
    ),
    (
        "kind = 'token'\nas = 'sample:run'\nmember = 'engine_id'\nequal = true",
        1,
        nothing,
        |s| super::broken::token(s, |it| it["engine_id"] = json!("other")),
    ),
    (
        "kind = 'triggered-only'\npolicies = ['rule']",
        1,
        nothing,
        other_triggers,
    ),
    ("kind = 'turned-down'", 1, waits_on, nothing),
    (
        "kind = 'turned-down'\nmust-fail = true",
        1,
        failed,
        waits_on,
    ),
    ("kind = 'unchanged'", 1, waits_on, nothing),
    ("kind = 'waiting'", 0, nothing, |s| {
        let launched = take_off(s).clone();
        step(s, 0).programs.push(launched);
    }),
    (
        "kind = 'workspace'\nunchanged = true\nhas = { 'notes.txt' = 'old' }\nlacks = ['new.txt']",
        1,
        nothing,
        changed,
    ),
];

#[test]
fn every_expectation_is_silent_where_it_holds_and_speaks_where_it_does_not() {
    for (expect, at, good, bad) in EXPECTATIONS {
        let mut seen = sample();
        good(&mut seen);
        assert_eq!(judged(expect, *at, &seen), Ok(Vec::new()), "{expect}");
        // What is compared with itself cannot differ; see the tests on pairs.
        if expect.contains("sample:answer") {
            continue;
        }
        let mut seen = sample();
        bad(&mut seen);
        let told = judged(expect, *at, &seen).expect(expect);
        assert!(!told.is_empty(), "{expect} says nothing");
    }
}

#[test]
fn a_step_is_compared_with_that_of_another_run() {
    let mut seen = sample();
    let mut other = sample().runs.remove(0);
    other.drill = "other".to_owned();
    seen.runs.push(other);
    for expect in [
        "kind = 'same-course'\nas = 'other:answer'",
        "kind = 'same-or-stopped'\nas = 'other:answer'",
    ] {
        assert_eq!(judged(expect, 1, &seen), Ok(Vec::new()));
        let mut less = seen.clone();
        waits_on(&mut less);
        assert_ne!(judged(expect, 1, &less), Ok(Vec::new()), "{expect}");
    }
    let missing = judged("kind = 'same-course'\nas = 'third:answer'", 1, &seen);
    assert!(missing.is_err());
}

#[test]
fn a_log_that_rots_unseen_is_a_finding() {
    let mut seen = sample();
    let mut other = sample().runs.remove(0);
    other.drill = "other".to_owned();
    seen.runs.push(other);
    let damaged = |mut seen: Observation| {
        let mut damage = seen.runs[0].steps[0].clone();
        damage.name = "damage".to_owned();
        damage.act = ActSeen::Tamper;
        damage.done = Some(Done::Changed(vec!["kept/wal".to_owned()]));
        damage.end = None;
        damage.exports = None;
        damage.programs.clear();
        seen.runs[0].steps.insert(1, damage);
        seen
    };
    let expect = "kind = 'same-or-stopped'\nas = 'other:answer'\nkeeps-logs = true";
    assert_eq!(judged(expect, 2, &damaged(seen.clone())), Ok(Vec::new()));
    super::broken::wal(&mut seen, |entries| {
        entries[0]["timestamp"] = json!("2000-01-01T00:00:00Z");
    });
    let seen = damaged(seen);
    let told = judged(expect, 2, &seen).expect("it can be judged");
    assert!(told[0].0.contains("write-ahead log"), "{told:?}");
    let observed = "kept/wal was damaged, and then: number 0/timestamp was ";
    assert!(told[0].1.starts_with(observed), "{told:?}");
    let less = "kind = 'same-or-stopped'\nas = 'other:answer'";
    assert_eq!(judged(less, 2, &seen), Ok(Vec::new()));
}

#[test]
fn a_state_that_cannot_be_read_is_a_finding() {
    let mut seen = sample();
    exports(&mut seen).state.end = crate::observe::End::Exited(4);
    assert_ne!(judged("kind = 'completed'", 1, &seen), Ok(Vec::new()));
    state(&mut seen, |_| {});
    assert_ne!(judged("kind = 'waiting'", 1, &seen), Ok(Vec::new()));
}
