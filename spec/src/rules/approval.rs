//! Rules of approvals.

use super::Finding;
use crate::approval::{ApprovalRequest, ApprovalResponse, Id};
use crate::timestamp::is_rfc3339;

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

/// C-01: the id of a request carries the plan token that the request is about (CC-APR-013).
#[must_use]
pub fn request_bound(request: &ApprovalRequest) -> Option<Finding> {
    let Ok(id) = request.approval_id.parse::<Id>() else {
        return Some(Finding::BindingMissing {
            approval_id: request.approval_id.clone(),
        });
    };
    (id.plan_token_hash().as_str() != request.plan_token_hash).then_some(Finding::BindingDiffers)
}
