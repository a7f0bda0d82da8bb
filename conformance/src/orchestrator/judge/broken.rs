//! Ways of breaking the [`super::sample`], one for each rule.

use serde_json::{Value, json};

use super::sample::joined;
use crate::observe::Bytes;
use crate::orchestrator::observe::{Document, Exports, Leak, Observation, ProgramSeen, StepSeen};
use crate::orchestrator::rule::Rule;

pub(super) type Break = fn(&mut Observation);

pub(super) fn step(seen: &mut Observation, at: usize) -> &mut StepSeen {
    &mut seen.runs[0].steps[at]
}

pub(super) fn exports(seen: &mut Observation) -> &mut Exports {
    step(seen, 1).exports.as_mut().expect("they are there")
}

fn edit(document: &mut Document, change: impl Fn(&mut Value)) {
    let mut value = serde_json::from_slice(&document.text.kept).expect("one document");
    change(&mut value);
    document.text = Bytes::whole(value.to_string().into_bytes());
}

pub(super) fn lines(document: &mut Document, change: impl Fn(&mut Vec<Value>)) {
    let text = String::from_utf8_lossy(&document.text.kept).into_owned();
    let parsed = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line"));
    let mut values: Vec<Value> = parsed.collect();
    change(&mut values);
    document.text = Bytes::whole(joined(&values).into_bytes());
}

pub(super) fn state(seen: &mut Observation, change: impl Fn(&mut Value)) {
    edit(&mut exports(seen).state, change);
}

pub(super) fn token(seen: &mut Observation, change: impl Fn(&mut Value)) {
    edit(&mut exports(seen).plan_token, change);
}

pub(super) fn audit(seen: &mut Observation, change: impl Fn(&mut Vec<Value>)) {
    lines(&mut exports(seen).audit, change);
}

pub(super) fn wal(seen: &mut Observation, change: impl Fn(&mut Vec<Value>)) {
    lines(&mut exports(seen).wal, change);
}

pub(super) fn asked(seen: &mut Observation, change: impl Fn(&mut Value)) {
    lines(&mut exports(seen).approvals, |all| change(&mut all[0]));
}

pub(super) fn plan(seen: &mut Observation) -> &mut ProgramSeen {
    &mut step(seen, 0).programs[0]
}

pub(super) fn take_off(seen: &mut Observation) -> &mut ProgramSeen {
    &mut step(seen, 1).programs[0]
}

pub(super) fn given(program: &mut ProgramSeen, change: impl Fn(&mut Value)) {
    let mut value = serde_json::from_slice(&program.stdin.kept).expect("an input");
    change(&mut value);
    program.stdin = Bytes::whole(value.to_string().into_bytes());
}

pub(super) fn policy(seen: &mut Observation, change: impl Fn(&mut Value)) {
    given(&mut step(seen, 0).programs[1], change);
}

/// Takes the events of a type out of the log.
pub(super) fn silence(seen: &mut Observation, kind: &str) {
    audit(seen, |all| all.retain(|event| event["event_type"] != kind));
}

/// Changes the first event of a type.
pub(super) fn event(seen: &mut Observation, kind: &str, change: impl Fn(&mut Value)) {
    audit(seen, |all| {
        let found = all.iter_mut().find(|event| event["event_type"] == kind);
        change(found.expect("there is one"));
    });
}

pub(super) fn fails(seen: &mut Observation) {
    state(seen, |it| it["current_state"] = json!("FAILED"));
}

pub(super) fn leak(seen: &mut Observation, place: &str) {
    step(seen, 1).leaks.push(Leak {
        canary: "secrets.TOKEN".to_owned(),
        encoding: "plain".to_owned(),
        place: place.to_owned(),
    });
}

/// Rules that look at documents, each with a way of breaking it.
pub(super) const DOCUMENTS: &[(Rule, Break)] = &[
    (Rule::ApprovalRecords, |s| {
        state(s, |it| it["approvals"] = json!([]))
    }),
    (Rule::ArtifactsExported, |s| {
        edit(&mut exports(s).artifacts, |it| it[0]["hash"] = json!("0"))
    }),
    (Rule::AuditArtifacts, |s| {
        event(s, "artifact_validation", |it| {
            it["artifacts"][0]["hash"] = json!("0")
        })
    }),
    (Rule::AuditBasis, |s| {
        event(s, "preflight_decision", |it| {
            it["policy"]["policy_evaluations"][0]["decision"] = json!("warn")
        })
    }),
    (Rule::AuditCanonical, |s| {
        let document = &mut exports(s).audit;
        let spaced = String::from_utf8_lossy(&document.text.kept).replace("\":", "\": ");
        document.text = Bytes::whole(spaced.into_bytes());
    }),
    (Rule::AuditCausality, |s| audit(s, |all| all.swap(2, 3))),
    (Rule::AuditChain, |s| {
        audit(s, |all| all[3]["message"] = json!("other"))
    }),
    (Rule::AuditClosing, |s| silence(s, "workflow_complete")),
    (Rule::AuditComponents, |s| {
        event(s, "engine_start", |it| {
            it["workflow_state"] = json!("APPROVED")
        })
    }),
    (Rule::AuditDecisions, |s| {
        event(s, "preflight_decision", |it| {
            it["policy"]["policy_evaluations"] = json!([])
        })
    }),
    (Rule::AuditError, fails),
    (Rule::AuditGrows, |s| {
        audit(s, |all| {
            all.remove(4);
        })
    }),
    (Rule::AuditIds, |s| {
        audit(s, |all| all[1]["event_id"] = all[0]["event_id"].clone())
    }),
    (Rule::AuditLaunches, |s| silence(s, "engine_complete")),
    (Rule::AuditNumbering, |s| {
        audit(s, |all| all[1]["event_id"] = json!("x"))
    }),
    (Rule::AuditPrepared, |s| silence(s, "environment_prepared")),
    (Rule::AuditRebuilds, |s| silence(s, "approval_response")),
    (Rule::AuditSemantics, |s| {
        event(s, "policy_result", |it| {
            it["policy"]["policy_evaluations"][0]["severity"] = json!(0)
        })
    }),
    (Rule::AuditStart, |s| {
        audit(s, |all| {
            all.drain(..4);
        })
    }),
    (Rule::AuditState, |s| audit(s, |all| all.truncate(20))),
    (Rule::AuditSteps, |s| {
        event(s, "engine_start", |it| {
            it["workflow"]["step_id"] = json!("other")
        })
    }),
    (Rule::AuditTimes, |s| {
        audit(s, |all| all[5]["timestamp"] = json!("2025-01-01T00:00:00Z"))
    }),
    (Rule::AuditTransitions, |s| {
        audit(s, |all| all.retain(|it| it["workflow_state"] != "APPROVED"))
    }),
    (Rule::AuditUtc, |s| {
        audit(s, |all| {
            all[5]["timestamp"] = json!("2026-01-01T02:00:00.000005+02:00")
        })
    }),
    (Rule::AuditValid, |s| {
        audit(s, |all| all[0]["source"] = json!("me"))
    }),
    (Rule::AuditWorkflow, |s| {
        audit(s, |all| all[4]["workflow"]["step_id"] = json!("other"))
    }),
    (Rule::ApprovalEvidence, |s| {
        state(s, |it| it["approvals"][0]["evidence_hashes"] = json!(["0"]))
    }),
    (Rule::EvaluationsJoin, |s| {
        state(s, |it| {
            it["policy_evaluations"][0]["policy_name"] = json!("rule")
        })
    }),
    (Rule::DocumentsReadable, |s| {
        exports(s).plan_token.text = Bytes::default();
    }),
    (Rule::IdsEqual, |s| {
        state(s, |it| it["workflow_id"] = json!("wf-2"))
    }),
    (Rule::PathLegal, |s| {
        audit(s, |all| {
            all.retain(|it| it["workflow_state"] != "READY_FOR_TAKEOFF")
        })
    }),
    (Rule::StateArtifacts, |s| {
        state(s, |it| it["artifacts"] = json!([]))
    }),
    (Rule::StateDigests, |s| {
        state(s, |it| it["artifacts"][0]["artifact_hash"] = json!("0"))
    }),
    (Rule::StateOfWal, fails),
    (Rule::StateEvaluations, |s| {
        state(s, |it| it["policy_evaluations"] = json!([]))
    }),
    (Rule::StateResults, |s| {
        let mut receipt: Value =
            serde_json::from_slice(&take_off(s).stdout.kept).expect("a receipt");
        receipt["artifacts"] = json!([{"name": "result", "role": "evidence"}]);
        take_off(s).stdout = Bytes::whole(receipt.to_string().into_bytes());
    }),
    (Rule::StateSteps, |s| {
        state(s, |it| it["steps_pending"] = json!(["edit"]))
    }),
    (Rule::StatePosition, |s| {
        state(s, |it| it["metadata"]["audit_offset"]["count"] = json!(0))
    }),
    (Rule::StateToken, |s| {
        state(s, |it| it["plan_token_hash"] = json!(""))
    }),
    (Rule::StateUpdated, |s| {
        state(s, |it| it["updated_at"] = json!("2025-12-31T23:00:00Z"))
    }),
    (Rule::StateWalPosition, |s| {
        state(s, |it| it["metadata"]["wal_sequence"] = json!(999))
    }),
    (Rule::StateValid, |s| state(s, |it| it["extra"] = json!(1))),
    (Rule::StatesKnown, |s| {
        state(s, |it| it["current_state"] = json!("REJECTED"))
    }),
    (Rule::TokenComposite, |s| {
        token(s, |it| it["model"] = json!("other"))
    }),
    (Rule::TokenEvent, |s| silence(s, "plan_token_created")),
    (Rule::TokenHashes, |s| {
        token(s, |it| it["artifacts"][0]["size"] = json!(9))
    }),
    (Rule::TokenModel, |s| {
        s.runs[0].workflow["steps"][0]["model"] = json!("other");
    }),
    (Rule::TokenNames, |s| {
        token(s, |it| it["artifacts"] = json!([]))
    }),
    (Rule::TokenOrder, |s| {
        token(s, |it| {
            it["artifacts"].as_array_mut().expect("a list").reverse()
        })
    }),
    (Rule::TokenStays, |s| {
        token(s, |it| it["created_at"] = json!("2026-01-01T00:00:01Z"))
    }),
    (Rule::TokenValid, |s| {
        token(s, |it| it["engine_id"] = json!("other"))
    }),
    (Rule::WalChecksum, |s| {
        wal(s, |all| all[1]["timestamp"] = json!("2026-01-01T00:00:09Z"))
    }),
    (Rule::WalComplete, |s| {
        wal(s, |all| {
            all.retain(|it| it["entry_type"] != "policy_evaluated")
        })
    }),
    (Rule::WalEncoding, |s| {
        wal(s, |all| {
            all.remove(1);
        })
    }),
    (Rule::WalGrows, |s| {
        wal(s, |all| {
            all.remove(5);
        })
    }),
    (Rule::WalMint, |s| {
        wal(s, |all| {
            all.retain(|it| it["data"]["artifact_id"] != "plan-token")
        })
    }),
    (Rule::WalNumbering, |s| {
        wal(s, |all| {
            all.remove(5);
        })
    }),
    (Rule::WalSequence, |s| wal(s, |all| all.swap(1, 2))),
    (Rule::WalValid, |s| {
        wal(s, |all| all[0]["data"] = json!({"step_id": "edit"}))
    }),
];
