//! A world without engines or files: it gives outcomes from a script, counts what it was made to
//! do, and watches that whatever is launched was announced durably.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cabincrew_protocol::audit::AuditIntegrity;
use cabincrew_protocol::decision::{Decision, PolicySource};
use cabincrew_protocol::digest::sha256;
use cabincrew_protocol::engine::{EngineArtifact, EngineOutput, Mode, Status};
use cabincrew_protocol::replay::Replay;
use cabincrew_protocol::workflow::State;
use cabincrew_reference::decide::{self, Failure, Outcome, Task};
use cabincrew_reference::fact::{Collected, Collection, Created, Evaluated, FileDigest, Launch};
use cabincrew_reference::journal::{CrashImage, Draft, Replayed, replay};
use cabincrew_reference::record::Record;
use cabincrew_reference::run::Outside;
use cabincrew_reference::workflow::Workflow;
use serde_json::json;

/// The id of every workflow in these tests.
pub(crate) const ID: &str = "wf-1";

/// What the world has been made to do, across all restarts.
#[derive(Debug, Default, Clone)]
pub(crate) struct Deeds {
    pub(crate) plans: usize,
    pub(crate) take_offs: usize,
}

/// A world whose outcomes are known beforehand.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) decision: Decision,
    /// The task that goes wrong, if any.
    pub(crate) fails: Option<Task>,
    pub(crate) deeds: Arc<Mutex<Deeds>>,
    /// Where the journal is written, to see what was durable at a launch.
    pub(crate) image: CrashImage,
    /// Whether it is looked at; the benchmark of long journals does without.
    pub(crate) looks: bool,
    clock: u32,
}

impl World {
    pub(crate) fn new(decision: Decision) -> Self {
        Self {
            decision,
            fails: None,
            deeds: Arc::default(),
            image: CrashImage::default(),
            looks: true,
            clock: 0,
        }
    }

    pub(crate) fn deeds(&self) -> MutexGuard<'_, Deeds> {
        self.deeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn launch(record: &Record, mode: Mode) -> Launch {
        Launch {
            mode,
            run_index: record.launches(mode),
            workspace_hash: sha256(b"workspace"),
            program: Vec::new(),
        }
    }

    /// The launch is announced in what would survive a power failure (I2).
    fn announced(&self, what: &str) {
        if !self.looks {
            return;
        }
        let text = String::from_utf8(self.image.durable()).unwrap();
        let mark = format!("\"what\":\"{what}\"");
        let last = text.lines().last().unwrap_or_default();
        assert!(
            last.contains(&mark),
            "launched before {what} was durable: {last}"
        );
    }
}

impl Outside for World {
    fn now(&mut self) -> String {
        self.clock += 1;
        format!("2026-01-01T00:00:{:02}.{:06}Z", self.clock % 60, self.clock)
    }

    fn perform(&mut self, record: &Record, task: Task) -> Outcome {
        match task {
            Task::Plan => {
                self.announced("plan-started");
                self.deeds().plans += 1;
            }
            Task::TakeOff => {
                self.announced("takeoff-started");
                self.deeds().take_offs += 1;
            }
            _ => {}
        }
        if self.fails == Some(task) {
            return Outcome::Failed(Box::new(Failure::new(format!("{task:?} goes wrong"))));
        }
        let (index, confinement) = (record.step_index, "none".to_owned());
        match task {
            Task::PreparePlan => Outcome::PlanPrepared {
                launch: Self::launch(record, Mode::FlightPlan),
                confinement,
            },
            Task::Plan => Outcome::Planned {
                receipt: Box::new(receipt(Mode::FlightPlan, index, record)),
                collection: collection(),
            },
            Task::Pin => Outcome::Pinned {
                policy_digest: sha256(b"policies"),
                governance_hash: sha256(b"governance"),
            },
            Task::Govern => Outcome::Governed {
                evaluations: vec![evaluated(record, self.decision)],
                nonce: format!("nonce{index:011}"),
                roster_sha256: None,
                integrity: integrity(),
            },
            Task::Clear => Outcome::Cleared {
                integrity: integrity(),
                gateways: vec!["mcp".to_owned()],
            },
            Task::PrepareTakeoff => Outcome::TakeoffPrepared {
                launch: Self::launch(record, Mode::TakeOff),
                confinement,
            },
            Task::TakeOff => Outcome::Executed {
                receipt: Box::new(receipt(Mode::TakeOff, index, record)),
                collection: Collection::default(),
                altered: Vec::new(),
            },
            Task::Inspect => Outcome::Inspected {
                artifacts: Vec::new(),
                evaluations: Vec::new(),
                integrity: integrity(),
            },
            Task::Finalize => Outcome::Finalized,
            Task::Recheck => Outcome::Rechecked {
                integrity: Some(integrity()),
                evaluations: Vec::new(),
            },
        }
    }

    fn clean(&mut self, _record: &Record) {}
}

/// A workflow of so many steps.
pub(crate) fn workflow(steps: usize) -> Workflow {
    let steps: Vec<_> = (0..steps)
        .map(|index| json!({"step_id": format!("step-{index}"), "engine": {"command": ["./engine"]}}))
        .collect();
    serde_json::from_value(json!({"workflow": "demo", "steps": steps})).unwrap()
}

/// The line that creates it.
pub(crate) fn creation(steps: usize) -> Draft {
    decide::created(Created {
        workflow_id: ID.to_owned(),
        workflow: workflow(steps),
        base: "/base".into(),
        workspace: "/workspace".into(),
    })
}

/// What must hold for the bytes of every journal at any time: it can be replayed, the state is
/// that of an independent replay of the exported write-ahead log (I16), sequence and chain hold
/// (replay checks both), and final events stand at the end.
pub(crate) fn check(bytes: &[u8]) -> Replayed {
    let replayed = replay(bytes, ID).expect("a journal that only crashed can be replayed");
    let mut independent = Replay::default();
    for entry in &replayed.entries {
        independent
            .apply(entry)
            .expect("the exported log can be replayed");
    }
    assert_eq!(independent.state(), Some(replayed.record.state()));
    let closing = |event: &serde_json::Value| {
        let kind = event["event_type"].as_str();
        matches!(kind, Some("workflow_complete" | "workflow_failure"))
    };
    let closed = replayed
        .events
        .iter()
        .filter(|event| closing(event))
        .count();
    let is_final = replayed.record.state().is_final();
    assert_eq!(closed, usize::from(is_final));
    replayed
}

/// Whether the audit log says that nobody knows what take-off has done.
pub(crate) fn in_doubt(replayed: &Replayed) -> bool {
    let mut events = replayed.events.iter();
    events.any(|event| event["event_type"] == "takeoff_outcome_unknown")
}

/// The states that the audit log tells, each once in a row.
pub(crate) fn states(replayed: &Replayed) -> Vec<State> {
    let told = replayed.events.iter();
    let told = told.filter_map(|event| State::from_wire(event["workflow_state"].as_str()?));
    let mut states: Vec<State> = told.collect();
    states.dedup();
    states
}

fn receipt(mode: Mode, index: usize, record: &Record) -> EngineOutput {
    let artifacts = (mode == Mode::FlightPlan).then(|| {
        vec![EngineArtifact {
            name: "change".to_owned(),
            role: "state".to_owned().into(),
            path: "change/body.data".to_owned(),
            hash: sha256(b"body").to_string(),
            size: Some(4.into()),
        }]
    });
    EngineOutput {
        protocol_version: "1.0.0".to_owned(),
        engine_id: "engine".to_owned(),
        mode,
        receipt_id: format!("{}-{index}-{}", mode.as_str(), record.launches(mode)),
        status: Status::Success,
        error: None,
        warnings: None,
        diagnostics: None,
        artifacts,
        metrics: None,
        plan_token: None,
    }
}

fn collection() -> Collection {
    let file = |bytes: &[u8]| FileDigest {
        sha256: sha256(bytes),
        size: u64::try_from(bytes.len()).unwrap(),
    };
    let artifact = json!({
        "artifact_type": "text", "action": "write", "mime": "text/plain", "body_file": "body.data",
    });
    Collection {
        artifacts: vec![Collected {
            name: "change".to_owned(),
            artifact: serde_json::from_value(artifact).unwrap(),
            metadata: file(b"metadata"),
            body: Some(file(b"body")),
        }],
        defects: Vec::new(),
    }
}

fn evaluated(record: &Record, decision: Decision) -> Evaluated {
    Evaluated {
        evaluation_id: format!("{}-pre-rule", record.step().step_id),
        source: PolicySource::Opa,
        policy_id: "rule".to_owned(),
        decision,
        reason: Some("because".to_owned()),
        remarks: Vec::new(),
        role: None,
        evidence: serde_json::Map::new(),
        evaluated_at: "2026-01-01T00:00:00Z".to_owned(),
    }
}

fn integrity() -> AuditIntegrity {
    AuditIntegrity {
        expected_plan_token: None,
        actual_plan_token: None,
        plan_token_match: Some(true),
        artifacts_match: Some(true),
        differences: None,
    }
}
