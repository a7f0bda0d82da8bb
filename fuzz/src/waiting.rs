//! A workflow that waits for approval, made without engines and files: what the laws of journals,
//! answers and audit logs start from.

use cabincrew_protocol::audit::{AuditIntegrity, SigningKey};
use cabincrew_protocol::decision::{Decision, PolicySource};
use cabincrew_protocol::digest::sha256;
use cabincrew_protocol::engine::Mode;
use cabincrew_protocol::workflow::State;
use cabincrew_reference::decide::{self, Failure, Outcome, Task};
use cabincrew_reference::fact::{Collected, Collection, Created, Evaluated, FileDigest, Launch};
use cabincrew_reference::journal::{Journal, Memory};
use cabincrew_reference::record::Record;
use cabincrew_reference::run::{Outside, drive};
use serde_json::{Map, json};

/// The workflow's id.
pub(crate) const ID: &str = "wf-1";

/// The key that signs its audit log.
pub(crate) fn key() -> SigningKey {
    SigningKey::from_seed("example.com/audit", &[7; 32]).expect("the name is a key name")
}

/// The journal, open, and its bytes.
pub(crate) fn journal() -> (Journal<Memory>, Memory) {
    let workflow = json!({
        "workflow": "demo",
        "steps": [{"step_id": "edit", "engine": {"command": ["./engine"]}}],
        "approval": {"roster": "roster.json"},
        "trigger": {"kind": "user", "by": "alice"},
    });
    let created = decide::created(Created {
        workflow_id: ID.to_owned(),
        workflow: serde_json::from_value(workflow).expect("a workflow"),
        base: "/base".into(),
        workspace: "/workspace".into(),
    });
    let memory = Memory::default();
    let begun = Journal::create(memory.clone(), Some(key()), &created, NOW);
    let mut journal = begun.expect("memory takes every line");
    let first = decide::next(journal.record());
    let rests = drive(&mut journal, &mut World, first).expect("memory takes every line");
    assert_eq!(rests, State::AwaitingApproval);
    (journal, memory)
}

/// When everything happens.
pub(crate) const NOW: &str = "2026-01-01T00:00:00Z";

struct World;

impl Outside for World {
    fn now(&mut self) -> String {
        NOW.to_owned()
    }

    fn perform(&mut self, _record: &Record, task: Task) -> Outcome {
        match task {
            Task::PreparePlan => Outcome::PlanPrepared {
                launch: Launch {
                    mode: Mode::FlightPlan,
                    run_index: 0,
                    workspace_hash: sha256(b"workspace"),
                    program: Vec::new(),
                },
                confinement: "none".to_owned(),
            },
            Task::Plan => planned(),
            Task::Pin => Outcome::Pinned {
                policy_digest: sha256(b"policies"),
                governance_hash: sha256(b"governance"),
            },
            Task::Govern => governed(),
            other => Outcome::Failed(Box::new(Failure::new(format!("{other:?} comes later")))),
        }
    }

    fn clean(&mut self, _record: &Record) {}
}

fn planned() -> Outcome {
    let receipt = json!({
        "protocol_version": "1.0.0", "engine_id": "engine", "mode": "flight-plan",
        "receipt_id": "plan", "status": "success",
        "artifacts": [{"name": "change", "role": "state", "path": "change/body.data",
                       "hash": sha256(b"body"), "size": 4}],
    });
    let artifact = json!({
        "artifact_type": "text", "action": "write", "mime": "text/plain", "body_file": "body.data",
    });
    let file = |bytes: &[u8], size| FileDigest {
        sha256: sha256(bytes),
        size,
    };
    Outcome::Planned {
        receipt: serde_json::from_value(receipt).expect("a receipt"),
        collection: Collection {
            artifacts: vec![Collected {
                name: "change".to_owned(),
                artifact: serde_json::from_value(artifact).expect("an artifact"),
                metadata: file(b"metadata", 8),
                body: Some(file(b"body", 4)),
            }],
            defects: Vec::new(),
        },
    }
}

fn governed() -> Outcome {
    let asks = Evaluated {
        evaluation_id: "edit-pre-rule".to_owned(),
        source: PolicySource::Opa,
        policy_id: "rule".to_owned(),
        decision: Decision::RequireApproval,
        reason: Some("because".to_owned()),
        remarks: Vec::new(),
        role: None,
        evidence: Map::new(),
        evaluated_at: NOW.to_owned(),
    };
    Outcome::Governed {
        evaluations: vec![asks],
        nonce: "nonce00000000000".to_owned(),
        roster_sha256: None,
        integrity: AuditIntegrity {
            expected_plan_token: None,
            actual_plan_token: None,
            plan_token_match: Some(true),
            artifacts_match: Some(true),
            differences: None,
        },
    }
}
