//! What a journal line says happened, with everything that a restart needs to know about it. The
//! write-ahead log and the audit log are told by the same line, in their own words.

use std::path::PathBuf;

use cabincrew_protocol::approval::ApprovalRequest;
use cabincrew_protocol::artifact::{self, Artifact, Role};
use cabincrew_protocol::decision::{Decision, PolicySource};
use cabincrew_protocol::digest::Sha256Hex;
use cabincrew_protocol::engine::{EngineOutput, Mode};
use cabincrew_protocol::governance::Pinned;
use cabincrew_protocol::plan_token::PlanToken;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::{self, Fault};
use crate::workflow::Workflow;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Fact {
    /// The workflow exists.
    Created(Box<Created>),
    /// Everything is ready for the engine to plan; the launch follows.
    PlanStarted {
        /// The launch.
        launch: Launch,
    },
    /// The engine has planned, with a good receipt.
    Planned {
        /// Its receipt.
        receipt: Box<EngineOutput>,
        /// What it left in the artifacts directory.
        collection: Collection,
    },
    /// Every artifact is as it must be.
    Validated {
        /// The artifacts in byte order of their names.
        artifacts: Vec<Stored>,
    },
    /// The plan token is there.
    Minted {
        /// The token.
        token: Box<PlanToken>,
    },
    /// Governance begins.
    PreflightStarted,
    /// Governance allows, with or without warnings.
    Permitted {
        /// All evaluations.
        evaluations: Vec<Evaluated>,
    },
    /// Governance asks for people.
    ApprovalRequested {
        /// All evaluations.
        evaluations: Vec<Evaluated>,
        /// One request for each role.
        requests: Vec<Request>,
    },
    /// A person has decided.
    Responded {
        /// The answer.
        response: Response,
    },
    /// Every check before take-off has passed.
    Cleared,
    /// Everything is ready for the engine to apply the plan; the launch follows.
    TakeoffStarted {
        /// The launch.
        launch: Launch,
    },
    /// The engine has applied the plan, with a good receipt.
    Executed {
        /// Its receipt.
        receipt: Box<EngineOutput>,
        /// What it left in the artifacts directory beside the restored artifacts.
        collection: Collection,
        /// Restored artifacts that are no longer what was restored.
        altered: Vec<String>,
    },
    /// Governance has looked at what was done.
    Inspected {
        /// New artifacts in byte order of their names.
        artifacts: Vec<Stored>,
        /// All evaluations.
        evaluations: Vec<Evaluated>,
    },
    /// The end of a workflow that did what was approved.
    Completed,
    /// The end of every other workflow.
    Failed {
        /// Why.
        error: String,
        /// Evaluations that led to it.
        evaluations: Vec<Evaluated>,
        /// The refusal that led to it.
        response: Option<Response>,
    },
    /// Only an audit event; nothing moves.
    Noted,
}

/// How a workflow began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Created {
    /// The workflow.
    pub workflow_id: String,
    /// Its definition, from now on the only one.
    pub workflow: Workflow,
    /// The folder that paths in it are meant from, absolute.
    pub base: PathBuf,
    /// The workspace, absolute.
    pub workspace: PathBuf,
}

/// One start of an engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Launch {
    /// What it is to do.
    pub mode: Mode,
    /// How often this phase of the step was launched before (C-89).
    pub run_index: u64,
    /// Digest of the workspace at planning time (C-20).
    pub workspace_hash: Sha256Hex,
    /// The program and the files among its arguments, with their digests (CC-SEC-011).
    pub program: Vec<Pinned>,
}

/// What an engine left in its artifacts directory, as copied into the store.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// The artifacts in byte order of their names.
    pub artifacts: Vec<Collected>,
    /// What is wrong with the layout.
    pub defects: Vec<String>,
}

/// One artifact directory, before it is compared with the receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collected {
    /// Name of the directory.
    pub name: String,
    /// The parsed `artifact.json`.
    pub artifact: Artifact,
    /// `artifact.json` as a file.
    pub metadata: FileDigest,
    /// `body.data` as a file.
    pub body: Option<FileDigest>,
}

/// A file by content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDigest {
    /// SHA-256 of the raw bytes.
    pub sha256: Sha256Hex,
    /// Length in bytes.
    pub size: u64,
}

/// One artifact that has passed every check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// Its role, as the receipt says (C-11).
    pub role: Role,
    /// The parsed `artifact.json`.
    pub artifact: Artifact,
    /// `artifact.json` as a file.
    pub metadata: FileDigest,
    /// `body.data` as a file.
    pub body: Option<FileDigest>,
}

impl Stored {
    /// The digest that stands for the whole artifact (C-05).
    #[must_use]
    pub fn descriptor(&self) -> Sha256Hex {
        let body = self.body.as_ref().map(|body| &body.sha256);
        let body = body.filter(|_| !fault::on(Fault::BodiesNotBound));
        let name = if fault::on(Fault::NamesNotBound) {
            "artifact"
        } else {
            self.name.as_str()
        };
        let role = if fault::on(Fault::RolesNotBound) {
            &Role::Evidence
        } else {
            &self.role
        };
        if fault::on(Fault::MetadataNotBound) {
            let none = cabincrew_protocol::digest::sha256(b"");
            return artifact::descriptor_digest(name, role, &none, body);
        }
        artifact::descriptor_digest(name, role, &self.metadata.sha256, body)
    }

    /// The file that a receipt's hash covers (C-12).
    #[must_use]
    pub fn hashed_file(&self) -> &FileDigest {
        self.body.as_ref().unwrap_or(&self.metadata)
    }
}

/// One evaluation of a policy or model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluated {
    /// Joins record, entry and event (C-45).
    pub evaluation_id: String,
    /// Kind of evaluator.
    pub source: PolicySource,
    /// The policy.
    pub policy_id: String,
    /// What it says.
    pub decision: Decision,
    /// Why, in words.
    pub reason: Option<String>,
    /// What is wrong or doubtful.
    pub remarks: Vec<String>,
    /// Role that it asks for (CC-APR-009).
    pub role: Option<String>,
    /// Scores, matches, kind of error.
    pub evidence: Map<String, Value>,
    /// When.
    pub evaluated_at: String,
}

/// One request for approval, with what has to hold when it is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The document.
    pub request: ApprovalRequest,
    /// When it was made.
    pub requested_at: String,
    /// Digest of the roster then in force (DESIGN 8.2).
    pub roster_sha256: Option<Sha256Hex>,
}

/// A valid answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The request.
    pub approval_id: String,
    /// Whether approval is granted.
    pub approved: bool,
    /// Who decided.
    pub approver: String,
    /// Why, in words.
    pub reason: Option<String>,
    /// When, as the response says.
    pub timestamp: String,
    /// The key that has signed it, if it came with a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// Digest of the document, by which a repeat is known (DESIGN 8.7).
    pub sha256: Sha256Hex,
}
