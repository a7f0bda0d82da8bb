//! Store and token against the record (C-61).

use cabincrew_protocol::audit::AuditIntegrity;

use super::Site;
use super::plan::DIFFERENCES_MAX;
use crate::decide::Failure;
use crate::decide::token::{composite, document};
use crate::fault::{self, Fault};
use crate::record::{Plan, Record, Sealed, Stage};

impl Site {
    /// Computes all digests and the token afresh, and compares (CC-TKO-001, CC-TKO-002).
    pub(super) fn verify(
        &self,
        record: &Record,
        sealed: &Sealed,
    ) -> Result<AuditIntegrity, Failure> {
        let step = record.current();
        let results = step.map(|step| step.result.clone()).unwrap_or_default();
        // Artifacts of take-off lie beside those of the plan; they are not part of the token.
        let others = match &record.stage {
            Stage::Executed(_, execution) => execution
                .collection
                .artifacts
                .iter()
                .map(|collected| crate::fact::Stored {
                    name: collected.name.clone(),
                    role: cabincrew_protocol::artifact::Role::Evidence,
                    artifact: collected.artifact.clone(),
                    metadata: collected.metadata.clone(),
                    body: collected.body.clone(),
                })
                .collect(),
            _ => results,
        };
        let intact = self.store(record).compare(&sealed.plan.artifacts, &others);
        let actual = Plan {
            artifacts: intact.actual,
            ..sealed.plan.clone()
        };
        let mut token = document(record, &actual, &sealed.token.created_at);
        token.policy_digest.clone_from(&sealed.token.policy_digest);
        token
            .governance_hash
            .clone_from(&sealed.token.governance_hash);
        let computed = composite(record, &token).unwrap_or_default();
        let stored = composite(record, &sealed.token).unwrap_or_default();
        let fits = (computed == sealed.token.token && stored == sealed.token.token)
            || fault::on(Fault::EditedJournalTrusted);
        let artifacts_match = intact.differences.is_empty();
        let mut differences = intact.differences;
        differences.truncate(DIFFERENCES_MAX);
        let integrity = AuditIntegrity {
            expected_plan_token: Some(sealed.token.token.clone()),
            actual_plan_token: Some(computed),
            plan_token_match: Some(fits),
            artifacts_match: Some(artifacts_match),
            differences: Some(differences.clone()),
        };
        let flown = matches!(record.stage, Stage::Executed(..) | Stage::Inspected(_));
        let unseen = fault::on(Fault::TamperingTolerated)
            || (record.step_index > 0 && fault::on(Fault::SecondPlanNotVerified))
            || (flown && fault::on(Fault::NothingVerifiedAfterTakeOff));
        if (fits && artifacts_match) || unseen {
            return Ok(integrity);
        }
        let text = format!(
            "stored artifacts or plan token do not match: {}",
            differences.join(", ")
        );
        Err(Failure::mismatch(text, integrity))
    }

    /// The same before there is a token: only the artifacts.
    pub(super) fn verify_plan(&self, record: &Record, plan: &Plan) -> Result<(), Failure> {
        let intact = self.store(record).compare(&plan.artifacts, &[]);
        if intact.differences.is_empty() {
            return Ok(());
        }
        Err(missing(intact.differences))
    }
}

/// Stored artifacts that are not as they were taken over.
pub(super) fn missing(mut differences: Vec<String>) -> Failure {
    differences.truncate(DIFFERENCES_MAX);
    let text = format!("stored artifacts have changed: {}", differences.join(", "));
    let integrity = AuditIntegrity {
        expected_plan_token: None,
        actual_plan_token: None,
        plan_token_match: None,
        artifacts_match: Some(false),
        differences: Some(differences),
    };
    Failure::mismatch(text, integrity)
}
