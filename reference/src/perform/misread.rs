//! What a faulty program shows to policies, and how it reads their answers; the others show and
//! read everything as it is.

use std::path::Path;

use cabincrew_governance::{Evaluation, GovernedArtifact};
use cabincrew_protocol::artifact::Role;
use cabincrew_protocol::decision::{Decision, PolicySource};
use serde_json::{Map, Value};

use crate::fact::Evaluated;
use crate::fault::{self, Fault};
use crate::workflow::{DefaultDecision, Policy};

/// Changes what policies are shown; leaves it as it is.
pub(super) fn show_less(governed: &mut Vec<GovernedArtifact>) {
    if fault::on(Fault::OnlyFirstArtifactGoverned) {
        governed.truncate(1);
    }
    if fault::on(Fault::EvidenceNotGoverned) {
        governed.retain(|artifact| artifact.role != Role::Evidence);
    }
    for artifact in governed {
        if artifact.role == Role::Log && fault::on(Fault::LogArtifactsGoverned) {
            artifact.role = Role::Evidence;
        }
        if let Some(body) = artifact.body.as_mut()
            && fault::on(Fault::LongBodiesCut)
        {
            body.truncate(64 * 1024);
        }
        if fault::on(Fault::BodyFilesNotShown) && artifact.body.is_some() {
            artifact.body = Some(Vec::new());
        }
        let Some(members) = artifact.artifact.as_object_mut() else {
            continue;
        };
        if fault::on(Fault::MetadataNotShown) {
            let needed = ["action", "artifact_type", "body", "body_file", "mime"];
            members.retain(|name, _| needed.contains(&name.as_str()));
        }
        if members.contains_key("body") && fault::on(Fault::InlineBodiesNotShown) {
            members.insert("body".to_owned(), Value::from(""));
        }
    }
}

/// The evaluation of a policy that nobody has asked.
pub(super) fn permitted(policy: &Policy) -> Evaluation {
    Evaluation {
        policy_id: policy.id.clone(),
        source: policy.kind.source(),
        decision: Decision::Allow,
        output: None,
        reason: None,
        evidence: Map::new(),
        failed: false,
    }
}

/// Changes what evaluations say; leaves it as it is.
pub(super) fn misread(found: &mut [Evaluation], default: DefaultDecision) {
    let beside_model = found.iter().any(|it| it.source == PolicySource::Onnx);
    for evaluation in found {
        if fault::on(Fault::PolicyNamedByProcess) {
            let name = format!("{}-{}", evaluation.policy_id, std::process::id());
            evaluation.policy_id = name;
        }
        let defaults = evaluation.failed
            && default == DefaultDecision::Allow
            && fault::on(Fault::FailedPolicyHasDefault);
        if defaults || is_forgiven(evaluation) || is_ignored(evaluation, beside_model) {
            evaluation.decision = Decision::Allow;
            evaluation.failed = false;
        }
        let of_model = evaluation.source == PolicySource::Onnx && !evaluation.failed;
        let between = evaluation.decision != Decision::Deny;
        if of_model && between && fault::on(Fault::ModelsOnlyAllowOrDeny) {
            evaluation.decision = Decision::Allow;
        }
        if of_model && fault::on(Fault::ThresholdsCompiledIn) {
            evaluation.decision = compiled_in(&evaluation.evidence);
        }
    }
}

/// Has every policy ask for approval where somebody has put a document into the state directory; changes
/// nothing.
pub(super) fn obey_planted_file(home: &Path, evaluations: &mut [Evaluated]) {
    if !fault::on(Fault::PlantedFileObeyed) {
        return;
    }
    let state = home.ancestors().nth(2).unwrap_or(home);
    let mut entries = std::fs::read_dir(state).into_iter().flatten().flatten();
    let planted = entries.any(|entry| entry.path().extension().is_some_and(|it| it == "json"));
    if planted {
        evaluations
            .iter_mut()
            .for_each(|it| it.decision = Decision::RequireApproval);
    }
}

/// Whether a failed evaluation is taken for permission.
fn is_forgiven(evaluation: &Evaluation) -> bool {
    let error = evaluation.evidence.get("error");
    let kind = error.and_then(|error| error.get("kind"));
    match kind.and_then(Value::as_str).unwrap_or_default() {
        "died" => fault::on(Fault::DeadEvaluatorAllows),
        "evaluation" => fault::on(Fault::PolicyErrorAllows),
        "flooded" => fault::on(Fault::FloodingEvaluatorAllows),
        "malformed" => fault::on(Fault::BrokenPolicyAllows),
        "oversize" => fault::on(Fault::UnseenContentAllows),
        "pin_mismatch" => fault::on(Fault::PolicyPinIgnored),
        "timed_out" => fault::on(Fault::PolicyTimeoutAllows),
        "unavailable" => fault::on(Fault::UnstartablePolicyAllows),
        "undefined" => fault::on(Fault::UndefinedResultAllows),
        "unreadable" => fault::on(Fault::UnreadablePolicyAllows),
        "unusable_score" => fault::on(Fault::UnusableScoreAllows),
        "wrong_shape" => fault::on(Fault::UnknownAnswerAllows),
        _ => false,
    }
}

/// Whether an answer is not listened to.
fn is_ignored(evaluation: &Evaluation, beside_model: bool) -> bool {
    match evaluation.source {
        PolicySource::Opa => beside_model && fault::on(Fault::RegoIgnoredBesideModels),
        PolicySource::Onnx => fault::on(Fault::ModelResultsIgnored),
        PolicySource::Custom | PolicySource::LlmGateway | PolicySource::McpGateway => false,
    }
}

fn compiled_in(evidence: &Map<String, Value>) -> Decision {
    match evidence.get("score").and_then(Value::as_f64) {
        Some(score) if score < 0.5 => Decision::Allow,
        Some(score) if score < 0.8 => Decision::Warn,
        Some(_) | None => Decision::Deny,
    }
}
