//! Record, request and logs of the [`super::sample`].

use cabincrew_protocol::audit::{first_chain_hash, leaf_hash};
use cabincrew_protocol::wal::checksum;
use serde_json::{Value, json};

use super::sample::{ID, approval_id, at, evidence, hash, planned, receipt, response, token};

/// The `artifact_type` in a planned artifact's descriptor.
fn kind(name: &str) -> &'static str {
    if name == "edits" { "edits" } else { "note" }
}

/// The state record.
pub(super) fn state(ended: bool) -> Value {
    let artifacts: Vec<Value> = planned()
        .into_iter()
        .map(|(name, role, hash, _)| {
            json!({"artifact_id": name, "step_id": "edit", "artifact_hash": hash,
                   "artifact_type": kind(name), "created_at": at(8), "metadata": {"role": role}})
        })
        .collect();
    let response = response();
    let approvals = if ended {
        json!([{"approval_id": approval_id(), "step_id": "edit", "plan_token_hash": hash(),
                "approved": true, "approver": "ada", "approved_at": response["timestamp"],
                "evidence_hashes": governed_digests()}])
    } else {
        json!([])
    };
    json!({
        "workflow_id": ID, "current_state": if ended { "COMPLETED" } else { "AWAITING_APPROVAL" },
        "plan_token_hash": hash(), "created_at": at(0), "updated_at": at(30),
        "steps_completed": if ended { json!(["edit"]) } else { json!([]) },
        "steps_pending": if ended { json!([]) } else { json!(["edit"]) }, "approvals": approvals,
        "artifacts": artifacts,
        "policy_evaluations": [{"evaluation_id": "e1", "step_id": "edit", "policy_name": "custom/rule",
                                "decision": "require_approval", "evaluated_at": at(10)}],
        "metadata": {"audit_offset": {"count": 1, "last_hash": hash()}},
    })
}

fn governed_digests() -> Vec<String> {
    let governed = planned().into_iter().filter(|(_, role, ..)| *role != "log");
    governed.map(|(_, _, hash, _)| hash).collect()
}

/// The request.
pub(super) fn request() -> Value {
    json!({
        "approval_id": approval_id(), "workflow_id": ID, "step_id": "edit", "reason": "look",
        "required_role": "approver", "plan_token_hash": hash(), "evidence": evidence(),
        "engine_output": {"receipt": receipt("flight-plan"),
            "approval_context": {"requested_at": at(11), "requester": "alice",
                                 "triggered_policies": ["rule"]}},
    })
}

/// The write-ahead log, up to the request or to the end.
pub(super) fn wal(ended: bool) -> Vec<Value> {
    let start = |phase: &str| {
        (
            "step_started",
            json!({"step_id": "edit", "step_type": phase}),
        )
    };
    let end = || ("step_completed", json!({"step_id": "edit"}));
    let created = |name: &str, hash: &str| {
        let data = json!({"artifact_id": name, "artifact_hash": hash, "artifact_type": kind(name)});
        ("artifact_created", data)
    };
    let mut all = vec![
        (
            "workflow_started",
            json!({"plan_token_hash": "", "initial_state": "INIT"}),
        ),
        start("flight-plan"),
        end(),
        start("artifact-validation"),
    ];
    all.extend(
        planned()
            .iter()
            .map(|(name, _, hash, _)| created(name, hash)),
    );
    all.extend([
        end(),
        start("plan-token"),
        created("plan-token", &hash()),
        end(),
    ]);
    let decided = json!({"evaluation_id": "e1", "policy_name": "custom/rule",
                         "decision": "require_approval"});
    let asked = json!({"approval_id": approval_id(), "step_id": "edit",
                       "required_role": "approver"});
    all.extend([
        start("preflight"),
        ("policy_evaluated", decided),
        ("approval_requested", asked),
    ]);
    if ended {
        let data = json!({"approval_id": approval_id(), "approved": true, "approver": "ada"});
        all.push(("approval_received", data));
        for phase in [
            "take-off-prep",
            "take-off",
            "post-execution",
            "finalization",
        ] {
            all.extend([start(phase), end()]);
        }
        let data = json!({"final_state": "COMPLETED", "artifacts": []});
        all.push(("workflow_completed", data));
    }
    let entry = |(sequence, (kind, data)): (usize, (&str, Value))| {
        let mut entry = json!({"sequence": sequence, "timestamp": at(sequence), "workflow_id": ID,
                               "entry_type": kind, "data": data, "checksum": ""});
        let sum = checksum(&entry).expect("a digest");
        entry["checksum"] = json!(sum);
        entry
    };
    all.into_iter().enumerate().map(entry).collect()
}

/// The audit log, up to the request or to the end.
pub(super) fn audit(ended: bool) -> Vec<Value> {
    let mut all = planning();
    all.extend(governed());
    if ended {
        all.extend(carried_out());
    }
    let mut previous = first_chain_hash(ID);
    let mut events = Vec::new();
    for (at_line, (kind, state, extra)) in all.into_iter().enumerate() {
        let mut event = json!({
            "event_id": format!("{ID}-{at_line:08}"), "timestamp": at(at_line), "event_type": kind,
            "workflow": {"workflow_id": ID, "step_id": "edit"}, "workflow_state": state,
            "chain_hash": previous, "message": "it happened", "severity": "info",
        });
        for (name, value) in extra.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        previous = leaf_hash(&event).expect("a digest");
        events.push(event);
    }
    events
}

type Told = (&'static str, &'static str, Value);

fn moved(state: &'static str) -> Told {
    ("state_transition", state, json!({}))
}

fn run(kind: &'static str, state: &'static str, mode: &str) -> Told {
    let workflow = json!({"workflow_id": ID, "step_id": "edit", "mode": mode});
    let extra = if kind == "engine_complete" {
        let engine =
            json!({"engine_id": "peer", "receipt_id": format!("r-{mode}"), "status": "success"});
        json!({"workflow": workflow, "engine": engine})
    } else {
        json!({"workflow": workflow})
    };
    (kind, state, extra)
}

fn verified(state: &'static str) -> Told {
    let check = json!({"expected_plan_token": hash(), "actual_plan_token": hash(),
                       "plan_token_match": true, "artifacts_match": true});
    (
        "plan_token_verified",
        state,
        json!({"integrity_check": check}),
    )
}

fn planning() -> Vec<Told> {
    let artifacts: Vec<Value> = planned()
        .into_iter()
        .map(|(name, role, hash, size)| json!({"name": name, "role": role, "hash": hash, "size": size}))
        .collect();
    vec![
        (
            "workflow_started",
            "INIT",
            json!({"message": "started by alice"}),
        ),
        run("environment_prepared", "INIT", "flight-plan"),
        run("engine_start", "INIT", "flight-plan"),
        run("engine_complete", "PLAN_RUNNING", "flight-plan"),
        moved("PLAN_GENERATED"),
        (
            "artifact_validation",
            "PLAN_GENERATED",
            json!({"artifacts": artifacts}),
        ),
        moved("ARTIFACTS_VALIDATED"),
        (
            "plan_token_created",
            "ARTIFACTS_VALIDATED",
            json!({"plan_token": token()}),
        ),
        moved("TOKEN_CREATED"),
    ]
}

fn governed() -> Vec<Told> {
    let state = "PRE_FLIGHT_RUNNING";
    let evaluation = json!({"source": "custom", "policy_id": "rule", "decision": "require_approval",
                            "severity": 2, "reason": "look", "evaluated_at": at(10),
                            "evidence": {"evaluation_id": "e1"}});
    let policy = json!({"policy": {"decision": "require_approval", "workflow_state": state,
        "aggregation_method": "most_restrictive", "policy_evaluations": [evaluation]}});
    let mut asked = policy.clone();
    asked["approval"] = json!({"approval_id": approval_id(), "required_role": "approver",
        "approved": false, "approver": "", "plan_token_hash": hash(), "timestamp": at(11)});
    vec![
        verified(state),
        ("policy_result", state, policy.clone()),
        ("preflight_decision", state, policy),
        ("approval_request", state, asked),
        moved("AWAITING_APPROVAL"),
    ]
}

fn carried_out() -> Vec<Told> {
    let response = response();
    let approval = json!({"approval": {"approval_id": approval_id(), "required_role": "approver",
        "approved": true, "approver": "ada", "plan_token_hash": hash(),
        "timestamp": response["timestamp"]}});
    vec![
        ("approval_response", "AWAITING_APPROVAL", approval),
        moved("APPROVED"),
        verified("APPROVED"),
        moved("READY_FOR_TAKEOFF"),
        run("environment_prepared", "READY_FOR_TAKEOFF", "take-off"),
        run("engine_start", "READY_FOR_TAKEOFF", "take-off"),
        run("engine_complete", "TAKEOFF_RUNNING", "take-off"),
        moved("EXECUTION_COMPLETE"),
        ("post_execution", "EXECUTION_COMPLETE", json!({})),
        moved("COMPLETED"),
        ("workflow_complete", "COMPLETED", json!({})),
    ]
}
