//! What a schema cannot say about a document: each rule is a function, each breach a
//! [`Finding`] that names the decision or requirement it rests on.

use std::collections::BTreeSet;

use serde_json::{Number, Value};

use crate::approval::ApprovalResponse;
use crate::artifact::{Artifact, BODY_FILE, Body, METADATA_FILE, Role};
use crate::audit::{AuditEvent, AuditPolicy, NO_STATE, PolicyEvaluation};
use crate::decision::{AggregationMethod, Decision};
use crate::engine::{EngineArtifact, EngineOutput, Status};
use crate::plan_token;
use crate::timestamp::is_rfc3339;
use crate::wal::{WalEntryData, WalEntryType};
use crate::wire::whole_number;
use crate::workflow::State;

/// A breach of one rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// An aggregated decision is less restrictive than one that it was made from.
    #[error("aggregated to {aggregated} although one evaluation says {strictest}")]
    AggregateWeaker {
        /// The aggregated decision.
        aggregated: Decision,
        /// The most restrictive of the evaluations.
        strictest: Decision,
    },
    /// Several policies were evaluated and no method is stated.
    #[error("several evaluations and no aggregation_method")]
    AggregationMissing,
    /// Another method than `most_restrictive`.
    #[error("aggregation_method other than most_restrictive")]
    AggregationMethod,
    /// A response without an approver.
    #[error("approver missing or empty")]
    ApproverMissing,
    /// A response whose time is missing or not RFC 3339.
    #[error("timestamp missing or not RFC 3339")]
    ApprovalTime,
    /// An inline body beside a body file.
    #[error("both body and body_file")]
    BodyTwice,
    /// `body_file` names something else than `body.data`.
    #[error("body_file is {name:?} and not body.data")]
    BodyFileName {
        /// What it names.
        name: String,
    },
    /// `body_file` names a file that is not there.
    #[error("body_file without a body.data")]
    BodyFileMissing,
    /// A `body.data` that `artifact.json` does not name.
    #[error("body.data without a body_file")]
    BodyFileUnnamed,
    /// A failure receipt that does not say why.
    #[error("status failure without an error text")]
    ErrorMissing,
    /// A success receipt that carries an error.
    #[error("status success with an error")]
    ErrorWithSuccess,
    /// An artifact name outside the syntax.
    #[error("the artifact name {name:?} is not [A-Za-z0-9][A-Za-z0-9._-]{{0,127}}")]
    NameSyntax {
        /// The name.
        name: String,
    },
    /// The name that is kept for the plan token.
    #[error("the artifact name {name:?} is reserved")]
    NameReserved {
        /// The name.
        name: String,
    },
    /// Two artifacts whose names are equal, or differ only in case.
    #[error("the artifact names {first:?} and {second:?} collide")]
    NamesCollide {
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// The path does not name the file that the hash covers.
    #[error("the path is {found:?} where {expected:?} belongs")]
    Path {
        /// What belongs there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A role outside evidence, state and log.
    #[error("unknown role {role:?}")]
    RoleUnknown {
        /// The role.
        role: String,
    },
    /// `artifact.json` names another role than the receipt.
    #[error("artifact.json says the role is {found}, the receipt {expected:?}")]
    RoleDiffers {
        /// The receipt's.
        expected: String,
        /// That of `artifact.json`, as JSON.
        found: Value,
    },
    /// A severity that is not that of the decision.
    #[error("severity {severity} beside the decision {decision}")]
    Severity {
        /// The severity.
        severity: u8,
        /// The decision.
        decision: Decision,
    },
    /// A size that is not a non-negative integer.
    #[error("the size {size} is not a non-negative integer")]
    Size {
        /// The number.
        size: Number,
    },
    /// `workflow_state` is neither a state nor the word for none.
    #[error("workflow_state is {found:?}")]
    StateUnknown {
        /// The word.
        found: String,
    },
    /// An event of a workflow that claims to be outside of one.
    #[error("workflow_state is NONE in an event of a workflow")]
    StateNone,
    /// The policy block of an event names another state than the event.
    #[error("policy.workflow_state is {policy:?} in an event with {event:?}")]
    StateDiffers {
        /// The event's.
        event: String,
        /// The policy block's.
        policy: String,
    },
    /// The payload of an entry does not have the shape that its type names.
    #[error("data is not that of a {entry_type} entry")]
    WalData {
        /// The entry type as the entry writes it.
        entry_type: Value,
    },
}

impl Finding {
    /// The decision (C-..) that the rule comes from; of CC-SCH-010 for the missing method.
    #[must_use]
    pub const fn decision(&self) -> &'static str {
        match self {
            Self::AggregateWeaker { .. } | Self::AggregationMethod => "C-08",
            Self::AggregationMissing => "CC-SCH-010",
            Self::ApproverMissing | Self::ApprovalTime => "C-58",
            Self::BodyTwice
            | Self::BodyFileName { .. }
            | Self::BodyFileMissing
            | Self::BodyFileUnnamed => "C-62",
            Self::ErrorMissing | Self::ErrorWithSuccess => "C-115",
            Self::NameSyntax { .. } | Self::NameReserved { .. } | Self::NamesCollide { .. } => {
                "C-64"
            }
            Self::Path { .. } => "C-12",
            Self::RoleUnknown { .. } | Self::RoleDiffers { .. } => "C-11",
            Self::Severity { .. } => "C-46",
            Self::Size { .. } => "C-68",
            Self::StateUnknown { .. } | Self::StateNone | Self::StateDiffers { .. } => "C-38",
            Self::WalData { .. } => "C-44",
        }
    }
}

/// C-44: the payload of a WAL entry has the shape that its type names (CC-SCH-011). Takes the
/// entry as it was read.
#[must_use]
pub fn wal_data_fits(entry: &Value) -> Option<Finding> {
    let entry_type = entry.get("entry_type").cloned().unwrap_or_default();
    let data = entry.get("data").cloned().unwrap_or_default();
    let fits = serde_json::from_value::<WalEntryType>(entry_type.clone())
        .and_then(|entry_type| WalEntryData::read(entry_type, data));
    fits.is_err().then_some(Finding::WalData { entry_type })
}

/// C-46: the severity is that of the decision (CC-SCH-007).
#[must_use]
pub fn severity_fits(evaluation: &PolicyEvaluation) -> Option<Finding> {
    let (severity, decision) = (evaluation.severity, evaluation.decision);
    (severity != decision.severity()).then_some(Finding::Severity {
        severity: severity.as_u8(),
        decision,
    })
}

/// C-58: a response says who decided and when (CC-APR-016, CC-APR-017).
#[must_use]
pub fn response_complete(response: &ApprovalResponse) -> Vec<Finding> {
    let mut findings = Vec::new();
    if response
        .approver
        .as_deref()
        .unwrap_or_default()
        .trim()
        .is_empty()
    {
        findings.push(Finding::ApproverMissing);
    }
    if !response.timestamp.as_deref().is_some_and(is_rfc3339) {
        findings.push(Finding::ApprovalTime);
    }
    findings
}

/// C-68: a size is a non-negative integer (CC-SCH-008).
#[must_use]
pub fn size_whole(size: &Number) -> Option<Finding> {
    whole_number(size)
        .is_none()
        .then(|| Finding::Size { size: size.clone() })
}

/// C-38: an event states the workflow's state, and so does its policy block (CC-AUD-005).
#[must_use]
pub fn workflow_state(event: &AuditEvent) -> Vec<Finding> {
    let mut findings = Vec::new();
    let state = &event.workflow_state;
    let in_workflow = event
        .workflow
        .as_ref()
        .is_some_and(|workflow| workflow.workflow_id.is_some());
    if state == NO_STATE {
        if in_workflow {
            findings.push(Finding::StateNone);
        }
    } else if State::from_wire(state).is_none() {
        findings.push(Finding::StateUnknown {
            found: state.clone(),
        });
    }
    if let Some(policy) = event
        .policy
        .as_ref()
        .filter(|policy| policy.workflow_state != *state)
    {
        findings.push(Finding::StateDiffers {
            event: state.clone(),
            policy: policy.workflow_state.clone(),
        });
    }
    findings
}

/// C-115: a receipt explains a failure and nothing else (CC-ENG-011).
#[must_use]
pub fn error_iff_failure(receipt: &EngineOutput) -> Option<Finding> {
    match (receipt.status, receipt.error.as_deref()) {
        (Status::Failure, None | Some("")) => Some(Finding::ErrorMissing),
        (Status::Success, Some(_)) => Some(Finding::ErrorWithSuccess),
        _ => None,
    }
}

/// CC-SCH-010 and C-08: several evaluations state how they were combined, it is the one
/// conforming way, and the outcome is not weaker than the strictest of them.
#[must_use]
pub fn aggregation(policy: &AuditPolicy) -> Vec<Finding> {
    let mut findings = Vec::new();
    let evaluations = policy.policy_evaluations.as_deref().unwrap_or_default();
    match policy.aggregation_method {
        None if evaluations.len() > 1 => findings.push(Finding::AggregationMissing),
        None | Some(AggregationMethod::MostRestrictive) => {}
        Some(_) => findings.push(Finding::AggregationMethod),
    }
    let strictest = evaluations
        .iter()
        .map(|evaluation| evaluation.decision)
        .max();
    if let Some(strictest) = strictest.filter(|strictest| *strictest > policy.decision) {
        findings.push(Finding::AggregateWeaker {
            aggregated: policy.decision,
            strictest,
        });
    }
    findings
}

/// C-64: the syntax of artifact names (CC-ART-010).
#[must_use]
pub fn artifact_name(name: &str) -> Option<Finding> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let starts = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !starts || name.len() > 128 || !name.bytes().all(inner) {
        return Some(Finding::NameSyntax {
            name: name.to_owned(),
        });
    }
    // Reserved in every case, because names that differ only in case are one name.
    name.eq_ignore_ascii_case(plan_token::ARTIFACT_ID)
        .then(|| Finding::NameReserved {
            name: name.to_owned(),
        })
}

/// C-64: names are unique, also on a file system that ignores case (CC-ART-010).
#[must_use]
pub fn names_unique<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Finding> {
    let mut seen: BTreeSet<(String, &str)> = BTreeSet::new();
    let mut findings = Vec::new();
    for name in names {
        let folded = name.to_lowercase();
        let first = seen.range((folded.clone(), "")..).next();
        if let Some((_, first)) = first.filter(|(known, _)| *known == folded) {
            let (first, second) = ((*first).to_owned(), name.to_owned());
            findings.push(Finding::NamesCollide { first, second });
        }
        seen.insert((folded, name));
    }
    findings
}

/// C-62: content stands in one place, and a body file has its one name (CC-ART-006, CC-ART-007).
/// `has_body_data` says whether a `body.data` stands beside `artifact.json`.
#[must_use]
pub fn body_placement(artifact: &Artifact, has_body_data: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let inline = !matches!(artifact.body, None | Some(Body::Null));
    match artifact.body_file.as_deref() {
        None if has_body_data => findings.push(Finding::BodyFileUnnamed),
        None => {}
        Some(name) if name != BODY_FILE => {
            findings.push(Finding::BodyFileName {
                name: name.to_owned(),
            });
        }
        Some(_) if !has_body_data => findings.push(Finding::BodyFileMissing),
        Some(_) => {}
    }
    if inline && artifact.body_file.is_some() {
        findings.push(Finding::BodyTwice);
    }
    findings
}

/// C-11: only evidence, state and log are roles (CC-ART-009).
#[must_use]
pub fn role_known(role: &Role) -> Option<Finding> {
    match role {
        Role::Unknown(role) => Some(Finding::RoleUnknown { role: role.clone() }),
        Role::Evidence | Role::Log | Role::State => None,
    }
}

/// C-11: where `artifact.json` mentions a role, it is the receipt's.
#[must_use]
pub fn role_agrees(artifact: &Artifact, receipt: &Role) -> Option<Finding> {
    let found = artifact
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.get("role"))?;
    (found.as_str() != Some(receipt.as_str())).then(|| Finding::RoleDiffers {
        expected: receipt.as_str().to_owned(),
        found: found.clone(),
    })
}

/// C-12: the file that a receipt's hash covers, relative to the artifacts directory.
#[must_use]
pub fn expected_path(name: &str, has_body: bool) -> String {
    format!(
        "{name}/{}",
        if has_body { BODY_FILE } else { METADATA_FILE }
    )
}

/// C-12: the receipt names that file.
#[must_use]
pub fn path_fits(artifact: &EngineArtifact, has_body: bool) -> Option<Finding> {
    let expected = expected_path(&artifact.name, has_body);
    (artifact.path != expected).then(|| Finding::Path {
        expected,
        found: artifact.path.clone(),
    })
}
