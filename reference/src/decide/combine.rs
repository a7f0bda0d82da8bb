//! How evaluations are combined: the most restrictive one counts, whoever gave it (CC-PRE-016).

use cabincrew_protocol::decision::{Decision, PolicySource};

use crate::fact::Evaluated;
use crate::fault::{self, Fault};
use crate::record::Record;

/// The decision that all evaluations of a plan add up to; deny when there is none (C-09).
pub(super) fn combined(record: &Record, evaluations: &[Evaluated]) -> Decision {
    let decisions: Vec<Decision> = evaluations.iter().map(counted).collect();
    let strictest = Decision::aggregate(decisions.iter().copied());
    misjudged(record, &decisions, strictest).unwrap_or(strictest)
}

fn counted(evaluated: &Evaluated) -> Decision {
    let is_custom = evaluated.source == PolicySource::Custom;
    if is_custom && fault::on(Fault::CustomResultsNotCounted) {
        return Decision::Allow;
    }
    evaluated.decision
}

/// What a faulty program makes of it: nothing else.
fn misjudged(record: &Record, decisions: &[Decision], strictest: Decision) -> Option<Decision> {
    use Decision::{Allow, Deny, RequireApproval, Warn};
    let has = |decision| decisions.contains(&decision);
    let denied = decisions.iter().filter(|found| **found == Deny).count();
    let answered = record
        .responses
        .iter()
        .any(|answer| answer.response.approved);
    match strictest {
        Deny if fault::on(Fault::DenyDowngradedToWarn) => Some(Warn),
        Deny if has(RequireApproval) && fault::on(Fault::DenyYieldsToApproval) => {
            Some(RequireApproval)
        }
        Deny if denied * 2 < decisions.len() && fault::on(Fault::DenyNeedsAMajority) => Some(Warn),
        RequireApproval if fault::on(Fault::ApprovalNotAskedFor) => Some(Warn),
        RequireApproval if has(Warn) && fault::on(Fault::WarnOutranksApproval) => Some(Warn),
        RequireApproval if answered && fault::on(Fault::ApprovalReusedByNextStep) => Some(Allow),
        Warn if fault::on(Fault::WarnBlocks) => Some(Deny),
        _ if fault::on(Fault::LastEvaluationCounts) => decisions.last().copied(),
        _ if fault::on(Fault::FirstEvaluationCounts) => decisions.first().copied(),
        _ => None,
    }
}
