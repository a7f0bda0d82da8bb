//! Rules of the durable state: record and write-ahead log.

use serde_json::Value;

use super::Finding;
use crate::digest::Sha256Hex;
use crate::record::WorkflowStateRecord;
use crate::wal::{WalEntryData, WalEntryType};
use crate::workflow::State;

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

/// C-13: the plan token is empty until it is minted and there from then on (CC-TOK-014). A
/// workflow may fail on either side.
#[must_use]
pub fn token_presence(record: &WorkflowStateRecord) -> Option<Finding> {
    let (state, token) = (record.current_state, record.plan_token_hash.as_str());
    let early = matches!(
        state,
        State::Init | State::PlanRunning | State::PlanGenerated | State::ArtifactsValidated
    );
    if token.is_empty() {
        (!early && state != State::Failed).then_some(Finding::TokenMissing { state })
    } else if early {
        Some(Finding::TokenEarly { state })
    } else {
        let form = token.parse::<Sha256Hex>();
        form.is_err().then(|| Finding::TokenForm {
            found: token.to_owned(),
        })
    }
}
